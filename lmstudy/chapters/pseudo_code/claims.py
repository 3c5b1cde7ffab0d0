"""Claims on the article's network and training, and on what it was compared with."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from lmstudy.evaluation.statistics import Estimate, paired_difference, seed_interval
from lmstudy.runs.records import Record
from lmstudy.study.claim_arms import BITS, negative, trained
from lmstudy.study.claims import Compute, claim, require
from lmstudy.study.group_counts import check_same_documents, group_counts

in_nats = partial(claim, chapter="notebooks/06_pseudo_code", unit="nats a token", spec=".4f")
in_bits = partial(claim, chapter="notebooks/06_pseudo_code", unit=BITS)
BUDGET = "brief"
LAST = 10
"""Points of a training curve at its end that are averaged."""


def _last_loss(experiment: str) -> Compute:
    """Training loss at the end, over seeds."""

    def compute(records: Sequence[Record]) -> Estimate:
        curves = [record.curves["train/loss"]["value"] for record in trained(records, experiment, BUDGET)]
        return seed_interval([sum(values[-LAST:]) / len(values[-LAST:]) for values in curves])

    return compute


def _over_counting(experiment: str, order: int) -> Compute:
    """Bits per byte of an arm minus those of the n-gram model of an order, counted on the same training split."""

    def compute(records: Sequence[Record]) -> Estimate:
        arm = trained(records, experiment, BUDGET)
        conditions: dict[str, Any] = {"kind": "baseline", "config.baseline.order": order, "data": arm[0].data}
        counted = require(records, **conditions)
        check_same_documents([*arm, *counted], "valid")
        return paired_difference(group_counts(arm, "valid"), group_counts(counted, "valid"))

    return compute


in_nats(
    id="article.copying_loss",
    sentence="Trained as listed, the article's network ends near a loss of zero on its own task.",
    holds=lambda e: e.high < 0.1,
)(_last_loss("article"))


in_bits(
    id="article.copying_above_unigram",
    sentence="As a language model, the network that was trained to reproduce is worse than the frequencies of tokens.",
    holds=lambda e: e.low > 0,
)(_over_counting("article", order=1))


in_bits(
    id="article.predicting_below_unigram",
    sentence="Trained to predict, the same network is a better language model than the frequencies of tokens.",
    holds=lambda e: e.low > 0,
)(negative(_over_counting("article_predict", order=1)))


in_bits(
    id="article.predicting_above_bigram",
    sentence="Trained to predict, it stays behind a table of which token follows which.",
    holds=lambda e: e.low > 0,
)(_over_counting("article_predict", order=2))


in_nats(
    id="article.unshifted_transformer_loss",
    sentence="A Transformer whose target nobody shifted reaches a loss near zero as well.",
    holds=lambda e: e.value < 0.1,
)(_last_loss("unshifted"))
