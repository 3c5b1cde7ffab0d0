"""All applications side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from lmstudy.chapters.applications.scores import (
    BITS,
    TITLES,
    against,
    answerers,
    difference,
    estimate,
    main_score,
    mean_metric,
    named,
)
from lmstudy.evaluation.statistics import Estimate
from lmstudy.runs.records import Record
from lmstudy.show.tables import with_interval
from lmstudy.study.applications import MLE, SCRATCH, UNTRAINED, Arm, Tuned

PER_CENT = 100.0
BY_LUCK = 0.05
"""Share of 95 % intervals that do not hold the truth."""


def overview(everything: Mapping[str, Tuned], known: Mapping[str, Record], at: int) -> pd.DataFrame:
    """A row a task: the first score of the best baseline, of networks from scratch, and of maximum likelihood."""
    rows = {}
    for task, arms in everything.items():
        score = main_score(task)
        rivals = {name: estimate([known[task]], score, name).value for name in answerers(known[task])}
        best = max(rivals, key=lambda name: rivals[name])
        rows[TITLES[task]] = {
            "score": score.label,
            "best rival": f"{rivals[best]:{score.spec}} ({best})",
            **{
                named(arm.start): with_interval(estimate(records, score), score.spec)
                for arm, records in arms.items()
                if arm.examples == at and arm.start in (MLE, *UNTRAINED)
            },
        }
    return pd.DataFrame(rows).T.fillna("–")


def relative(task: str, arms: Tuned, at: int | None, start: str, reference: str) -> Estimate:
    """By how many per cent of the reference's score a start scores above it, at as many examples."""
    first, second, score = arms[Arm(start, at)], arms[Arm(reference, at)], main_score(task)
    return difference(first, second, score).times(PER_CENT / estimate(second, score).value)


def pretraining_gains(everything: Mapping[str, Tuned], at: int) -> dict[str, Estimate]:
    """Of maximum likelihood over the network from scratch, by task."""
    return {TITLES[task]: relative(task, arms, at, MLE, SCRATCH) for task, arms in everything.items()}


def kept_steps(everything: Mapping[str, Mapping[str, Tuned]], at: int) -> pd.DataFrame:
    """The optimiser step whose weights were kept, a mean over seeds, by task; `everything` by how they were kept."""
    return pd.DataFrame(
        {
            f"{named(start)}, {how}": {
                TITLES[task]: f"{mean_metric(arms[Arm(start, at)], 'best_step'):.0f}" for task, arms in tasks.items()
            }
            for how, tasks in everything.items()
            for start in (SCRATCH, MLE)
        }
    )


def gains_by_examples(everything: Mapping[str, Tuned]) -> dict[str, Estimate]:
    """The same by task and number of training examples."""
    return {
        f"{TITLES[task]}, {size:,}": relative(task, arms, size, MLE, SCRATCH)
        for task, arms in everything.items()
        for size in _sizes(arms)
    }


def bits_by_examples(everything: Mapping[str, Tuned]) -> dict[str, Estimate]:
    """Bits per byte of people's answers, of maximum likelihood minus those of the network from scratch, by task and
    number of training examples; where answers are written."""
    return {
        f"{TITLES[task]}, {size:,}": difference(arms[Arm(MLE, size)], arms[Arm(SCRATCH, size)], BITS)
        for task, arms in everything.items()
        for size in _sizes(arms)
        if _written(arms, size)
    }


def _written(arms: Tuned, size: int) -> bool:
    return f"test/{BITS.row}" in arms[Arm(MLE, size)][0].groups


def _sizes(arms: Tuned) -> list[int]:
    return sorted(arm.examples for arm in arms if arm.start == MLE and arm.examples is not None)


def preference_costs(everything: Mapping[str, Tuned], at: int) -> dict[str, dict[str, Estimate]]:
    """Of every other objective over maximum likelihood, by task and by objective."""
    found = {}
    for task, arms in everything.items():
        score = main_score(task)
        share = PER_CENT / estimate(arms[Arm(MLE, at)], score).value
        found[TITLES[task]] = {name: e.times(share) for name, e in against(arms, at, score).items()}
    return found


def preference_bits(everything: Mapping[str, Tuned], at: int) -> dict[str, dict[str, Estimate]]:
    """Bits per byte of people's answers, of every other objective minus those of maximum likelihood, by task and by
    objective; where answers are written."""
    return {TITLES[task]: against(arms, at, BITS) for task, arms in everything.items() if _written(arms, at)}


def verdicts(estimates: Mapping[str, Estimate]) -> str:
    """How many of some differences are clear of zero, and how many would be by luck, in a few sentences."""
    better = [name for name, e in estimates.items() if e.low > 0]
    worse = [name for name, e in estimates.items() if e.high < 0]
    undecided = len(estimates) - len(better) - len(worse)
    return (
        f"Of {len(estimates)} differences, {len(better)} above zero with the whole interval: {_listed(better)}. "
        f"Below it, {len(worse)}: {_listed(worse)}. Not to be told from it, {undecided}. "
        f"If there were no difference anywhere, {BY_LUCK * len(estimates):.1f} of so many intervals would exclude zero "
        "by luck."
    )


def _listed(names: Sequence[str]) -> str:
    return "; ".join(names) or "none"


def corpus_bleu(arms: Tuned, at: int, known: Record) -> pd.DataFrame:
    """BLEU and chrF of all test messages together, as the field reports them; of networks means over seeds."""
    keys = {"BLEU": "bleu", "chrF of the corpus": "chrf"}
    rows = {
        name: {title: f"{known.metrics[f'test/{name}/{key}']:.1f}" for title, key in keys.items()}
        for name in answerers(known)
    }
    for arm, records in arms.items():
        if arm.examples == at:
            rows[named(arm.start)] = {
                title: f"{mean_metric(records, f'test/{key}'):.1f}" for title, key in keys.items()
            }
    return pd.DataFrame(rows).T


def remembered(arms: Tuned, at: int) -> pd.DataFrame:
    """Per cent of answers that are people's own, and that are those of a training example; means over seeds."""
    return pd.DataFrame(
        {
            named(arm.start): {
                "as people wrote it, %": f"{PER_CENT * mean_metric(records, 'test/exact'):.1f}",
                "as in a training example, %": f"{PER_CENT * mean_metric(records, 'test/remembered'):.1f}",
            }
            for arm, records in arms.items()
            if arm.examples == at
        }
    ).T
