"""Muon: momentum whose matrices are made orthogonal before they are applied (Jordan et al. 2024).

`torch.optim.Muon` orthogonalises in bfloat16, which a CPU without such units computes a hundred times slower
than float32. Here it is the type that the network's products have, and matrices of equal shape go through the iteration
as one batch.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from lmstudy.models.transformer import Attention, FeedForward
from lmstudy.training.optimizers import AdamW, below_one, gate_matrices, positive, split_by_decay

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic Newton-Schulz step p(x) = ax + bx^3 + cx^5: steepest at 0, [0, 1] goes to about [.7, 1.2]."""


def orthogonalise(x_GMN: Tensor, iterations: int = 5) -> Tensor:
    """The nearest semi-orthogonal matrices, roughly: singular values of G matrices [M, N] pushed towards 1."""
    tall = x_GMN.shape[-2] > x_GMN.shape[-1]
    if tall:
        x_GMN = x_GMN.mT
    x_GMN = x_GMN / (x_GMN.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    # In bfloat16 rounding makes eigenvalues of a Gram matrix negative, and the iteration blows them up.
    oblong = x_GMN.shape[-1] >= 2 * x_GMN.shape[-2] and x_GMN.dtype == torch.float32
    x_GMN = _by_gram_matrix(x_GMN, iterations) if oblong else _newton_schulz(x_GMN, iterations)
    return x_GMN.mT if tall else x_GMN


def _newton_schulz(x_GMN: Tensor, iterations: int) -> Tensor:
    """X <- aX + b(XX')X + c(XX')^2 X, again and again."""
    a, b, c = COEFFICIENTS
    for _ in range(iterations):
        square = x_GMN @ x_GMN.mT
        polynomial = torch.baddbmm(square, square, square, beta=b, alpha=c)
        x_GMN = torch.baddbmm(x_GMN, polynomial, x_GMN, beta=a)
    return x_GMN


def _by_gram_matrix(x_GMN: Tensor, iterations: int) -> Tensor:
    """The same on the square matrix A = XX' alone: P = aI + bA + cA^2, A <- PAP, and X once by all P together.

    All of them are polynomials of the first A, so they commute. It pays where X is at least twice as wide as high.
    """
    a, b, c = COEFFICIENTS
    square = x_GMN @ x_GMN.mT
    product: Tensor | None = None
    for iteration in range(iterations):
        polynomial = torch.baddbmm(square, square, square, beta=b, alpha=c)
        polynomial.diagonal(dim1=-2, dim2=-1).add_(a)
        product = polynomial if product is None else product @ polynomial
        if iteration + 1 < iterations:
            square = polynomial @ square @ polynomial
    return x_GMN if product is None else product @ x_GMN


class MuonAndAdamW(torch.optim.AdamW):
    """Groups with `orthogonal=True` are updated by Muon, the others by AdamW; one state, one schedule."""

    products = torch.float32
    """The type of Muon's matrix products; momentum and weights are float32 in any case."""

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        groups = self.param_groups
        for group in groups:
            if group["orthogonal"]:
                self._muon(group)
        try:
            self.param_groups = [group for group in groups if not group["orthogonal"]]
            if self.param_groups:
                super().step()
        finally:
            self.param_groups = groups
        return loss

    def _muon(self, group: dict[str, Any]) -> None:
        by_shape = defaultdict(list)
        for parameter in group["params"]:
            if parameter.grad is not None:
                by_shape[parameter.shape].append(parameter)
        for shape, parameters in by_shape.items():
            steps = torch.stack([self._nesterov(p, group["momentum"]) for p in parameters])
            height = shape[0] // group["blocks"]  # matrices that lie one below the other are apart
            updates = orthogonalise(steps.reshape(-1, height, shape[1]).to(self.products)).reshape(steps.shape)
            # Shape-independent size of the update's effect on the layer's output.
            scale = max(1.0, height / shape[1]) ** 0.5
            for parameter, update in zip(parameters, updates, strict=True):
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.add_(update, alpha=-group["lr"] * scale)

    def _nesterov(self, parameter: Tensor, momentum: float) -> Tensor:
        assert parameter.grad is not None
        state = self.state[parameter]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(parameter)
            state["step"] = torch.tensor(0.0)  # AdamW looks for it in every state it loads
        buffer = state["momentum_buffer"].lerp_(parameter.grad, 1 - momentum)
        return parameter.grad.lerp(buffer, momentum)


def pair_matrices(model: nn.Module) -> list[Tensor]:
    """Trained matrices of a Transformer's layers in each of which two lie one below the other."""
    attentions = [module.key_value for module in model.modules() if isinstance(module, Attention)]
    feed_forwards = [module.gate_up for module in model.modules() if isinstance(module, FeedForward)]
    return [layer.weight for layer in [*attentions, *feed_forwards] if layer.weight.requires_grad]


@dataclass(frozen=True)
class Muon(AdamW):
    """Muon for the matrices of linear layers and of an LSTM's gates, AdamW (at `lr`) for embeddings and norms.

    Attributes:
        matrix_lr: of the matrices.
        momentum: of the matrices' gradients.
        apart: whether matrices that one layer holds one below the other, keys' and values', a gate's and what it lets
            through, are made orthogonal each for itself, as an LSTM's always are.
    """

    matrix_lr: float = 0.02
    momentum: float = 0.95
    apart: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        positive(self, "matrix_lr")
        below_one(self, "momentum")

    def build(self, model: nn.Module, products: torch.dtype = torch.float32) -> torch.optim.Optimizer:
        matrices, others = split_by_decay(model)
        gates = gate_matrices(model)
        stacked = {id(value) for value in gates}
        pairs = pair_matrices(model) if self.apart else []
        stacked |= {id(value) for value in pairs}
        muon = {"lr": self.matrix_lr, "momentum": self.momentum, "weight_decay": self.weight_decay, "orthogonal": True}
        groups: list[dict[str, Any]] = [
            {"params": [value for value in matrices if id(value) not in stacked], "blocks": 1, **muon},
            {"params": pairs, "blocks": 2, **muon},
            {"params": gates, "blocks": 4, **muon},
            {"params": others, "weight_decay": 0.0, "orthogonal": False},
        ]
        built = MuonAndAdamW(
            [g for g in groups if g["params"]], lr=self.lr, betas=(self.beta1, self.beta2), weight_decay=0.0
        )
        built.products = products
        return built
