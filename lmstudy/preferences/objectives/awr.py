"""Advantage-weighted regression: tokens count by how much better their segment is than expected (Peng et al. 2019)."""

from torch import Tensor

from lmstudy.preferences.objectives.base import ObjectiveOutput, check_share, known_scores, mean_over, token_losses
from lmstudy.preferences.objectives.rwr import RWR


class AWR(RWR):
    """L = alpha mean(w log(1/p)) + (1 - alpha) mean((R - V)^2), w = min(exp((R - V) / beta), clip), over tokens.

    V, what reward the text so far promises, is read off the model's hidden states by a linear critic, and is a constant
    in the weight. alpha = 1 with V = 0 is reward-weighted regression.

    The released code of Korbak et al. (2023) has another critic, minus the sigmoid of a linear map, so that V begins
    near -.5, clips at 1000, and takes rewards as they are.

    Args:
        alpha: share of the language model's part, 0 to 1; the critic's is the rest.
        beta, clip, normalise, onset, cooldown: as in `RWR`.
    """

    name = "awr"
    critic = True

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 1.0,
        clip: float = 20.0,
        normalise: bool = True,
        onset: float = 0.0,
        cooldown: float = 0.0,
    ) -> None:
        super().__init__(beta, clip, normalise, onset, cooldown)
        self.alpha = check_share("alpha", alpha)

    def __call__(self, logits: Tensor, labels: Tensor, scores: Tensor | None, *values: Tensor) -> ObjectiveOutput:
        losses, chosen = token_losses(logits, labels)
        found, value = known_scores(self, scores), values[0].float()
        weights = self.weights(found, value.detach())
        written = mean_over(weights * losses, chosen)
        judged = mean_over((self.reward(found) - value).square(), chosen)
        loss = self.alpha * written + (1 - self.alpha) * judged
        scalars = {"weight": weights, "cross_entropy": losses}
        means = {name: mean_over(value, chosen) for name, value in scalars.items()}
        return ObjectiveOutput(loss, means | {"value_error": judged})
