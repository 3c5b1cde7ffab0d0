"""The numbers in the answers of the chapter's exercises, as its page shows them."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from lmstudy.data.batch import IGNORE
from lmstudy.data.corpus import Corpus
from lmstudy.data.store import TokenStore
from lmstudy.runs.pretraining import build_data, open_run
from lmstudy.runs.records import Record
from lmstudy.show.numbers import number, percent


def parameters(config: Mapping[str, Any]) -> dict[str, str]:
    """Parameters of the article's network, of each part, and entries of a bigram table, of a configuration."""
    vocabulary, sizes = config["data"]["tokenizer"]["vocab_size"], [config["model"]["d_model"]]
    sizes += config["model"]["widths"]
    layers = list(pairwise(sizes))
    counts = {
        "embedding": vocabulary * sizes[0],
        "hidden": sum((before + 1) * width for before, width in layers),
        "output": (sizes[-1] + 1) * vocabulary,
    }
    every = sum(counts.values())
    counts |= {"vocabulary": vocabulary, "every": every, "bigrams": vocabulary**2}
    return {
        **{f"count_{name}": number(count) for name, count in counts.items()},
        "hidden_sum": " + ".join(f"{before} · {width} + {width}" for before, width in layers),
        "bigrams_times": number(vocabulary**2 / every, decimals=0),
    }


def repetition(run: Record, corpus: Corpus) -> dict[str, str]:
    """The accuracy of a run, and the share of held-out tokens that repeat the one before."""
    split = corpus.splits["valid"]
    tokens, offsets = TokenStore(split).flat(np.arange(len(split)))
    same = np.concatenate([[False], tokens[1:] == tokens[:-1]])
    same[offsets[:-1]] = False
    return {
        "accuracy_copying": percent(run.metrics["valid/accuracy"]),
        "repeated": percent(float(same.mean())),
    }


def answers_given(config: Mapping[str, Any], corpus: Corpus) -> float:
    """The share of labels that are in the decoder's input at their own position, in the first batch of a training."""
    batch = next(iter(build_data(open_run(config, corpus)).train_dataloader()))
    given = (batch.decoder_tokens == batch.labels)[batch.labels != IGNORE]
    return float(given.to(torch.float32).mean())
