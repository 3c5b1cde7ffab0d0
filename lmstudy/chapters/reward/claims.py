"""Claims of the chapter on reward models: how near they come to what people's agreement allows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from lmstudy.chapters.reward.accuracies import above, below_ceiling, pair_counts
from lmstudy.evaluation.statistics import Estimate, paired_difference, seed_interval
from lmstudy.runs.records import Record
from lmstudy.study.claims import claim, require
from lmstudy.study.preferences import common_seeds

of_pairs = partial(claim, chapter="notebooks/12_reward", unit="of pairs")
more_pairs = partial(of_pairs, spec="+.3f")
MODELS, LOSSES = "lmstudy.models", "lmstudy.training.reward_losses"
ALL = {"half": "all", "share": 1, "ratings": None, "run": None}


def _models(records: Sequence[Record], **changed: Any) -> list[Record]:
    """The study's own reward models, of all ratings unless it says otherwise."""
    parts: dict[str, Any] = {"encoder": f"{MODELS}.reward_own.OwnOnVectors", "loss": f"{LOSSES}.BradleyTerry"}
    parts |= {key: changed.pop(key) for key in parts if key in changed}
    parts["data"] = "lmstudy.data.source_ratings.RatedSnippets"
    wanted = {f"config.{key}._target_": target for key, target in parts.items()}
    wanted |= {f"config.{key}": value for key, value in (ALL | changed).items()}
    return require(records, kind="reward", **wanted)


def _strong(records: Sequence[Record]) -> list[Record]:
    return _models(records, encoder=f"{MODELS}.reward_public.Public", half="B")


def _known(records: Sequence[Record]) -> Record:
    return require(records, kind="rating_baseline")[0]


@of_pairs(
    id="reward.accuracy_gap",
    sentence="The study's own reward model stays at most .11 below the ceiling on pairs of unseen film snippets.",
    holds=lambda e: e.value <= 0.11,
)
def accuracy_gap(records: Sequence[Record]) -> Estimate:
    return below_ceiling(_models(records), _known(records))


@of_pairs(
    id="reward.strong_gap",
    sentence="The strong grader, from half of the ratings, stays at most .08 below the ceiling.",
    holds=lambda e: e.value <= 0.08,
)
def strong_gap(records: Sequence[Record]) -> Estimate:
    return below_ceiling(_strong(records), _known(records))


@of_pairs(
    id="reward.training_scorer_gap",
    sentence="The scorer that trains the models of this study, from the other half, stays further below it.",
    holds=lambda e: e.value > 0.08,
)
def training_scorer_gap(records: Sequence[Record]) -> Estimate:
    return below_ceiling(_models(records, half="A"), _known(records))


@more_pairs(
    id="reward.over_ridge",
    sentence="It orders more pairs as people do than ridge regression on TF-IDF does.",
    holds=lambda e: e.low > 0,
)
def over_ridge(records: Sequence[Record]) -> Estimate:
    return above(_models(records), _known(records), "ridge")


@more_pairs(
    id="reward.over_vader",
    sentence="It orders more pairs as people do than the lexicon VADER does.",
    holds=lambda e: e.low > 0,
)
def over_vader(records: Sequence[Record]) -> Estimate:
    return above(_models(records), _known(records), "vader")


@more_pairs(
    id="reward.pairs_vs_regression",
    sentence="Learned from pairs of ratings or from their means, it orders as many pairs rightly, to within .02.",
    holds=lambda e: e.low >= -0.02 and e.high <= 0.02,
)
def pairs_vs_regression(records: Sequence[Record]) -> Estimate:
    pairs, means = common_seeds(_models(records), _models(records, loss=f"{LOSSES}.Regression"))
    return paired_difference(pair_counts(pairs), pair_counts(means))


@more_pairs(
    id="reward.encoder_adds",
    sentence="The mean of the encoder and the n-grams orders more pairs rightly than the n-grams alone.",
    holds=lambda e: e.low > 0,
)
def encoder_adds(records: Sequence[Record]) -> Estimate:
    key = "test/film/pair_accuracy"
    return seed_interval([r.metrics[key] - r.metrics[f"{key}_ngrams"] for r in _models(records)])


@more_pairs(
    id="reward.few_ratings_over_ridge",
    sentence="From three per cent of the snippets, it orders more pairs rightly than ridge regression on the same.",
    holds=lambda e: e.low > 0,
)
def few_ratings_over_ridge(records: Sequence[Record]) -> Estimate:
    by_ridge = {name: curve["value"][0] for name, curve in _known(records).curves.items()}
    few = _models(records, share=0.03)
    return seed_interval([r.metrics["test/film/pair_accuracy"] - by_ridge[f"ridge/s{r.seed}"] for r in few])


@more_pairs(
    id="reward.breadth",
    sentence="One rating of every snippet teaches more than all ratings of a tenth of them, which are more ratings.",
    holds=lambda e: e.low > 0,
)
def breadth(records: Sequence[Record]) -> Estimate:
    broad, deep = common_seeds(_models(records, ratings=1), _models(records, share=0.1))
    return paired_difference(pair_counts(broad), pair_counts(deep))


@more_pairs(
    id="reward.one_rating",
    sentence="From one rating of every snippet it orders as many pairs rightly as from all of them, to within .02.",
    holds=lambda e: e.low >= -0.02,
)
def one_rating(records: Sequence[Record]) -> Estimate:
    one, every = common_seeds(_models(records, ratings=1), _models(records))
    return paired_difference(pair_counts(one), pair_counts(every))


@claim(
    id="reward.calibration_error",
    chapter="notebooks/12_reward",
    unit="(mean distance of a probability from the truth)",
    sentence="With one factor fitted on other snippets, the probabilities of pairs are right to within .02 on average.",
    holds=lambda e: e.high < 0.02,
)
def calibration_error(records: Sequence[Record]) -> Estimate:
    return seed_interval([r.metrics["test/film/calibration_error_scaled"] for r in _models(records)])
