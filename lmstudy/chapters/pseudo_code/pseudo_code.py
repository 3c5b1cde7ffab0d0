"""The article's `train_language_model`, argument by argument and line by line, against this package; and its training,
seen twice: the loss that it prints, and what its network knows of the language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from lmstudy.chapters.pseudo_code.claims import counting
from lmstudy.errors import StudyError
from lmstudy.runs.records import Record
from lmstudy.show.curves import UNITS, curve_panels, seed_curves
from lmstudy.study.shelf import Shelf

ARGUMENTS = {
    "data": ("the corpus", "data"),
    "embedding_dim": ("dimension of the embedding", "model.d_model"),
    "hidden_dim": ("widths of the layers", "model.widths"),
    "learning_rate": ("learning rate of the optimiser", "optimizer.lr"),
    "epochs": ("length of the training, in steps", "budget.steps"),
}
"""Argument -> what it is, and the key that holds it here."""

LOOP = (
    ("initialise an embedding from data", "model, embedding", "from the vocabulary: a row for each token"),
    ("initialise encoder and decoder weights", "the model's constructor", "from the seed; the output has V columns"),
    ("for each epoch", "Trainer(max_steps=…)", "also a learning-rate schedule, which the pseudo-code lacks"),
    ("for each sentence in data", "CorpusDataModule", "batches of packed rows, shuffled by the seed"),
    ("embed, encode, decode", "model.hidden(batch)", "the decoder also reads the tokens before"),
    ("compare with the sentence", "objective(logits, labels)", "the target is the next token, at every position"),
    ("update encoder and decoder", "configure_optimizers", "by the gradient; the embedding too"),
    ("add up and print the loss", "self.log_dict, validation_step", "also the loss on held-out text"),
    ("return two sets of weights", "checkpoint and record", "all weights, and how they were trained"),
)
"""Line of the pseudo-code, in our words -> where it is here -> what had to be added or put right."""


def argument_table(config: Mapping[str, Any]) -> pd.DataFrame:
    """The five arguments with their keys and values in a composed configuration."""
    rows = {}
    for name, (meaning, key) in ARGUMENTS.items():
        value: Any = config
        for part in key.split("."):
            if part not in value:
                raise StudyError(f"{key}: the configuration has no such key; is its model the article's (model=dense)?")
            value = value[part]
        shown = str(value["_target_"]).rsplit(".", 1)[-1] if isinstance(value, Mapping) else str(value)
        rows[name] = {"meaning": meaning, "key": key, "value": shown}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("argument")


def loop_table() -> pd.DataFrame:
    """The pseudo-code's lines beside what does the same here."""
    return pd.DataFrame(LOOP, columns=["the pseudo-code", "this package", "what is different"]).set_index(
        "the pseudo-code"
    )


def counted(shelf: Shelf, trained: Record) -> dict[str, float]:
    """Held-out bits per byte of unigram and bigram models on the corpus of a run."""
    orders = {"unigram": 1, "bigram": 2}
    return {name: counting(shelf, trained, order).metrics["valid/bits_per_byte"] for name, order in orders.items()}


FLOOR = 1e-4
"""Losses below are drawn here: a logarithmic axis has no zero."""


def own_task_and_language(arms: Mapping[str, Sequence[Record]], baselines: Mapping[str, float]) -> Figure:
    """Above: loss on the task that was trained. Below: held-out bits per byte of the next token, and of counting.

    Both logarithmic, by the share of the training that is done; a thin line for each seed, a thick one for the mean.
    """
    above, below = "Loss on its own task", "Next token, held-out packages"
    losses = {
        name: [{x: max(y, FLOOR) for x, y in curve.items()} for curve in seeds]
        for name, seeds in seed_curves(arms, "train/loss", "share").items()
    }
    return curve_panels(
        {above: losses, below: seed_curves(arms, "valid/bits_per_byte", "share")},
        UNITS["share"],
        {above: "nats a token", below: "bits per byte"},
        log_y=True,
        baselines={below: baselines},
    )
