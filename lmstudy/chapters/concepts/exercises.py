"""The numbers in the answers of the chapter's exercises, as its page shows them."""

import math

import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor

from lmstudy.chapters.concepts.attention import attention_by_hand, entropy, random_scores
from lmstudy.data.batch import IGNORE, Seq2SeqBatch
from lmstudy.models.transformer import Seq2SeqTransformer
from lmstudy.show.numbers import number, percent


def perplexity(orders: pd.DataFrame) -> dict[str, str]:
    """What the first token of context saves, in bits and as a factor; `orders` as of `ngram_surprisal.order_table`."""
    without, one = orders["bits a token"].iloc[1:3]
    bits = {"bits_without": without, "bits_with_one": one, "bits_saved": without - one}
    return {name: number(x, decimals=2) for name, x in bits.items()} | {"factor": number(2 ** (without - one), 2)}


def causal(q_QK: Tensor, k_QK: Tensor, v_QK: Tensor) -> dict[str, str]:
    """The second row of weights and of the output, under a causal mask."""
    found = attention_by_hand(q_QK, k_QK, v_QK, causal=True)
    rows = {"weight": found.weights[1, :2], "output": found.output[1]}
    return {f"{name}_{i + 1}": number(float(row[i]), decimals=2) for name, row in rows.items() for i in (0, 1)}


@torch.no_grad()
def untrained(model: Seq2SeqTransformer, batch: Seq2SeqBatch) -> dict[str, str]:
    """Losses of an untrained model as it is and with all logits divided by 10, and how often it expects a repetition.

    `expected` is how often the most probable token is the last one read, `repeated` how often that one comes.
    """
    there = batch.labels != IGNORE
    logits, labels, last = model(batch)[there].float(), batch.labels[there], batch.decoder_tokens[there]
    losses = {"untrained": F.cross_entropy(logits, labels), "tenth": F.cross_entropy(logits / 10, labels)}
    shares = {"expected": logits.argmax(1) == last, "repeated": labels == last}
    return {
        **{name: number(loss.item(), decimals=2) for name, loss in losses.items()},
        "equal": number(math.log(logits.shape[1]), decimals=2),
        **{name: percent(same.float().mean().item()) for name, same in shares.items()},
    }


def divided_by_width(narrow: int, wide: int, keys: int, seed: int) -> dict[str, str]:
    """Entropy in bits of attention weights whose scores are divided by d, and not by its root."""
    found = {}
    for name, width in (("narrow", narrow), ("wide", wide)):
        generator = torch.Generator().manual_seed(seed)
        scores = random_scores(keys, width, keys, generator)
        found[f"entropy_{name}"] = number(entropy(scores / width), decimals=2)
    return found
