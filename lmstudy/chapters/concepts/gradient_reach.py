"""How far back a gradient reaches before any training, measured by autograd.

For x_1 ... x_T and the last output h_T of a network, the norm of the Jacobian d h_T / d x_{T-k} against k. In
a plain recurrent network h_t = tanh(W h_{t-1} + U x_t) that Jacobian is a product of k matrices, and its norm is
bounded by the product of theirs (Bengio et al. 1994; Pascanu et al. 2013):

    || d h_T / d x_{T-k} ||_F  <=  prod_{t = T-k+1}^{T} || diag(1 - h_t^2) W ||_2  *  || diag(1 - h_{T-k}^2) U ||_F
"""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatterSciNotation
from torch import Tensor, nn

from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate, seed_interval
from lmstudy.show.curves import Curve, curves
from lmstudy.show.style import GREY


class _Last(nn.Module):
    """The last output of a recurrent layer."""

    def __init__(self, layer: nn.RNNBase) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x_BTD: Tensor) -> Tensor:
        outputs_BTD, _ = self.layer(x_BTD)
        return outputs_BTD[:, -1]


class _LastAttention(nn.Module):
    """What the last position's query gathers from all positions, one head, no positions encoded."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(width, num_heads=1, bias=False, batch_first=True)

    def forward(self, x_BTD: Tensor) -> Tensor:
        return self.attention(x_BTD[:, -1:], x_BTD, x_BTD, need_weights=False)[0][:, 0]


def _lstm(width: int, forget_bias: float | None) -> nn.LSTM:
    layer = nn.LSTM(width, width, batch_first=True)
    if forget_bias is not None:
        with torch.no_grad():  # gates are stored in the order input, forget, cell, output
            layer.get_parameter("bias_ih_l0")[width : 2 * width] = forget_bias
            layer.get_parameter("bias_hh_l0")[width : 2 * width] = 0
    return layer


def networks(width: int) -> dict[str, Callable[[], nn.Module]]:
    """One layer each, as PyTorch initialises it; in the second LSTM the forget gates start near 1.

    Jozefowicz et al. (2015), section 2.2, on why.
    """
    return {
        "plain RNN": lambda: _Last(nn.RNN(width, width, batch_first=True)),
        "LSTM": lambda: _Last(_lstm(width, None)),
        "LSTM, forget bias 2": lambda: _Last(_lstm(width, 2.0)),
        "attention": lambda: _LastAttention(width),
    }


def jacobian_norms(network: nn.Module, x_TD: Tensor) -> Tensor:
    """|| d h_T / d x_{T-k} ||_F for k = 0 ... T-1: [T].

    One backward pass: row d of a batch of D equal sequences gives the gradient of output d.
    """
    width = x_TD.shape[1]
    x_DTD = x_TD.detach().expand(width, -1, -1).clone().requires_grad_()
    network(x_DTD).diagonal().sum().backward()
    assert x_DTD.grad is not None
    return x_DTD.grad.square().sum((0, 2)).sqrt().flip(0)


def product_bound(network: nn.Module, x_TD: Tensor) -> Tensor:
    """The bound of this module's docstring for a plain recurrent network: [T]."""
    layer = getattr(network, "layer", None)
    if not isinstance(layer, nn.RNN):
        raise StudyError(f"the bound is that of a plain recurrent network, not of {type(network).__name__}")
    with torch.no_grad():
        slopes_TD = 1 - layer(x_TD[None])[0][0].square()
        steps = torch.linalg.matrix_norm(slopes_TD[:, :, None] * layer.weight_hh_l0, ord=2)
        first = torch.linalg.matrix_norm(slopes_TD[:, :, None] * layer.weight_ih_l0)
        product = torch.cat([torch.ones_like(steps[:1]), steps.flip(0).cumprod(0)[:-1]])
        return product * first.flip(0)


def inputs(tokens: np.ndarray, width: int, length: int, seed: int) -> Tensor:
    """`length` tokens of a text under a random embedding of unit variance: [length, width], double precision.

    In single precision the gradient of a plain network is 0 after some eighty steps.
    """
    if len(tokens) < length:
        raise StudyError(f"{len(tokens)} tokens are too few for a sequence of {length}")
    generator = torch.Generator().manual_seed(seed)
    table = torch.randn(int(tokens.max()) + 1, width, generator=generator, dtype=torch.float64)
    begin = int(torch.randint(len(tokens) - length + 1, (1,), generator=generator))
    return table[torch.from_numpy(tokens[begin : begin + length].astype(np.int64))]


def reach(
    tokens: np.ndarray, width: int = 64, length: int = 65, seeds: int = 8, first_seed: int = 1
) -> dict[str, np.ndarray]:
    """Jacobian norms of each untrained network relative to its own at k = 1: name -> [seeds, length].

    A seed draws the weights, the embedding and the piece of text. "bound for the RNN" is divided by the RNN's
    norm at k = 1, too.
    """
    found: dict[str, list[Tensor]] = {}
    for seed in range(first_seed, first_seed + seeds):
        x_TD = inputs(tokens, width, length, seed)
        for name, build in networks(width).items():
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                network = build().double()
            norms = jacobian_norms(network, x_TD)
            found.setdefault(name, []).append(norms / norms[1])
            if name == "plain RNN":
                found.setdefault("bound for the RNN", []).append(product_bound(network, x_TD) / norms[1])
    return {name: torch.stack(rows).numpy() for name, rows in found.items()}


def at_distance(found: Mapping[str, np.ndarray], steps: int) -> dict[str, Estimate]:
    """Geometric mean over seeds of the norm k = `steps` back, relative to k = 1, with its interval."""
    result = {}
    for name, norms in found.items():
        logs = seed_interval(np.log(norms[:, steps]))
        value, low, high = np.exp([logs.value, logs.low, logs.high]).tolist()
        result[name] = Estimate(value, low, high, logs.n, logs.confidence)
    return result


def distance_figure(found: Mapping[str, np.ndarray]) -> Figure:
    """`at_distance` for every distance from 1 on, and what single precision can still add to 1."""
    distances = range(1, next(iter(found.values())).shape[1])
    every = {k: at_distance(found, k) for k in distances}
    by_name: dict[str, Curve] = {name: {float(k): each[name] for k, each in every.items()} for name in found}
    lost = {"single precision, beside 1": float(np.finfo(np.float32).eps)}
    colours = {name: GREY for name in found if name.startswith("bound")}
    figure = curves(
        by_name, "k, positions back", "gradient, relative to k = 1", log_y=True, baselines=lost, colours=colours
    )
    figure.axes[0].yaxis.set_major_formatter(LogFormatterSciNotation())  # twenty powers of ten, not 0.000...1
    return figure


def code_sizes(width: int, lengths: tuple[int, ...] = (8, 32, 128)) -> pd.DataFrame:
    """Shapes of what an LSTM and a Transformer encoder layer hand on, a row a length of the input."""
    lstm = nn.LSTM(width, width, batch_first=True)
    encoder = nn.TransformerEncoderLayer(width, nhead=1, dim_feedforward=width, batch_first=True)
    rows = {}
    for length in lengths:
        x = torch.zeros(1, length, width)
        state, memory = torch.cat(lstm(x)[1]), encoder(x)
        rows[f"{length} tokens"] = {
            "last state of an LSTM": f"{len(state)} vectors of {width}, {state.numel():,} numbers",
            "memory of an encoder": f"{memory.shape[1]} vectors of {width}, {memory.numel():,} numbers",
        }
    return pd.DataFrame.from_dict(rows, orient="index")
