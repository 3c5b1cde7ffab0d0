"""What a measure is given, and what it gives back."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Protocol

import datasets
import numpy as np

from lmstudy.data import tables
from lmstudy.data.corpus import Corpus
from lmstudy.data.examples import Ints
from lmstudy.data.segments import segments
from lmstudy.data.store import TokenStore
from lmstudy.data.tokenizer import encode, token_bytes
from lmstudy.errors import StudyError
from lmstudy.runs.finished import Finished


@dataclass(frozen=True)
class Findings:
    """The part of a record that a measure fills; fields as in `lmstudy.runs.records.Record`."""

    metrics: dict[str, float]
    groups: dict[str, list[list[float]]] = field(default_factory=dict)
    """Numerators and denominators of a metric by document group (or by text), for intervals."""
    samples: list[Any] = field(default_factory=list)


class Measure(Protocol):
    """A measurement of a finished run. A new one is one dataclass with these and one YAML in `conf/measure`.

    The fields of the dataclass are the keys of the YAML and part of the record's identity.
    """

    name: ClassVar[str]

    def documents(self) -> int | None:
        """Held-out documents taken where nothing is said of them; None: all."""
        ...

    def check(self, finished: Finished) -> None:
        """Raises StudyError for settings that do not fit the run; called before any work is done."""
        ...

    def measure(self, subject: "Subject") -> Findings: ...


@dataclass(frozen=True)
class Subject:
    """A finished run, and the text that it is measured on in the run's own tokens."""

    finished: Finished
    corpus: Corpus
    """Of the text: the run's own, or another."""
    split: str
    documents: int | None

    @property
    def own(self) -> bool:
        """Whether the text is of the very corpus that the run was trained on."""
        return self.corpus.fingerprint == self.finished.run.corpus.fingerprint

    @property
    def rows(self) -> datasets.Dataset:
        """The split's documents.

        Raises:
            StudyError: the corpus has no such split; names those it has.
        """
        if self.split not in self.corpus.splits:
            raise StudyError(f"split={self.split!r} is not one of {sorted(self.corpus.splits)}")
        return self.corpus.splits[self.split]

    @cached_property
    def store(self) -> TokenStore:
        """The split in the run's tokens."""
        return TokenStore(self.rows if self.own else self._encoded(self.rows))

    def order(self) -> Ints:
        """The split's documents in an order that depends on nothing but their ids."""
        return np.argsort(self.store.groups(2**31), kind="stable")

    def _encoded(self, rows: datasets.Dataset) -> datasets.Dataset:
        own = self.finished.run.corpus
        columns: dict[str, list[Any]] = {"id": [], "tokens": [], "starts": []}
        sizes = token_bytes(self.corpus.tokenizer)
        for batch in tables.batches(rows):
            documents = zip(batch["text"], batch["tokens"], batch["starts"], strict=True)
            tokens, starts = encode(own.tokenizer, [segments(*d, sizes) for d in documents], own.segmentation)
            columns["id"] += batch["id"]
            columns["tokens"] += tokens
            columns["starts"] += starts
        kept = tables.tokenised(own.tokenizer.get_vocab_size())
        return datasets.Dataset.from_dict(columns, features=datasets.Features({name: kept[name] for name in columns}))
