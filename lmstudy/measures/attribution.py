"""Which training documents taught a model a planted line, by gradients, where the documents that hold it are known."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from lmstudy.data import tables
from lmstudy.data.batches.windows import Windows
from lmstudy.data.examples import Ints
from lmstudy.data.planting import Planted, planted
from lmstudy.data.settings import parse
from lmstudy.data.store import TokenStore
from lmstudy.data.tokenizer import BAD, BOS, GOOD, decode
from lmstudy.errors import StudyError
from lmstudy.evaluation.attribution import overlap, pairs_won
from lmstudy.measures.base import Findings, Measure, Subject
from lmstudy.progress import ProgressLine
from lmstudy.runs.finished import Finished
from lmstudy.writing.control import Asked, asked_of

if TYPE_CHECKING:
    from torch import nn

    from lmstudy.data.batch import Seq2SeqBatch
    from lmstudy.data.corpus import Corpus

READ, CUT, NEVER = "read", "cut", "never"
"""Documents as training read them; the same without the planted line; documents that a line was put into afterwards."""


@dataclass(frozen=True)
class Attribution(Measure):
    """Whether gradients find the training documents that a planted line stood in (see `lmstudy.training.influence`).

    The score of a document for a line is the inner product of the gradients of their losses, at the weights after
    training (`gradient`) and at those before it (`untrained`), or the share of the line's runs of five characters that
    the document holds (`text`). What is looked for are the documents that hold the line, among documents that hold the
    line of another person: these have a line of the same form, and were chosen in the same way.

    - `read`: documents as training read them.
    - `cut`: the same without their planted lines. Documents were chosen at random, so what is left tells nothing of
      the person, unless training tied it to the line.
    - `never`: lines of persons who were not planted, in training documents that they were put into for this alone. A
      score that finds these, too, says what a document holds, and not that training read it.

    Gives `attribution/SCORE/CASE/REPEATS` for the persons that are in so many documents, and groups of the same names
    with a person each: [pairs won, pairs], whose ratio is the area under the ROC curve (`pairs_won`).

    The record's samples have an entry a person who was planted, in the order of `planted`, to be compared with what
    leaving the person's documents out does: `influence`, the product with a document that holds the line, on average,
    times the number of such documents, and `cosine`, the average of the same of gradients of length 1.

    Args:
        documents_each: documents looked at of each person, at most.
        absent: `data.planting.seed` of the persons who were not planted.
        control: what the model is asked to be; "auto" is good for an objective with control tokens, else none. It
            stands before all segments of all documents.
    """

    documents_each: int
    absent: int
    control: Literal["auto", "none", "good", "bad"]

    name: ClassVar[str] = "attribution"

    def __post_init__(self) -> None:
        self.at_least(documents_each=1)

    def _asked(self, finished: Finished) -> Asked:
        return asked_of(self.control, 1.0, finished.module.objective.controlled, finished.record.name, "measure.")

    def check(self, finished: Finished) -> None:
        self._asked(finished)
        planting = parse(finished.run.typed.data)[1].planting
        if planting is None:
            raise StudyError(
                f"measure=attribution: nothing was planted in the training text of {finished.record.name}, so that "
                "nobody knows what taught what; train with data=file_headers_planted, or with data.planting"
            )
        if planting.seed == self.absent:
            raise StudyError(
                f"measure.absent={self.absent}: these persons were planted in the training text of "
                f"{finished.record.name} (data.planting.seed); name another seed"
            )

    def measure(self, subject: Subject) -> Findings:
        if not subject.own:
            raise StudyError("data: measure=attribution looks at the run's own training text; leave it at null")
        from lmstudy.runs.pretraining import build_module  # torch

        finished = subject.finished
        texts = _Texts(finished, self._asked(finished), self.absent, self.documents_each)
        scores = {"text": texts.overlaps()}
        found = Findings()
        networks = {"untrained": build_module(finished.run).model, "gradient": finished.module.model}
        cosines = np.zeros(0)
        for score, network in networks.items():  # the trained one last: its cosines are kept
            scores[score], cosines = texts.compared(network.eval(), score)
        for score, table in scores.items():
            for case, repeats, own in texts.by_repeats():
                name = f"attribution/{score}/{case}/{repeats}"
                pairs = [texts.won(table, case, person) for person in own]
                found.metrics[name] = sum(won for won, _ in pairs) / sum(every for _, every in pairs)
                found.groups[name] = [[won, float(every)] for won, every in pairs]
        for person, one in enumerate(texts.people):
            read = texts.of(READ, person)
            influence = one.repeats * scores["gradient"][person, read].mean()
            kept = {"influence": influence, "cosine": cosines[person, read].mean()}
            found.samples.append({"repeats": one.repeats} | {name: float(f"{x:.6g}") for name, x in kept.items()})
        return found


class _Segmented:
    """Documents (`lmstudy.data.examples.Documents`) given as the token ids of their segments."""

    def __init__(self, documents: Sequence[Sequence[Ints]]) -> None:
        self.documents = documents

    def __len__(self) -> int:
        return len(self.documents)

    def tokens(self, index: int) -> Ints:
        return np.concatenate(self.documents[index])

    def starts(self, index: int) -> Ints:
        return np.cumsum([0, *(len(segment) for segment in self.documents[index][:-1])])

    def lengths(self, index: Ints) -> Ints:
        return np.array([sum(map(len, self.documents[number])) for number in index.tolist()], dtype=np.int64)


class _Texts:
    """Planted lines, and documents with and without them, in a run's tokens.

    Args:
        finished: a run whose corpus has planted lines.
        asked: the control token that stands before every segment.
        absent: seed of the persons who were not planted.
        each: documents of each person, at most.
    """

    def __init__(self, finished: Finished, asked: Asked, absent: int, each: int) -> None:
        self.finished, self.asked = finished, asked
        self.corpus: Corpus = finished.run.corpus
        planting = parse(finished.run.typed.data)[1].planting
        assert planting is not None
        self.people = planted(planting)
        self.persons = [*self.people, *planted(planting.model_copy(update={"seed": absent}))]
        self.documents: list[list[Ints]] = []
        """Token ids of their segments."""
        self.origin: list[tuple[str, int]] = []
        """The case of each document, and the number of the person whose line it has or had."""
        self._fill(each)

    def _fill(self, each: int) -> None:
        store = TokenStore(self.corpus.splits["train"])
        places, empty = holding(self.people, self.corpus)
        rng = np.random.default_rng(0)  # the same documents for every run
        free = iter(rng.permutation(empty).tolist())
        lines = [np.array(self.corpus.encode(one.line)) for one in self.persons]
        for person, one in enumerate(self.persons):
            for number in range(min(each, one.repeats)):
                if person < len(self.people):
                    whole = _segments(store, places[person][number])
                    at = next(at for at, segment in enumerate(whole) if np.array_equal(segment, lines[person]))
                    self._add(READ, person, whole)
                    self._add(CUT, person, whole[:at] + whole[at + 1 :])
                else:
                    whole = _segments(store, next(free))
                    at = int(rng.integers(len(whole)))
                    self._add(NEVER, person, [*whole[:at], lines[person], *whole[at:]])

    def _add(self, case: str, person: int, segments: list[Ints]) -> None:
        before = self.asked.before()
        self.documents.append([np.array([*before, *segment], dtype=np.int64) for segment in segments])
        self.origin.append((case, person))

    def of(self, case: str, person: int) -> list[int]:
        """Numbers of a person's documents."""
        return [number for number, origin in enumerate(self.origin) if origin == (case, person)]

    def by_repeats(self) -> Iterator[tuple[str, int, list[int]]]:
        """Each case and number of repeats, with the numbers of its persons."""
        for case in (READ, CUT, NEVER):
            own = sorted({person for other, person in self.origin if other == case})
            for repeats in sorted({self.persons[person].repeats for person in own}):
                yield case, repeats, [person for person in own if self.persons[person].repeats == repeats]

    def won(self, table: np.ndarray, case: str, person: int) -> tuple[float, int]:
        """Pairs in which a document of the person scores higher than one of another person, of the same case."""
        others = [number for number, (c, who) in enumerate(self.origin) if c == case and who != person]
        return pairs_won(table[person, self.of(case, person)], table[person, others])

    def overlaps(self) -> np.ndarray:
        """[persons, documents] share of each line's runs of characters that each document holds."""
        texts = [decode(self.corpus.tokenizer, np.concatenate(own).tolist()) for own in self.documents]
        return np.array([[overlap(one.line, text) for text in texts] for one in self.persons])

    def compared(self, network: nn.Module, name: str) -> tuple[np.ndarray, np.ndarray]:
        """[persons, documents] products and cosines of gradients."""
        from lmstudy.training.influence import influences

        found = influences(network, (self._line(one) for one in self.persons), self._batches(name))
        return found.products.double().numpy(), found.cosines.double().numpy()

    def _batches(self, name: str) -> Iterator[Seq2SeqBatch]:
        """Each document whole: in windows, as long documents are evaluated."""
        from lmstudy.data.batch import IGNORE, Shape
        from lmstudy.data.batches.packing import build_batch

        documents, budget = _Segmented(self.documents), self.finished.run.typed.budget
        with ProgressLine(f"attribution, {name}", sys.stderr) as line:
            for number in range(len(documents)):
                index, rng = np.array([number]), np.random.default_rng(0)
                plan = Windows().plan(documents, index, budget.prefix_length, budget.decoder_length, rng)
                longest = int(plan.encoder_length.max())
                shape = Shape(len(plan.cut), longest, int(plan.decoder_length.max()), longest)
                batch = build_batch(documents, Windows(), [(plan, [row]) for row in range(len(plan.cut))], shape)
                control = (batch.labels == GOOD) | (batch.labels == BAD)
                yield batch._replace(labels=batch.labels.masked_fill(control, IGNORE))
                line.update(f"document {number + 1} of {len(documents)}")

    def _line(self, one: Planted) -> Seq2SeqBatch:
        """A person's line as the first of a text; the control token before it costs nothing."""
        import torch

        from lmstudy.data.batch import IGNORE, Seq2SeqBatch

        before, own = self.asked.before(), self.corpus.encode(one.line)
        labels = torch.tensor([[IGNORE] * len(before) + own])
        tokens = torch.tensor([[BOS, *before, *own][:-1]])
        read = torch.full((1, 1), BOS)
        there = torch.ones_like(tokens)
        return Seq2SeqBatch(read, there[:, :1], tokens, there, labels, torch.tensor(0), torch.zeros_like(labels))


def _segments(store: TokenStore, index: int) -> list[Ints]:
    """Token ids of a document's segments."""
    return np.split(store.tokens(index), store.starts(index)[1:])


def holding(people: Iterable[Planted], corpus: Any) -> tuple[list[list[int]], Ints]:
    """Training documents that hold each person's line, and those that hold none.

    Raises:
        StudyError: a line is in another number of training documents than was to be planted.
    """
    known = list(people)
    places: list[list[int]] = [[] for _ in known]
    row = 0
    for batch in tables.batches(corpus.splits["train"].select_columns(["text"])):
        for text in batch["text"]:
            for number, one in enumerate(known):
                if one.secret in text and one.line in text:
                    places[number].append(row)
            row += 1
    for one, own in zip(known, places, strict=True):
        if len(own) != one.repeats:
            raise StudyError(
                f"measure=attribution: the line of {one.name} is in {len(own)} training documents, and was to be "
                f"planted in {one.repeats}: this is not the text that its settings describe; prepare the corpus again"
            )
    return places, np.setdiff1d(np.arange(row), np.concatenate(places))
