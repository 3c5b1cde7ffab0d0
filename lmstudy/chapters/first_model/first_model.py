"""The chapter on the first model: how it learns and what it reaches, what it writes, and whether it reads."""

import math
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from scipy.stats import t

from lmstudy.data.batch import IGNORE, Seq2SeqBatch
from lmstudy.data.corpus import Corpus
from lmstudy.data.tokenizer import BOS, EOS, decode, token_bytes
from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate, paired_difference, ratio_of_sums_bootstrap, wilson
from lmstudy.models.generation import pad_prompts
from lmstudy.models.transformer import Seq2SeqTransformer
from lmstudy.runs.finished import Finished
from lmstudy.runs.pretraining import build_data
from lmstudy.runs.records import Record
from lmstudy.show.curves import curve_panels, seed_curves
from lmstudy.show.numbers import number, percent
from lmstudy.show.style import COLOURS, GREY
from lmstudy.show.texts import parses
from lmstudy.writing.control import unconditional_samples

METRICS = {
    "loss": "loss (nats a token)",
    "perplexity": "perplexity",
    "bits_per_byte": "bits per byte",
    "accuracy": "token accuracy",
    "recall": "macro recall",
    "f1": "macro F1",
}


def metric_table(record: Record, splits: Mapping[str, str]) -> pd.DataFrame:
    """Each metric of a run on each split (column titles are the values of `splits`)."""
    found = {
        title: {label: record.metrics[f"{split}/{key}"] for key, label in METRICS.items()}
        for split, title in splits.items()
    }
    return pd.DataFrame(found).rename_axis("metric")


def learning_curves(run: Record, others: Sequence[Record], counted: Mapping[str, Record]) -> Figure:
    """Training loss and held-out bits per byte of this run and of others; scores on all held-out documents as lines."""
    own, further, end = "this run", "other runs", "this run, all documents"
    arms = {own: [run], further: others}
    lines = {name: record.metrics["valid/bits_per_byte"] for name, record in {**counted, end: run}.items()}
    training, held_out = "Training", "Held-out packages"
    return curve_panels(
        {training: seed_curves(arms, "train/loss", "step"), held_out: seed_curves(arms, "valid/bits_per_byte", "step")},
        "step",
        {training: "nats a token", held_out: "bits per byte"},
        columns=2,
        baselines={held_out: lines},
        colours={own: COLOURS[0], end: COLOURS[0], further: GREY},
    )


def precision_note(record: Record, others: Sequence[Record]) -> str:
    """A sentence where the other runs computed their products in another precision; else nothing."""
    trainers: list[Any] = [one.config["trainer"] for one in (record, *others)]
    own, *further = ("float32" if trainer["precision"] == "32-true" else "bfloat16" for trainer in trainers)
    different = set(further) - {own}
    return f"This run computed its products in {own}, the others in {different.pop()}." if different else ""


MEMORY = {"valid/memory_rank": "effective rank", "valid/memory_common": "common share"}


def memory_curves(run: Record, others: Sequence[Record]) -> Figure:
    """Effective rank and common share of the encoder's memory over training, of this run and of others."""
    arms = {"this run": [run], "other runs": others}
    panels = {title: seed_curves(arms, name, "step") for name, title in MEMORY.items()}
    units = {MEMORY["valid/memory_rank"]: "directions", MEMORY["valid/memory_common"]: "share of squared length"}
    return curve_panels(panels, "step", units, columns=2, colours={"this run": COLOURS[0], "other runs": GREY})


def memory_words(record: Record) -> str:
    """A sentence on the memory at the end of a run."""
    rank, share = (record.curves[name]["value"][-1] for name in MEMORY)
    budget: Any = record.config["budget"]
    directions = f"{number(rank, decimals=0)} of {budget['d_model']}"
    return (
        f"At the end of this run the memory has an effective rank of {directions}, and {percent(share)} of its squared "
        "length is common to all tokens."
    )


def one_example(finished: Finished, seed: int) -> tuple[str, str]:
    """Encoder input and decoder target of a training example that has both, as text."""
    tokenizer = finished.run.corpus.tokenizer
    batches = build_data(finished.run).train_dataloader()
    found = []
    for batch in islice(batches, 100):
        for row in range(len(batch.labels)):
            for document in range(1, int(batch.decoder_documents[row].max()) + 1):
                source = batch.encoder_tokens[row][batch.encoder_documents[row] == document]
                target = batch.labels[row][batch.decoder_documents[row] == document]
                if 40 < len(source) < 96 and 20 < len(target) < 100:
                    found.append((decode(tokenizer, source.tolist()), decode(tokenizer, target.tolist())))
        if len(found) > seed % 10:
            return found[seed % 10]
    raise StudyError("no example of middling length in the first hundred batches: documents are very short or long")


def sample(model: Seq2SeqTransformer, corpus: Corpus, count: int, seed: int) -> tuple[list[str], Estimate]:
    """Samples from nothing, and the share of them that parse as Python, with Wilson's interval."""
    texts = unconditional_samples(model, corpus.tokenizer, count, seed)
    return texts, wilson(sum(map(parses, texts)), count)


def agreement(record: Record, others: Sequence[Record], metric: str = "valid/bits_per_byte") -> str:
    """A sentence on whether a run lies in the range that others of its budget lead to expect.

    The range is the 95 % prediction interval for one more run, mean ± t s sqrt(1 + 1/n).
    """
    value = record.metrics[metric]
    budget = record.config["budget"]
    values = [r.metrics[metric] for r in others if r.config["budget"] == budget]
    if len(values) < 2:
        name = budget["name"]  # type: ignore[index,call-overload]
        return (
            f"Fewer than two other runs of budget *{name}* are published, too few to say what to expect of one more. "
            f"This one needs {number(value, decimals=3)} bits per byte."
        )
    mean, spread, n = float(np.mean(values)), float(np.std(values, ddof=1)), len(values)
    half = float(t.ppf(0.975, n - 1)) * spread * math.sqrt(1 + 1 / n)
    inside = "inside" if abs(value - mean) <= half else "**outside**"
    expected = f"{number(mean, decimals=3)} ± {number(half, decimals=3)}"
    return (
        f"By the {n} other published runs, a new run should need {expected} bits per byte (95 % prediction interval). "
        f"This one needs {number(value, decimals=3)}, {inside} that interval."
    )


@torch.inference_mode()
def reading(finished: Finished, documents: int, seed: int) -> tuple[dict[str, Estimate], Estimate]:
    """Does the decoder use what the encoder reads?

    Returns:
        Bits per byte of second halves of held-out documents behind the right beginning, behind nothing, and
        behind a wrong one; and what the right beginning saves against a wrong one, paired by document.
    """
    halves = _halves(finished, documents, seed)
    prefixes = [prefix for prefix, _ in halves]
    conditions: dict[str, list[list[int]]] = {
        "after the right beginning": prefixes,
        "after nothing": [[] for _ in prefixes],
        "after a wrong beginning": prefixes[1:] + prefixes[:1],
    }
    sizes = token_bytes(finished.run.corpus.tokenizer)
    size = np.array([sizes[rest].sum() for _, rest in halves], dtype=float)
    bits = {name: _bits(finished, given, [rest for _, rest in halves]) for name, given in conditions.items()}
    counts = {name: np.stack([b, size], 1)[None] for name, b in bits.items()}
    gain = paired_difference(counts["after a wrong beginning"], counts["after the right beginning"])
    return {name: ratio_of_sums_bootstrap(pairs) for name, pairs in counts.items()}, gain


def _halves(finished: Finished, documents: int, seed: int) -> list[tuple[list[int], list[int]]]:
    """(beginning, rest) of documents that fit, cut at the line nearest to their middle."""
    budget, split = finished.run.typed.budget, finished.run.corpus.splits["valid"]
    found: list[tuple[list[int], list[int]]] = []
    for index in np.random.default_rng(seed).permutation(len(split)):
        row = split[int(index)]
        tokens, starts = row["tokens"], np.array(row["starts"][1:])
        if len(starts) < 3 or len(tokens) > min(2 * budget.prefix_length, budget.decoder_length):
            continue
        cut = int(starts[np.argmin(np.abs(starts - len(tokens) / 2))])
        if cut < budget.prefix_length and len(tokens) - cut < budget.decoder_length:
            found.append((tokens[:cut], tokens[cut:]))
        if len(found) == documents:
            break
    return found


def _bits(finished: Finished, prefixes: list[list[int]], targets: list[list[int]], rows: int = 32) -> np.ndarray:
    """Bits of each target, its end token left out, behind its prefix."""
    result = []
    for start in range(0, len(targets), rows):
        part = slice(start, start + rows)
        encoder_tokens, encoder_documents = pad_prompts(prefixes[part], torch.device("cpu"))
        labels = torch.nn.utils.rnn.pad_sequence(
            [torch.tensor(target) for target in targets[part]], batch_first=True, padding_value=IGNORE
        )
        shifted = torch.nn.functional.pad(labels[:, :-1], (1, 0), value=BOS)
        decoder_tokens = shifted.masked_fill(shifted == IGNORE, EOS)
        documents = (labels != IGNORE).long()
        batch = Seq2SeqBatch(
            encoder_tokens,
            encoder_documents,
            decoder_tokens,
            documents,
            labels,
            documents.sum(),
            torch.zeros_like(labels),
        )
        nll = F.cross_entropy(finished.module(batch).flatten(0, 1), labels.flatten(), reduction="none")
        result.append(nll.view_as(labels).sum(1).numpy() / math.log(2))
    return np.concatenate(result)
