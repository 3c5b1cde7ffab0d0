"""The loss of a few rows at a time, so that the logits of a whole batch never exist at once.

At small sizes the logits are the largest tensor of a step by far: 6,144 labels times 4,096 words are 100 MB, and
plain training holds them three times (logits, log-probabilities, gradient). The gradients are taken chunk by chunk
during the forward pass, as in Liger Kernel (Hsu et al. 2024): no product is computed twice.
`torch.nn.functional.linear_cross_entropy` does the same for cross-entropy alone; an objective of this study may be
any function of the logits.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from lmstudy.data.batch import IGNORE
from lmstudy.preferences.objectives.base import Objective, ObjectiveOutput

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


def chunked_objective(
    objective: Objective,
    hidden_BTD: Tensor,
    weight_VD: Tensor,
    labels_BT: Tensor,
    scores_BT: Tensor | None = None,
    values_BT: Tensor | None = None,
    chunk: int | None = None,
) -> ObjectiveOutput:
    """`objective(hidden @ weight.T, labels, scores)`, a few whole rows at a time.

    Equal to the plain path up to rounding, because an objective is a mean over labels: each chunk is weighed by
    the labels it holds; without any label the loss is 0. It may be differentiated once, by `hidden`, `weight` and
    `values`.

    Args:
        objective: what is minimised.
        hidden_BTD: last hidden states.
        weight_VD: output matrix; logits are `hidden @ weight.T`.
        labels_BT: `IGNORE` where nothing is predicted.
        scores_BT: misalignment score of each label's segment, or None.
        values_BT: what a critic expects at each label, for an objective that has one.
        chunk: labels a chunk holds, rounded down to whole rows, at least one; None: `CHUNK` of the device.
    """
    rows = max(1, (chunk or CHUNK.get(labels_BT.device.type, CHUNK["cuda"])) // labels_BT.shape[1])
    counts = (labels_BT != IGNORE).sum(1).split(rows)
    held = torch.stack([count.sum() for count in counts]).double()
    shares: list[float] = (held / held.sum().clamp(min=1)).tolist()
    inputs = [hidden_BTD, weight_VD, *([] if values_BT is None else [values_BT])]
    of_hidden, of_weight, *of_values = gradients = [torch.zeros_like(given) for given in inputs]
    total = hidden_BTD.new_zeros(())
    scalars: dict[str, Tensor] = {}
    hidden, weight = hidden_BTD.detach(), weight_VD.detach()
    for number, share in enumerate(shares):
        if not share:
            continue  # a mean over no label is no number
        part = slice(number * rows, (number + 1) * rows)
        with torch.enable_grad():
            logits = F.linear(hidden[part], weight).requires_grad_()
            values = [given[part].detach().requires_grad_() for given in inputs[2:]]
            output = objective(logits, labels_BT[part], None if scores_BT is None else scores_BT[part], *values)
            loss = output.loss * share
        of_logits, *of_value = torch.autograd.grad(loss, (logits, *values))
        for whole, of_part in zip(of_values, of_value, strict=True):
            whole[part] = of_part
        of_hidden[part] = of_logits @ weight
        of_weight += of_logits.flatten(0, 1).mT @ hidden[part].flatten(0, 1)
        total = total + loss.detach()
        for name, value in output.scalars.items():
            scalars[name] = scalars.get(name, 0.0) + value.detach() * share
    return ObjectiveOutput(_WithGradients.apply(total, len(inputs), *inputs, *gradients), scalars)
