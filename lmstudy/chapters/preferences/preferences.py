"""The chapter on preferences: its tasks, how much of their text is bad, and how far two scorers agree on it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import kendalltau, t

from lmstudy.compose import compose_config
from lmstudy.config import build
from lmstudy.data.corpus import Corpus, prepare
from lmstudy.data.segments import segments
from lmstudy.data.tokenizer import token_bytes
from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate, ratio_of_sums_bootstrap
from lmstudy.preferences.scored import ScoredDocuments, judge, score_split
from lmstudy.preferences.scorers.base import Scorer

Floats = NDArray[np.float64]
DRAWS = 400
TOLD_APART = 30
"""Documents of a package from which on its mean is worth a point."""


@dataclass(frozen=True)
class Task:
    """A corpus, what people mind in it, and the scores of its training text."""

    corpus: Corpus
    scorer: Scorer
    scored: ScoredDocuments

    @classmethod
    def of(cls, experiment: str) -> Task:
        """The task of an experiment of `conf/experiment`, scored now unless its scores are kept."""
        config = compose_config("train", [f"experiment={experiment}"])
        corpus = prepare(config["data"])
        return cls(corpus, build(config["scorer"], "scorer"), score_split(corpus, "train", config["scorer"]))

    def known(self) -> Floats:
        """[segments] scores of the training text, without those of documents that could not be scored."""
        return self.scored.scores[~np.isnan(self.scored.scores)].astype(np.float64)

    def bad_segments(self) -> float:
        """Share of training segments, of those that have a score."""
        scores = self.scored.scores[~np.isnan(self.scored.scores)]  # in their own precision, as the threshold is met
        return float((scores > self.scored.threshold).mean())

    def bad_documents(self, source: str | None = None) -> float:
        """Share of training documents with a bad segment; of one package alone, if it is named."""
        bad = np.append(~self.scored.good(), False).astype(np.int64)  # as `reduceat` wants it
        own = self.scored.scored()
        if source is not None:
            own = own[np.array(self.corpus.splits["train"]["source"])[own] == source]
        return float((np.add.reduceat(bad, self.scored.offsets[:-1]) > 0)[own].mean())

    def largest_source(self) -> tuple[str, float]:
        """The package with the most training documents, and its share of them."""
        sources = self.corpus.splits["train"]["source"]
        (name, count), *_ = Counter(sources).most_common(1)
        return name, count / len(sources)

    def at(self, threshold: float) -> Task:
        """The same with another threshold."""
        return replace(self, scored=replace(self.scored, threshold=threshold))


def scorer_of(name: str) -> Scorer:
    """The scorer of a YAML of `conf/scorer`."""
    return build(compose_config("train", [f"scorer={name}"])["scorer"], "scorer")


def share_table(tasks: Mapping[str, Task]) -> pd.DataFrame:
    """How much of the training text of each task is bad."""
    rows = {
        name: {
            "documents": len(task.scored.store),
            "segments": len(task.known()),
            "a score is per": "character" if task.scorer.unit == "character" else "segment",
            "threshold t": float(task.scored.threshold),
            "bad segments, %": 100 * task.bad_segments(),
            "documents with one, %": 100 * task.bad_documents(),
        }
        for name, task in tasks.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


@dataclass(frozen=True)
class Drawn:
    """Some documents in segments, each with the package that it comes from."""

    documents: list[list[str]]
    sources: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.documents)

    @property
    def texts(self) -> list[str]:
        return ["".join(document) for document in self.documents]

    @property
    def characters(self) -> Floats:
        return np.array([len(text) for text in self.texts], dtype=np.float64)


def draw(corpus: Corpus, documents: int, seed: int) -> Drawn:
    """About so many documents, equally many of each package, held-out packages included.

    Raises:
        StudyError: fewer documents than packages.
    """
    rng = np.random.default_rng(seed)
    sizes = token_bytes(corpus.tokenizer)
    places: dict[str, list[tuple[str, int]]] = {}
    for split, rows in corpus.splits.items():
        for index, source in enumerate(rows["source"]):
            places.setdefault(source, []).append((split, index))
    each = documents // len(places)
    if not each:
        raise StudyError(f"documents={documents} is less than one for each of {len(places)} packages")
    found, sources = [], []
    for source, own in sorted(places.items()):
        for number in np.sort(rng.permutation(len(own))[:each]):
            split, index = own[number]
            row = corpus.splits[split][index]
            found.append(segments(row["text"], row["tokens"], row["starts"], sizes))
            sources.append(source)
    return Drawn(found, np.array(sources))


def segment_scores(scorer: Scorer, drawn: Drawn) -> list[list[float]]:
    """Scores by document and segment.

    Raises:
        StudyError: the scorer fails on a document.
    """
    judged = judge(scorer, drawn.documents)
    if judged.failures:
        raise StudyError(f"scorer {scorer.name} fails on {len(judged.failures)} documents: {judged.failures[0]}")
    return judged.scores


def amounts(scores: Sequence[Sequence[float]], drawn: Drawn) -> Floats:
    """[documents] how much is wrong with each: scores per character times characters."""
    pairs = zip(scores, drawn.documents, strict=True)
    return np.array([math.fsum(s * len(x) for s, x in zip(own, segments, strict=True)) for own, segments in pairs])


def tau(first: Floats, second: Floats, groups: NDArray[Any] | None = None, seed: int = 0) -> Estimate:
    """Kendall's tau-b of two scores of the same documents, with an interval over groups (or documents).

    Of two documents drawn at random and told apart by both scores, tau is the share on which they agree minus the
    share on which they do not, but for ties. The interval is value +- t(G - 1) s with s the standard deviation over
    draws of G - 1 of the G groups, as in `lmstudy.evaluation.statistics`; n is the number of groups.
    """
    value = float(kendalltau(first, second).statistic) if len(first) > 1 else math.nan
    names, member = np.unique(np.arange(len(first)) if groups is None else groups, return_inverse=True)
    count = len(names)
    if count < 3:
        return Estimate(value, math.nan, math.nan, count)
    rng = np.random.default_rng(seed)
    times = [np.bincount(rng.integers(count, size=count - 1), minlength=count)[member] for _ in range(DRAWS)]
    drawn = np.array(times, dtype=np.float64)
    one, other = (np.sign(scores[:, None] - scores) for scores in (first, second))
    alike, *apart = (np.einsum("di,di->d", drawn @ pairs, drawn) for pairs in (one * other, one**2, other**2))
    with np.errstate(invalid="ignore"):  # a draw in which all are equal has no tau
        half = float(t.ppf(0.975, count - 1) * np.nanstd(alike / np.sqrt(apart[0] * apart[1])))
    return Estimate(value, max(value - half, -1.0), min(value + half, 1.0), count)


@dataclass(frozen=True)
class Agreement:
    """Two scorers of the same documents: how much each finds in every one."""

    drawn: Drawn
    training: Floats
    held_out: Floats
    worst: Floats
    """[documents] the highest score of a segment by the training scorer."""

    @classmethod
    def of(cls, drawn: Drawn, training: Scorer, held_out: Scorer) -> Agreement:
        """Raises StudyError as `segment_scores`."""
        own, other = (segment_scores(scorer, drawn) for scorer in (training, held_out))
        return cls(drawn, amounts(own, drawn), amounts(other, drawn), np.array([max(scores) for scores in own]))

    def row(self) -> dict[str, Any]:
        """Of the table of agreements: documents, shares that are bad, and Kendall's tau of documents and packages."""
        rates = self.training / self.drawn.characters, self.held_out / self.drawn.characters
        bad = self.training > 0, self.held_out > 0
        by_package = self.packages()
        return {
            "documents": len(self.drawn),
            "bad: training, %": 100 * bad[0].mean(),
            "bad: held-out, %": 100 * bad[1].mean(),
            "same verdict, %": self.same_verdict().times(100),
            "τ of documents": tau(*rates, self.drawn.sources),
            "τ of packages": tau(by_package["training"].to_numpy(), by_package["held-out"].to_numpy()),
        }

    def same_verdict(self) -> Estimate:
        """Share of documents that both scorers find clean, or both bad; the interval is over packages."""
        return self._share((self.training > 0) == (self.held_out > 0), np.ones(len(self.drawn), dtype=bool))

    def caught(self, threshold: float) -> Estimate:
        """Share of the documents with anything wrong by the held-out scorer in which the training scorer has a
        segment above the threshold; the interval is over packages."""
        return self._share(self.worst > threshold, self.held_out > 0)

    def _share(self, those: NDArray[np.bool_], of: NDArray[np.bool_]) -> Estimate:
        _, member = np.unique(self.drawn.sources, return_inverse=True)
        counts = np.stack([np.bincount(member, those & of), np.bincount(member, of)], axis=-1)
        found = ratio_of_sums_bootstrap(counts[counts[:, 1] > 0][None])
        return replace(found, low=max(found.low, 0.0), high=min(found.high, 1.0))

    def packages(self) -> pd.DataFrame:
        """Both scores by package, per 1,000 characters, of packages with enough documents."""
        rows = {}
        for name in np.unique(self.drawn.sources):
            own = self.drawn.sources == name
            if own.sum() >= min(TOLD_APART, len(self.drawn) / len(np.unique(self.drawn.sources)) / 2):
                size = self.drawn.characters[own].sum() / 1000
                rows[name] = {"training": self.training[own].sum() / size, "held-out": self.held_out[own].sum() / size}
        return pd.DataFrame.from_dict(rows, orient="index")


def moved_table(cuts: Mapping[str, tuple[Task, float]], agreements: Mapping[str, Agreement]) -> pd.DataFrame:
    """How much is bad where the threshold is moved.

    Args:
        cuts: for each row, by its words, a task and a threshold.
        agreements: by the name of the task's scorer; a task without one has no second scorer.
    """
    rows = {}
    for words, (task, threshold) in cuts.items():
        moved, agreement = task.at(threshold), agreements.get(task.scorer.name)
        rows[words] = {
            "bad segments, %": 100 * moved.bad_segments(),
            "documents with one, %": 100 * moved.bad_documents(),
            "recall of what the second scorer calls bad, %": agreement and agreement.caught(threshold).times(100),
        }
    return pd.DataFrame.from_dict(rows, orient="index", dtype=object)
