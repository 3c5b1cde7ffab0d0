"""Held-out likelihood with this package: packed windows through the module's validation."""

from typing import Any

import torch

from lmstudy.benchmark.score import HeldOut
from lmstudy.data.batch import IGNORE, Shape
from lmstudy.data.datamodule import GROUPS, EvaluationBatches
from lmstudy.models.transformer import Seq2SeqTransformer
from lmstudy.preferences.objectives.mle import MLE
from lmstudy.training.allocator import keep_freed_memory
from lmstudy.training.optimizers import AdamW
from lmstudy.training.pretraining import PretrainingModule


class Scoring:
    """`PretrainingModule` with fresh weights. A block plans, packs and scores all documents, and counts them.

    All that a validation measures is measured: accuracy, recall and F1 beside the bits.
    """

    def __init__(self, data: dict[str, Any], documents: int, shape: dict[str, int], rows: int, **sizes: Any) -> None:
        keep_freed_memory()  # as in a run
        torch.manual_seed(0)
        self.held_out = HeldOut(data, documents)
        self.shape = Shape(**shape)
        positions = max(self.shape.encoder_length, self.shape.decoder_length)
        model = Seq2SeqTransformer(len(self.held_out.token_bytes), positions, **sizes)
        token_bytes = torch.from_numpy(self.held_out.token_bytes)
        self.module = PretrainingModule(model, MLE(), AdamW(), 1, token_bytes, GROUPS).eval()
        labels = sum(int((batch.labels != IGNORE).sum()) for batch in self._batches())
        self.facts: dict[str, Any] = {
            "parameters": sum(p.numel() for p in model.parameters()),
            "shape": [documents, labels],
        }

    def _batches(self) -> EvaluationBatches:
        return EvaluationBatches(self.held_out.store, self.shape, self.held_out.index)

    def block(self) -> float:
        with torch.inference_mode():
            for number, batch in enumerate(self._batches()):
                self.module.validation_step(batch, number)
        self.facts["bits_per_byte"] = self.module.metrics.compute()["bits_per_byte"]
        self.module.metrics.reset()
        return len(self.held_out.index)
