"""Pretraining as a LightningModule: any model, any objective."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import lightning as L
import torch
from lightning.pytorch.strategies import FSDPStrategy
from torch import Tensor, nn

from lmstudy.data.batch import IGNORE, Seq2SeqBatch
from lmstudy.data.tokenizer import BAD, GOOD
from lmstudy.errors import StudyError
from lmstudy.preferences.objectives.base import Objective
from lmstudy.preferences.objectives.mle import MLE
from lmstudy.training.chunked import Part, chunked_objective, part
from lmstudy.training.compilation import compiled_whole
from lmstudy.training.metrics import LanguageModelMetrics
from lmstudy.training.muon import Muon
from lmstudy.training.optimizers import AdamW


class Critic(nn.Module):
    """V = w . h + b: what reward the hidden states [B, T, D] promise, [B, T]; 0 at first."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(width))
        self.bias = nn.Parameter(torch.zeros(()))

    def forward(self, hidden_BTD: Tensor) -> Tensor:
        return hidden_BTD @ self.weight + self.bias


class PretrainingModule(L.LightningModule):
    """Trains a model by an objective and measures it on held-out documents.

    Batches without scores, as before the onset of a preference, are learned by maximum likelihood.

    Args:
        model: called with a `Seq2SeqBatch`, returns logits [B, T, V]; `hidden(batch)` [B, T, D] and
            `output_weight` [V, D] are their factors.
        objective: see `lmstudy.preferences.objectives.base`.
        optimizer: settings that build an optimiser for the model and know its schedule.
        steps: length of the training, for the schedule.
        token_bytes: [V] UTF-8 bytes of each vocabulary entry.
        groups: number of evaluation groups of documents.
    """

    def __init__(
        self, model: nn.Module, objective: Objective, optimizer: AdamW, steps: int, token_bytes: Tensor, groups: int
    ) -> None:
        super().__init__()
        self.model, self.objective, self.optimizer_settings, self.steps = model, objective, optimizer, steps
        banned = (GOOD, BAD) if objective.controlled else ()
        self.metrics = LanguageModelMetrics(len(token_bytes), token_bytes, groups, banned)
        self.critic: Critic | None = None
        if objective.critic:
            embedding: Any = model.embedding
            self.critic = Critic(embedding.embedding_dim)
        self.totals: dict[str, list[list[float]]] = {}
        """Bits and bytes by document group, [groups][2], of each split last evaluated."""
        self.part: Callable[..., Part] = part
        """How the loss of a chunk is taken; compiled, where the network is."""
        self.split = "valid"

    def forward(self, batch: Seq2SeqBatch) -> Tensor:
        """Logits [B, T, V]."""
        return self.model(batch)

    def training_step(self, batch: Seq2SeqBatch, index: int) -> Tensor:
        model: Any = self.model
        hidden = model.hidden(batch)
        objective, scores, values = self.objective, None, None
        if batch.scores.ndim:
            scores, values = batch.scores, None if self.critic is None else self.critic(hidden)
        elif objective.scored:
            objective = MLE()
        output = chunked_objective(
            objective, hidden, model.output_weight, batch.labels, scores, values, taken=self.part
        )
        # Processes hold different numbers of labels; weighted so, the mean of their gradients is the
        # gradient of the mean over all labels of the global batch.
        share = (batch.labels != IGNORE).sum() * self.trainer.world_size / batch.target_tokens
        loss = output.loss * share
        scalars = {"train/loss": loss.detach()}
        scalars |= {f"train/{name}": value.detach() * share for name, value in output.scalars.items()}
        self.log_dict(scalars, sync_dist=self.trainer.world_size > 1)
        return loss

    def validation_step(self, batch: Seq2SeqBatch, index: int) -> None:
        model: Any = self.model
        # A network that is compiled whole is not compiled again, without gradients: those of training are a little
        # slower, by as much as compiling takes.
        with torch.enable_grad() if compiled_whole(model) else nullcontext():
            hidden = model.hidden(batch).detach()
        self.metrics.update(hidden, model.output_weight.detach(), batch)

    def on_validation_epoch_end(self) -> None:
        values = self.metrics.compute()
        self.totals[self.split] = self.metrics.group_totals()
        self.metrics.reset()
        self.log_dict({f"{self.split}/{name}": value for name, value in values.items()}, rank_zero_only=False)

    def configure_gradient_clipping(self, optimizer: Any, *args: Any, **kwargs: Any) -> None:
        """Clip by the L2 norm of all gradients and log the norm before clipping."""
        strategy_model: Any = self.trainer.strategy.model
        if hasattr(strategy_model, "clip_grad_norm_"):  # sharded: the norm is over all processes
            norm = strategy_model.clip_grad_norm_(self.optimizer_settings.clip)
        else:
            norm = torch.nn.utils.clip_grad_norm_(self.parameters(), self.optimizer_settings.clip)
        self.log("train/gradient_norm", norm)

    def configure_optimizers(self) -> Any:
        if isinstance(self.optimizer_settings, Muon) and isinstance(self.trainer.strategy, FSDPStrategy):
            raise StudyError("optimizer=muon works on whole matrices, trainer=fsdp shards them: use optimizer=adamw")
        trained = self.model if self.critic is None else nn.ModuleList([self.model, self.critic])
        half = str(self.trainer.precision).startswith("bf16")
        return self.optimizer_settings.scheduled(trained, self.steps, torch.bfloat16 if half else torch.float32)
