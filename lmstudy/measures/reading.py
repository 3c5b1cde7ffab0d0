"""What reading more is worth to a model, and how much of what it read it can repeat."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from lmstudy.data.batches.windows import Windows, continuations
from lmstudy.data.copying import Copy
from lmstudy.data.examples import Ints, Plan, Pretraining, drawn_already
from lmstudy.data.store import TokenStore
from lmstudy.data.tokenizer import token_bytes
from lmstudy.errors import StudyError
from lmstudy.measures.base import Findings, Measure, Subject
from lmstudy.progress import ProgressLine
from lmstudy.runs.finished import Finished

if TYPE_CHECKING:
    from torch import Tensor

    from lmstudy.data.batch import Seq2SeqBatch

DECODED = 2048
"""Decoder tokens of a batch, about."""


@dataclass(frozen=True)
class Reading(Measure):
    """Bits of the same documents' tokens against n, the number of tokens that the encoder reads.

    `continue`: each document is cut once, at the first segment boundary that leaves the longest n before it. The
    targets are the `targets` tokens behind the cut for every n; the encoder reads the last n before it. With n = 0 it
    reads the start token alone, which in training stands before a document's start.

    `copy`: the encoder reads a document's first n tokens and the decoder has to write just these; n = 0 is left out.
    A document is repeated exactly where each token, given those before it, is the most probable one.

    Each n gives `reading/n/bits_per_byte`, `bits_per_token`, `accuracy` (share of tokens right, given those before
    them) and `exact_match` (share of documents with all tokens right), and document groups for each ratio.

    Args:
        task: what is written behind what was read.
        lengths: values of n.
        targets: tokens that are written in `continue`.
    """

    task: Literal["continue", "copy"]
    lengths: list[int]
    targets: int

    name: ClassVar[str] = "reading"

    def __post_init__(self) -> None:
        if not self.lengths or min(self.lengths) < 0 or len(set(self.lengths)) < len(self.lengths):
            raise StudyError(f"measure.lengths={self.lengths} must be different numbers of tokens, 0 or more")
        if self.task == "copy" and not max(self.lengths):
            raise StudyError(f"measure.lengths={self.lengths}: measure.task=copy needs a length above 0")
        if self.targets < 1:
            raise StudyError(f"measure.targets={self.targets} must be at least 1 token")

    def documents(self) -> int | None:
        return 400

    def check(self, finished: Finished) -> None:
        budget, longest = finished.run.typed.budget, max(self.lengths)
        if longest > budget.encoder_length - 1:
            raise StudyError(
                f"measure.lengths={self.lengths}: this run's encoder reads rows of {budget.encoder_length} tokens, "
                f"so at most {budget.encoder_length - 1} behind the start token"
            )
        key, written = ("lengths", longest) if self.task == "copy" else ("targets", self.targets)
        if written > budget.decoder_length:
            raise StudyError(
                f"measure.{key}={getattr(self, key)}: this run's decoder writes at most {budget.decoder_length} tokens"
            )

    def measure(self, subject: Subject) -> Findings:
        import torch

        from lmstudy.data.datamodule import GROUPS

        finished, store = subject.finished, subject.store
        metrics: dict[str, float] = {}
        groups: dict[str, list[list[float]]] = {}
        index, cut = self._chosen(subject)
        task: Pretraining = Copy() if self.task == "copy" else Windows()
        sizes = torch.from_numpy(token_bytes(finished.run.corpus.tokenizer)).long()
        lengths = [n for n in self.lengths if n or self.task == "continue"]
        with torch.inference_mode(), ProgressLine(f"reading ({self.task}) on {subject.split}", sys.stderr) as line:
            for place, n in enumerate(lengths, start=1):
                written = n if self.task == "copy" else self.targets
                plan = _plan(index, np.full_like(index, n) if self.task == "copy" else cut, n, written)
                counts = np.zeros((GROUPS, 5))
                for batch in _batches(store, task, plan):
                    np.add.at(counts, batch.groups[:, 0].numpy(), _counts(finished.module(batch), batch, sizes))
                    line.update(f"length {place} of {len(lengths)}")
                _report(f"reading/{n}", counts, written, metrics, groups)
        return Findings(metrics | {"reading/documents": float(len(index))}, groups)

    def _chosen(self, subject: Subject) -> tuple[Ints, Ints]:
        """The documents measured, the first long enough ones in hash order, and where each is cut."""
        longest, order = max(self.lengths), subject.order()
        if self.task == "copy":
            index = cut = order[subject.store.lengths(order) >= longest]
            need = f"{longest} tokens"
        else:
            index, cut = continuations(subject.store, order, longest, self.targets)
            need = f"a segment boundary {longest} tokens or more from their start and {self.targets} tokens behind it"
        wanted = subject.documents
        if wanted is not None and len(index) < wanted:
            raise StudyError(
                f"documents={wanted}: {len(index)} of the {len(order)} documents of split={subject.split} have {need}; "
                "ask for fewer, or lower measure.lengths or measure.targets"
            )
        return index[:wanted], cut[:wanted]


def _plan(index: Ints, cut: Ints, read: int, written: int) -> Plan:
    return drawn_already(index, cut, np.full_like(index, read + 1), np.full_like(index, written))


def _batches(store: TokenStore, task: Pretraining, plan: Plan) -> Iterator[Seq2SeqBatch]:
    """One example a row, all of the same length: no padding, and nothing beside it in the row."""
    from lmstudy.data.batch import Shape
    from lmstudy.data.batches.packing import build_batch
    from lmstudy.data.datamodule import GROUPS

    read, written = int(plan.encoder_length[0]), int(plan.decoder_length[0])
    rows = max(1, DECODED // max(read, written))
    groups = store.groups(GROUPS)
    for start in range(0, len(plan.document), rows):
        chosen = [(plan, [i]) for i in range(start, min(start + rows, len(plan.document)))]
        yield build_batch(store, task, chosen, Shape(len(chosen), read, written, read), groups)


def _counts(logits: Any, batch: Seq2SeqBatch, sizes: Tensor) -> np.ndarray:
    """[B, 5] of each row: bits, bytes, tokens right, all of them right, 1."""
    import torch
    import torch.nn.functional as F

    nll = F.cross_entropy(logits.float().flatten(0, 1), batch.labels.flatten(), reduction="none")
    bits = nll.double().view(batch.labels.shape).sum(1) / np.log(2)
    right = logits.argmax(-1) == batch.labels
    columns = [bits, sizes[batch.labels].sum(1), right.sum(1), right.all(1), torch.ones(len(bits))]
    return torch.stack([column.double() for column in columns], 1).numpy()


def _report(
    prefix: str, counts: np.ndarray, written: int, metrics: dict[str, float], groups: dict[str, list[list[float]]]
) -> None:
    bits, size, right, whole, rows = counts.T
    metrics[f"{prefix}/bits_per_byte"] = float(bits.sum() / size.sum())
    metrics[f"{prefix}/bits_per_token"] = float(bits.sum() / (rows.sum() * written))
    metrics[f"{prefix}/accuracy"] = float(right.sum() / (rows.sum() * written))
    metrics[f"{prefix}/exact_match"] = float(whole.sum() / rows.sum())
    groups[prefix] = np.stack([bits, size], 1).tolist()
    groups[f"{prefix}/accuracy"] = np.stack([right, rows * written], 1).tolist()
    groups[f"{prefix}/exact_match"] = np.stack([whole, rows], 1).tolist()
