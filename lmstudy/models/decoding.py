"""One decoder position at a time, with keys and values kept: the same function as the decoder, arranged for speed.

Writing one token is thousands of small operations, and their overhead costs more than their arithmetic. So the
weights are prepared once a batch: the three projections of self-attention become one matrix, and the gain of each
norm moves into the matrix behind it (diag(g) and W commute into one product). Queries and keys turn together. The
layers of `transformer` prepare themselves (`DecoderLayer.start`); what is done at a step stands here.

Shape suffixes as in `transformer`, and L positions the cache has room for, N rows kept.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass
class LayerState:
    """One decoder layer: its prepared weights, each transposed to [in, out], and its keys and values."""

    query_key_value: Tensor
    output: Tensor
    cross_query: Tensor
    cross_output: Tensor
    gate_up: Tensor
    down: Tensor
    self_keys: Tensor
    """[B, H, L, K], filled up to the cache's length; `self_values` too"""
    self_values: Tensor
    memory_keys: Tensor
    """[B, H, S, K], as `memory_values`"""
    memory_values: Tensor


@dataclass
class Cache:
    """What generation keeps between steps."""

    layers: list[LayerState]
    output_weight: Tensor
    """[D, V], with the gain of the last norm"""
    memory_mask: Tensor
    """[B, 1, 1, S] additive"""
    length: int = 0
    """positions that are filled"""

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows [N] alone: finished sequences cost nothing more."""
        self.memory_mask = self.memory_mask[rows]
        for layer in self.layers:
            for name in ("self_keys", "self_values", "memory_keys", "memory_values"):
                setattr(layer, name, getattr(layer, name)[rows])


def behind(norm: nn.RMSNorm, *linears: nn.Linear) -> Tensor:
    """[in, out]: what applying the norm's gain and then the linear layers side by side does."""
    return (torch.cat([linear.weight for linear in linears]) * norm.weight).t().contiguous()


def step(x_BD: Tensor, cache: Cache, cos_K: Tensor, sin_K: Tensor) -> Tensor:
    """Logits [B, V] after one more position with embedding `x_BD`.

    `cos_K` and `sin_K` turn a head's channels by the position's angle: x * cos + swap(x) * sin, where swap
    exchanges the halves of the channels and the first half of `sin_K` is negative.
    """
    width = x_BD.shape[-1]
    for layer in cache.layers:
        x_BD = _self_attention(x_BD, layer, cache.length, cos_K, sin_K)
        x_BD = _cross_attention(x_BD, layer, cache.memory_mask)
        gate, up = (F.rms_norm(x_BD, (width,)) @ layer.gate_up).chunk(2, dim=-1)
        x_BD = torch.addmm(x_BD, F.silu(gate) * up, layer.down)
    cache.length += 1
    return F.rms_norm(x_BD, (width,)) @ cache.output_weight


def _self_attention(x_BD: Tensor, layer: LayerState, position: int, cos_K: Tensor, sin_K: Tensor) -> Tensor:
    heads, head_width = layer.self_keys.shape[1], layer.self_keys.shape[3]
    qkv = F.rms_norm(x_BD, (x_BD.shape[-1],)) @ layer.query_key_value
    qkv = qkv.view(len(x_BD), 3 * heads, 1, head_width)
    turning = qkv[:, : 2 * heads]
    turned = torch.addcmul(turning * cos_K, turning.roll(head_width // 2, -1), sin_K)
    layer.self_keys[:, :, position : position + 1] = turned[:, heads:]
    layer.self_values[:, :, position : position + 1] = qkv[:, 2 * heads :]
    end = position + 1
    mixed = F.scaled_dot_product_attention(
        turned[:, :heads], layer.self_keys[:, :, :end], layer.self_values[:, :, :end]
    )
    return torch.addmm(x_BD, mixed.reshape(len(x_BD), -1), layer.output)


def _cross_attention(x_BD: Tensor, layer: LayerState, memory_mask: Tensor) -> Tensor:
    heads, head_width = layer.memory_keys.shape[1], layer.memory_keys.shape[3]
    query = (F.rms_norm(x_BD, (x_BD.shape[-1],)) @ layer.cross_query).view(len(x_BD), heads, 1, head_width)
    mixed = F.scaled_dot_product_attention(query, layer.memory_keys, layer.memory_values, attn_mask=memory_mask)
    return torch.addmm(x_BD, mixed.reshape(len(x_BD), -1), layer.cross_output)
