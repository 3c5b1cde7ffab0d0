"""What every objective is: a function of logits, labels and scores, to a loss and a few scalars."""

from typing import NamedTuple, Protocol

from torch import Tensor


class ObjectiveOutput(NamedTuple):
    """`loss` is the mean over the labels of this batch; `scalars` are logged beside it."""

    loss: Tensor
    scalars: dict[str, Tensor]


class Objective(Protocol):
    """How a model is trained.

    Called with logits [B, T, V], labels [B, T] (`lmstudy.data.batch.IGNORE` where nothing is predicted) and
    the misalignment score of each label's segment [B, T], or None where no scorer is used. The mean is taken
    over the labels, so that the module can weigh processes by how many labels each holds.
    """

    name: str

    def __call__(self, logits: Tensor, labels: Tensor, scores: Tensor | None) -> ObjectiveOutput: ...
