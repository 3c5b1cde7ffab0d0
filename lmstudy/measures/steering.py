"""What a control token does to how a model goes on: the same beginnings behind the good one, the bad one and none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from lmstudy.data.corpus import Corpus
from lmstudy.data.examples import Ints
from lmstudy.data.segmentation import mostly_han
from lmstudy.data.store import TokenStore
from lmstudy.data.tokenizer import decode
from lmstudy.errors import StudyError
from lmstudy.measures.base import Findings, Measure, Subject, judge_of_any_text
from lmstudy.measures.preference import add
from lmstudy.preferences.scored import judge
from lmstudy.preferences.scorers.base import Scorer
from lmstudy.runs.finished import Finished
from lmstudy.tasks.base import PARTS, in_parts
from lmstudy.writing.control import Asked, Control, sampling_for, unconditional_samples
from lmstudy.writing.texts import continued, hash_order

CONTROLS: tuple[Control, ...] = ("good", "none", "bad")
EXAMPLES = 16
"""Beginnings that a record shows with what was written behind them."""
CUT = "\ufffd"
"""In the place of a character that was not finished."""


class Beginning(NamedTuple):
    """The first tokens of a held-out document, by segment, and the text on both sides of the cut."""

    segments: tuple[tuple[int, ...], ...]
    text: str
    rest: str

    def behind(self, before: Sequence[int]) -> list[int]:
        """Tokens that the decoder is made to begin with: each segment behind a control token."""
        return [token for segment in self.segments for token in (*before, *segment)]


@dataclass(frozen=True)
class Steering(Measure):
    """Beginnings of held-out documents of one source, gone on with behind each control token and behind none.

    The encoder reads nothing, as at the start of a document in training, and the decoder is made to begin with the
    control token and the beginning. Only what the model writes from there on is judged, as one segment. For each
    CONTROL of good, none and bad, and for `people`, who wrote the documents, it gives `CONTROL/mean`, `CONTROL/bad`
    (share worse than the scorer's threshold), `CONTROL/chinese` (share that is mostly in Chinese characters) and
    texts `unscored` and `empty`; groups `CONTROL`, `CONTROL/bad` and `CONTROL/chinese` are [sum, size] by part.
    A part holds the same beginnings for every control token, and the same random numbers, so that differences can be
    paired. `unprompted/CONTROL/chinese` is of texts written from nothing.

    Args:
        scorer: the `scorer` configuration of the judge, who must judge any text.
        source: of the documents (as the column `source` of the corpus has it); null takes all.
        beginnings: documents that are continued.
        tokens: length of a beginning; a document must have twice as many.
        samples: texts written from nothing behind each control token.
    """

    scorer: dict[str, Any]
    source: str | None
    beginnings: int
    tokens: int
    samples: int

    name: ClassVar[str] = "steering"

    def __post_init__(self) -> None:
        self.at_least(beginnings=2, tokens=1, samples=2)

    def documents(self) -> int | None:
        return self.beginnings

    def check(self, finished: Finished) -> None:
        self.must_write(finished)
        if not finished.module.objective.controlled:
            raise StudyError(f"measure=steering: {finished.record.name} never saw a control token")
        judge_of_any_text(self.scorer, "measure.scorer")

    def measure(self, subject: Subject) -> Findings:
        finished, scorer = subject.finished, judge_of_any_text(self.scorer, "measure.scorer")
        model, corpus, seed = finished.module.model, finished.run.corpus, finished.run.typed.seed
        beginnings = held_out_beginnings(corpus, subject.split, self.source, self.tokens, model.max_positions - 1)
        beginnings = beginnings[: self.beginnings]
        found = Findings()
        written: dict[Control, list[str]] = {}
        for control in CONTROLS:
            written[control] = behind(model, corpus, Asked(control), beginnings, seed)
            texts = unconditional_samples(model, corpus.tokenizer, self.samples, seed, asked=Asked(control))
            found.metrics[f"unprompted/{control}/chinese"] = float(np.mean([mostly_han(text) for text in texts]))
        people = [beginning.rest for beginning in beginnings]
        for name, texts in (*written.items(), ("people", people)):
            scored = add(found, name, scorer, [(text,) if text else () for text in texts])
            chinese = np.array([[mostly_han(text), 1.0] for text in texts])[scored.scored]
            found.groups[f"{name}/chinese"] = in_parts(chinese, np.flatnonzero(scored.scored) % PARTS)
            found.metrics[f"{name}/chinese"] = float(chinese[:, 0].mean()) if len(chinese) else float("nan")
        found.samples.extend(examples(beginnings, written, scorer))
        return found


def held_out_beginnings(corpus: Corpus, split: str, source: str | None, tokens: int, longest: int) -> list[Beginning]:
    """Beginnings of the held-out documents of a source, in the order of their hashes.

    Args:
        corpus: of the documents.
        split: of the corpus.
        source: None takes documents of all sources.
        tokens: in a beginning; up to three more where a character would be cut.
        longest: tokens that a document may have.

    Raises:
        StudyError: no document of the split is of this source and of a length that fits.
    """
    rows = corpus.splits[split]
    store, sources = TokenStore(rows), rows["source"][:]
    found = []
    for i in hash_order(store).tolist():
        all_tokens = store.tokens(i)
        if source in (None, sources[i]) and 2 * tokens <= len(all_tokens) <= longest:
            found.append(_beginning(corpus, all_tokens, store.starts(i), tokens))
    if not found:
        raise StudyError(
            f"measure.source={source}: no document of {split} of this source has {2 * tokens} to {longest} tokens; "
            f"sources are {', '.join(sorted(set(sources)))}"
        )
    return found


def _beginning(corpus: Corpus, tokens: Ints, starts: Ints, cut: int) -> Beginning:
    while CUT in decode(corpus.tokenizer, tokens[:cut]):
        cut += 1
    pieces = np.split(tokens[:cut], starts[(starts > 0) & (starts < cut)])
    read = decode(corpus.tokenizer, tokens[:cut])
    return Beginning(tuple(tuple(p.tolist()) for p in pieces), read, decode(corpus.tokenizer, tokens[cut:]))


def behind(model: Any, corpus: Corpus, asked: Asked, beginnings: Sequence[Beginning], seed: int) -> list[str]:
    """What the model writes behind each beginning; the same random numbers whatever is asked."""
    forced = [beginning.behind(asked.before()) for beginning in beginnings]
    sampling, name = sampling_for(asked, model.max_positions - 1), f"continuing, {asked.control}"
    written = continued(model, [[]] * len(forced), forced, asked, sampling, seed, name)
    pairs = zip(forced, written, strict=True)
    return [decode(corpus.tokenizer, ids[len(given) :]).strip(CUT) for given, ids in pairs]


def examples(
    beginnings: Sequence[Beginning], written: dict[Control, list[str]], scorer: Scorer
) -> list[dict[str, Any]]:
    """The first beginnings with what was written behind each control token, and its score (None: not scored)."""
    found: list[dict[str, Any]] = [{"beginning": scorer.masked(b.text)} for b in beginnings[:EXAMPLES]]
    for control, texts in written.items():
        scores = judge(scorer, [(text,) if text else () for text in texts[:EXAMPLES]]).scores
        for shown, text, score in zip(found, texts, scores, strict=False):
            known = bool(score) and score[0] == score[0]
            shown[control] = {"written": scorer.masked(text), "score": round(score[0], 4) if known else None}
    return found
