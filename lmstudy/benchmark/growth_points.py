"""Single points of `lmstudy.benchmark.growth`: each function runs in a process of its own and returns JSON's types."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lmstudy.benchmark.bare_training import BareTraining
from lmstudy.benchmark.fresh_process import status_mib, wait_for_others
from lmstudy.data import tables
from lmstudy.data.batch import Seq2SeqBatch, Shape
from lmstudy.data.datamodule import Phase, TrainingBatches
from lmstudy.data.examples import PrefixLM
from lmstudy.data.store import TokenStore
from lmstudy.data.tokenizer import SPECIAL_TOKENS
from lmstudy.models.transformer import Seq2SeqTransformer
from lmstudy.preferences.objectives.mle import MLE
from lmstudy.training.memory import keep_freed_memory
from lmstudy.training.optimizers import AdamW

WARM_UP = 3
"""Steps that do not count: allocations, first touches."""


def _training(model: dict[str, int], vocab_size: int, positions: int, steps: int) -> BareTraining:
    torch.manual_seed(0)
    keep_freed_memory()  # as the product's trainer does
    return BareTraining(Seq2SeqTransformer(vocab_size, positions, **model), MLE(), AdamW(), steps)


def _full_rows(rows: int, encoder_length: int, decoder_length: int, vocab_size: int) -> Seq2SeqBatch:
    """One example a row, without padding; what the tokens are does not change the time of a step."""

    def draw(length: int) -> torch.Tensor:
        return torch.randint(len(SPECIAL_TOKENS), vocab_size, (rows, length))

    encoder, decoder = draw(encoder_length), draw(decoder_length)
    return Seq2SeqBatch(
        encoder_tokens=encoder,
        encoder_documents=torch.ones_like(encoder),
        decoder_tokens=decoder,
        decoder_documents=torch.ones_like(decoder),
        labels=draw(decoder_length),
        target_tokens=torch.tensor(decoder.numel()),
        groups=torch.zeros_like(decoder),
    )


def steps_on_full_rows(
    *, rows: int, encoder_length: int, decoder_length: int, vocab_size: int, model: dict[str, int], steps: int
) -> dict[str, Any]:
    """Seconds of each training step, tokens of a step (both sides), and parameters."""
    training = _training(model, vocab_size, max(encoder_length, decoder_length), WARM_UP + steps)
    batch = _full_rows(rows, encoder_length, decoder_length, vocab_size)
    for _ in range(WARM_UP):
        training.step(batch)
    wait_for_others()
    seconds = []
    for _ in range(steps):
        start = time.perf_counter()
        training.step(batch)
        seconds.append(time.perf_counter() - start)
    parameters = sum(p.numel() for p in training.model.parameters())
    return {"seconds": seconds, "tokens": rows * (encoder_length + decoder_length), "parameters": parameters}


def steps_on_store(
    *, file: str, shape: dict[str, int], vocab_size: int, model: dict[str, int], steps: int
) -> dict[str, Any]:
    """Training on packed documents from all over a tokenised split on disk.

    Returns the number of documents, target tokens a second (after the first batch), seconds to the first batch, and
    the memory of the process in MiB (see `status_mib`) when everything is imported, when the model has made a step,
    when the split is open, at the first batch and at the end.
    """
    memory = {"imported": status_mib()}
    training = _training(model, vocab_size, max(shape["encoder_length"], shape["decoder_length"]), steps + 1)
    training.step(_full_rows(shape["rows"], shape["encoder_length"], shape["decoder_length"], vocab_size))
    memory["model"] = status_mib()
    start = time.perf_counter()
    store = TokenStore(tables.read(Path(file)))
    memory["open"] = status_mib()
    batches = iter(TrainingBatches([Phase(0, store)], PrefixLM(), Shape(**shape), seed=1))
    batch = next(batches)
    first = time.perf_counter() - start
    memory["first batch"] = status_mib()
    rates = []
    for _ in range(steps):
        start = time.perf_counter()
        training.step(batch)
        tokens, batch = int(batch.target_tokens), next(batches)
        rates.append(tokens / (time.perf_counter() - start))
    memory["end"] = status_mib()
    return {
        "documents": len(store),
        "tokens_per_second": float(np.median(rates)),
        "first_batch_seconds": first,
        "memory": memory,
    }
