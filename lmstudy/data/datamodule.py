"""Loaders of packed batches, as a LightningDataModule."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import lightning as L
import numpy as np
import torch

from lmstudy.data.ahead import BatchesAhead, to_device
from lmstudy.data.batch import Seq2SeqBatch, Shape
from lmstudy.data.corpus import Corpus
from lmstudy.data.examples import Ints, Task
from lmstudy.data.packing import build_batch, pack, planned_rows
from lmstudy.data.store import TokenStore
from lmstudy.data.windows import Windows
from lmstudy.errors import StudyError

GROUPS = 100
"""Document groups a split is divided into for bootstrap intervals."""


def _own(batch: Seq2SeqBatch, rank: int, world: int) -> Seq2SeqBatch:
    """The rows of one process; `target_tokens` stays that of the global batch."""
    return Seq2SeqBatch(*(field if field.ndim == 0 else field[rank::world] for field in batch))


@dataclass
class TrainingBatches:
    """Endless batches, a function of the seed; starting at any step costs the planning up to it alone."""

    store: TokenStore
    task: Task
    shape: Shape
    seed: int
    first_step: int = 0
    rank: int = 0
    world: int = 1

    def __iter__(self) -> Iterator[Seq2SeqBatch]:
        shape = self.shape
        rows = planned_rows(self.store, self.task, shape, self.seed)
        rows = islice(rows, self.first_step * shape.rows, None)
        while True:
            chosen = list(islice(rows, shape.rows))
            batch = build_batch(self.store, self.task, chosen, shape)
            yield _own(batch, self.rank, self.world)


class EvaluationBatches:
    """Windows over whole documents, packed; each label carries its document's group."""

    def __init__(self, store: TokenStore, shape: Shape, index: Ints, rank: int = 0, world: int = 1) -> None:
        self.store, self.shape, self.rank, self.world = store, shape, rank, world
        self.groups = store.groups(GROUPS)
        self.plan = Windows().plan(store, index, shape.prefix_length, shape.decoder_length, np.random.default_rng(0))
        self.rows = pack(self.plan, shape.encoder_length, shape.decoder_length)

    def __len__(self) -> int:
        return -(-len(self.rows) // self.shape.rows)

    def __iter__(self) -> Iterator[Seq2SeqBatch]:
        for start in range(0, len(self.rows), self.shape.rows):
            chosen = [(self.plan, row) for row in self.rows[start : start + self.shape.rows]]
            empty = (self.plan, list[int]())
            chosen += [empty] * (self.shape.rows - len(chosen))  # fixed shape for every batch and process
            batch = build_batch(self.store, Windows(), chosen, self.shape, self.groups)
            yield _own(batch, self.rank, self.world)


class CorpusDataModule(L.LightningDataModule):
    """Training examples of one task, and validation on documents from sources never trained on.

    Args:
        corpus: a prepared corpus.
        task: how documents become examples.
        shape: the global batch; its rows are dealt out to the processes.
        seed: order of documents and every random cut.
        evaluation_documents: documents of "valid" used while training (the first by hash order).
    """

    def __init__(self, corpus: Corpus, task: Task, shape: Shape, seed: int, evaluation_documents: int) -> None:
        super().__init__()
        self.corpus, self.task, self.shape, self.seed = corpus, task, shape, seed
        self.evaluation_documents = evaluation_documents
        self.stores = {name: TokenStore(split) for name, split in corpus.splits.items()}
        if not len(self.stores["train"]):
            raise StudyError("the training split has no document: check data.cleaning and data.path")

    def _place(self) -> dict[str, Any]:
        trainer = self.trainer
        rank, world = (trainer.global_rank, trainer.world_size) if trainer else (0, 1)
        return {"rank": rank, "world": world}

    def train_dataloader(self) -> TrainingBatches | BatchesAhead:
        first_step = self.trainer.global_step if self.trainer else 0
        batches = TrainingBatches(
            self.stores["train"], self.task, self.shape, self.seed, first_step=first_step, **self._place()
        )
        device = self.trainer.strategy.root_device if self.trainer else torch.device("cpu")
        # On a CPU, a thread would take from the step what it gives to it.
        return batches if device.type == "cpu" else BatchesAhead(batches, device)

    def transfer_batch_to_device(self, batch: Seq2SeqBatch, device: torch.device, dataloader_idx: int) -> Seq2SeqBatch:
        """See `lmstudy.data.ahead.to_device`; a batch that is there already stays."""
        return to_device(batch, device)

    def batches(self, split: str, documents: int | None = None) -> EvaluationBatches:
        """Evaluation batches of the first `documents` (in order of their group) of a split, or of all."""
        if split not in self.stores:
            raise StudyError(f"split={split!r} is not one of {sorted(self.stores)}")
        store = self.stores[split]
        index = np.argsort(store.groups(2**31), kind="stable")[:documents]
        return EvaluationBatches(store, self.shape, index, **self._place())

    def val_dataloader(self) -> EvaluationBatches:
        return self.batches("valid", self.evaluation_documents)
