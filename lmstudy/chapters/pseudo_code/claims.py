"""Claims on the article's network and training, and on what it was compared with."""

from __future__ import annotations

from functools import partial

from lmstudy.evaluation.statistics import Estimate, seed_interval
from lmstudy.runs.records import Record
from lmstudy.study.claims import Compute, claim
from lmstudy.study.estimates import more_bits
from lmstudy.study.shelf import Shelf
from lmstudy.study.verdicts import UNDECIDED, above, below

in_nats = partial(claim, chapter="notebooks/06_pseudo_code", unit="nats a token")
in_bits = partial(claim, chapter="notebooks/06_pseudo_code", unit="bits per byte")
BUDGET = "brief"
ARMS = {"reproduce": "article", "predict": "article_predict"}
"""What the chapter calls an arm -> its experiment."""
UNSHIFTED = {"Transformer, reproduce": "unshifted"}
"""One seed of it stands for all."""
LAST = 10
"""Points of a training curve at its end that are averaged."""


def counting(shelf: Shelf, trained: Record, order: int) -> Record:
    """The n-gram model of an order on the corpus of a run."""
    return shelf.baseline(f"order={order}", beside=trained)


def _last_loss(experiment: str) -> Compute:
    """Training loss at the end, over seeds."""

    def compute(shelf: Shelf) -> Estimate:
        runs = shelf.trained(f"experiment={experiment}", f"budget={BUDGET}")
        curves = [record.curves["train/loss"]["value"] for record in runs]
        return seed_interval([sum(values[-LAST:]) / len(values[-LAST:]) for values in curves])

    return compute


def _over_counting(experiment: str, order: int) -> Compute:
    """Bits per byte of an arm minus those of the n-gram model of an order, counted on the same training split."""

    def compute(shelf: Shelf) -> Estimate:
        arm = shelf.trained(f"experiment={experiment}", f"budget={BUDGET}")
        return more_bits(arm, [counting(shelf, arm[0], order)])

    return compute


# fmt: off
in_nats("Trained as listed, the article's network ends near a loss of zero on its own task.",
        "article.copying_loss", _last_loss("article"), below(0.1))
in_bits("As a language model, the network that was trained to reproduce is worse than the frequencies of tokens.",
        "article.copying_above_unigram", _over_counting("article", order=1), above(0))
in_bits("Trained to predict, the same network is a better language model than the frequencies of tokens.",
        "article.predicting_below_unigram", lambda shelf: -_over_counting("article_predict", order=1)(shelf), above(0))
in_bits("Trained to predict, the network is worse than a table of which token follows which.",
        "article.predicting_above_bigram", _over_counting("article_predict", order=2), above(0))
in_nats("A Transformer whose targets are not shifted also reaches a loss below 0.1.",
        "article.unshifted_transformer_loss", _last_loss("unshifted"), below(0.1),
        outcome=UNDECIDED)
