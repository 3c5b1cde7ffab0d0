"""One decoder position at a time, with keys and values kept: the same function as the decoder, arranged for speed.

Writing one token is thousands of small operations, and their overhead costs more than their arithmetic. So the
weights are prepared once a batch (`DecoderLayer.start` in `transformer`):

- the three projections of self-attention become one matrix
- the gain of each norm moves into the matrix behind it (diag(g) and W commute into one product), and its sqrt(D), too
- the two channels that rotary positions turn together stand side by side, as one complex number; turning is one
  product. Queries and keys have their channels in the same new order, so their products stay as they are
- keys and values share a tensor, so that one copy keeps both
- for more than a few rows, matrices are packed (`Matrix`)

Shape suffixes as in `transformer`, and L positions the cache has room for, N rows kept.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PACKED_FROM = 12
"""Rows from which products with a packed matrix are faster than the usual ones."""


class Matrix:
    """Products x @ weight of many x [N, in] with one weight [in, out].

    PyTorch multiplies through MKL, which arranges the weight anew for every product and leaves AVX-512 unused on
    processors that are not Intel's. There, products with a weight arranged once for oneDNN are twice as fast, if they
    have some rows. (The operations are those that `torch.compile` writes for frozen weights: PyTorch's tests cover
    them, but their names are its own affair. `tests/models/test_decoding.py` sees to it that they are there.)
    """

    def __init__(self, weight: Tensor) -> None:
        self.weight = weight.contiguous()
        float32_on_cpu = weight.device.type == "cpu" and weight.dtype == torch.float32
        usable = torch.backends.mkldnn.is_available() and not torch.is_autocast_enabled("cpu")  # which does not know it
        self.packed_from = PACKED_FROM if float32_on_cpu and usable else math.inf

    @cached_property
    def packed(self) -> Tensor:
        """The weight as oneDNN wants it."""
        packed: Tensor = torch.ops.mkldnn._reorder_linear_weight(self.weight.t().contiguous())
        return packed

    def __call__(self, x: Tensor) -> Tensor:
        """x @ weight, [N, out]"""
        if len(x) < self.packed_from:
            return x @ self.weight
        product: Tensor = torch.ops.mkldnn._linear_pointwise(x, self.packed, None, "none", [], "")
        return product

    def added(self, to: Tensor, x: Tensor) -> Tensor:
        """to + x @ weight, [N, out]"""
        if len(x) < self.packed_from:
            return torch.addmm(to, x, self.weight)
        total: Tensor = torch.ops.mkldnn._linear_pointwise.binary(x, to, self.packed, None, "add")
        return total


@dataclass
class LayerState:
    """One decoder layer: its prepared weights, and its keys and values."""

    query_key_value: Matrix
    output: Matrix
    cross_query: Matrix
    cross_output: Matrix
    gate_up: Matrix
    down: Matrix
    own: Tensor
    """[B, 2 H, L, K]: keys of all heads, then values, filled up to the cache's length"""
    memory: Tensor
    """[B, 2 H, S, K], in the same way"""


@dataclass
class Cache:
    """What generation keeps between steps."""

    layers: list[LayerState]
    embedding: Tensor
    """[V, D], of the size that the residual stream wants"""
    output: Matrix
    """[D, V], behind the last norm"""
    turns: Tensor
    """[L, 3 H, 1, K / 2] complex: what queries and keys are multiplied by at each position, and 1 for values"""
    memory_mask: Tensor
    """[B, 1, 1, S] additive"""
    share: Tensor | None
    """[D]: how much of the embedding before its own a position sees; None: nothing"""
    before: Tensor
    """[B, D]: the embedding of the token that was written last, zeros at the start"""
    smallest: Tensor
    """[]: sqrt(D eps), which keeps the norm of nothing from being zero"""
    sources: Tensor
    """[B]: which of the prompts that were read at the start each row writes behind"""
    length: int = 0
    """positions that are filled"""

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows [N] alone: finished sequences cost nothing more. The same row may be kept twice."""
        if rows.dtype == torch.bool:
            rows = rows.nonzero()[:, 0]
        sources = self.sources[rows]
        if not torch.equal(sources, self.sources):  # the beams of a prompt change places among themselves
            self.sources, self.memory_mask = sources, self.memory_mask[rows]
            for layer in self.layers:
                layer.memory = layer.memory.index_select(0, rows)
        self.before = self.before.index_select(0, rows)
        for layer in self.layers:
            kept = layer.own.new_empty(len(rows), *layer.own.shape[1:])
            torch.index_select(layer.own[:, :, : self.length], 0, rows, out=kept[:, :, : self.length])
            layer.own = kept


def behind(norm: nn.RMSNorm, *weights: Tensor) -> Tensor:
    """[in, out]: what the norm's gain and then matrices [out, in] side by side do to x / |x|."""
    return (torch.cat(weights) * (norm.weight * norm.weight.numel() ** 0.5)).t()


def paired(weight: Tensor, heads: int) -> Tensor:
    """A projection [out, in] to channels in pairs: those that turn together stand side by side."""
    halves = weight.unflatten(0, (heads, 2, -1))
    return halves.transpose(1, 2).reshape(weight.shape)


def turns(table_2QK: Tensor, heads: int) -> Tensor:
    """[Q, 3 H, 1, K / 2]: `Cache.turns` of cosines and sines, [2, Q, K / 2]."""
    turning = torch.complex(table_2QK[0], table_2QK[1])[:, None].expand(-1, 2 * heads, -1)
    still = torch.ones_like(turning[:, :heads])
    return torch.cat([turning, still], 1).unsqueeze(2)


def step(tokens_B: Tensor, cache: Cache) -> Tensor:
    """Logits [B, V] of the token after `tokens_B`; the cache advances by one position."""
    x_BD = embedded_BD = F.embedding(tokens_B, cache.embedding)
    if cache.share is not None:
        x_BD = torch.addcmul(embedded_BD, cache.share, cache.before)
        cache.before = embedded_BD
    for layer in cache.layers:
        x_BD = _self_attention(x_BD, layer, cache)
        x_BD = _cross_attention(x_BD, layer, cache)
        gate, up = layer.gate_up(_normed(x_BD, cache)).chunk(2, dim=-1)
        x_BD = layer.down.added(x_BD, F.silu(gate).mul_(up))
    cache.length += 1
    return cache.output(_normed(x_BD, cache))


def _normed(x_BD: Tensor, cache: Cache) -> Tensor:
    """x / sqrt(|x|^2 + D eps): `F.rms_norm` but for sqrt(D), in three operations instead of six."""
    return x_BD / torch.linalg.vector_norm(x_BD, dim=-1, keepdim=True).hypot_(cache.smallest)


def _self_attention(x_BD: Tensor, layer: LayerState, cache: Cache) -> Tensor:
    _, both, _, head_width = layer.own.shape
    heads, position, end = both // 2, cache.length, cache.length + 1
    qkv = layer.query_key_value(_normed(x_BD, cache)).view(len(x_BD), 3 * heads, 1, head_width // 2, 2)
    turned = torch.view_as_real(torch.view_as_complex(qkv) * cache.turns[position]).flatten(-2)
    layer.own[:, :, position:end] = turned[:, heads:]
    seen = layer.own[:, :, :end]
    mixed = F.scaled_dot_product_attention(turned[:, :heads], seen[:, :heads], seen[:, heads:])
    return layer.output.added(x_BD, mixed.view(len(x_BD), -1))


def _cross_attention(x_BD: Tensor, layer: LayerState, cache: Cache) -> Tensor:
    _, both, _, head_width = layer.memory.shape
    heads = both // 2
    query = layer.cross_query(_normed(x_BD, cache)).view(len(x_BD), heads, 1, head_width)
    keys, values = layer.memory[:, :heads], layer.memory[:, heads:]
    mixed = F.scaled_dot_product_attention(query, keys, values, attn_mask=cache.memory_mask)
    return layer.cross_output.added(x_BD, mixed.reshape(len(x_BD), -1))
