"""Attention on numbers small enough to follow, why scores are divided by sqrt(K), and who sees whom."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lmstudy.data.batch import Seq2SeqBatch
from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate, seed_interval
from lmstudy.models.transformer import Attention, FeedForward, Seq2SeqTransformer, same_example


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
            scores = torch.randn(queries, width, generator=generator) @ torch.randn(width, keys, generator=generator)
            for name, logits in (("divided by √d", scores / math.sqrt(width)), ("not divided", scores)):
                log_p = logits.log_softmax(1)
                bits = -(log_p.exp() * log_p).sum(1).mean() / math.log(2)
                found[name].setdefault(width, []).append(float(bits))
    return {name: {k: seed_interval(v) for k, v in values.items()} for name, values in found.items()}


def packed_row(batches: Iterable[Seq2SeqBatch], look: int = 16) -> Seq2SeqBatch:
    """Of the first batches, the row that shows most, alone: of two to four examples, long on both sides."""
    best, found = -1.0, None
    for batch in islice(batches, look):
        for row in range(len(batch.labels)):
            encoder, decoder = batch.encoder_documents[row], batch.decoder_documents[row]
            count = int(decoder.max())
            size = min(len(encoder), len(decoder))
            shorter = torch.minimum(encoder.bincount(minlength=count + 1), decoder.bincount(minlength=count + 1))[1:]
            score = float((shorter / size).sqrt().sum()) + (2 <= count <= 4) * len(encoder)
            if score > best:
                best = score
                found = Seq2SeqBatch(*(field if field.ndim == 0 else field[row : row + 1] for field in batch))
    if found is None:
        raise StudyError("there is no batch to take a row from")
    return found


def middle_of_longest(documents_T: Tensor) -> int:
    """The middle position of the longest example of a row, padding apart."""
    number = documents_T[documents_T > 0].bincount().argmax()
    positions = (documents_T == number).nonzero().flatten()
    return int(positions[len(positions) // 2])


def sight(batch: Seq2SeqBatch) -> dict[str, np.ndarray]:
    """Who may look at whom in the first row of a batch, by the model's own masks.

    Returns:
        For each kind of attention [queries, keys]: the number of the example where a query may look, 0 where
        not, and -1 in the rows of padding, which may look anywhere because nothing reads them.
    """
    encoder, decoder = batch.encoder_documents[:1], batch.decoder_documents[:1]
    found = {}
    for name, query, key, causal in (
        ("encoder, itself", encoder, encoder, False),
        ("decoder, itself", decoder, decoder, True),
        ("decoder, memory", decoder, encoder, False),
    ):
        allowed = same_example(query, key, causal=causal)[0]
        number = torch.where(query == 0, -1, query)[0]
        found[name] = (allowed * number[:, None]).numpy()
    return found


def awaken(model: Seq2SeqTransformer, seed: int) -> Seq2SeqTransformer:
    """Give the output projections of all sublayers, which start at zero, random weights; in place."""
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        layer = {Attention: "output", FeedForward: "down"}
        for kind, name in layer.items():
            if isinstance(module, kind):
                weight = getattr(module, name).weight
                with torch.no_grad():
                    weight.normal_(std=weight.shape[1] ** -0.5, generator=generator)
    return model


@torch.inference_mode()
def changed(model: Seq2SeqTransformer, one: Seq2SeqBatch, side: str, position: int) -> dict[str, Tensor]:
    """Which vectors change when one token of the first row is replaced by another.

    Args:
        side: "encoder" or "decoder", where the token is.

    Returns:
        "memory" [S] and "output" [T], true where the row's vector is not the same number for number; false at
        padding, whose vectors nothing uses.
    """
    if side not in ("encoder", "decoder"):
        raise StudyError(f"side={side!r} must be 'encoder' or 'decoder'")
    name = f"{side}_tokens"
    tokens = getattr(one, name).clone()
    tokens[0, position] = (tokens[0, position] + 1) % model.output_weight.shape[0]
    other = one._replace(**{name: tokens})
    memories = [model.encode(b.encoder_tokens, b.encoder_documents) for b in (one, other)]
    outputs = [
        model.decode(b.decoder_tokens, b.decoder_documents, memory, b.encoder_documents)
        for b, memory in zip((one, other), memories, strict=True)
    ]
    return {
        "memory": (memories[0] != memories[1])[0].any(-1) & (one.encoder_documents[0] > 0),
        "output": (outputs[0] != outputs[1])[0].any(-1) & (one.decoder_documents[0] > 0),
    }


def change_table(model: Seq2SeqTransformer, one: Seq2SeqBatch) -> pd.DataFrame:
    """One row a side: a token in the middle of its longest example is replaced; which vectors then differ."""
    rows = {}
    for side in ("encoder", "decoder"):
        documents = getattr(one, f"{side}_documents")[0]
        position = middle_of_longest(documents)
        found = changed(model, one, side, position)
        number = documents[position]
        rows[f"{side}'s token {position}"] = {
            "its example, in the encoder": _span(one.encoder_documents[0] == number),
            "memory that changes": _span(found["memory"]),
            "its example, in the decoder": _span(one.decoder_documents[0] == number),
            "outputs that change": _span(found["output"]),
        }
    return pd.DataFrame(rows).T


def _span(true: Tensor) -> str:
    """First and last of a run of true positions; all of them where there are gaps."""
    where = true.nonzero().flatten().tolist()
    if len(where) > 1 and where == list(range(where[0], where[-1] + 1)):
        return f"{where[0]} to {where[-1]}"
    return ", ".join(map(str, where)) or "none"


def lookup_is_a_product(embedding: nn.Embedding, tokens: Tensor) -> tuple[tuple[int, ...], float]:
    """Shape of one-hot rows [T, V], and the largest distance between their product with E and a look-up."""
    one_hot = F.one_hot(tokens, embedding.num_embeddings).to(embedding.weight.dtype)
    with torch.no_grad():
        return tuple(one_hot.shape), float((one_hot @ embedding.weight - embedding(tokens)).abs().max())
