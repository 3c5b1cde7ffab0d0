"""Claims of the chapter on reward models: how near they come to what people's agreement allows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from lmstudy.chapters.reward.reward import FILM, SPLIT, above_baseline, baselines, below_ceiling, pair_counts
from lmstudy.evaluation.statistics import Estimate, paired_difference, seed_interval
from lmstudy.runs.records import Record
from lmstudy.study.claims import Compute, claim
from lmstudy.study.estimates import common_seeds
from lmstudy.study.reward_models import FEWER_TEXTS, ONE_RATING, OURS, REGRESSION, STRONG
from lmstudy.study.shelf import Shelf
from lmstudy.study.verdicts import UNDECIDED, above, below, within

CHAPTER = "notebooks/12_reward"
of_pairs = partial(claim, chapter=CHAPTER, unit="of pairs")
more_pairs = partial(of_pairs, signed=True)
ACCURACY = f"{SPLIT}/{FILM}/pair_accuracy"
SAME = 0.02
"""Of pairs: two models that differ by less are as good as each other."""


def _below_ceiling(overrides: Sequence[str]) -> Compute:
    return lambda shelf: below_ceiling(shelf.rewards(*overrides), baselines(shelf))


def _over(baseline: str) -> Compute:
    return lambda shelf: above_baseline(shelf.rewards(*OURS), baselines(shelf), baseline)


def _apart(first: Sequence[str], second: Sequence[str]) -> Compute:
    """Pairs that one kind of model orders rightly more than another, paired by seed."""

    def compute(shelf: Shelf) -> Estimate:
        one, other = common_seeds(shelf.rewards(*first), shelf.rewards(*second))
        return paired_difference(pair_counts(one), pair_counts(other))

    return compute


def _encoder_adds(shelf: Shelf) -> Estimate:
    return seed_interval([r.metrics[ACCURACY] - r.metrics[f"{ACCURACY}_ngrams"] for r in shelf.rewards(*OURS)])


def _few_over_ridge(shelf: Shelf) -> Estimate:
    by_ridge = {name: curve["value"][0] for name, curve in baselines(shelf).curves.items()}

    def gain(record: Record) -> float:
        return record.metrics[ACCURACY] - by_ridge[f"ridge/s{record.seed}"]

    return seed_interval([gain(record) for record in shelf.rewards(*FEWER_TEXTS[0.03])])


def _calibration_error(shelf: Shelf) -> Estimate:
    return seed_interval([r.metrics[f"{SPLIT}/{FILM}/calibration_error_scaled"] for r in shelf.rewards(*OURS)])


# fmt: off
of_pairs("The study's own reward model is at most 0.11 below the ceiling on pairs of unseen film snippets.",
         "reward.accuracy_gap", _below_ceiling(OURS), below(0.11))
of_pairs("The strong grader, trained on a quarter of the ratings, is at most 0.08 below the ceiling.",
         "reward.strong_gap", _below_ceiling(STRONG), below(0.08), outcome=UNDECIDED)
more_pairs("The reward model orders more pairs as people do than ridge regression on TF-IDF does.",
           "reward.over_ridge", _over("ridge"), above(0))
more_pairs("The reward model orders more pairs as people do than the lexicon VADER does.",
           "reward.over_vader", _over("vader"), above(0))
more_pairs("Trained on pairs of ratings or on their means, the model orders as many pairs correctly, to within 0.02.",
           "reward.pairs_vs_regression", _apart(OURS, REGRESSION), within(-SAME, SAME))
more_pairs("The mean of the encoder and the n-grams orders more pairs correctly than the n-grams alone.",
           "reward.encoder_adds", _encoder_adds, above(0))
more_pairs("With 3 per cent of the snippets, the model orders more pairs correctly than ridge regression on the same.",
           "reward.few_ratings_over_ridge", _few_over_ridge, above(0))
more_pairs("With one rating of every snippet, the model orders more pairs correctly than with all ratings of a tenth.",
           "reward.breadth", _apart(ONE_RATING, FEWER_TEXTS[0.1]), above(0))
more_pairs("With one rating a snippet, the model orders at most 0.02 fewer pairs correctly than with all ratings.",
           "reward.one_rating", _apart(ONE_RATING, OURS), above(-SAME))
claim("With one factor fitted on other snippets, the probabilities of pairs are right to within 0.02 on average.",
      "reward.calibration_error", _calibration_error, below(0.02), chapter=CHAPTER,
      unit="on average")
