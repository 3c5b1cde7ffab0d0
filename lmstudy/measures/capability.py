"""What a model's knowledge of control tokens costs it on text as people write it, counted in two ways."""

import sys
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import torch

from lmstudy.data.batch import Shape
from lmstudy.data.datamodule import GROUPS, EvaluationBatches
from lmstudy.data.examples import Documents, Ints
from lmstudy.data.store import TokenStore
from lmstudy.data.tokenizer import BAD, GOOD, token_bytes
from lmstudy.data.views import uniformly_controlled
from lmstudy.errors import StudyError
from lmstudy.measures.base import Findings, Subject
from lmstudy.progress import ProgressLine
from lmstudy.runs.finished import Finished
from lmstudy.training.metrics import LanguageModelMetrics

TOKENS = {"good": GOOD, "bad": BAD}


@dataclass(frozen=True)
class Capability:
    """Bits per byte of held-out documents behind a control token before every segment, or without any.

    Control tokens are never written as text. `renormalised` leaves them out of the distribution, as generation does;
    otherwise a model that expects one pays for the probability it gives it, as in the evaluation of Korbak et al.
    (2023). Gives the metrics of `lmstudy.measures.likelihood` and its document groups.
    """

    control: Literal["none", "good", "bad"]
    renormalised: bool

    name: ClassVar[str] = "capability"

    def documents(self) -> int | None:
        return None

    def check(self, finished: Finished) -> None:
        """Raises StudyError for a control token that the model never saw."""
        if self.control != "none" and not finished.module.objective.controlled:
            raise StudyError(f"measure.control={self.control}: {finished.record.name} never saw a control token")

    def measure(self, subject: Subject) -> Findings:
        index = subject.order()[: subject.documents]
        with ProgressLine(f"capability on {subject.split}", sys.stderr) as line:
            metrics = evaluated(subject.finished, subject.store, index, TOKENS.get(self.control), self.renormalised)
            line.update(f"{len(index)} documents")
        values = {f"{subject.split}/{name}": value for name, value in metrics.compute().items()}
        return Findings(values, {subject.split: metrics.group_totals()})


@torch.inference_mode()
def evaluated(
    finished: Finished, store: TokenStore, index: Ints, control: int | None, renormalised: bool = True
) -> LanguageModelMetrics:
    """The metrics of a run's model over documents in its own tokens, behind a control token if one is given."""
    module, budget = finished.module, finished.run.typed.budget
    sizes = torch.from_numpy(np.asarray(token_bytes(finished.run.corpus.tokenizer)))
    metrics = LanguageModelMetrics(len(sizes), sizes, GROUPS, (GOOD, BAD) if renormalised else ())
    shape = Shape(budget.rows, budget.encoder_length, budget.decoder_length, budget.prefix_length)
    asked: Documents | None = None
    if control is not None:
        asked = uniformly_controlled(store, store.segment_counts(), control)
    model: Any = module
    for batch in EvaluationBatches(store, shape, index, documents=asked):
        metrics.update(model(batch), batch)
    return metrics
