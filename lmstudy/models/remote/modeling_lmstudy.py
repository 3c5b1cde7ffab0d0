"""The encoder-decoder Transformer of lmstudy for `transformers`, on its own: the same weights, the same numbers.

Pre-norm with RMSNorm, rotary positions in self-attention, SwiGLU, no biases, one matrix for both embeddings and the
output; optionally each position sees the embedding before its own ("smear"). It follows lmstudy/models/transformer.py,
which says where each part comes from. One example stands in each row; keys and values are not kept between steps.

Shape suffixes: B rows, S encoder positions, T decoder positions, Q queries, M keys, D width, H heads, K head width.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import GenerationMixin, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput, Seq2SeqLMOutput

from .configuration_lmstudy import LmstudyConfig


def rotary_table(positions: int, head_width: int, device: torch.device) -> Tensor:
    """Cosines and sines of the rotary angles: [2, positions, head_width / 2]."""
    frequencies = 10_000.0 ** (-torch.arange(0, head_width, 2, dtype=torch.float32, device=device) / head_width)
    angles = torch.outer(torch.arange(positions, dtype=torch.float32, device=device), frequencies)
    return torch.stack([angles.cos(), angles.sin()])


def rotate(x_BHQK: Tensor, table_2QK: Tensor) -> Tensor:
    """Turn each pair (first half, second half) of a head's channels by its position's angle."""
    left, right = x_BHQK.chunk(2, dim=-1)
    cos, sin = table_2QK.to(x_BHQK.dtype)
    return torch.cat([left * cos - right * sin, left * sin + right * cos], dim=-1)


def mask_of(query_BQ: Tensor, key_BM: Tensor, causal: bool) -> Tensor:
    """[B, 1, Q, M] bool: a query sees what is no padding, and nothing ahead of it; padding sees everything."""
    allowed = query_BQ[:, :, None] == key_BM[:, None, :]
    allowed = allowed.tril() if causal else allowed
    return (allowed | (query_BQ == 0)[:, :, None])[:, None]


class Smear(nn.Module):
    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.gate = nn.Parameter(torch.full((d_model,), -2.0))

    def forward(self, x_BQD: Tensor, present_BQ: Tensor) -> Tensor:
        before_BQD = F.pad(x_BQD, (0, 0, 1, -1))
        same_BQ = F.pad(present_BQ[:, 1:] == present_BQ[:, :-1], (1, 0))
        return x_BQD + self.gate.sigmoid() * before_BQD * same_BQ[..., None]


class Attention(nn.Module):
    def __init__(self, d_model: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(d_model, d_model, bias=False)
        self.key_value = nn.Linear(d_model, 2 * d_model, bias=False)
        self.output = nn.Linear(d_model, d_model, bias=False)

    def split(self, x_BQD: Tensor) -> Tensor:
        return x_BQD.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def forward(self, x_BQD: Tensor, seen_BMD: Tensor, mask: Tensor, table: Tensor | None = None) -> Tensor:
        """What each position of x sees in `seen`; with a table, both are turned by their places."""
        keys, values = self.key_value(seen_BMD).chunk(2, dim=-1)
        q, k, v = self.split(self.query(x_BQD)), self.split(keys), self.split(values)
        if table is not None:
            q, k = rotate(q, table), rotate(k, table)
        return self.output(F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).flatten(2))


class FeedForward(nn.Module):
    def __init__(self, d_model: int, d_ff: int) -> None:
        super().__init__()
        self.gate_up = nn.Linear(d_model, 2 * d_ff, bias=False)
        self.down = nn.Linear(d_ff, d_model, bias=False)

    def forward(self, x_BQD: Tensor) -> Tensor:
        gate, up = self.gate_up(x_BQD).chunk(2, dim=-1)
        return self.down(F.silu(gate) * up)


class EncoderLayer(nn.Module):
    def __init__(self, config: LmstudyConfig) -> None:
        super().__init__()
        self.attention_norm = nn.RMSNorm(config.d_model)
        self.self_attention = Attention(config.d_model, config.heads)
        self.feed_forward_norm = nn.RMSNorm(config.d_model)
        self.feed_forward = FeedForward(config.d_model, config.d_ff)

    def forward(self, x_BSD: Tensor, mask: Tensor, table: Tensor) -> Tensor:
        normed = self.attention_norm(x_BSD)
        x_BSD = x_BSD + self.self_attention(normed, normed, mask, table)
        return x_BSD + self.feed_forward(self.feed_forward_norm(x_BSD))


class DecoderLayer(nn.Module):
    def __init__(self, config: LmstudyConfig) -> None:
        super().__init__()
        self.attention_norm = nn.RMSNorm(config.d_model)
        self.self_attention = Attention(config.d_model, config.heads)
        self.cross_norm = nn.RMSNorm(config.d_model)
        self.encoder_decoder_attention = Attention(config.d_model, config.heads)
        self.feed_forward_norm = nn.RMSNorm(config.d_model)
        self.feed_forward = FeedForward(config.d_model, config.d_ff)

    def forward(self, x_BTD: Tensor, memory_BSD: Tensor, mask: Tensor, memory_mask: Tensor, table: Tensor) -> Tensor:
        normed = self.attention_norm(x_BTD)
        x_BTD = x_BTD + self.self_attention(normed, normed, mask, table)
        x_BTD = x_BTD + self.encoder_decoder_attention(self.cross_norm(x_BTD), memory_BSD, memory_mask)
        return x_BTD + self.feed_forward(self.feed_forward_norm(x_BTD))


class _Reader:
    """The encoder as `generate` calls it; the weights stay the model's."""

    main_input_name = "input_ids"

    def __init__(self, model: "LmstudyForConditionalGeneration") -> None:
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None, **_: Any) -> BaseModelOutput:
        present = torch.ones_like(input_ids) if attention_mask is None else attention_mask.long()
        return BaseModelOutput(last_hidden_state=self.model.encode(input_ids, present))

    __call__ = forward


class LmstudyForConditionalGeneration(PreTrainedModel, GenerationMixin):
    """p(y_t | y_<t, x): the encoder reads `<s>` and the prompt, the decoder goes on from it, behind `<s>`."""

    config_class = LmstudyConfig
    base_model_prefix = ""
    main_input_name = "input_ids"
    _supports_sdpa = True

    def __init__(self, config: LmstudyConfig) -> None:
        super().__init__(config)
        self.embedding = nn.Embedding(config.vocab_size, config.d_model)
        own = torch.empty(config.vocab_size, config.d_model)
        self.output = nn.Parameter(own) if config.own_output else None
        self.encoder_smear = Smear(config.d_model) if config.smear else None
        self.decoder_smear = Smear(config.d_model) if config.smear else None
        self.encoder_stack = nn.ModuleList(EncoderLayer(config) for _ in range(config.encoder_layers))
        self.encoder_norm = nn.RMSNorm(config.d_model)
        self.decoder_stack = nn.ModuleList(DecoderLayer(config) for _ in range(config.decoder_layers))
        self.decoder_norm = nn.RMSNorm(config.d_model)
        self.post_init()

    def get_input_embeddings(self) -> nn.Embedding:
        return self.embedding

    def get_output_embeddings(self) -> None:
        return None

    def get_encoder(self, modality: str | None = None) -> _Reader:
        return _Reader(self)

    def embed(self, tokens_BQ: Tensor, present_BQ: Tensor, smear: Smear | None) -> tuple[Tensor, Tensor]:
        """Vectors [B, Q, D] and the table that turns them."""
        if tokens_BQ.shape[1] > self.config.max_positions:
            raise ValueError(f"{tokens_BQ.shape[1]} tokens are more than max_positions={self.config.max_positions}")
        x_BQD = self.embedding(tokens_BQ) * self.config.d_model**0.5
        x_BQD = x_BQD if smear is None else smear(x_BQD, present_BQ)
        return x_BQD, rotary_table(tokens_BQ.shape[1], self.config.d_model // self.config.heads, x_BQD.device)

    def encode(self, tokens_BS: Tensor, present_BS: Tensor) -> Tensor:
        """Memory [B, S, D] of what is read; `present` is 0 for padding and 1 for the rest."""
        x_BSD, table = self.embed(tokens_BS, present_BS, self.encoder_smear)
        mask = mask_of(present_BS, present_BS, causal=False)
        for layer in self.encoder_stack:
            x_BSD = layer(x_BSD, mask, table)
        return self.encoder_norm(x_BSD)

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        decoder_input_ids: Tensor | None = None,
        decoder_attention_mask: Tensor | None = None,
        encoder_outputs: Any = None,
        labels: Tensor | None = None,
        return_dict: bool | None = None,
        **kwargs: Any,
    ) -> Any:
        """Logits [B, T, V], and the mean loss of `labels` [B, T] (-100: none) if they are given.

        `decoder_input_ids` [B, T] begin with `<s>`; without them, they are the labels one position late.
        """
        if encoder_outputs is None:
            if input_ids is None:
                raise ValueError("give input_ids or encoder_outputs")
            encoder_outputs = self.get_encoder()(input_ids, attention_mask)
        memory_BSD = encoder_outputs[0]
        if decoder_input_ids is None:
            if labels is None:
                raise ValueError("give decoder_input_ids, which begin with <s>, or labels")
            before = labels.new_full((len(labels), 1), self.config.decoder_start_token_id)
            decoder_input_ids = torch.cat([before, labels[:, :-1].masked_fill(labels[:, :-1] < 0, 0)], 1)
        read_BS = memory_BSD.new_ones(memory_BSD.shape[:2]) if attention_mask is None else attention_mask
        written_BT = torch.ones_like(decoder_input_ids) if decoder_attention_mask is None else decoder_attention_mask
        read_BS, written_BT = read_BS.long(), written_BT.long()
        x_BTD, table = self.embed(decoder_input_ids, written_BT, self.decoder_smear)
        mask, memory_mask = mask_of(written_BT, written_BT, causal=True), mask_of(written_BT, read_BS, causal=False)
        for layer in self.decoder_stack:
            x_BTD = layer(x_BTD, memory_BSD, mask, memory_mask, table)
        weight = self.embedding.weight if self.output is None else self.output
        logits = F.linear(self.decoder_norm(x_BTD), weight)
        loss = None if labels is None else F.cross_entropy(logits.flatten(0, 1).float(), labels.flatten())
        found = Seq2SeqLMOutput(loss=loss, logits=logits, encoder_last_hidden_state=memory_BSD)
        return found.to_tuple() if return_dict is False else found

    def prepare_inputs_for_generation(self, input_ids: Any, *_: Any, **kwargs: Any) -> dict[str, Any]:
        """All that was written so far, and what was read."""
        kept = ("attention_mask", "encoder_outputs", "decoder_attention_mask")
        return {"decoder_input_ids": input_ids} | {key: kwargs[key] for key in kept if kwargs.get(key) is not None}
