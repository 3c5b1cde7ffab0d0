"""Attention on numbers small enough to follow, and why scores are divided by the root of their width."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor

from lmstudy.evaluation.statistics import Estimate, seed_interval


@dataclass(frozen=True)
class ByHand:
    """softmax(Q K^T / sqrt(K)) V, a step at a time."""

    scores: Tensor
    """[Q, M] Q K^T / sqrt(K), -inf where a query may not look."""
    weights: Tensor
    """[Q, M] non-negative, each row adding up to 1."""
    output: Tensor
    """[Q, K]"""
    difference: float
    """The largest distance to what PyTorch's fused function gives."""


def attention_by_hand(q_QK: Tensor, k_MK: Tensor, v_MK: Tensor, *, causal: bool = False) -> ByHand:
    """The definition written out (Vaswani et al. 2017, eq. 1), and compared with the fused function."""
    scores = q_QK @ k_MK.T / math.sqrt(q_QK.shape[-1])
    if causal:
        scores = scores.masked_fill(torch.ones_like(scores, dtype=torch.bool).triu(1), -math.inf)
    exponentials = scores.exp()
    weights = exponentials / exponentials.sum(1, keepdim=True)
    output = weights @ v_MK
    fused = F.scaled_dot_product_attention(q_QK[None], k_MK[None], v_MK[None], is_causal=causal)[0]
    return ByHand(scores, weights, output, float((fused - output).abs().max()))


def three_tokens(vectors: np.ndarray, width: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values [3, width] of three vectors under random maps, to one decimal."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.from_numpy(np.asarray(vectors)).float()
    x = x / x.std()
    maps = torch.randn(3, x.shape[1], width, generator=generator) / math.sqrt(x.shape[1])
    q, k, v = (x @ maps).round(decimals=1)
    return q, k, v


def steps_table(found: ByHand, words: Sequence[str]) -> pd.DataFrame:
    """One row a query: its scores and weights for each key, and its output."""
    rows = {}
    for i, word in enumerate(words):
        row = {f"score of {other}": float(found.scores[i, j]) for j, other in enumerate(words)}
        row |= {f"weight of {other}": float(found.weights[i, j]) for j, other in enumerate(words)}
        row |= {f"output {d + 1}": float(value) for d, value in enumerate(found.output[i])}
        rows[word] = row
    return pd.DataFrame(rows).T


def weight_entropy(
    widths: Sequence[int], keys: int = 64, queries: int = 64, seeds: int = 8, first_seed: int = 1
) -> dict[str, dict[int, Estimate]]:
    """Entropy in bits of attention weights with and without the division by sqrt(d), for growing width d.

    Queries and keys have independent entries of variance 1, so that a score has variance d before the
    division and 1 after it. Mean over queries, interval over seeds; log2(keys) is an even spread.
    """
    found: dict[str, dict[int, list[float]]] = {"divided by √d": {}, "not divided": {}}
    for seed in range(first_seed, first_seed + seeds):
        generator = torch.Generator().manual_seed(seed)
        for width in widths:
            scores = random_scores(queries, width, keys, generator)
            for name, logits in (("divided by √d", scores / math.sqrt(width)), ("not divided", scores)):
                found[name].setdefault(width, []).append(entropy(logits))
    return {name: {k: seed_interval(v) for k, v in values.items()} for name, values in found.items()}


def random_scores(queries: int, width: int, keys: int, generator: torch.Generator) -> Tensor:
    """[queries, keys] products of queries and keys of a width, whose entries are independent and of variance 1."""
    return torch.randn(queries, width, generator=generator) @ torch.randn(width, keys, generator=generator)


def entropy(logits: Tensor) -> float:
    """In bits, of the weights that a softmax makes of each row; the mean over rows."""
    log_p = logits.log_softmax(1)
    return float(-(log_p.exp() * log_p).sum(1).mean() / math.log(2))
