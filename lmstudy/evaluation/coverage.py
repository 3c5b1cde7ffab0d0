"""How often the intervals of this book hold the truth, by simulation, at the numbers of seeds and groups it has.

A made-up study knows its truth. It draws seeds and documents, or texts, whose spreads are those of the real records,
computes the interval as the book does, and looks whether the truth is in it; again and again. Of `draws` such studies,
95 % should hold it. A share from 93 to 99 % is what the book asks for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lmstudy.evaluation.f1 import macro_f1
from lmstudy.evaluation.multiplicity import best_of, order_agreement, tau
from lmstudy.evaluation.rounds import paired_ratio
from lmstudy.evaluation.statistics import (
    Estimate,
    paired_difference,
    paired_ratio_of_means,
    ratio_of_sums_bootstrap,
    seed_interval,
    trend_of_ratios,
    wilson,
)

Rng = np.random.Generator
Study = Callable[[Rng, int], tuple[Estimate, float]]
"""A made-up study with so many seeds: its estimate, and the truth."""

DOCUMENTS, PARTS = 100, 32
"""Groups of documents, and of texts, that records keep."""


@dataclass(frozen=True)
class Coverage:
    """Of one kind of interval."""

    name: str
    seeds: int
    """Independent trainings; of shares of cases, cases; of rates, rounds."""
    draws: int
    held: int
    """Studies whose interval held the truth."""

    @property
    def share(self) -> float:
        return self.held / self.draws


def mean_over_seeds(rng: Rng, seeds: int) -> tuple[Estimate, float]:
    """A metric of each run, such as accuracy."""
    return seed_interval(0.4 + 0.02 * rng.normal(size=seeds)), 0.4


def _bits(rng: Rng, seeds: int, mean: float, spread: float, documents: np.ndarray, noise: float = 0.02) -> np.ndarray:
    """[seeds, groups, 2] of (bits, bytes): documents that are hard for one run are hard for all."""
    size = 4000.0
    own = mean + spread * rng.normal(size=(seeds, 1)) + documents + noise * rng.normal(size=(seeds, len(documents)))
    return np.stack([own * size, np.full_like(own, size)], -1)


def bits_per_byte(rng: Rng, seeds: int) -> tuple[Estimate, float]:
    """Bits per byte of held-out documents."""
    return ratio_of_sums_bootstrap(_bits(rng, seeds, 1.8, 0.02, 0.15 * rng.normal(size=DOCUMENTS))), 1.8


def difference_of_bits(rng: Rng, seeds: int) -> tuple[Estimate, float]:
    """Bits per byte of one arm minus those of another, paired by seed and documents."""
    documents = 0.15 * rng.normal(size=DOCUMENTS)
    first, second = (_bits(rng, seeds, mean, 0.015, documents) for mean in (1.85, 1.8))
    return paired_difference(first, second), 0.05


def cost_in_bits(rng: Rng, seeds: int) -> tuple[Estimate, float]:
    """The same as a ratio."""
    documents = 0.15 * rng.normal(size=DOCUMENTS)
    first, second = (_bits(rng, seeds, mean, 0.015, documents) for mean in (1.854, 1.8))
    return paired_ratio_of_means(first, second, same_groups=True), 1.03


def _items(rng: Rng, seeds: int, rate: float, spread: float) -> np.ndarray:
    """[seeds, parts, 2] of (items, characters): rare, and some runs write more of them than others."""
    characters = 5000.0
    luck = np.exp(spread * rng.normal(size=(seeds, 1)) - spread**2 / 2)
    found = rng.poisson(rate * characters * luck * np.ones((seeds, PARTS)))
    return np.stack([found.astype(float), np.full(found.shape, characters)], -1)


def times_fewer(rng: Rng, seeds: int) -> tuple[Estimate, float]:
    """How many times fewer items one arm writes than another."""
    return paired_ratio_of_means(_items(rng, seeds, 0.0028, 0.3), _items(rng, seeds, 0.0007, 0.3)), 4.0


def trend_per_doubling(rng: Rng, seeds: int) -> tuple[Estimate, float]:
    """By what factor the items of one arm, divided by another's, change per doubling, from three rungs."""
    rungs = [(_items(rng, seeds, 0.0028 / 2**rung, 0.3), _items(rng, seeds, 0.0028, 0.3)) for rung in range(3)]
    return trend_of_ratios(rungs, (0, 2, 4)), 0.5**0.5


def difference_of_scores(rng: Rng, seeds: int) -> tuple[Estimate, float]:
    """Mean score of what one arm writes minus that of another, paired by seed."""

    def texts(mean: float) -> np.ndarray:
        own = mean + 0.1 * rng.normal(size=(seeds, 1)) + 0.25 * rng.normal(size=(seeds, PARTS))
        return np.stack([own * 32, np.full_like(own, 32.0)], -1)

    return paired_difference(texts(0.4), texts(0.1), same_groups=False), 0.3


def best_of_three(rng: Rng, seeds: int) -> tuple[Estimate, float]:
    """The same of the best of three arms that are all alike, with an interval that allows for the choice."""
    truth = 0.3
    found = [difference_of_scores(rng, seeds)[0] for _ in range(3)]
    return best_of(max(found, key=lambda e: e.value), 3), truth


def macro_f1_of_labels(rng: Rng, seeds: int) -> tuple[Estimate, float]:
    """Macro F1 of two labels in equal numbers, a share of which is told wrongly."""
    right = 0.7 + 0.02 * rng.normal(size=seeds)
    cases = 16
    tables = np.zeros((seeds, PARTS, 2, 2))
    for seed in range(seeds):
        for label in (0, 1):
            hits = rng.binomial(cases, min(max(right[seed], 0.0), 1.0), size=PARTS)
            tables[seed, :, label, label], tables[seed, :, label, 1 - label] = hits, cases - hits
    return macro_f1(tables), 0.7


OBJECTIVES = {
    "training scorer": (5.1, 2.1, 2.3, 4.45, 1.77, 1.96, 1.81, 2.28),
    "held-out grader": (2.72, 0.71, 0.96, 1.85, 0.54, 0.79, 0.69, 0.77),
}
"""Violations of style in 1,000 characters by both graders, of eight objectives as the study found them."""


def order_of_objectives(rng: Rng, seeds: int) -> tuple[Estimate, float]:
    """Kendall's tau between the orders of two graders, who find much the same faults in the same texts."""
    means = np.array(list(OBJECTIVES.values()))
    first = rng.normal(size=(means.shape[1], seeds))
    second = 0.5 * first + 0.75**0.5 * rng.normal(size=first.shape)
    one, other = (
        {str(i): row for i, row in enumerate(m[:, None] * (1 + 0.15 * z))}
        for m, z in zip(means, (first, second), strict=True)
    )
    return order_agreement(one, other), float(tau(*means[:, None])[0])


def ratio_of_rates(rng: Rng, rounds: int) -> tuple[Estimate, float]:
    """How many times faster one contender is than another, paired by round; one turn in ten is slow."""
    noise = 0.04 * rng.normal(size=(2, rounds)) - (rng.random((2, rounds)) < 0.1) * rng.exponential(0.3, (2, rounds))
    return paired_ratio(1.3 * np.exp(noise[0]), np.exp(noise[1])), 1.3


def share_of_cases(rng: Rng, cases: int) -> tuple[Estimate, float]:
    """A share of independent cases, such as samples that parse (Wilson 1927)."""
    return wilson(rng.binomial(cases, 0.3), cases), 0.3


KINDS: tuple[tuple[str, Study, tuple[int, ...]], ...] = (
    ("mean over seeds", mean_over_seeds, (3, 5)),
    ("bits per byte", bits_per_byte, (3, 5)),
    ("difference of bits per byte", difference_of_bits, (2, 3, 5)),
    ("ratio of bits per byte", cost_in_bits, (3, 5)),
    ("times fewer items", times_fewer, (3, 5)),
    ("trend of a ratio, per doubling", trend_per_doubling, (3, 5)),
    ("difference of scores", difference_of_scores, (3, 5)),
    ("best of three, with Bonferroni", best_of_three, (3, 5)),
    ("macro F1", macro_f1_of_labels, (3, 5)),
    ("order of objectives, Kendall's τ", order_of_objectives, (3, 5)),
    ("ratio of rates, over rounds", ratio_of_rates, (4, 6, 12)),
    ("share of cases", share_of_cases, (64, 256)),
)
"""The intervals of this book: a name, a made-up study, and the numbers of seeds (or cases) that the book has."""


def simulated(draws: int, tell: Callable[[str], None] = lambda line: None) -> list[Coverage]:
    """Coverage of every kind of interval, from `draws` made-up studies each."""
    found = []
    for name, study, numbers in KINDS:
        for seeds in numbers:
            rng = np.random.default_rng([seeds, draws])
            held = 0
            for _ in range(draws):
                e, truth = study(rng, seeds)
                held += bool(e.low <= truth <= e.high) or any(math.isclose(end, truth) for end in (e.low, e.high))
            found.append(Coverage(name, seeds, draws, held))
            tell(f"{name}, n = {seeds}: {held / draws:.1%} of {draws}")
    return found
