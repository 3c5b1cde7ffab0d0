"""Maximum likelihood: what everyone does, and what preferences are compared with."""

import torch.nn.functional as F
from torch import Tensor

from lmstudy.data.batch import IGNORE
from lmstudy.preferences.objectives.base import Objective, ObjectiveOutput


class MLE(Objective):
    """L = -1/n sum_t log p(y_t | y_<t, x): cross-entropy of the n labels of a batch, in nats, blind to scores.

    It reads every document as it is, and is what the other objectives do before `onset` and during `cooldown`.
    """

    name = "mle"
    scored = False

    def __call__(self, logits: Tensor, labels: Tensor, scores: Tensor | None, *values: Tensor) -> ObjectiveOutput:
        loss = F.cross_entropy(logits.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORE)
        return ObjectiveOutput(loss, {})
