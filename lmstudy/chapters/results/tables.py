"""Tables of the chapter of results, a row an objective, and what they say in sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lmstudy.chapters.results.results import (
    CONDITIONAL,
    HELD_OUT,
    REFERENCE,
    TRAINING,
    Results,
    as_ratio,
    best_column,
    better,
    cost,
    costs,
    holm_corrected,
    improvements,
    level,
    our_columns,
    share,
)
from lmstudy.evaluation.multiplicity import Corrected
from lmstudy.evaluation.statistics import Estimate
from lmstudy.runs.records import Record
from lmstudy.study.estimates import bits_per_byte, mean_metric
from lmstudy.study.preferences import PER_THOUSAND, TASKS

AIM_RATIO, AIM_SPREAD, AIM_COST = 5.0, 1.0, 2.0
"""What the study set out to reach: times fewer, standard deviations of ratings, per cent of bits per byte."""
PEOPLE = "held-out text by people"
MINDED = {"pep8": "violations of style", "privacy": "items of personal data"}


def misalignment_table(results: Results) -> pd.DataFrame:
    """What graders say of samples from nothing and behind held-out beginnings, and of text by people."""
    rows = {name: _graded(results, records) for name, records in results.judged.items()}
    first = next(iter(results.judged.values()))
    people = _graded(results, first, "people", "people")
    return pd.DataFrame(
        rows | {PEOPLE: {column: people[column] for column in people if "prompted:" not in column}}
    ).T.fillna("")


def _graded(
    results: Results, records: Sequence[Record], nothing: str = "unprompted", prompt: str = "prompted"
) -> dict[str, str]:
    spec = ".3g" if results.counted else "+.2f"
    worst = mean_metric(records, f"{nothing}/training/expected_maximum") * PER_THOUSAND[results.task]
    return {
        "from nothing: training scorer": _number(level(results.task, records, f"{nothing}/training"), spec),
        "held-out grader": _number(level(results.task, records, f"{nothing}/held_out"), spec),
        "bad texts, %": _number(share(records, f"{nothing}/training"), ".1f"),
        "worst of 25": _value(worst, spec),
        "prompted: training scorer": _number(level(results.task, records, f"{prompt}/training"), spec),
        "prompted: held-out grader": _number(level(results.task, records, f"{prompt}/held_out"), spec),
    }


def capability_table(results: Results) -> pd.DataFrame:
    """Bits per byte, the structure family where there is one, how varied and how long samples are, and seeds."""
    rows = {}
    bits = {name: bits_per_byte(own) for name, own in results.trained.items()}
    for name, records in results.judged.items():
        structure = level(results.task, records, "unprompted/structure")
        rows[name] = {
            "bits per byte": f"{bits[name].value:.3f}",
            "more than MLE, %": "" if name not in results.others else _number(cost(results, name), "+.1f"),
            **({"structure, from nothing": _number(structure, ".3g")} if math.isfinite(structure.value) else {}),
            "distinct-2": _value(mean_metric(records, "diversity/distinct_2"), ".3f"),
            "self-BLEU": _value(mean_metric(records, "diversity/self_bleu"), ".1f"),
            "characters": _value(mean_metric(records, "diversity/characters"), ".0f"),
            "seeds": str(len(records)),
        }
    return pd.DataFrame(rows).T.fillna("")


def comparison_table(results: Results) -> pd.DataFrame:
    """Each objective against MLE with the same seed; "*" where Holm's correction over the column calls it different."""
    unit = "times fewer" if results.counted else "SD of ratings better"
    spec = ".3g" if results.counted else "+.2f"
    table = {}
    for title, key in (("training scorer", TRAINING), ("held-out grader", HELD_OUT)):
        gains = improvements(results, key)
        family = holm_corrected(gains, results.counted)
        table[f"{title}, {unit}"] = {name: _number(e, spec) + _star(family[name]) for name, e in gains.items()}
    prices = costs(results)
    family = holm_corrected({name: as_ratio(e) for name, e in prices.items()}, ratios=True)
    table["bits per byte more, %"] = {name: _number(e, "+.1f") + _star(family[name]) for name, e in prices.items()}
    found = pd.DataFrame(table)
    found["seeds in common"] = [str(e.n) for e in improvements(results).values()]
    return found


def _star(corrected: Corrected) -> str:
    return " *" if corrected.differs() else ""


def _number(estimate: Estimate, spec: str) -> str:
    """With its interval; a large number, as an interval of few seeds may have, without an exponent."""
    if not math.isfinite(estimate.value):
        return "not scored"
    ends = (estimate.low, estimate.high)
    interval = " to ".join(_written(end, spec) for end in ends) if all(map(math.isfinite, ends)) else "unknown"
    return f"{_written(estimate.value, spec)} ({interval})"


def _written(value: float, spec: str) -> str:
    return f"{value:,.0f}" if spec.endswith("g") and abs(value) >= 100 else f"{value:{spec}}"


def _value(value: float, spec: str) -> str:
    return f"{value:{spec}}" if math.isfinite(value) else "not scored"


def against_aims(results: Results) -> str:
    """A sentence on what conditional training reaches of the aims that were set beforehand."""
    title = f"**{results.title}.**"
    if CONDITIONAL not in results.others:
        return f"{title} Conditional training and MLE were not both measured."
    gain = better(results.task, results.judged[CONDITIONAL], results.judged[REFERENCE])
    price = cost(results, CONDITIONAL)
    if not math.isfinite(gain.value):
        return f"{title} There was nothing to score."
    amount = _number(gain, ".3g" if results.counted else "+.2f")
    what = (
        f"writes {amount} times fewer {MINDED[results.task]}"
        if results.counted
        else f"writes text that is {amount} standard deviations of human ratings better"
    )
    aim = AIM_RATIO if results.counted else AIM_SPREAD
    null = 1.0 if results.counted else 0.0
    return (
        f"{title} Against MLE, conditional training {what} ({_seeds(gain.n)}). The aim of {aim:g} is "
        f"**{_reached(gain.value >= aim, gain.low >= aim, gain.high < aim)}**; the interval "
        f"{_apart(gain, null)}. It needs {price.value:+.1f} % bits per byte ({price.interval('+.1f')}); the aim of at "
        f"most {AIM_COST:g} % is **{_reached(price.value <= AIM_COST, price.high <= AIM_COST, price.low > AIM_COST)}**."
    )


def _reached(value: bool, surely: bool, never: bool) -> str:
    if value:
        return "reached, with the whole interval" if surely else "reached by the value, not by the whole interval"
    return "missed, with the whole interval" if never else "missed by the value, with the aim inside the interval"


def _apart(e: Estimate, null: float) -> str:
    if math.isnan(e.low):
        return "is unknown"
    return f"excludes {null:g}" if e.low > null or e.high < null else f"holds {null:g}, so that it shows nothing"


def _seeds(n: int) -> str:
    return f"{n} seeds" if n > 1 else "one seed, so that the interval knows of texts alone"


def columns_table(results: Results) -> pd.DataFrame:
    """What this study adds against conditional training: on both axes."""
    unit = "times fewer" if results.counted else "SD of ratings better"
    spec = ".2g" if results.counted else "+.2f"
    rows = {}
    for name, records in our_columns(results).items():
        gain = better(results.task, records, results.judged[CONDITIONAL])
        price = cost(results, name, CONDITIONAL) if name in results.trained else None
        rows[name] = {
            f"than conditional, {unit}": _number(gain, spec),
            "bits per byte more, %": "as conditional" if price is None else _number(price, "+.1f"),
            "less of what is minded": _says(gain, 1.0 if results.counted else 0.0),
            "more capable": "the same weights" if price is None else _says(-price, 0.0),
        }
    return pd.DataFrame(rows).T


def _says(e: Estimate, null: float) -> str:
    if not (math.isfinite(e.value) and math.isfinite(e.low)):
        return "unknown"
    return "yes" if e.low > null else "no" if e.high < null else "cannot be told"


def best_sentence(results: Results) -> str:
    """Which of our columns is best by the training scorer, and on which axes it beats conditional training."""
    name = best_column(results)
    title = f"**{results.title}:**"
    if name is None or CONDITIONAL not in results.judged:
        return f"{title} nothing to compare yet."
    gain = better(results.task, our_columns(results)[name], results.judged[CONDITIONAL])
    less = _says(gain, 1.0 if results.counted else 0.0)
    if name not in results.trained:
        return (
            f"{title} {name}. Less of what is minded: {less}. Bits per byte are those of conditional: the same weights."
        )
    capable = _says(-cost(results, name, CONDITIONAL), 0.0)
    return f"{title} {name}. Less of what is minded: {less}. More capable: {capable}."


def what_was_run(results: Mapping[str, Results]) -> str:
    """How many runs are shown, how large they are, and how much of what they wrote was judged."""
    runs = [record for own in results.values() for records in own.trained.values() for record in records]
    measured = [record for own in results.values() for records in own.judged.values() for record in records]
    each = ", ".join(
        f"{sum(map(len, own.trained.values()))} of {TASKS[task]} ({len(own.trained)} objectives)"
        for task, own in results.items()
    )
    seconds = float(np.median([record.wall_seconds for record in runs]))
    tokens = float(np.mean([record.metrics["train/tokens"] for record in runs]))
    judged: Any = measured[0].config["measure"]
    unscored = sum(r.metrics.get(f"unprompted/{s}/unscored", 0) for r in measured for s in ("training", "held_out"))
    return (
        f"Shown are **{len(runs)} runs**: {each}. Each has {runs[0].metrics['parameters'] / 1e6:.1f} million "
        f"parameters, learned from {tokens / 1e6:.2g} million target tokens, and took {seconds:,.0f} seconds (median). "
        f"Of each, {judged['samples']:,} texts written from nothing and up to {judged['prompts']:,} continuations were "
        f"judged by every scorer. Texts that a scorer could not judge: {unscored:.0f}."
    )


def on_guidance(results: Mapping[str, Results]) -> str:
    """What the strongest guidance that was tried does against none, and what it does to variety."""
    if not results:
        return "Of the runs shown, no measurement with guidance or of the best of several samples is published."
    lines = []
    for task, own in results.items():
        for title, groups in (("guidance", own.guided), ("best of", own.best_of)):
            if len(groups) < 2:
                continue
            weak, strong = min(groups), max(groups)
            gain = better(task, groups[strong], groups[weak])
            unit = "times fewer" if own.counted else "standard deviations better"
            if own.counted and gain.value < 1:
                gain, unit = better(task, groups[weak], groups[strong]), "times more"
            varied = [mean_metric(groups[key], "diversity/distinct_2") for key in (weak, strong)]
            lines.append(
                f"- **{own.title}, {title} {strong:g}** against {weak:g}: "
                f"{_number(gain, '.3g' if own.counted else '+.2f')} {unit} ({_seeds(gain.n)}); "
                f"distinct-2 goes from {varied[0]:.3f} to {varied[1]:.3f}."
            )
    return "\n".join(lines)
