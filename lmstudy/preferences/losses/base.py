"""What every loss of pairs is: how probable a model and its reference find the texts of pairs in, a loss out.

Notation of all losses: y_w is the chosen text of a pair and y_l the rejected one, x what stands before both, pi the
model that learns and ref the model that it started as.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from torch import Tensor


class PairLikelihoods(NamedTuple):
    """P pairs; column 0 is the chosen text, column 1 the rejected one. Log-probabilities are in nats."""

    policy: Tensor
    """[P, 2]: log pi(y | x) of whole texts"""
    reference: Tensor
    """[P, 2]: log ref(y | x)"""
    tokens: Tensor
    """[P, 2]: tokens that each text has, the end token among them"""
    drift: Tensor
    """[]: mean log pi(y' | x) - log ref(y' | x) of texts y' that were written behind something else than x; without
    gradient"""

    @property
    def moved(self) -> Tensor:
        """[P, 2]: log pi(y | x) - log ref(y | x), how far the model went from its reference."""
        return self.policy - self.reference


@dataclass(frozen=True)
class PreferenceLoss(ABC):
    """How a model learns from pairs. A new one is one class with `name` and `__call__`, and one YAML in `conf/loss`.

    Args:
        beta: above 0; what it means is said by each loss.
    """

    beta: float

    name: ClassVar[str]
    """As its YAML is called."""
    drifts: ClassVar[bool] = False
    """Whether it asks for `PairLikelihoods.drift`, which takes a forward pass more where texts have prompts."""

    @abstractmethod
    def __call__(self, pairs: PairLikelihoods) -> Tensor:
        """The mean loss [] of the pairs."""
