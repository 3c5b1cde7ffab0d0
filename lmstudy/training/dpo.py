"""Direct preference optimisation: a language model learns from pairs of texts which one people mind less."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lmstudy.data.batch import IGNORE, Seq2SeqBatch
from lmstudy.training.dpo_data import PairBatch
from lmstudy.training.module import PretrainingModule


def dpo_margins(policy_P2: Tensor, reference_P2: Tensor, beta: float) -> Tensor:
    """How much further from the reference the chosen text went than the rejected one, as implicit rewards [P].

    beta [(log pi(y_w) - log ref(y_w)) - (log pi(y_l) - log ref(y_l))], column 0 chosen (w), 1 rejected (l).
    """
    moved = policy_P2 - reference_P2
    return beta * (moved[:, 0] - moved[:, 1])


def dpo_loss(policy_P2: Tensor, reference_P2: Tensor, beta: float) -> Tensor:
    """L = -mean log sigmoid(margin) over P pairs: log 2 where pi = ref (Rafailov et al. 2023, eq. 7).

    Args:
        policy_P2: log-probabilities of whole texts under the model that learns; column 0 chosen, 1 rejected.
        reference_P2: the same under the model it started as.
        beta: how much leaving the reference costs; the smaller, the further the model goes.
    """
    return -F.logsigmoid(dpo_margins(policy_P2, reference_P2, beta)).mean()


def text_log_probabilities(model: nn.Module, batch: Seq2SeqBatch) -> Tensor:
    """log p [B] of rows that hold one text each: the sum over its labels, in nats."""
    network: Any = model
    chosen_BT = batch.labels != IGNORE
    logits_NV = F.linear(network.hidden(batch)[chosen_BT], network.output_weight)
    losses_N = F.cross_entropy(logits_NV.float(), batch.labels[chosen_BT], reduction="none")
    return losses_N.new_zeros(len(batch.labels)).index_add(0, chosen_BT.nonzero()[:, 0], -losses_N)


class DPOModule(PretrainingModule):
    """Trains a model by `dpo_loss`; measured on held-out documents as in pretraining.

    Logs the loss, `accuracy` (how often the chosen text has the larger implicit reward; equal ones are half right),
    the mean `margin`, and `chosen_drift`: mean log pi(y_w) - log ref(y_w), which falls below 0 where both texts of a
    pair become less probable.

    Args:
        beta: see `dpo_loss`.
        settings: as of `PretrainingModule`.
    """

    def __init__(self, *, beta: float, **settings: Any) -> None:
        super().__init__(**settings)
        self.beta = beta

    def training_step(self, batch: PairBatch, index: int) -> Tensor:  # type: ignore[override]
        policy_P2 = text_log_probabilities(self.model, batch.texts).view(2, -1).mT
        loss = dpo_loss(policy_P2, batch.reference, self.beta)
        with torch.no_grad():
            margins = dpo_margins(policy_P2, batch.reference, self.beta)
            scalars = {
                "loss": loss.detach(),
                "accuracy": torch.heaviside(margins, margins.new_tensor(0.5)).mean(),
                "margin": margins.mean(),
                "chosen_drift": (policy_P2 - batch.reference)[:, 0].mean(),
            }
        self.log_dict({f"train/{name}": value for name, value in scalars.items()})
        return loss
