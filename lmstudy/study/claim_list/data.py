"""Claims of the chapter on data: what each step of preparing text does to a language model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lmstudy.study.claim_list.article import BITS
from lmstudy.study.claims import claim, require

if TYPE_CHECKING:
    from lmstudy.evaluation.statistics import Estimate
    from lmstudy.study.records import Record

CHAPTER = "notebooks/09_data"
BUDGET = "brief"
PYTHON, CHINESE = "first_model", "chinese"
"""The experiments of the corpora as they are."""
RUN = 50
"""Characters of training text that make a copy."""


@claim(
    id="data.duplicates_bits",
    chapter=CHAPTER,
    unit=BITS,
    spec="+.3f",
    sentence="Within less than an epoch, duplicates in the training text make no difference that could be shown.",
    holds=lambda e: e.low <= 0 <= e.high,
)
def duplicates_bits(records: Sequence[Record]) -> Estimate:
    return _more_bits(records, "data_duplicates", PYTHON)


@claim(
    id="data.noise_bits",
    chapter=CHAPTER,
    unit=BITS,
    spec="+.3f",
    sentence="On the documents measured, a run on text that was not cleaned needs more bits.",
    holds=lambda e: e.low > 0,
)
def noise_bits(records: Sequence[Record]) -> Estimate:
    return _more_bits(records, "data_noise", PYTHON)


@claim(
    id="data.stop_words_bits",
    chapter=CHAPTER,
    unit=BITS,
    spec="+.3f",
    sentence="A model that was trained without stop words needs more bits for text as people write it.",
    holds=lambda e: e.low > 0,
)
def stop_words_bits(records: Sequence[Record]) -> Estimate:
    return _more_bits(records, "data_stop_words", PYTHON)


@claim(
    id="data.bytes_bits",
    chapter=CHAPTER,
    unit=BITS,
    spec="+.3f",
    sentence="A model of single bytes needs more bits than one of byte pairs that predicts as many tokens.",
    holds=lambda e: e.low > 0,
)
def bytes_bits(records: Sequence[Record]) -> Estimate:
    return _more_bits(records, "data_bytes", PYTHON)


@claim(
    id="data.chinese_words_bits",
    chapter=CHAPTER,
    unit=BITS,
    spec="+.3f",
    sentence="Cutting Chinese into words before byte pairs are learned saves bits, though its tokens are shorter.",
    holds=lambda e: e.high < 0,
)
def chinese_words_bits(records: Sequence[Record]) -> Estimate:
    return _more_bits(records, "chinese_words", CHINESE)


@claim(
    id="data.chinese_stop_words_bits",
    chapter=CHAPTER,
    unit=BITS,
    spec="+.3f",
    sentence="A model that was trained on Chinese without stop words needs more bits for Chinese as people write it.",
    holds=lambda e: e.low > 0,
)
def chinese_stop_words_bits(records: Sequence[Record]) -> Estimate:
    return _more_bits(records, "chinese_stop_words", CHINESE)


@claim(
    id="data.duplicates_memorisation",
    chapter=CHAPTER,
    unit="percentage points",
    spec="+.1f",
    sentence="Within less than an epoch, duplicates make no difference to how many samples copy that could be shown.",
    holds=lambda e: e.low <= 0 <= e.high,
)
def duplicates_memorisation(records: Sequence[Record]) -> Estimate:
    from lmstudy.study.data_chapter import more_copied

    run = {"config.measure.characters": RUN}
    arms = {arm: _measured(records, arm, "memorisation", **run) for arm in (PYTHON, "data_duplicates")}
    return more_copied(arms, PYTHON)["data_duplicates"]


def _measured(records: Sequence[Record], experiment: str, measure: str, **conditions: Any) -> list[Record]:
    """Measurements of an experiment's runs at this chapter's budget; of none, NoRecordsError."""
    return require(
        records,
        **{
            "kind": "evaluation",
            "config.run.config.experiment": experiment,
            "config.run.config.budget.name": BUDGET,
            "config.measure.name": measure,
            "config.measure.split": "valid",
            **conditions,
        },
    )


def _more_bits(records: Sequence[Record], arm: str, reference: str) -> Estimate:
    """Bits per byte of an arm minus those of `reference`, both on the held-out text of the latter's corpus."""
    from lmstudy.study.comparisons import differences

    everything: dict[str, Any] = {"config.measure.documents": None}
    first = _measured(records, reference, "likelihood", **everything, **{"config.data": None})
    other = _measured(records, arm, "likelihood", **everything, data=first[0].data)
    seeds = {record.seed for record in other}  # pairs of equal seeds only
    return differences({reference: [r for r in first if r.seed in seeds], arm: other}, reference)[arm]
