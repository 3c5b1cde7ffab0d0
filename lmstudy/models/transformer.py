"""A pre-norm encoder-decoder Transformer, in the order in which data flows through it.

Notable:
- four encoder and four decoder layers by default, as in the article's figure 2-1
- RMSNorm before each sublayer and after each stack (Zhang & Sennrich 2019; Xiong et al. 2020)
- rotary positions in self-attention, none in cross-attention (Su et al. 2021)
- gated feed-forward, SwiGLU (Shazeer 2020); no biases
- one embedding matrix for encoder, decoder and output (Press & Wolf 2017)
- attention with block masks: several examples share a row without seeing each other; fused by PyTorch or, where that
  is faster, as two products with a softmax between them
- on GPUs also PyTorch's `flex_attention`, which leaves out blocks where no query sees anything (Dong et al. 2024)
- output projections of the sublayers start at zero, so that each layer starts as the identity
- optionally, each position also sees the embedding before its own ("smear")

Shape suffixes: B rows, S encoder positions, T decoder positions, Q query positions, M memory (key)
positions, D model width, H heads, K head width, F feed-forward width, V vocabulary.
"""

from typing import Literal, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention

from lmstudy.data.batch import Seq2SeqBatch
from lmstudy.errors import StudyError
from lmstudy.models import decoding
from lmstudy.models.flops import Sizes, forward_flops
from lmstudy.models.network import TiedOutput, check_room, check_row

Mask = Tensor | BlockMask
"""What a query may see: a tensor to add (`attention_mask`), or blocks (`block_mask`)."""


def rotary_table(positions: int, head_width: int, base: float = 10_000.0) -> Tensor:
    """Cosines and sines of the rotary angles: [2, positions, head_width / 2] (Su et al. 2021, eq. 34)."""
    frequencies = base ** (-torch.arange(0, head_width, 2, dtype=torch.float32) / head_width)
    angles = torch.outer(torch.arange(positions, dtype=torch.float32), frequencies)
    return torch.stack([angles.cos(), angles.sin()])


def rotate(x_BHQK: Tensor, table_2QK: Tensor) -> Tensor:
    """Turn each pair (first half, second half) of a head's channels by its position's angle."""
    left, right = x_BHQK.chunk(2, dim=-1)
    cos, sin = table_2QK[0], table_2QK[1]
    return torch.cat([left * cos - right * sin, left * sin + right * cos], dim=-1)


def same_example(query_documents_BQ: Tensor, key_documents_BM: Tensor, *, causal: bool = False) -> Tensor:
    """Block mask [B, Q, M] bool, true where a query may look: at its own example, not ahead if causal.

    Padding queries (document 0) may look anywhere: their output is never used, and a row without any
    key would be NaN. Padding keys are seen by padding queries alone.
    """
    query, key = query_documents_BQ[:, :, None], key_documents_BM[:, None, :]
    allowed = query == key
    return (allowed.tril() if causal else allowed) | (query == 0)


def attention_mask(query_documents_BQ: Tensor, key_documents_BM: Tensor, *, causal: bool, dtype: torch.dtype) -> Tensor:
    """`same_example` as a mask to add [B, 1, Q, M]: 0 where a query may look, -inf elsewhere."""
    return added(same_example(query_documents_BQ, key_documents_BM, causal=causal), dtype)


def added(allowed_BQM: Tensor, dtype: torch.dtype) -> Tensor:
    """Where a query may look as a mask to add [B, 1, Q, M]: 0 there, -inf elsewhere."""
    mask = torch.zeros(allowed_BQM.shape, dtype=dtype, device=allowed_BQM.device)
    return mask.masked_fill_(~allowed_BQM, float("-inf")).unsqueeze(1)


def check_heads(d_model: int, heads: int) -> None:
    """Raises StudyError where the channels of a head cannot be turned in pairs."""
    if d_model % (2 * heads):
        raise StudyError(f"model.d_model={d_model} must be a multiple of 2 * model.heads = {2 * heads}")


def block_mask(query_documents_BQ: Tensor, key_documents_BM: Tensor, *, causal: bool) -> BlockMask:
    """`same_example` as blocks of 128 x 128 positions: those between two examples or ahead of a query cost nothing.

    No mask of Q x M numbers goes through every layer. Padding queries see nothing, so that their blocks are left
    out; `flex_attention` gives them zeros.
    """

    def allowed(row: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        document = query_documents_BQ[row, query]
        same = (document == key_documents_BM[row, key]) & (document > 0)
        return same & (query >= key) if causal else same

    rows, queries = query_documents_BQ.shape
    # One mask for all heads.
    return create_block_mask(allowed, rows, None, queries, key_documents_BM.shape[1], device=query_documents_BQ.device)


Kind = Literal["dense", "products", "flex"]
"""How attention is computed: fused behind a dense mask; by two products, which a compiler joins with what lies between
them; in blocks."""


def mixed_values(q_BHQK: Tensor, k_BHMK: Tensor, v_BHMK: Tensor, mask: Mask, products: bool = False) -> Tensor:
    """softmax(QK^T / sqrt(K)) V over what the mask allows: [B, H, Q, K].

    Fused by PyTorch, or as `products`, whose softmax is float32 whatever their own type is. Block masks want
    `torch.compile`, and have a backward pass on GPUs alone.
    """
    if products and not isinstance(mask, BlockMask):
        scaled_BHQK = (q_BHQK * q_BHQK.shape[-1] ** -0.5).to(v_BHMK.dtype)  # rotation leaves float32 under autocast
        scores_BHQM = (scaled_BHQK @ k_BHMK.to(v_BHMK.dtype).mT).float() + mask
        return scores_BHQM.softmax(-1).to(v_BHMK.dtype) @ v_BHMK
    if not isinstance(mask, BlockMask):
        return F.scaled_dot_product_attention(q_BHQK, k_BHMK, v_BHMK, attn_mask=mask)
    # Rotation by a float32 table leaves float32 under autocast; autocast does not reach `flex_attention`.
    mixed = flex_attention(q_BHQK.to(v_BHMK.dtype), k_BHMK.to(v_BHMK.dtype), v_BHMK, block_mask=mask)
    assert isinstance(mixed, Tensor)  # a pair only where the log-sum-exp is asked for
    return mixed


class Smear(nn.Module):
    """x_t + sigmoid(g) * x_(t-1): each position gets a share of the embedding before its own, channel by channel.

    Copying what followed an earlier occurrence of a token needs positions that know which token stands before them. A
    Transformer without this learns it in a layer of its own; "smeared keys" (Olsson et al. 2022) give it at once.
    """

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.gate = nn.Parameter(torch.full((d_model,), -2.0))

    def forward(self, x_BQD: Tensor, documents_BQ: Tensor) -> Tensor:
        """Nothing comes from another example of the row, and nothing comes before its first position."""
        before_BQD = F.pad(x_BQD, (0, 0, 1, -1))
        same_BQ = F.pad(documents_BQ[:, 1:] == documents_BQ[:, :-1], (1, 0))
        return x_BQD + self.gate.sigmoid() * before_BQD * same_BQ[..., None]


class Attention(nn.Module):
    """Multi-head scaled dot-product attention, softmax(QK^T / sqrt(K) + mask) V."""

    products = False
    """See `mixed_values`."""

    def __init__(self, d_model: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(d_model, d_model, bias=False)
        self.key_value = nn.Linear(d_model, 2 * d_model, bias=False)
        self.output = nn.Linear(d_model, d_model, bias=False)

    def split(self, x_BQD: Tensor) -> Tensor:
        """[B, H, Q, K]: the channels dealt to the heads."""
        return x_BQD.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def keys_values(self, x_BMD: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of what is looked at, [B, H, M, K] each."""
        keys, values = self.key_value(x_BMD).chunk(2, dim=-1)
        return self.split(keys), self.split(values)

    def attend(self, q_BHQK: Tensor, k_BHMK: Tensor, v_BHMK: Tensor, mask: Mask) -> Tensor:
        """[B, Q, D]: the values that each query looks at, its heads side by side, through the output matrix."""
        return self.output(mixed_values(q_BHQK, k_BHMK, v_BHMK, mask, self.products).transpose(1, 2).flatten(2))


class SelfAttention(Attention):
    """Positions look at positions of the same stack: queries, keys and values are of one x, turned by their places."""

    def forward(self, x_BQD: Tensor, mask: Mask, table: Tensor) -> Tensor:
        q, (k, v) = self.split(self.query(x_BQD)), self.keys_values(x_BQD)
        return self.attend(rotate(q, table), rotate(k, table), v, mask)


class CrossAttention(Attention):
    """The decoder's positions look at the encoder's memory; neither is turned, so order counts in the memory alone."""

    def forward(self, x_BTD: Tensor, memory_BSD: Tensor, mask: Mask) -> Tensor:
        return self.attend(self.split(self.query(x_BTD)), *self.keys_values(memory_BSD), mask)


class FeedForward(nn.Module):
    """SwiGLU: W_down (silu(W_gate x) * W_up x)."""

    def __init__(self, d_model: int, d_ff: int) -> None:
        super().__init__()
        self.gate_up = nn.Linear(d_model, 2 * d_ff, bias=False)
        self.down = nn.Linear(d_ff, d_model, bias=False)

    def forward(self, x_BQD: Tensor) -> Tensor:
        gate_BQF, up_BQF = self.gate_up(x_BQD).chunk(2, dim=-1)
        return self.down(F.silu(gate_BQF) * up_BQF)


def initialise(module: nn.Module) -> None:
    """Set the first numbers of a layer's weights; `model.apply(initialise)` those of a whole model."""
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=module.in_features**-0.5)
    elif isinstance(module, nn.Embedding):
        nn.init.normal_(module.weight, std=module.embedding_dim**-0.5)
    elif isinstance(module, Attention):
        nn.init.zeros_(module.output.weight)
    elif isinstance(module, FeedForward):
        nn.init.zeros_(module.down.weight)


class EncoderLayer(nn.Module):
    """x + self_attention(norm(x)), then x + feed_forward(norm(x)): [B, S, D] to the same."""

    def __init__(self, d_model: int, heads: int, d_ff: int) -> None:
        super().__init__()
        self.attention_norm = nn.RMSNorm(d_model)
        self.self_attention = SelfAttention(d_model, heads)
        self.feed_forward_norm = nn.RMSNorm(d_model)
        self.feed_forward = FeedForward(d_model, d_ff)

    def forward(self, x_BSD: Tensor, mask: Mask, table: Tensor) -> Tensor:
        x_BSD = x_BSD + self.self_attention(self.attention_norm(x_BSD), mask, table)
        return x_BSD + self.feed_forward(self.feed_forward_norm(x_BSD))


class DecoderLayer(nn.Module):
    """As `EncoderLayer`, with x + cross_attention(norm(x), memory) between the two: [B, T, D] to the same."""

    def __init__(self, d_model: int, heads: int, d_ff: int) -> None:
        super().__init__()
        self.attention_norm = nn.RMSNorm(d_model)
        self.self_attention = SelfAttention(d_model, heads)
        self.cross_norm = nn.RMSNorm(d_model)
        self.encoder_decoder_attention = CrossAttention(d_model, heads)
        self.feed_forward_norm = nn.RMSNorm(d_model)
        self.feed_forward = FeedForward(d_model, d_ff)

    def forward(self, x_BTD: Tensor, memory_BSD: Tensor, mask: Mask, memory_mask: Mask, table: Tensor) -> Tensor:
        x_BTD = x_BTD + self.self_attention(self.attention_norm(x_BTD), mask, table)
        x_BTD = x_BTD + self.encoder_decoder_attention(self.cross_norm(x_BTD), memory_BSD, memory_mask)
        return x_BTD + self.feed_forward(self.feed_forward_norm(x_BTD))

    def start(self, memory_BSD: Tensor, length: int) -> decoding.LayerState:
        """The layer prepared for one position at a time behind a memory, with room for `length` of them."""
        own, cross = self.self_attention, self.encoder_decoder_attention
        key, value = own.key_value.weight.chunk(2)
        turning = decoding.paired(own.query.weight, own.heads), decoding.paired(key, own.heads)
        return decoding.LayerState(
            query_key_value=decoding.Matrix(decoding.behind(self.attention_norm, *turning, value)),
            output=decoding.Matrix(own.output.weight.t()),
            cross_query=decoding.Matrix(decoding.behind(self.cross_norm, cross.query.weight)),
            cross_output=decoding.Matrix(cross.output.weight.t()),
            gate_up=decoding.Matrix(decoding.behind(self.feed_forward_norm, self.feed_forward.gate_up.weight)),
            down=decoding.Matrix(self.feed_forward.down.weight.t()),
            own=memory_BSD.new_empty(len(memory_BSD), 2 * own.heads, length, memory_BSD.shape[-1] // own.heads),
            memory=torch.cat(cross.keys_values(memory_BSD), 1),
        )


class Seq2SeqTransformer(TiedOutput):
    """p(y_t | y_<t, x): an encoder reads x once, a decoder attends to it and to what it wrote.

    Args:
        vocab_size: entries of the tokenizer, V.
        max_positions: longest row on either side, in tokens; longer input is a StudyError.
        d_model, heads, d_ff: widths D, H and F; D must be a multiple of 2 * H.
        encoder_layers, decoder_layers: depth of the two stacks.
        smear: whether positions of both stacks also see the embedding before their own (see `Smear`).
    """

    rotary: Tensor

    def __init__(
        self,
        vocab_size: int,
        max_positions: int,
        d_model: int = 128,
        heads: int = 2,
        d_ff: int = 352,
        encoder_layers: int = 4,
        decoder_layers: int = 4,
        smear: bool = False,
    ) -> None:
        super().__init__()
        check_heads(d_model, heads)
        self.d_model, self.heads, self.max_positions = d_model, heads, max_positions
        self.sizes = Sizes(vocab_size, d_model, d_ff, encoder_layers, decoder_layers)
        self.attention: Kind = "dense"
        self.embedding = nn.Embedding(vocab_size, d_model)
        self.encoder_smear = Smear(d_model) if smear else None
        self.decoder_smear = Smear(d_model) if smear else None
        self.encoder = nn.ModuleList(EncoderLayer(d_model, heads, d_ff) for _ in range(encoder_layers))
        self.encoder_norm = nn.RMSNorm(d_model)
        self.decoder = nn.ModuleList(DecoderLayer(d_model, heads, d_ff) for _ in range(decoder_layers))
        self.decoder_norm = nn.RMSNorm(d_model)
        self.register_buffer("rotary", rotary_table(max_positions, d_model // heads), persistent=False)
        self.apply(initialise)

    def attend_by(self, kind: Kind) -> None:
        """Choose how attention is computed; the results are the same up to rounding."""
        self.attention = kind
        for module in self.modules():
            if isinstance(module, Attention):
                module.products = kind == "products"

    def extend(self, max_positions: int) -> None:
        """Read and write longer rows. Rotary positions have no weights: what they mean beyond is yet to be learned.

        Raises:
            StudyError: rows were longer before.
        """
        if max_positions < self.max_positions:
            raise StudyError(f"context={max_positions} is less than the model's own, {self.max_positions} tokens")
        self.max_positions = max_positions
        self.rotary = rotary_table(max_positions, self.d_model // self.heads).to(self.rotary.device)

    def embed(self, tokens_BQ: Tensor) -> Tensor:
        """Vectors [B, Q, D] of size 1; raises StudyError for rows longer than the context."""
        check_row(tokens_BQ, self.max_positions)
        # The tied matrix has entries of size 1/sqrt(D), right for logits; the residual stream wants size 1.
        return self.embedding(tokens_BQ) * self.d_model**0.5

    def mask(self, query_documents_BQ: Tensor, key_documents_BM: Tensor, *, causal: bool, dtype: torch.dtype) -> Mask:
        """What each query may see, in the form that `attention` takes; "flex" has no backward pass on a CPU."""
        if self.attention == "flex":
            return block_mask(query_documents_BQ, key_documents_BM, causal=causal)
        return attention_mask(query_documents_BQ, key_documents_BM, causal=causal, dtype=dtype)

    def encode(self, tokens_BS: Tensor, documents_BS: Tensor) -> Tensor:
        """Memory [B, S, D] of what is read; examples in a row do not see each other."""
        return self.encoder_norm(self.encoder_residual(tokens_BS, documents_BS))

    def encoder_residual(self, tokens_BS: Tensor, documents_BS: Tensor) -> Tensor:
        """What the encoder's layers add up to, before the last norm: [B, S, D]."""
        x_BSD = self.embed(tokens_BS)
        if self.encoder_smear is not None:
            x_BSD = self.encoder_smear(x_BSD, documents_BS)
        mask = self.mask(documents_BS, documents_BS, causal=False, dtype=x_BSD.dtype)
        table = self.rotary[:, : tokens_BS.shape[1]]
        for layer in self.encoder:
            x_BSD = layer(x_BSD, mask, table)
        return x_BSD

    def decode(
        self, tokens_BT: Tensor, documents_BT: Tensor, memory_BSD: Tensor, memory_documents_BS: Tensor
    ) -> Tensor:
        """Hidden states [B, T, D], position t knowing tokens up to t and the memory of its own example."""
        x_BTD = self.embed(tokens_BT)
        if self.decoder_smear is not None:
            x_BTD = self.decoder_smear(x_BTD, documents_BT)
        mask = self.mask(documents_BT, documents_BT, causal=True, dtype=x_BTD.dtype)
        memory_mask = self.mask(documents_BT, memory_documents_BS, causal=False, dtype=x_BTD.dtype)
        table = self.rotary[:, : tokens_BT.shape[1]]
        for layer in self.decoder:
            x_BTD = layer(x_BTD, memory_BSD, mask, memory_mask, table)
        return self.decoder_norm(x_BTD)

    def hidden(self, batch: Seq2SeqBatch) -> Tensor:
        memory = self.encode(batch.encoder_tokens, batch.encoder_documents)
        return self.decode(batch.decoder_tokens, batch.decoder_documents, memory, batch.encoder_documents)

    def forward_flops(self, rows: int, encoder_length: int, decoder_length: int) -> int:
        """FLOPs of one forward pass, logits included (see `lmstudy.models.flops`)."""
        return forward_flops(self.sizes, rows, encoder_length, decoder_length)

    @property
    def layers(self) -> list[nn.Module]:
        """All layers of both stacks: what is worth compiling."""
        return [*self.encoder, *self.decoder]

    def start(self, tokens_BS: Tensor, documents_BS: Tensor, length: int) -> decoding.Cache:
        """Read the encoder's input and make room for `length` decoder positions."""
        check_room(length, self.max_positions)
        memory_BSD = self.encode(tokens_BS, documents_BS)
        query_documents = torch.ones_like(documents_BS[:, :1])
        mask = attention_mask(query_documents, documents_BS, causal=False, dtype=memory_BSD.dtype)
        output = decoding.behind(self.decoder_norm, self.output_weight)
        return decoding.Cache(
            layers=[cast(DecoderLayer, layer).start(memory_BSD, length) for layer in self.decoder],
            embedding=self.embedding.weight * self.d_model**0.5,
            output=decoding.Matrix(output),
            turns=decoding.turns(self.rotary[:, :length].to(memory_BSD.dtype), self.heads),
            memory_mask=mask,
            share=None if self.decoder_smear is None else self.decoder_smear.gate.sigmoid(),
            before=memory_BSD.new_zeros(len(memory_BSD), self.d_model),
            smallest=memory_BSD.new_tensor((self.d_model * torch.finfo(memory_BSD.dtype).eps) ** 0.5),
            sources=torch.arange(len(memory_BSD), device=memory_BSD.device),
        )

    def step(self, tokens_B: Tensor, cache: decoding.Cache) -> Tensor:
        """Logits [B, V] of the token after `tokens_B`; the cache advances by one position."""
        return decoding.step(tokens_B, cache)
