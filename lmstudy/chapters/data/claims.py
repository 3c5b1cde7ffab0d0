"""Claims of the chapter on data: what each step of preparing text does to a language model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from lmstudy.chapters.data.data import more_copied
from lmstudy.evaluation.statistics import Estimate
from lmstudy.runs.records import Record
from lmstudy.study.claim_arms import BITS, measured
from lmstudy.study.claims import Compute, claim
from lmstudy.study.comparisons import differences

in_bits = partial(claim, chapter="notebooks/09_data", unit=BITS, spec="+.3f")
in_points = partial(claim, chapter="notebooks/09_data", unit="percentage points", spec="+.1f")
PYTHON, CHINESE = "first_model", "chinese"
"""The experiments of the corpora as they are."""
RUN = 50
"""Characters of training text that make a copy."""


def _measured(records: Sequence[Record], experiment: str, measure: str, **conditions: Any) -> list[Record]:
    return measured(records, experiment, "brief", measure, **{"config.measure.split": "valid", **conditions})


def _more_bits(arm: str, reference: str) -> Compute:
    """Bits per byte of an arm minus those of `reference`, both on the held-out text of the latter's corpus."""

    def compute(records: Sequence[Record]) -> Estimate:
        everything: dict[str, Any] = {"config.measure.documents": None}
        first = _measured(records, reference, "likelihood", **everything, **{"config.data": None})
        other = _measured(records, arm, "likelihood", **everything, data=first[0].data)
        seeds = {record.seed for record in other}  # pairs of equal seeds only
        return differences({reference: [r for r in first if r.seed in seeds], arm: other}, reference)[arm]

    return compute


def _more_copied(arm: str, reference: str) -> Compute:
    """Percentage points of an arm's samples that hold a copy minus those of `reference`."""

    def compute(records: Sequence[Record]) -> Estimate:
        run = {"config.measure.characters": RUN}
        arms = {name: _measured(records, name, "memorisation", **run) for name in (reference, arm)}
        return more_copied(arms, reference)[arm]

    return compute


in_bits(
    id="data.duplicates_bits",
    sentence="Within less than an epoch, duplicates in the training text make no difference that could be shown.",
    holds=lambda e: e.low <= 0 <= e.high,
)(_more_bits("data_duplicates", PYTHON))


in_bits(
    id="data.noise_bits",
    sentence="On the documents measured, a run on text that was not cleaned needs more bits.",
    holds=lambda e: e.low > 0,
)(_more_bits("data_noise", PYTHON))


in_bits(
    id="data.stop_words_bits",
    sentence="A model that was trained without stop words needs more bits for text as people write it.",
    holds=lambda e: e.low > 0,
)(_more_bits("data_stop_words", PYTHON))


in_bits(
    id="data.bytes_bits",
    sentence="A model of single bytes needs more bits than one of byte pairs that predicts as many tokens.",
    holds=lambda e: e.low > 0,
)(_more_bits("data_bytes", PYTHON))


in_bits(
    id="data.chinese_words_bits",
    sentence="Cutting Chinese into words before byte pairs are learned saves bits, though its tokens are shorter.",
    holds=lambda e: e.high < 0,
)(_more_bits("chinese_words", CHINESE))


in_bits(
    id="data.chinese_stop_words_bits",
    sentence="A model that was trained on Chinese without stop words needs more bits for Chinese as people write it.",
    holds=lambda e: e.low > 0,
)(_more_bits("chinese_stop_words", CHINESE))


in_points(
    id="data.duplicates_memorisation",
    sentence="Within less than an epoch, duplicates make no difference to how many samples copy that could be shown.",
    holds=lambda e: e.low <= 0 <= e.high,
)(_more_copied("data_duplicates", PYTHON))
