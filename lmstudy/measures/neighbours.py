"""What a run's embedding knows: nearest neighbours of tokens, and how often they are of a token's own kind.

Vectors come with a text for each row (`lmstudy.models.embeddings.token_names.token_texts`), None for rows that no
reader could make sense of. Rows of zeros, tokens without a vector, are passed over.
"""

import builtins
import keyword
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate, seed_interval
from lmstudy.measures.base import Findings, Measure, Subject
from lmstudy.models.embeddings.token_names import token_texts
from lmstudy.runs.finished import Finished

KINDS = ("keyword", "builtin", "self, dunder", "name", "digit", "operator", "quote", "space")
"""Kinds of tokens of Python."""

_SHELL = {"copyright", "credits", "exit", "quit", "license", "help", "display", "get_ipython"}
"""What interactive Python adds to the builtins."""
_BUILTINS = {name for name in dir(builtins) if not name.startswith("_")} - _SHELL


def token_kind(text: str) -> str:
    """One of `KINDS`, from the text of a token alone; spaces around it do not matter.

    A piece of a word is a "name" like any other word, for whether it is one the text does not tell.
    """
    word = text.strip()
    if not word:
        return "space"
    if keyword.iskeyword(word):
        return "keyword"
    if word in _BUILTINS:
        return "builtin"
    if word in ("self", "cls") or (word.startswith("__") and word.strip("_")):
        return "self, dunder"
    if any(character.isalpha() for character in word) or not word.strip("_"):
        return "name"
    if word.isdigit():
        return "digit"
    return "quote" if "'" in word or '"' in word else "operator"


def shown(text: str) -> str:
    """A token as a reader can see it: "·" for a space, "↵" for a line break, "→" for a tab."""
    visible = text.translate({ord(" "): "·", ord("\n"): "↵", ord("\t"): "→"})
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in visible)


def usable(vectors: NDArray[np.floating], texts: Sequence[str | None]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Rows that have a text and a vector, and these vectors at length 1."""
    if len(vectors) != len(texts):
        raise StudyError(f"{len(vectors)} vectors and {len(texts)} texts: one text a vector is needed")
    lengths = np.linalg.norm(np.asarray(vectors, dtype=float), axis=1)
    rows = np.flatnonzero([text is not None and length > 0 for text, length in zip(texts, lengths, strict=True)])
    return rows, np.asarray(vectors, dtype=float)[rows] / lengths[rows, None]


def neighbours(
    vectors: NDArray[np.floating], texts: Sequence[str | None], words: Sequence[str], k: int = 6
) -> pd.DataFrame:
    """The k nearest tokens of some words by cosine, which stands behind each: a row a word, a column a rank.

    Raises:
        StudyError: a word has no vector.
    """
    rows, units = usable(vectors, texts)
    place = {texts[row]: position for position, row in enumerate(rows)}
    table = {}
    for word in words:
        if word not in place:
            raise StudyError(f"{word!r} has no vector: it is no whole token of the vocabulary, or was too rare")
        cosines = units @ units[place[word]]
        cosines[place[word]] = -np.inf
        nearest = np.argsort(-cosines, kind="stable")[: min(k, len(rows) - 1)]
        table[shown(word)] = [f"{shown(str(texts[rows[n]]))} {cosines[n]:.2f}" for n in nearest]
    return pd.DataFrame.from_dict(table, orient="index", columns=range(1, min(k, len(rows) - 1) + 1))


def kind_purity(
    vectors: NDArray[np.floating], texts: Sequence[str | None], k: int = 5, batch: int = 1024
) -> dict[str, tuple[Estimate, float]]:
    """How often one of the k nearest tokens is of a token's own kind, and how often it would be by chance.

    Other spellings of the token itself (" self", "self", "Self") are no neighbours: that they are near and of one
    kind says nothing. Chance is the share that k tokens drawn at random would have. "all kinds" is the mean over
    kinds, each weighed alike, since most tokens are names. Kinds of fewer than 2k tokens are left out.

    Returns:
        For each kind the mean share over its tokens, its 95 % interval over the choice of tokens (n counts tokens),
        and chance.
    """
    rows, units = usable(vectors, texts)
    words = np.array([str(texts[row]).strip().casefold() for row in rows])
    kinds = np.array([token_kind(str(texts[row])) for row in rows])
    share, chance = np.empty(len(rows)), np.empty(len(rows))
    for start in range(0, len(rows), batch):
        part = slice(start, start + batch)
        same_word = (words[part, None] == words) & (words[part, None] != "")
        same_word[np.arange(len(words[part])), np.arange(start, start + len(words[part]))] = True
        same_kind = kinds[part, None] == kinds
        cosines = np.where(same_word, -np.inf, units[part] @ units.T)
        nearest = np.argpartition(-cosines, k, axis=1)[:, :k]
        share[part] = np.take_along_axis(same_kind, nearest, 1).mean(1)
        chance[part] = (same_kind & ~same_word).sum(1) / (~same_word).sum(1)
    found = {}
    for kind in KINDS:
        mine = kinds == kind
        if mine.sum() >= 2 * k:
            found[kind] = seed_interval(share[mine]), float(chance[mine].mean())
    found["all kinds"] = _mean(found)
    return {
        kind: (replace(share, low=max(share.low, 0.0), high=min(share.high, 1.0)), by_chance)
        for kind, (share, by_chance) in found.items()
    }


def _mean(found: dict[str, tuple[Estimate, float]]) -> tuple[Estimate, float]:
    """The mean over kinds; its variance is that of a sum of independent means."""
    estimates = [estimate for estimate, _ in found.values()]
    value = float(np.mean([estimate.value for estimate in estimates]))
    half = float(np.sqrt(sum((e.high - e.value) ** 2 for e in estimates))) / len(estimates)
    tokens = sum(estimate.n for estimate in estimates)
    return Estimate(value, value - half, value + half, tokens), float(np.mean([chance for _, chance in found.values()]))


@dataclass(frozen=True)
class Neighbours(Measure):
    """Cosine neighbours in the input embedding of a run.

    `neighbours/KIND/share` is the mean share of the `k` nearest tokens that are of a token's own kind (see
    `kind_purity`), `neighbours/KIND/chance` what chance would give; the record's
    samples hold the neighbours of `words`.

    Args:
        words: whole tokens of the vocabulary, with the space before them where they have one.
        k: neighbours of each token.
    """

    words: list[str]
    k: int

    name: ClassVar[str] = "neighbours"

    def __post_init__(self) -> None:
        self.at_least(k=1)

    def check(self, finished: Finished) -> None:
        known = set(token_texts(finished.run.corpus.tokenizer))
        for word in self.words:
            if word not in known:
                raise StudyError(f"measure.words: {word!r} is no whole token of this run's vocabulary")

    def measure(self, subject: Subject) -> Findings:
        finished = subject.finished
        texts = token_texts(finished.run.corpus.tokenizer)
        vectors = finished.module.model.embedding.weight.detach().numpy()
        metrics: dict[str, float] = {}
        for kind, (share, chance) in kind_purity(vectors, texts, self.k).items():
            metrics |= {f"neighbours/{kind}/share": share.value, f"neighbours/{kind}/chance": chance}
        table = neighbours(vectors, texts, self.words, self.k)
        rows = zip(self.words, table.to_numpy().tolist(), strict=True)
        return Findings(metrics, samples=[{"word": word, "neighbours": nearest} for word, nearest in rows])
