"""Loaders of packed batches, as a LightningDataModule."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from typing import Any

import lightning as L
import numpy as np
import torch

from lmstudy.data.batch import IGNORE, Seq2SeqBatch, Shape
from lmstudy.data.batches.packing import TokenScores, build_batch, pack, planned_rows
from lmstudy.data.batches.prefetching import BatchesAhead, to_device
from lmstudy.data.batches.windows import Windows
from lmstudy.data.corpus import Corpus
from lmstudy.data.examples import Documents, Ints, Pretraining
from lmstudy.data.store import TokenStore
from lmstudy.data.tokenizer import BAD, GOOD
from lmstudy.data.views import uniformly_controlled
from lmstudy.errors import StudyError

GROUPS = 100
"""Document groups a split is divided into for bootstrap intervals."""


def _own(batch: Seq2SeqBatch, rank: int, world: int) -> Seq2SeqBatch:
    """The rows of one process; `target_tokens` stays that of the global batch."""
    return Seq2SeqBatch(*(field if field.ndim == 0 else field[rank::world] for field in batch))


@dataclass(frozen=True)
class Phase:
    """What training reads from a step on: documents, and scores of their tokens where the loss wants them."""

    first_step: int
    documents: Documents
    token_scores: TokenScores | None = None


@dataclass
class TrainingBatches:
    """Endless batches, a function of the seed; starting at any step costs the planning up to it alone.

    `phases` follow each other, the first from step 0; each goes through its documents in an order of its own. The
    batches are those from `first_step` on, their rows those of process `rank` of `world`.
    """

    phases: Sequence[Phase]
    task: Pretraining
    shape: Shape
    seed: int
    first_step: int = 0
    rank: int = 0
    world: int = 1

    def __iter__(self) -> Iterator[Seq2SeqBatch]:
        shape = self.shape
        ends = [*(after.first_step for _, after in pairwise(self.phases)), None]
        for number, (phase, end) in enumerate(zip(self.phases, ends, strict=True)):
            step = max(self.first_step, phase.first_step)
            if end is not None and step >= end:
                continue
            rows = planned_rows(phase.documents, self.task, shape, self.seed + (number << 32))
            rows = islice(rows, (step - phase.first_step) * shape.rows, None)
            while end is None or step < end:
                chosen = list(islice(rows, shape.rows))
                batch = build_batch(phase.documents, self.task, chosen, shape, token_scores=phase.token_scores)
                yield _own(batch, self.rank, self.world)
                step += 1


class EvaluationBatches:
    """Windows over whole documents, packed; each label carries its document's group.

    Args:
        store: the split.
        shape: the global batch; its rows are dealt out to the processes.
        index: [documents] which of the store's, and in which order.
        rank: number of this process.
        world: number of processes.
        documents: what is read in the place of the store's own, such as these behind control tokens; control tokens
            themselves are not to be predicted.
        trimmed: whether the encoder's side of a batch is as short as it can be: most documents stand behind an empty
            prefix, and their rows come first. Otherwise all batches have one shape, for a network compiled for it.
        charged: whether control tokens are among the labels.
    """

    def __init__(
        self,
        store: TokenStore,
        shape: Shape,
        index: Ints,
        rank: int = 0,
        world: int = 1,
        documents: Documents | None = None,
        trimmed: bool = True,
        charged: bool = False,
    ) -> None:
        self.store, self.shape, self.rank, self.world, self.charged = store, shape, rank, world, charged
        self.documents: Documents = store if documents is None else documents
        self.groups = store.groups(GROUPS)
        rng = np.random.default_rng(0)
        self.plan = Windows().plan(self.documents, index, shape.prefix_length, shape.decoder_length, rng)
        self.rows = pack(self.plan, shape.encoder_length, shape.decoder_length)
        self.trimmed = trimmed
        if trimmed:
            self.rows.sort(key=self._read)

    def _read(self, row: Sequence[int]) -> int:
        """Tokens that the encoder's side of a row holds."""
        return int(self.plan.encoder_length[list(row)].sum())

    def __len__(self) -> int:
        return -(-len(self.rows) // self.shape.rows)

    def __iter__(self) -> Iterator[Seq2SeqBatch]:
        for start in range(0, len(self.rows), self.shape.rows):
            chosen = [(self.plan, row) for row in self.rows[start : start + self.shape.rows]]
            empty = (self.plan, list[int]())
            chosen += [empty] * (self.shape.rows - len(chosen))  # fixed shape for every batch and process
            shape = self.shape
            if self.trimmed:
                longest = max(self._read(row) for _, row in chosen)
                shape = replace(shape, encoder_length=longest, prefix_length=longest)
            batch = build_batch(self.documents, Windows(), chosen, shape, self.groups)
            if self.documents is not self.store and not self.charged:
                control = (batch.labels == GOOD) | (batch.labels == BAD)
                batch = batch._replace(labels=batch.labels.masked_fill(control, IGNORE))
            yield _own(batch, self.rank, self.world)


class CorpusDataModule(L.LightningDataModule):
    """Training examples of one task, and validation on documents from sources never trained on.

    Args:
        corpus: a prepared corpus.
        task: how documents become examples.
        shape: the global batch; its rows are dealt out to the processes.
        seed: order of documents and every random cut.
        evaluation_documents: documents of "valid" used while training (the first by hash order).
        phases: what training reads, in turn; by default the training split, all the time.
        control: control token that stands before each segment in evaluation; None for none.
    """

    def __init__(
        self,
        corpus: Corpus,
        task: Pretraining,
        shape: Shape,
        seed: int,
        evaluation_documents: int,
        phases: Sequence[Phase] = (),
        control: int | None = None,
    ) -> None:
        super().__init__()
        self.corpus, self.task, self.shape, self.seed = corpus, task, shape, seed
        self.evaluation_documents, self.control = evaluation_documents, control
        self.trimmed = True
        """Whether evaluation batches are as short as they can be; see `EvaluationBatches`."""
        self.stores = {name: TokenStore(split) for name, split in corpus.splits.items()}
        if not len(self.stores["train"]):
            raise StudyError("the training split has no document: check data.cleaning and data.path")
        self.phases = list(phases) or [Phase(0, self.stores["train"])]

    def _place(self) -> dict[str, Any]:
        trainer = self.trainer
        rank, world = (trainer.global_rank, trainer.world_size) if trainer else (0, 1)
        return {"rank": rank, "world": world}

    def train_dataloader(self) -> TrainingBatches | BatchesAhead:
        """Endless, from the step that the trainer has reached; built ahead where a CUDA GPU computes."""
        first_step = self.trainer.global_step if self.trainer else 0
        batches = TrainingBatches(self.phases, self.task, self.shape, self.seed, first_step=first_step, **self._place())
        device = self.trainer.strategy.root_device if self.trainer else torch.device("cpu")
        # On a CPU, a thread would take from the step what it gives to it.
        return BatchesAhead(batches, device) if device.type == "cuda" else batches

    def transfer_batch_to_device(self, batch: Seq2SeqBatch, device: torch.device, dataloader_idx: int) -> Seq2SeqBatch:
        """See `lmstudy.data.batches.prefetching.to_device`; a batch that is there already stays."""
        return to_device(batch, device)

    def batches(self, split: str, documents: int | None = None) -> EvaluationBatches:
        """Evaluation batches of the first `documents` (in order of their group) of a split, or of all.

        Raises:
            StudyError: the corpus has no such split.
        """
        if split not in self.stores:
            raise StudyError(f"split={split!r} is not one of {sorted(self.stores)}")
        store = self.stores[split]
        index = np.argsort(store.groups(2**31), kind="stable")[:documents]
        asked = None if self.control is None else uniformly_controlled(store, store.segment_counts(), self.control)
        return EvaluationBatches(store, self.shape, index, **self._place(), documents=asked, trimmed=self.trimmed)

    def val_dataloader(self) -> EvaluationBatches:
        """The documents of "valid" that are evaluated while training."""
        return self.batches("valid", self.evaluation_documents)
