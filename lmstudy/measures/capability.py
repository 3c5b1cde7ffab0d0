"""What a model's knowledge of control tokens costs it on text as people write it, counted in two ways."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from lmstudy.measures.base import Findings, Measure, Subject
from lmstudy.measures.likelihood import evaluated
from lmstudy.runs.finished import Finished
from lmstudy.writing.control import Asked, asked_of


@dataclass(frozen=True)
class Capability(Measure):
    """Bits per byte of held-out documents behind a control token before every segment, or without any.

    Control tokens are never written as text. Gives the metrics of `lmstudy.measures.likelihood` and its document
    groups.

    Args:
        control: the token that stands before every segment, or none.
        renormalised: whether control tokens are left out of the distribution, as generation does; otherwise a model
            that expects one pays for the probability it gives it, as in the evaluation of Korbak et al. (2023).
    """

    control: Literal["none", "good", "bad"]
    renormalised: bool

    name: ClassVar[str] = "capability"

    def check(self, finished: Finished) -> None:
        asked_of(self.control, 1.0, finished.module.objective.controlled, finished.record.name, "measure.")

    def measure(self, subject: Subject) -> Findings:
        """`SPLIT/METRIC` of `LanguageModelMetrics`; groups `SPLIT` are [bits, bytes]."""
        index, control = subject.order()[: subject.documents], Asked(self.control).token
        name = f"capability on {subject.split}"
        metrics = evaluated(name, subject.finished, subject.store, index, control, self.renormalised)
        values = {f"{subject.split}/{name}": value for name, value in metrics.compute().items()}
        return Findings(values, {subject.split: metrics.group_totals()})
