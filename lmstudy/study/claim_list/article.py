"""Claims on the article's network and training, and on what it was compared with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lmstudy.study.claims import claim, require

if TYPE_CHECKING:
    from lmstudy.evaluation.statistics import Estimate
    from lmstudy.study.records import Record

PSEUDO_CODE = "notebooks/06_pseudo_code"
BITS = "bits per byte"
LAST = 10
"""Points of a training curve at its end that are averaged."""


@claim(
    id="article.copying_loss",
    chapter=PSEUDO_CODE,
    unit="nats a token",
    spec=".4f",
    sentence="Trained as listed, the article's network ends near a loss of zero on its own task.",
    holds=lambda e: e.high < 0.1,
)
def copying_loss(records: Sequence[Record]) -> Estimate:
    from lmstudy.evaluation.statistics import seed_interval

    return seed_interval([_last_loss(r) for r in trained(records, "article", "brief")])


@claim(
    id="article.copying_above_unigram",
    chapter=PSEUDO_CODE,
    unit=BITS,
    sentence="As a language model, the network that was trained to reproduce is worse than the frequencies of tokens.",
    holds=lambda e: e.low > 0,
)
def copying_above_unigram(records: Sequence[Record]) -> Estimate:
    return _over_counting(records, "article", order=1)


@claim(
    id="article.predicting_below_unigram",
    chapter=PSEUDO_CODE,
    unit=BITS,
    sentence="Trained to predict, the same network is a better language model than the frequencies of tokens.",
    holds=lambda e: e.low > 0,
)
def predicting_below_unigram(records: Sequence[Record]) -> Estimate:
    return -_over_counting(records, "article_predict", order=1)


@claim(
    id="article.predicting_above_bigram",
    chapter=PSEUDO_CODE,
    unit=BITS,
    sentence="Trained to predict, it stays behind a table of which token follows which.",
    holds=lambda e: e.low > 0,
)
def predicting_above_bigram(records: Sequence[Record]) -> Estimate:
    return _over_counting(records, "article_predict", order=2)


@claim(
    id="article.unshifted_transformer_loss",
    chapter=PSEUDO_CODE,
    unit="nats a token",
    spec=".4f",
    sentence="A Transformer whose target nobody shifted reaches a loss near zero as well.",
    holds=lambda e: e.value < 0.1,
)
def unshifted_transformer_loss(records: Sequence[Record]) -> Estimate:
    from lmstudy.evaluation.statistics import seed_interval

    return seed_interval([_last_loss(r) for r in trained(records, "unshifted", "brief")])


def trained(records: Sequence[Record], experiment: str, budget: str) -> list[Record]:
    """The training records of an experiment at a budget; of none, NoRecordsError."""
    return require(records, **{"kind": "train", "config.experiment": experiment, "config.budget.name": budget})


def _last_loss(record: Record) -> float:
    values = record.curves["train/loss"]["value"][-LAST:]
    return sum(values) / len(values)


def _over_counting(records: Sequence[Record], experiment: str, order: int) -> Estimate:
    """Bits per byte of an arm minus those of the n-gram model of an order, counted on the same training split."""
    from lmstudy.evaluation.statistics import paired_difference
    from lmstudy.study.group_counts import check_same_documents, group_counts

    arm = trained(records, experiment, "brief")
    conditions: dict[str, Any] = {"kind": "baseline", "config.baseline.order": order, "data": arm[0].data}
    counted = require(records, **conditions)
    check_same_documents([*arm, *counted], "valid")
    return paired_difference(group_counts(arm, "valid"), group_counts(counted, "valid"))
