"""Maximum likelihood: what everyone does, and what preferences are compared with."""

from torch import Tensor

from lmstudy.preferences.objectives.base import Objective, ObjectiveOutput, mean_over, token_losses


class MLE(Objective):
    """L = -1/n sum_t log p(y_t | y_<t, x): cross-entropy of the n labels of a batch, in nats, blind to scores.

    It reads every document as it is, and is what the other objectives do before `onset` and during `cooldown`.
    """

    name = "mle"
    scored = False

    def __call__(self, logits: Tensor, labels: Tensor, scores: Tensor | None, *values: Tensor) -> ObjectiveOutput:
        return ObjectiveOutput(mean_over(*token_losses(logits, labels)), {})
