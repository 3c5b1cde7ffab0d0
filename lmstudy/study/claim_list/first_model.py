"""Claims of the first chapter with a model: the first encoder-decoder against n-grams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lmstudy.errors import StudyError
from lmstudy.study.claims import claim, require

if TYPE_CHECKING:
    from lmstudy.evaluation.statistics import Estimate
    from lmstudy.study.records import Record

CHAPTER = "notebooks/02_first_encoder_decoder"
UNIT = "bits per byte"


@claim(
    id="first.below_kneser_ney",
    chapter=CHAPTER,
    unit=UNIT,
    sentence="On packages never trained on, the first encoder-decoder needs fewer bits per byte than a "
    "5-gram model with Kneser-Ney smoothing trained on the whole training split.",
    holds=lambda e: e.low > 0,
)
def below_kneser_ney(records: Sequence[Record]) -> Estimate:
    baselines = [r for r in _baselines(records) if _tokens(r) == "all"]
    return _baseline_minus_model(baselines, _models(records))


@claim(
    id="first.below_kneser_ney_same_tokens",
    chapter=CHAPTER,
    unit=UNIT,
    sentence="On packages never trained on, the first encoder-decoder needs fewer bits per byte than a "
    "5-gram model with Kneser-Ney smoothing trained on as many tokens as it was trained to predict.",
    holds=lambda e: e.low > 0,
)
def below_kneser_ney_same_tokens(records: Sequence[Record]) -> Estimate:
    models = _models(records)
    seen = max(_tokens_seen(r) for r in models)
    limited = [r for r in _baselines(records) if isinstance(_tokens(r), int)]
    return _baseline_minus_model([r for r in limited if abs(_tokens_seen(r) / seen - 1) < 0.01], models)


@claim(
    id="first.seen_packages_easier",
    chapter=CHAPTER,
    unit=UNIT,
    sentence="Unseen files of packages it was trained on cost the first encoder-decoder fewer bits per byte "
    "than files of packages it has never seen.",
    holds=lambda e: e.low > 0,
)
def seen_packages_easier(records: Sequence[Record]) -> Estimate:
    from lmstudy.evaluation.statistics import paired_difference
    from lmstudy.study.group_counts import group_counts

    models = _models(records)
    unseen, seen = group_counts(models, "valid"), group_counts(models, "valid_files")
    return paired_difference(unseen, seen, same_groups=False)


@claim(
    id="first.counting_wins_on_familiar_packages",
    chapter=CHAPTER,
    unit=UNIT,
    sentence="On unseen files of packages that were trained on, a 5-gram model trained on the whole training split "
    "needs fewer bits per byte than the first encoder-decoder, which has seen a part of it.",
    holds=lambda e: e.low > 0,
)
def counting_wins_on_familiar_packages(records: Sequence[Record]) -> Estimate:
    baselines = [r for r in _baselines(records) if _tokens(r) == "all"]
    return -_baseline_minus_model(baselines, _models(records), "valid_files")


def _models(records: Sequence[Record]) -> list[Record]:
    return require(records, **{"kind": "train", "config.experiment": "first_model", "config.budget.name": "quick"})


def _baselines(records: Sequence[Record]) -> list[Record]:
    return require(records, **{"kind": "baseline", "config.baseline.name": "kneser_ney", "config.baseline.order": 5})


def _tokens(record: Record) -> object:
    baseline = record.config["baseline"]
    return baseline.get("tokens") if isinstance(baseline, dict) else None


def _tokens_seen(record: Record) -> float:
    if not record.metrics.get("train/tokens", 0) > 0:
        raise StudyError(f"record {record.name}: metric train/tokens is missing, so its training data has no size")
    return record.metrics["train/tokens"]


def _baseline_minus_model(baselines: list[Record], models: list[Record], split: str = "valid") -> Estimate:
    from lmstudy.evaluation.statistics import paired_difference
    from lmstudy.study.claims import NoRecordsError
    from lmstudy.study.group_counts import check_same_documents, group_counts

    if not baselines:
        raise NoRecordsError("of a Kneser-Ney baseline trained on that many tokens")
    if len(baselines) > 1:
        raise StudyError(f"several baselines fit: {', '.join(r.name for r in baselines)}; keep one")
    counts = group_counts(baselines, split), group_counts(models, split)
    check_same_documents([*baselines, *models], split)
    return paired_difference(*counts)
