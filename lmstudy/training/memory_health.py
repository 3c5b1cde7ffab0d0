"""Whether an encoder still tells its tokens apart: the rank of its memory, what all tokens share, its residual size.

A memory that is nearly one direction, the same for every token, cannot be read: attention over it is an average. It
comes about slowly while the loss still falls, so it is watched as a curve.
"""

from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor

from lmstudy.data.batch import Seq2SeqBatch
from lmstudy.models.transformer import Seq2SeqTransformer
from lmstudy.training.devices import exact

NAMES = ("memory_rank", "memory_common", "encoder_residual")


def common_share(memory_ND: Tensor) -> float:
    """|mean|^2 / mean |m|^2 of the N vectors of a memory: the share of their squared length that all of them have."""
    memory_ND = exact(memory_ND)
    return float(memory_ND.mean(0).square().sum() / memory_ND.square().sum(1).mean())


def effective_rank(memory_ND: Tensor) -> float:
    """exp of the entropy of the shares of variance along the principal axes (Roy & Vetterli 2007): 1 to D.

    The mean, which all vectors share, is taken off first.
    """
    if not torch.isfinite(memory_ND).all():
        return float("nan")  # the training has diverged, which the loss says, too
    memory_ND = exact(memory_ND)
    centred_ND = memory_ND - memory_ND.mean(0)
    variances_D = torch.linalg.eigvalsh(centred_ND.mT @ centred_ND).clamp(min=0)
    shares_D = variances_D / variances_D.sum().clamp(min=1e-30)
    return float(torch.special.entr(shares_D).sum().exp())


@torch.no_grad()
def memory_health(model: Seq2SeqTransformer, batch: Seq2SeqBatch) -> dict[str, float]:
    """`NAMES` of what the encoder makes of a batch, padding left out; the residual as its root mean square."""
    real_BS = batch.encoder_documents > 0
    residual_ND = model.encoder_residual(batch.encoder_tokens, batch.encoder_documents)[real_BS]
    memory_ND = model.encoder_norm(residual_ND)
    found = effective_rank(memory_ND), common_share(memory_ND), float(exact(residual_ND).square().mean().sqrt())
    return dict(zip(NAMES, found, strict=True))


class MemoryHealth(Callback):
    """Logs `memory_health` of the last training batch at every validation of a training, as valid/NAME.

    Documents that are validated on are written whole, from nothing: in them the encoder has nothing to read.
    """

    def __init__(self) -> None:
        self._batch: Seq2SeqBatch | None = None

    def on_train_batch_start(self, trainer: L.Trainer, module: L.LightningModule, batch: Any, index: int) -> None:
        self._batch = batch if isinstance(batch, Seq2SeqBatch) else None  # pairs of texts are read otherwise

    def on_validation_epoch_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        model: Any = module.model
        if trainer.state.fn == "fit" and self._batch is not None and isinstance(model, Seq2SeqTransformer):
            found = memory_health(model, self._batch)
            module.log_dict({f"valid/{name}": value for name, value in found.items()}, rank_zero_only=True)
