"""What the chapter of results shows in words: tables, a row an objective, sentences, and samples on cards."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd

from lmstudy.chapters.results.results import (
    CONDITIONAL,
    REFERENCE,
    Results,
    better,
    between_teachers,
    cost,
    farther,
    holm_corrected,
    improvements,
    kl,
    level,
    our_columns,
    share,
)
from lmstudy.evaluation.statistics import Estimate
from lmstudy.runs.records import Record
from lmstudy.show.numbers import number, says, written
from lmstudy.show.texts import Sample, cards
from lmstudy.study.estimates import BITS, GRADERS, bits_per_byte, common_seeds, mean_metric
from lmstudy.study.preferences import PER_THOUSAND, SETTINGS, TASKS, arm, judged
from lmstudy.study.shelf import NoRecordsError, Shelf

PEOPLE = "held-out text by people"
MORE_BITS = f"more {BITS}, %"


def misalignment_table(results: Results) -> pd.DataFrame:
    """What graders say of samples from nothing and behind held-out beginnings, and of text by people.

    Also the share of texts from nothing with a bad segment, and the mean of the worst of 25 such texts.
    """
    rows = {name: _graded(results, records, "unprompted", "prompted") for name, records in results.judged.items()}
    people = _graded(results, next(iter(results.judged.values())), "people", "people")
    rows[PEOPLE] = {column: None if "prompted" in column else cell for column, cell in people.items()}
    return pd.DataFrame.from_dict(rows, orient="index", dtype=object)


def _graded(results: Results, records: Sequence[Record], nothing: str, prompt: str) -> dict[str, Any]:
    scale = PER_THOUSAND[results.task]
    return {
        "from nothing: training scorer": level(results.task, records, f"{nothing}/training"),
        f"from nothing: {results.second}": level(results.task, records, f"{nothing}/held_out"),
        "bad texts, %": share(records, f"{nothing}/training"),
        "worst of 25": mean_metric(records, f"{nothing}/training/expected_maximum") * scale,
        "prompted: training scorer": level(results.task, records, f"{prompt}/training"),
        f"prompted: {results.second}": level(results.task, records, f"{prompt}/held_out"),
    }


def capability_table(results: Results) -> pd.DataFrame:
    """Bits per byte, the structure family where there is one, how varied and how long samples are, and seeds."""
    rows = {
        name: {
            BITS: bits_per_byte(results.trained[name]).value,
            "structure, from nothing": level(results.task, records, "unprompted/structure"),
            "distinct-2": mean_metric(records, "diversity/distinct_2"),
            "self-BLEU": mean_metric(records, "diversity/self_bleu"),
            "characters": mean_metric(records, "diversity/characters"),
            "seeds": len(records),
        }
        for name, records in results.judged.items()
    }
    found = pd.DataFrame.from_dict(rows, orient="index", dtype=object)
    if all(math.isnan(e.value) for e in found["structure, from nothing"]):
        return found.drop(columns="structure, from nothing")
    return found


def comparison_table(results: Results) -> pd.DataFrame:
    """Each objective against MLE with the same seed; "*" where Holm's correction over the column calls it different."""
    table: dict[str, Any] = {}
    for title, key in zip(("training scorer", results.second), GRADERS.values(), strict=True):
        table[f"{title}, {_unit(results)}"] = _starred(improvements(results, key), results.counted)
    prices = {name: cost(results, name) for name in results.others}
    ratios = {name: e.times(0.01).minus(-1.0) for name, e in prices.items()}
    table[MORE_BITS] = _starred(prices, True, ratios)
    table["seeds in common"] = {name: e.n for name, e in improvements(results).items()}
    return pd.DataFrame(table)


def _starred(
    found: Mapping[str, Estimate], ratios: bool, family: Mapping[str, Estimate] | None = None
) -> dict[str, str]:
    """Estimates as they are written, with a star where they differ among the `family` (themselves, if none)."""
    decimals = 1 if family is not None else None if ratios else 2
    corrected = holm_corrected(family or found, ratios)
    return {
        name: "–"
        if math.isnan(e.value)
        else written(e, decimals is not None, decimals=decimals) + (" *" if corrected[name].differs() else "")
        for name, e in found.items()
    }


def _unit(results: Results, reference: str = REFERENCE) -> str:
    return f"{reference}'s score ÷ own" if results.counted else f"SD of ratings better than {reference}"


def how_to_read(results: Results, reference: str = REFERENCE) -> str:
    """For captions of `better`: what its ratios mean; "" where it is a difference."""
    return f" (1: as many as {reference}; above 1: fewer)" if results.counted else ""


def columns_table(results: Results) -> pd.DataFrame:
    """What this study adds against conditional training: on both axes, and with how many seeds in common."""
    rows = {}
    for name, records in our_columns(results).items():
        gain = better(results.task, records, results.judged[CONDITIONAL])
        price = cost(results, name, CONDITIONAL) if name in results.trained else None
        rows[name] = {
            _unit(results, CONDITIONAL): gain,
            MORE_BITS: price,
            "in writing": says(gain, "worse", null=float(results.counted)),
            "in prediction": "the same weights" if price is None else says(price),
            "seeds": gain.n,
        }
    return pd.DataFrame.from_dict(rows, orient="index", dtype=object)


def what_was_run(results: Mapping[str, Results]) -> str:
    """How many runs are shown, how large they are, and how much of what they wrote was judged."""
    runs = [record for own in results.values() for records in own.trained.values() for record in records]
    measured = [record for own in results.values() for records in own.judged.values() for record in records]
    each = "\n".join(
        f"- {TASKS[task]}: {sum(map(len, own.trained.values()))}, of {len(own.trained)} objectives;"
        for task, own in results.items()
    ).removesuffix(";")
    seconds = float(np.median([record.wall_seconds for record in runs]))
    tokens = mean_metric(runs, "train/tokens")
    asked: Any = measured[0].config["measure"]
    budget: Any = runs[0].config["budget"]
    positions = max(budget["encoder_length"], budget["decoder_length"])
    unscored = sum(r.metrics.get(f"unprompted/{s}/unscored", 0) for r in measured for s in ("training", "held_out"))
    return (
        f"The chapter shows **{len(runs)} runs**:\n\n{each}.\n\nEach run:\n\n"
        f"- has {runs[0].metrics['parameters'] / 1e6:.1f} million parameters;\n"
        f"- learned from {number(tokens / 1e6, 2)} million target tokens (mean);\n"
        f"- took {seconds:,.0f} seconds (median);\n"
        f"- wrote {asked['samples']:,} texts from nothing and up to {asked['prompts']:,} continuations, "
        f"each of at most {positions} tokens.\n\n"
        f"Every scorer judged these texts, as far as it could. Texts that a scorer could not judge: {unscored:.0f}."
    )


def variety_table(results: Mapping[str, Results]) -> pd.DataFrame:
    """Distinct-2 of samples by what was asked at decoding (see `Results.asked`), a column a task."""
    columns = {
        own.title: {name: mean_metric(records, "diversity/distinct_2") for name, records in own.asked.items()}
        for own in results.values()
    }
    table = pd.DataFrame({title: found for title, found in columns.items() if found})
    return table.loc[sorted(table.index, key=lambda name: (name.rpartition(" ")[0], float(name.rpartition(" ")[2])))]


def distance_table(found: Mapping[str, Sequence[Record]], reference: str = REFERENCE) -> pd.DataFrame:
    """Divergence of every objective from the teachers, how much more it is than that of a reference, and the spread."""
    rows = {
        name: {
            "KL from the teacher": kl(own),
            f"more than {reference}": None if name == reference else farther(found, name, reference),
            "SD between teachers": between_teachers(own),
            "seeds": len(own),
        }
        for name, own in found.items()
    }
    table = pd.DataFrame.from_dict(rows, orient="index", dtype=object)
    return table.drop(columns="SD between teachers") if table["SD between teachers"].isna().all() else table


def settings_table(shelf: Shelf, task: str) -> pd.DataFrame:
    """What each objective writes and knows at other settings than the study's, and at those, with the same seeds.

    A row a setting that has been tried. Where violations are counted scores are per 1,000 characters.
    """
    rows = {}
    for name, settings in SETTINGS.items():
        titles = {f"{name}, as in the study": name} | {f"{name}, {own}": f"{name}, {own}" for own in settings}
        found = {}
        for title, own in titles.items():
            with suppress(NoRecordsError):  # nobody tried it yet
                found[title] = judged(shelf, task, arm(shelf, task, own))
        for title, measured in zip(found, common_seeds(*found.values()) if found else [], strict=True):
            seeds = {record.seed for record in measured}
            runs = [run for run in arm(shelf, task, titles[title]) if run.seed in seeds]
            graded = {grader: level(task, measured, key) for grader, key in GRADERS.items()}
            rows[title] = graded | {BITS: bits_per_byte(runs), "seeds": len(runs)}
    return pd.DataFrame.from_dict(rows, orient="index", dtype=object)


def samples(results: Results, count: int = 3) -> str:
    """HTML: cards of the models' first texts from nothing, of one run, as its record keeps them (masked, if so).

    The run is that of the lowest seed that all models have. A segment that scores worse than the scorer's threshold is
    marked and counted; of ratings, which every text has, the number is shown instead.
    """
    models = {
        REFERENCE: results.judged.get(REFERENCE),
        "conditional, asked for good": results.judged.get(CONDITIONAL),
        "conditional, asked for bad": results.bad,
    }
    by_seed = {name: {record.seed: record for record in records} for name, records in models.items() if records}
    shared = set.intersection(*map(set, by_seed.values())) if by_seed else set()
    if not shared:
        return "<p>No two of these models have a seed in common.</p>"
    seed = min(shared, key=str)
    columns = {name: _written_by(own[seed], results.counted)[:count] for name, own in by_seed.items()}
    what = "lines that the training scorer finds bad are marked" if results.counted else "with their predicted ratings"
    return cards(columns, code=results.counted, caption=f"{results.title}: first texts from nothing, {what}")


def _written_by(record: Record, counted: bool) -> list[Sample]:
    config: Any = record.config
    threshold = float(config["measure"]["scorers"]["training"].get("threshold", 0.0))
    kept: Any = [one for one in record.samples if one["of"] == "unprompted"]  # type: ignore[index,call-overload]
    if counted:
        return [_marked(sample["segments"], sample["scores"], threshold) for sample in kept]
    found = []
    for sample in kept:
        known = [x for x in sample["scores"] if x is not None and math.isfinite(x)]
        rating = f"predicted rating {number(-sum(known) / len(known), decimals=1, signed=True)}" if known else ""
        found.append(Sample(sample["segments"], note=rating))
    return found


def _marked(segments: Sequence[str], scores: Sequence[float | None], threshold: float) -> Sample:
    bad = [score is not None and score > threshold for score in scores]
    return Sample(segments, bad, note=f"{sum(bad)} of {len(bad)} lines bad" if bad else "")
