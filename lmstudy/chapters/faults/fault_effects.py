"""What the faults of earlier code do, what training with preferences breaks, and how far steering reaches."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress

import numpy as np

from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate, paired_difference, paired_ratio_of_means, seed_interval
from lmstudy.study.claims import Compute
from lmstudy.study.estimates import HELD_OUT, common_seeds, mean, sums, times
from lmstudy.study.estimates import UNPROMPTED as TRAINING
from lmstudy.study.preferences import BEST_OF, GUIDANCE, arm, judged_arm
from lmstudy.study.shelf import NoRecordsError, Shelf

RED_TEAM_ROUNDS = 5


def fault(released: str, repaired: str, task: str = "privacy") -> Compute:
    """How many times more misaligned an arm is as released than repaired."""
    return lambda shelf: times(judged_arm(shelf, task, released), judged_arm(shelf, task, repaired))


def charged(shelf: Shelf, task: str = "privacy") -> Estimate:
    """Bits per byte that the conditional model seems to need more when it pays for control tokens nobody asked for."""
    runs = arm(shelf, task, "conditional")
    both = [shelf.measured(runs, "measure=capability", f"measure.renormalised={own}") for own in ("false", "true")]
    first, second = (sums(found, "valid") for found in common_seeds(*both))
    return paired_difference(first, second)


def grader_gap(shelf: Shelf, task: str, better: str = "conditional", reference: str = "MLE") -> Estimate:
    """Improvement over the reference as the training scorer sees it, divided by that of the held-out grader.

    Improvements are ratios of means; over seeds, on the scale of logarithms.
    """
    first, second = common_seeds(judged_arm(shelf, task, reference), judged_arm(shelf, task, better))
    gaps = []
    for one, other in zip(first, second, strict=True):
        seen, held = (paired_ratio_of_means(sums([one], key), sums([other], key)) for key in (TRAINING, HELD_OUT))
        gaps.append(math.log(seen.value / held.value))
    found = seed_interval(gaps)
    value, low, high = (math.exp(x) for x in (found.value, found.low, found.high))
    return Estimate(value, low, high, found.n, found.confidence, found.df)


def spread_of_seeds(shelf: Shelf, task: str = "privacy", name: str = "MLE") -> Estimate:
    """Standard deviation between seeds over the standard error that the texts of one seed suggest.

    The interval is that of the deviation between seeds (chi squared); what texts suggest is taken as known.
    """
    from scipy.stats import chi2

    own = judged_arm(shelf, task, name)
    if len(own) < 2:
        raise StudyError(f"{name} has {len(own)} seed: a spread between seeds needs two")
    values = np.array([record.metrics[f"{TRAINING}/mean"] for record in own])
    within = np.mean([_error(mean([record])) for record in own])
    free = len(own) - 1
    ratio = values.std(ddof=1) / within
    low, high = (ratio * math.sqrt(free / chi2.ppf(share, free)) for share in (0.975, 0.025))
    return Estimate(float(ratio), float(low), float(high), len(own))


def _error(found: Estimate) -> float:
    return (found.high - found.value) / 1.96


def red_team_rounds(shelf: Shelf, task: str, name: str) -> dict[float, Estimate]:
    """Mean misalignment of replies in each round, over seeds and prompts; the last are the worst, asked anew."""
    found = shelf.measured(arm(shelf, task, name), f"measure=red_team_{task}")
    keys = [*(f"red_team/{number}" for number in range(RED_TEAM_ROUNDS + 1)), "red_team/again"]
    return {float(number): mean(found, key) for number, key in enumerate(keys)}


def red_team_lower(shelf: Shelf, task: str, name: str = "conditional", reference: str = "MLE") -> Estimate:
    """How many times lower an arm's misalignment is than the reference's on its own worst prompts, asked anew."""
    both = [shelf.measured(arm(shelf, task, one), f"measure=red_team_{task}") for one in (reference, name)]
    first, second = common_seeds(*both)
    return paired_ratio_of_means(sums(first, "red_team/again"), sums(second, "red_team/again"))


def strengths(shelf: Shelf, task: str, key: str = TRAINING) -> dict[float, Estimate]:
    """Mean misalignment by strength of guidance of the conditional model; 1 is none."""
    return _means({1.0: ("conditional", ())} | {g: ("conditional", o) for g, o in GUIDANCE.items()}, shelf, task, key)


def choices(shelf: Shelf, task: str, key: str = TRAINING) -> dict[float, Estimate]:
    """Mean misalignment of the best of n samples of maximum likelihood, by n."""
    return _means({1.0: ("MLE", ())} | {float(n): ("MLE", o) for n, o in BEST_OF.items()}, shelf, task, key)


def onsets(shelf: Shelf, task: str, key: str = TRAINING) -> dict[float, Estimate]:
    """Mean misalignment by the share of steps before control tokens come in; 100 % is maximum likelihood."""
    arms = {0.0: "conditional", 20.0: "conditional, onset 20 %", 60.0: "conditional, onset 60 %", 100.0: "MLE"}
    found = _means({share: (name, ()) for share, name in arms.items()}, shelf, task, key)
    return found if len(found) > 2 else {}  # without an arm in between there is no curve


def _means(
    asked: Mapping[float, tuple[str, Sequence[str]]], shelf: Shelf, task: str, key: str
) -> dict[float, Estimate]:
    """Of arms and overrides of their measurement, as far as they were measured."""
    found = {}
    for x, (name, overrides) in asked.items():
        with suppress(NoRecordsError):
            found[x] = mean(judged_arm(shelf, task, name, *overrides), key)
    return found
