"""What a Transformer does while it reads and writes: its attention weights, its states, and a vector added to them.

The network itself knows nothing of this: forward hooks note what its layers are given and what they return.

Shape suffixes as in `lmstudy.models.transformer`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Self

from lmstudy.errors import StudyError

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from lmstudy.data.batch import Seq2SeqBatch
    from lmstudy.models.transformer import Attention, Seq2SeqTransformer

STACKS = ("encoder", "decoder")
ATTENTIONS = ("encoder", "decoder", "cross")
"""Who looks at whom: each stack at itself, and the decoder at what the encoder read."""


def check_transformer(model: Any, name: str) -> None:
    """Raises StudyError for a model without the attention that is looked at here; `name` says what is asked of whom."""
    from lmstudy.models.transformer import Seq2SeqTransformer

    if not isinstance(model, Seq2SeqTransformer):
        raise StudyError(
            f"{name}: {type(model).__name__} has no attention layers to look at; "
            "take a run of model=transformer or model=transformer_smear"
        )


def attention_weights(model: Seq2SeqTransformer, batch: Seq2SeqBatch) -> dict[str, list[Tensor]]:
    """The weights of every attention, [B, H, Q, M] a layer, by who looks at whom (`ATTENTIONS`).

    The network mixes values by a fused operation that keeps no weights; they are computed here from the same queries
    and keys: softmax(QK^T / sqrt(K) + mask).
    """
    found: dict[str, list[Tensor]] = {name: [] for name in ATTENTIONS}
    looking = {
        "encoder": [layer.self_attention for layer in model.encoder],
        "decoder": [layer.self_attention for layer in model.decoder],
        "cross": [layer.encoder_decoder_attention for layer in model.decoder],
    }
    with ExitStack() as hooks:
        for name, layers in looking.items():
            for layer in layers:
                note = _noting_weights(found[name])
                hooks.callback(layer.register_forward_pre_hook(note).remove)  # type: ignore[union-attr]
        model.hidden(batch)
    return found


def _noting_weights(kept: list[Tensor]) -> Any:
    def note(attention: Attention, given: tuple[Any, ...]) -> None:
        kept.append(_weights(attention, *given))

    return note


def _weights(attention: Attention, x_BQD: Tensor, *others: Any) -> Tensor:
    """[B, H, Q, M] of an attention from what its `forward` is given."""
    from lmstudy.models.transformer import SelfAttention, rotate

    query_BHQK = attention.split(attention.query(x_BQD))
    if isinstance(attention, SelfAttention):
        mask, table = others
        query_BHQK, key_BHMK = rotate(query_BHQK, table), rotate(attention.keys_values(x_BQD)[0], table)
    else:
        memory_BMD, mask = others
        key_BHMK = attention.keys_values(memory_BMD)[0]
    # mask is a tensor: blocks are for training on a GPU; a finished run is looked at by dense masks
    return (query_BHQK @ key_BHMK.mT * query_BHQK.shape[-1] ** -0.5 + mask).softmax(-1)


def states(model: Seq2SeqTransformer, batch: Seq2SeqBatch) -> dict[str, list[Tensor]]:
    """The residual stream of each stack (`STACKS`): what goes into its first layer, then what each layer returns.

    [B, S, D] of the encoder and [B, T, D] of the decoder, one more than the stack has layers; before the last norm.
    """
    found: dict[str, list[Tensor]] = {name: [] for name in STACKS}
    with ExitStack() as hooks:
        for name, kept in found.items():
            layers: list[nn.Module] = list(getattr(model, name))
            first = layers[0].register_forward_pre_hook(lambda _, given, kept=kept: kept.append(given[0]))
            hooks.callback(first.remove)
            for layer in layers:
                hook = layer.register_forward_hook(lambda _, given, result, kept=kept: kept.append(result))
                hooks.callback(hook.remove)
        model.hidden(batch)
    return found


@contextmanager
def shifted(model: Seq2SeqTransformer, layer: int, vector_D: Tensor) -> Iterator[None]:
    """Within the context, the vector is added to what the decoder's `layer` (1 is the first) returns."""
    hook = model.decoder[layer - 1].register_forward_hook(lambda _, given, result: result + vector_D)
    try:
        yield
    finally:
        hook.remove()


class Shifted:
    """A `lmstudy.models.network.Writer`: a Transformer with a vector added behind one decoder layer, as in `shifted`.

    Args:
        model: which writes.
        layer: of the decoder, 1 is the first.
        vector_D: added at every position that is written; zeros change nothing.
    """

    def __init__(self, model: Seq2SeqTransformer, layer: int, vector_D: Tensor) -> None:
        if not 1 <= layer <= len(model.decoder):
            raise StudyError(f"layer={layer} must be one of the decoder's, 1 to {len(model.decoder)}")
        self.model, self.layer, self.vector_D = model, layer, vector_D
        self.training, self.max_positions, self.embedding = model.training, model.max_positions, model.embedding

    def eval(self) -> Self:
        self.model.eval()
        self.training = False
        return self

    def parameters(self) -> Iterator[nn.Parameter]:
        return self.model.parameters()

    def start(self, tokens_BS: Tensor, documents_BS: Tensor, length: int) -> Any:
        """As the model's own, with the vector behind the layer's last matrix."""
        cache = self.model.start(tokens_BS, documents_BS, length)
        state = cache.layers[self.layer - 1]
        state.down = _Plus(state.down, self.vector_D)  # type: ignore[assignment]
        return cache

    def step(self, tokens_B: Tensor, cache: Any) -> Tensor:
        return self.model.step(tokens_B, cache)


class _Plus:
    """A `lmstudy.models.decoding.Matrix` that adds a vector to its products."""

    def __init__(self, matrix: Any, vector_D: Tensor) -> None:
        self.matrix, self.vector_D = matrix, vector_D

    def added(self, to: Tensor, x: Tensor) -> Tensor:
        """to + x @ weight + vector"""
        total: Tensor = self.matrix.added(to, x)
        return total + self.vector_D


def read_and_written(
    read: list[list[int]], written: list[list[int]], device: torch.device | None = None
) -> Seq2SeqBatch:
    """A batch of one example a row: what the encoder reads and what the decoder is given, start tokens included."""
    import torch
    from torch import nn

    from lmstudy.data.batch import IGNORE, Seq2SeqBatch
    from lmstudy.data.tokenizer import PAD

    def rows(own: list[list[int]]) -> tuple[Tensor, Tensor]:
        tokens = nn.utils.rnn.pad_sequence([torch.tensor(one) for one in own], batch_first=True, padding_value=PAD)
        lengths = torch.tensor([len(one) for one in own])
        return tokens.to(device), (torch.arange(tokens.shape[1]) < lengths[:, None]).long().to(device)

    (encoder, encoder_documents), (decoder, decoder_documents) = rows(read), rows(written)
    labels = torch.full_like(decoder, IGNORE)
    return Seq2SeqBatch(
        encoder, encoder_documents, decoder, decoder_documents, labels, torch.tensor(0), torch.zeros_like(labels)
    )
