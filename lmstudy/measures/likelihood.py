"""How probable held-out documents are to a model: what training measures, on any split of any corpus."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lmstudy.data import tables
from lmstudy.data.examples import Documents, Ints
from lmstudy.data.store import TokenStore
from lmstudy.data.tokenizer import BAD, GOOD, token_bytes
from lmstudy.data.views import uniformly_controlled
from lmstudy.measures.base import Findings, Measure, Subject
from lmstudy.progress import ProgressLine
from lmstudy.runs.finished import Finished

if TYPE_CHECKING:
    from lmstudy.training.metrics import LanguageModelMetrics


@dataclass(frozen=True)
class Likelihood(Measure):
    """All metrics of training's own validation, over whole documents.

    Bits per byte are over the bytes of the text as it stands in its corpus, whatever the run's tokenizer is, and
    document groups depend on document ids alone: runs of different corpora can be compared on one of them, pairwise.
    """

    name: ClassVar[str] = "likelihood"

    def measure(self, subject: Subject) -> Findings:
        """`SPLIT/METRIC` of `LanguageModelMetrics`; groups `SPLIT` are [bits, bytes]."""
        finished, split = subject.finished, subject.split
        index = subject.order()[: subject.documents]
        controlled = finished.module.objective.controlled
        metrics = evaluated(f"likelihood on {split}", finished, subject.store, index, renormalised=controlled)
        values, totals = metrics.compute(), metrics.group_totals()
        if not subject.own:
            totals = np.stack([np.array(totals)[:, 0], _bytes(subject, index)], 1).tolist()
            bits, size = np.sum(totals, axis=0)
            values["bits_per_byte"] = float(bits / size)
        return Findings({f"{split}/{name}": value for name, value in values.items()}, {split: totals})


def evaluated(
    name: str,
    finished: Finished,
    store: TokenStore,
    index: Ints,
    control: int | None = None,
    renormalised: bool = True,
) -> LanguageModelMetrics:
    """The metrics of a run's model over documents in its own tokens.

    Args:
        name: of the line of progress.
        finished: a pretraining.
        store: the documents.
        index: the numbers of those taken.
        control: the control token that stands before every segment, if one does; it is never written as text.
        renormalised: whether control tokens are left out of the distribution, as generation does.
    """
    import torch

    from lmstudy.data.batch import Shape
    from lmstudy.data.datamodule import GROUPS, EvaluationBatches
    from lmstudy.training.metrics import LanguageModelMetrics

    budget = finished.run.typed.budget
    sizes = torch.from_numpy(np.asarray(token_bytes(finished.run.corpus.tokenizer)))
    metrics = LanguageModelMetrics(len(sizes), sizes, GROUPS, (GOOD, BAD) if renormalised else ())
    shape = Shape(budget.rows, budget.encoder_length, budget.decoder_length, budget.prefix_length)
    asked: Documents | None = None
    if control is not None:
        asked = uniformly_controlled(store, store.segment_counts(), control)
    batches = EvaluationBatches(store, shape, index, documents=asked)
    model: Any = finished.module.model
    with torch.inference_mode(), ProgressLine(name, sys.stderr) as line:
        for number, batch in enumerate(batches, start=1):
            metrics.update(model.hidden(batch), model.output_weight, batch)
            line.update(f"batch {number} of {len(batches)}")
    return metrics


def _bytes(subject: Subject, index: np.ndarray) -> np.ndarray:
    """[groups] UTF-8 bytes of the chosen documents' texts."""
    from lmstudy.data.datamodule import GROUPS

    texts = (text for batch in tables.batches(subject.rows.select_columns(["text"])) for text in batch["text"])
    sizes = np.array([len(text.encode()) for text in texts])
    return np.bincount(subject.store.groups(GROUPS)[index], weights=sizes[index], minlength=GROUPS)
