"""Claims of the first chapter with a model: the first encoder-decoder against n-grams."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate, paired_difference
from lmstudy.runs.records import Record
from lmstudy.study.claim_arms import BITS, negative, trained
from lmstudy.study.claims import Compute, NoRecordsError, claim, require
from lmstudy.study.group_counts import check_same_documents, group_counts

in_bits = partial(claim, chapter="notebooks/02_first_encoder_decoder", unit=BITS)


def _tokens(baseline: Record) -> object:
    settings = baseline.config["baseline"]
    return settings.get("tokens") if isinstance(settings, dict) else None


def _tokens_seen(record: Record) -> float:
    if not record.metrics.get("train/tokens", 0) > 0:
        raise StudyError(f"record {record.name}: metric train/tokens is missing, so its training data has no size")
    return record.metrics["train/tokens"]


def _models(records: Sequence[Record]) -> list[Record]:
    return trained(records, "first_model", "quick")


def _baselines(records: Sequence[Record], models: Sequence[Record], same_tokens: bool) -> list[Record]:
    """Kneser-Ney models of all training tokens, or of as many as the models were trained to predict, within 1 %."""
    found = require(records, **{"kind": "baseline", "config.baseline.name": "kneser_ney", "config.baseline.order": 5})
    if not same_tokens:
        return [r for r in found if _tokens(r) == "all"]
    seen = max(_tokens_seen(r) for r in models)
    return [r for r in found if isinstance(_tokens(r), int) and abs(_tokens_seen(r) / seen - 1) < 0.01]


def _baseline_minus_model(split: str, *, same_tokens: bool = False) -> Compute:
    """Bits per byte of the one baseline there is minus those of the models."""

    def compute(records: Sequence[Record]) -> Estimate:
        models = _models(records)
        baselines = _baselines(records, models, same_tokens)
        if not baselines:
            raise NoRecordsError("of a Kneser-Ney baseline trained on that many tokens")
        if len(baselines) > 1:
            raise StudyError(f"several baselines fit: {', '.join(r.name for r in baselines)}; keep one")
        counts = group_counts(baselines, split), group_counts(models, split)
        check_same_documents([*baselines, *models], split)
        return paired_difference(*counts)

    return compute


def _unseen_minus_seen_packages(records: Sequence[Record]) -> Estimate:
    unseen, seen = (group_counts(_models(records), split) for split in ("valid", "valid_files"))
    return paired_difference(unseen, seen, same_groups=False)


in_bits(
    id="first.below_kneser_ney",
    sentence="On packages never trained on, the first encoder-decoder needs fewer bits per byte than a "
    "5-gram model with Kneser-Ney smoothing trained on the whole training split.",
    holds=lambda e: e.low > 0,
)(_baseline_minus_model("valid"))


in_bits(
    id="first.below_kneser_ney_same_tokens",
    sentence="On packages never trained on, the first encoder-decoder needs fewer bits per byte than a "
    "5-gram model with Kneser-Ney smoothing trained on as many tokens as it was trained to predict.",
    holds=lambda e: e.low > 0,
)(_baseline_minus_model("valid", same_tokens=True))


in_bits(
    id="first.seen_packages_easier",
    sentence="Unseen files of packages it was trained on cost the first encoder-decoder fewer bits per byte "
    "than files of packages it has never seen.",
    holds=lambda e: e.low > 0,
)(_unseen_minus_seen_packages)


in_bits(
    id="first.counting_wins_on_familiar_packages",
    sentence="On unseen files of packages that were trained on, a 5-gram model trained on the whole training split "
    "needs fewer bits per byte than the first encoder-decoder, which has seen a part of it.",
    holds=lambda e: e.low > 0,
)(negative(_baseline_minus_model("valid_files")))
