"""How probable held-out documents are to a model: what training measures, on any split of any corpus."""

import sys
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch

from lmstudy.data import tables
from lmstudy.data.batch import Shape
from lmstudy.data.datamodule import GROUPS, EvaluationBatches
from lmstudy.measures.base import Findings, Subject
from lmstudy.progress import ProgressLine
from lmstudy.runs.finished import Finished


@dataclass(frozen=True)
class Likelihood:
    """All metrics of training's own validation, over whole documents.

    Bits per byte are over the bytes of the text as it stands in its corpus, whatever the run's tokenizer is, and
    document groups depend on document ids alone: runs of different corpora can be compared on one of them, pairwise.
    """

    name: ClassVar[str] = "likelihood"

    def documents(self) -> int | None:
        return None

    def check(self, finished: Finished) -> None:
        """Nothing can be wrong."""

    @torch.inference_mode()
    def measure(self, subject: Subject) -> Findings:
        module, budget = subject.finished.module, subject.finished.run.typed.budget
        index = subject.order()[: subject.documents]
        shape = Shape(budget.rows, budget.encoder_length, budget.decoder_length, budget.prefix_length)
        batches = EvaluationBatches(subject.store, shape, index)
        metrics: Any = module.metrics
        metrics.reset()
        with ProgressLine(f"likelihood on {subject.split}", sys.stderr) as line:
            for number, batch in enumerate(batches, start=1):
                metrics.update(module(batch), batch)
                line.update(f"batch {number} of {len(batches)}")
        values, totals = metrics.compute(), metrics.group_totals()
        metrics.reset()
        if not subject.own:
            totals = np.stack([np.array(totals)[:, 0], _bytes(subject, index)], 1).tolist()
            bits, size = np.sum(totals, axis=0)
            values["bits_per_byte"] = float(bits / size)
        return Findings({f"{subject.split}/{name}": value for name, value in values.items()}, {subject.split: totals})


def _bytes(subject: Subject, index: np.ndarray) -> np.ndarray:
    """[groups] UTF-8 bytes of the chosen documents' texts."""
    texts = (text for batch in tables.batches(subject.rows.select_columns(["text"])) for text in batch["text"])
    sizes = np.array([len(text.encode()) for text in texts])
    return np.bincount(subject.store.groups(GROUPS)[index], weights=sizes[index], minlength=GROUPS)
