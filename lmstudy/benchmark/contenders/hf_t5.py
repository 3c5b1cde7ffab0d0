"""Training transformers' T5 from scratch, with this package's sizes (Raffel et al. 2020, Shazeer 2020).

Packed rows need masks that keep examples apart. T5's public forward passes one `attention_mask` to the encoder
and to the decoder's cross-attention, which need different ones; so the encoder is called first and its output
handed in. Masks of four axes are taken as they are (`transformers.masking_utils`), and a test shows that packing
changes no result. Relative positions do not mind where in a row an example begins.
"""

from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from typing import Any

import torch
from torch import Tensor

from lmstudy.benchmark.contenders.training import Arrays, TrainingContender, plain_adamw
from lmstudy.data.batch import Seq2SeqBatch
from lmstudy.models.hf_t5 import same_example, t5


class Training(TrainingContender):
    """`T5ForConditionalGeneration` with its own loss and AdamW, not compiled."""

    compiled = False

    def __init__(self, batches: Sequence[Arrays], documents: str, half: bool = False, **sizes: int) -> None:
        torch.manual_seed(0)
        model = t5(**sizes)
        loss: Any = partial(packed_loss if documents == "packed" else whole_loss, model)
        if self.compiled:
            loss = torch.compile(loss, dynamic=False)
        super().__init__(model, loss, plain_adamw(model), batches, half)

    @property
    def facts(self) -> dict[str, Any]:
        return {**super().facts, "transformers": version("transformers")}


class CompiledTraining(Training):
    """The same with network and loss compiled as a whole, for fixed shapes."""

    compiled = True


def packed_output(model: Any, batch: Seq2SeqBatch) -> Any:
    """T5's output (`loss`, `logits` [B, T, V]) for rows that hold several examples."""
    read, written = batch.encoder_documents, batch.decoder_documents
    memory = model.encoder(input_ids=batch.encoder_tokens, attention_mask=same_example(read, read)[:, None])
    return model(
        encoder_outputs=memory,
        attention_mask=same_example(written, read)[:, None],
        decoder_input_ids=batch.decoder_tokens,
        decoder_attention_mask=same_example(written, written, causal=True)[:, None],
        labels=batch.labels,
    )


def packed_loss(model: Any, batch: Seq2SeqBatch) -> Tensor:
    """T5's own mean loss over rows of several examples."""
    return packed_output(model, batch).loss


def whole_loss(model: Any, batch: Seq2SeqBatch) -> Tensor:
    """T5's own mean loss over rows of one full-length example: no mask but the causal one."""
    return model(input_ids=batch.encoder_tokens, decoder_input_ids=batch.decoder_tokens, labels=batch.labels).loss
