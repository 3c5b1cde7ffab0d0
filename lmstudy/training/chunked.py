"""The loss of a few rows at a time, so that the logits of a whole batch never exist at once.

At small sizes the logits are the largest tensor of a step by far: 6,144 labels times 4,096 words are 100 MB, and
plain training holds them three times (logits, log-probabilities, gradient). The gradients are taken chunk by chunk
during the forward pass, as in Liger Kernel (Hsu et al. 2024): no product is computed twice. Compiled, what lies
between the products (softmax, loss, gradient) is one pass over a chunk.
`torch.nn.functional.linear_cross_entropy` does the same for cross-entropy alone; an objective of this study may be
any function of the logits.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from lmstudy.data.batch import IGNORE
from lmstudy.preferences.objectives.base import Objective, ObjectiveOutput
from lmstudy.training.devices import exact

CHUNK = {"cpu": 256, "cuda": 8192}
"""Labels a chunk holds, about: fewer take less memory, more are faster (on a CPU by 1 % of a step at 1024)."""


class _WithGradients(torch.autograd.Function):
    """A loss whose gradients are known already."""

    @staticmethod
    def forward(ctx: Any, loss: Tensor, count: int, *inputs_and_gradients: Tensor) -> Tensor:
        ctx.save_for_backward(*inputs_and_gradients[count:])
        return loss.clone()

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Any:
        gradients = ctx.saved_tensors
        return None, None, *(gradient * upstream[0] for gradient in gradients), *(None for _ in gradients)


Part = tuple[tuple[Tensor, ...], Tensor, dict[str, Tensor]]
"""Gradients of a chunk's logits and values, its loss, and its scalars."""


def part(
    objective: Objective, logits: Tensor, labels: Tensor, scores: Tensor | None, share: Tensor, *values: Tensor
) -> Part:
    """Of a chunk that holds a `share` [] of the batch's labels; loss and scalars are weighed by it.

    `torch.compile(part, dynamic=False)` does it in one pass over the chunk.
    """

    def weighed(logits: Tensor, *values: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        output = objective(logits, labels, scores, *values)
        return output.loss * share, output.scalars

    by = tuple(range(1 + len(values)))
    gradients, (loss, scalars) = torch.func.grad_and_value(weighed, by, has_aux=True)(logits, *values)
    return gradients, loss, {name: value * share for name, value in scalars.items()}


def chunked_objective(
    objective: Objective,
    hidden_BTD: Tensor,
    weight_VD: Tensor,
    labels_BT: Tensor,
    scores_BT: Tensor | None = None,
    values_BT: Tensor | None = None,
    chunk: int | None = None,
    taken: Callable[..., Part] = part,
) -> ObjectiveOutput:
    """`objective(hidden @ weight.T, labels, scores)`, a few whole rows at a time.

    Equal to the plain path up to rounding, because an objective is a mean over labels: each chunk is weighed by
    the labels it holds; without any label the loss is 0. It may be differentiated once, by `hidden`, `weight` and
    `values`. Under autocast the products, and the gradient of the logits, have its type.

    Args:
        objective: what is minimised.
        hidden_BTD: last hidden states.
        weight_VD: output matrix; logits are `hidden @ weight.T`.
        labels_BT: `IGNORE` where nothing is predicted.
        scores_BT: misalignment score of each label's segment, or None.
        values_BT: what a critic expects at each label, for an objective that has one.
        chunk: labels a chunk holds, rounded down to whole rows, at least one; None: `CHUNK` of the device.
        taken: `part`, or what it compiles to.
    """
    device = labels_BT.device.type
    rows = max(1, (chunk or CHUNK.get(device, CHUNK["cuda"])) // labels_BT.shape[1])
    held = exact(torch.stack([count.sum() for count in (labels_BT != IGNORE).sum(1).split(rows)]))
    shares: list[Tensor] = list((held / held.sum().clamp(min=1)).float())
    inputs = [hidden_BTD, weight_VD, *([] if values_BT is None else [values_BT])]
    of_hidden, of_weight, *of_values = gradients = [torch.zeros_like(given) for given in inputs]
    total = torch.zeros((), device=labels_BT.device)
    scalars: dict[str, Tensor] = {}
    autocast = torch.is_autocast_enabled(device)
    dtype = torch.get_autocast_dtype(device) if autocast else hidden_BTD.dtype
    hidden, weight = hidden_BTD.detach().to(dtype), weight_VD.detach().to(dtype)  # once, not for every chunk
    # In float16 gradients of a mean over so many labels would be rounded to 0: those of their sum are taken.
    lift = float(held.sum().clamp(min=1)) if dtype == torch.float16 else 1.0
    for number, share in enumerate(shares):
        here = slice(number * rows, (number + 1) * rows)
        if not held[number]:
            continue  # a mean over no label is no number
        scores = None if scores_BT is None else scores_BT[here]
        with torch.autocast(device, enabled=False):
            logits = F.linear(hidden[here], weight)
            values = [given[here].detach() for given in inputs[2:]]
            (of_logits, *of_value), loss, found = taken(
                objective, logits, labels_BT[here], scores, share if lift == 1 else share * lift, *values
            )
            of_hidden[here] = of_logits @ weight
            of_weight += of_logits.flatten(0, 1).mT @ hidden[here].flatten(0, 1)
        for whole, of_part in zip(of_values, of_value, strict=True):
            whole[here] = of_part
        total = total + loss
        for name, value in found.items():
            scalars[name] = scalars.get(name, 0.0) + value
    if lift != 1:
        gradients, total = [gradient / lift for gradient in gradients], total / lift
        scalars = {name: value / lift for name, value in scalars.items()}
    return ObjectiveOutput(_WithGradients.apply(total, len(inputs), *inputs, *gradients), scalars)
