"""How much training text a model's samples repeat, beside how much people's own texts do."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lmstudy.data import tables
from lmstudy.data.tokenizer import decode
from lmstudy.errors import StudyError
from lmstudy.evaluation.memorisation import Match, longest_matches, normalised
from lmstudy.evaluation.statistics import wilson
from lmstudy.measures.base import Findings, Measure, Subject
from lmstudy.progress import ProgressLine
from lmstudy.runs.finished import Finished
from lmstudy.writing.control import PLAIN, sampling_for
from lmstudy.writing.texts import drawn

if TYPE_CHECKING:
    import datasets

AT_ONCE = 64
"""Samples drawn together."""
EXAMPLES = 5
"""Longest matches kept in the record, of samples and of people's documents each."""


@dataclass(frozen=True)
class Memorisation(Measure):
    """Share of samples that hold a run of at least `characters` characters of one training document, verbatim.

    A stretch of white space counts as one character (see `lmstudy.evaluation.memorisation`). Samples are written from
    nothing at T = .7 and top-p = .9. People repeat boilerplate, too: held-out documents, cut to the length that a
    sample may have, are looked at in the same way.

    Args:
        samples: texts written.
        characters: of a run that counts.

    Gives `memorisation/samples/share` with Wilson's 95 % interval (`share_low`, `share_high`), median and 90 %
    quantile of the longest match of each text, mean `characters` of a text, and the same of `memorisation/documents`.
    Groups have a text each: [1 where it counts, 1], and under `.../longest` [longest match, characters of the text].
    """

    samples: int
    characters: int

    name: ClassVar[str] = "memorisation"

    def __post_init__(self) -> None:
        self.at_least(samples=1, characters=1)

    def documents(self) -> int | None:
        return self.samples

    def check(self, finished: Finished) -> None:
        self.must_write(finished)

    def measure(self, subject: Subject) -> Findings:
        texts = {"documents": self._documents(subject), "samples": self._samples(subject)}
        training = subject.corpus.splits["train"]
        both = [*texts["samples"], *texts["documents"]]
        found: list[Match] = []
        with ProgressLine("search of the training text", sys.stderr) as line:
            for searched, found in longest_matches(both, _texts(training)):  # noqa: B007
                line.update(f"document {searched:,} of {len(training):,}")
        metrics: dict[str, float] = {}
        groups: dict[str, list[list[float]]] = {}
        examples: list[dict[str, Any]] = []
        for name, own in (("samples", found[: self.samples]), ("documents", found[self.samples :])):
            lengths = np.array([match.length for match in own])
            sizes = [len(normalised(text)) for text in texts[name]]
            counts = lengths >= self.characters
            share = wilson(int(counts.sum()), len(counts))
            prefix = f"memorisation/{name}"
            metrics |= {f"{prefix}/share": share.value}
            metrics |= {f"{prefix}/share_low": share.low, f"{prefix}/share_high": share.high}
            metrics |= {f"{prefix}/longest_median": float(np.median(lengths))}
            metrics |= {f"{prefix}/longest_90_percent": float(np.quantile(lengths, 0.9))}
            metrics |= {f"{prefix}/characters": float(np.mean(sizes))}
            groups[prefix] = [[float(count), 1.0] for count in counts]
            groups[f"{prefix}/longest"] = [[float(a), float(b)] for a, b in zip(lengths, sizes, strict=True)]
            examples += _examples(name, own)
        return Findings(metrics, groups, examples)

    def _samples(self, subject: Subject) -> list[str]:
        run, model = subject.finished.run, subject.finished.module.model
        sampling = sampling_for(PLAIN, model.max_positions)
        written = drawn(model, run.corpus, PLAIN, self.samples, run.typed.seed, sampling, AT_ONCE)
        return [text.whole for _, text in written]

    def _documents(self, subject: Subject) -> list[str]:
        """The first held-out documents in hash order, as much of each as a sample could hold."""
        model, tokenizer = subject.finished.module.model, subject.finished.run.corpus.tokenizer
        order = subject.order()
        if len(order) < (subject.documents or 0):
            raise StudyError(
                f"documents={subject.documents}: split={subject.split} has {len(order)} documents to compare with; "
                "ask for fewer"
            )
        chosen = order[: subject.documents].tolist()
        return [decode(tokenizer, subject.store.tokens(i)[: model.max_positions]) for i in chosen]


def _texts(training: datasets.Dataset) -> Iterator[tuple[str, str]]:
    for batch in tables.batches(training.select_columns(["id", "text"])):
        yield from zip(batch["id"], batch["text"], strict=True)


def _examples(name: str, matches: Sequence[Match]) -> list[dict[str, Any]]:
    longest = sorted(matches, key=lambda match: -match.length)[:EXAMPLES]
    return [{"of": name, "characters": m.length, "run": m.run, "document": m.document} for m in longest]
