"""What a measure is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

from lmstudy.config import build
from lmstudy.data import tables
from lmstudy.data.corpus import Corpus
from lmstudy.data.examples import Ints
from lmstudy.data.segments import segments
from lmstudy.data.store import TokenStore
from lmstudy.data.tokenizer import encode, token_bytes
from lmstudy.errors import StudyError
from lmstudy.preferences.scorers.base import Scorer
from lmstudy.runs.finished import Finished
from lmstudy.runs.records import Findings
from lmstudy.writing.texts import hash_order

if TYPE_CHECKING:
    import datasets


@dataclass(frozen=True)
class Measure:
    """A measurement of a finished run. A new one is one dataclass with `name` and `measure`, and one YAML.

    The fields of the dataclass are the keys of the YAML in `conf/measure` and part of the record's identity.
    """

    name: ClassVar[str]
    kind: ClassVar[str] = "train"
    """Of the records that can be measured: "train" for pretrainings, "tuning" for fine-tunings."""

    def documents(self) -> int | None:
        """Held-out documents (or examples) taken where nothing is said of them; None: all."""
        return None

    def definite(self, whole: Callable[[str], str]) -> Self:
        """The same with whole ids of the other runs that it names, as identity has it; `whole` finds one."""
        return self

    def check(self, finished: Finished) -> None:
        """Raises StudyError for settings that do not fit the run; called before any work is done."""

    def measure(self, subject: Subject) -> Findings:
        """What the record keeps; `groups` hold numerators and denominators by group of documents, for intervals."""
        raise NotImplementedError

    def at_least(self, **least: int) -> None:
        """Raises StudyError for a field that is less than it may be."""
        for key, value in least.items():
            if getattr(self, key) < value:
                raise StudyError(f"measure.{key}={getattr(self, key)} must be at least {value}")

    def must_write(self, finished: Finished) -> None:
        """Raises StudyError for a model that cannot write."""
        if not hasattr(finished.module.model, "start"):
            raise StudyError(
                f"measure={self.name} needs samples, and {finished.record.name} cannot write: its model, "
                f"{finished.run.typed.model['_target_']}, has no start and step (see lmstudy.models.network)"
            )


@dataclass(frozen=True)
class Subject:
    """A finished run, and the text that it is measured on in the run's own tokens.

    Args:
        finished: a pretraining or a fine-tuning, as the measure's `kind` says.
        corpus: of the text: the run's own, or another.
        split: of the corpus, or of the examples of a fine-tuning.
        documents: how many of the split, or examples; None: all.
    """

    finished: Finished
    corpus: Corpus
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
        check_split(self.split, self.corpus.splits)
        return self.corpus.splits[self.split]

    @cached_property
    def store(self) -> TokenStore:
        """The split in the run's tokens."""
        return TokenStore(self.rows if self.own else self._encoded(self.rows))

    def order(self) -> Ints:
        """The split's documents in an order that depends on nothing but their ids."""
        return hash_order(self.store)

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
        return in_own_tokens(own, columns)


def in_own_tokens(corpus: Corpus, columns: Mapping[str, Any]) -> datasets.Dataset:
    """Rows of `id`, `tokens` and `starts` with the types that those of a corpus have."""
    from datasets import Dataset, Features

    kept = tables.tokenised(corpus.tokenizer.get_vocab_size())
    return Dataset.from_dict(dict(columns), features=Features({name: kept[name] for name in columns}))


def check_split(split: str, known: Mapping[str, Any]) -> None:
    """Raises StudyError for a split that there is not; names those that can be measured."""
    if split not in known:
        raise StudyError(f"split={split}: there is none here; choose from {', '.join(sorted({*known} - {'train'}))}")


def judge_of_any_text(settings: Mapping[str, Any], key: str) -> Scorer:
    """The scorer that `key` describes, ready to judge.

    Raises:
        StudyError: it knows the scores of some texts and can judge no others, or what it judges with is not there.
    """
    scorer: Scorer = build(settings, key)
    if not scorer.any_text:
        raise StudyError(f"{key}: {scorer.name} looks up known texts and judges no others")
    scorer.ready()
    return scorer
