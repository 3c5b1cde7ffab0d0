"""What contenders that train share: batches from another process, and the loop of a plain training step."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lmstudy.data.batch import Seq2SeqBatch

Arrays = tuple[np.ndarray, ...]
"""The fields of a `Seq2SeqBatch` as numpy arrays, which travel to another process as they are."""
CLIP = 1.0
LEARNING_RATE = 1e-3


def to_batches(arrays: Sequence[Arrays]) -> list[Seq2SeqBatch]:
    """Tensors of what came from another process."""
    return [Seq2SeqBatch(*map(torch.as_tensor, fields)) for fields in arrays]


def batch_shape(batch: Seq2SeqBatch) -> list[int]:
    """[rows, encoder length, decoder length]."""
    return [*batch.encoder_tokens.shape, batch.decoder_tokens.shape[1]]


def in_bfloat16(loss: Callable[[Seq2SeqBatch], Tensor]) -> Callable[[Seq2SeqBatch], Tensor]:
    """A loss whose products are bfloat16, by PyTorch's autocast; weights, gradients and updates stay float32."""

    def call(batch: Seq2SeqBatch) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return loss(batch)

    return call


class TrainingContender:
    """Steps over the same batches again and again: loss, gradients, clipping, optimiser. A block is one step.

    Args:
        model: whose parameters are counted and trained.
        loss: mean loss of a batch, of the model's own making.
        optimizer: over the model's parameters.
        batches: the fields of each batch; units are their encoder and decoder tokens.
        half: whether products are bfloat16.
    """

    def __init__(
        self,
        model: nn.Module,
        loss: Callable[[Seq2SeqBatch], Tensor],
        optimizer: torch.optim.Optimizer,
        batches: Sequence[Arrays],
        half: bool = False,
    ) -> None:
        self.model, self.loss, self.optimizer = model.train(), in_bfloat16(loss) if half else loss, optimizer
        self.batches = to_batches(batches)
        self.parameters = [p for p in model.parameters() if p.requires_grad]  # a shared one is listed once
        self.steps = 0
        self.losses: list[Tensor] = []
        """Of the first and the last step."""

    @property
    def facts(self) -> dict[str, Any]:
        """Parameters, the shape [rows, encoder, decoder] of its batches, and how the loss went."""
        return {
            "parameters": sum(p.numel() for p in self.parameters),
            "shape": batch_shape(self.batches[0]),
            "steps": self.steps,
            "losses": [float(loss) for loss in self.losses],
        }

    def block(self) -> float:
        batch = self.batches[self.steps % len(self.batches)]
        loss = self.loss(batch)
        loss.backward()
        nn.utils.clip_grad_norm_(self.parameters, CLIP)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.steps += 1
        self.losses = [*self.losses[:1], loss.detach()]
        return batch.encoder_tokens.numel() + batch.decoder_tokens.numel()


def plain_adamw(model: nn.Module) -> torch.optim.Optimizer:
    """AdamW as a user of a peer would take it: PyTorch's fused kernel over all parameters."""
    return torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.1, fused=True)
