"""This package's own training step, as `lmstudy-train` does it: the only file that follows such changes."""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from lmstudy.benchmark.contenders.batches import Arrays
from lmstudy.benchmark.contenders.training import CLIP, LEARNING_RATE, TrainingContender
from lmstudy.data.batch import Seq2SeqBatch
from lmstudy.models.transformer import Seq2SeqTransformer
from lmstudy.preferences.objectives.mle import MLE
from lmstudy.training.chunked import chunked_objective
from lmstudy.training.compilation import compile_network
from lmstudy.training.memory import keep_freed_memory
from lmstudy.training.optimizers import AdamW


class Training(TrainingContender):
    """`Seq2SeqTransformer`, maximum likelihood, AdamW; compiled or not."""

    def __init__(
        self,
        batches: Sequence[Arrays],
        documents: str,  # the model reads from the batch what may see what
        compiled: bool,
        **sizes: int,
    ) -> None:
        keep_freed_memory()
        torch.manual_seed(0)
        positions = max(batches[0][0].shape[1], batches[0][2].shape[1])
        model = Seq2SeqTransformer(max_positions=positions, **sizes)
        compile_network(model, compiled, steps=0)
        optimizer = AdamW(lr=LEARNING_RATE, clip=CLIP).build(model)
        super().__init__(model, partial(loss, model, MLE()), optimizer, batches)


def loss(model: Seq2SeqTransformer, objective: MLE, batch: Seq2SeqBatch) -> Tensor:
    """The mean loss of a batch, as `lmstudy.training.pretraining` computes it."""
    return chunked_objective(objective, model.hidden(batch), model.output_weight, batch.labels).loss
