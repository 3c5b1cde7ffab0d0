"""How held-out loss falls with parameters and tokens: two laws, which differ in how both kinds of loss come together.

    added:   L(N, D) = E + A / N^alpha + B / D^beta                           (Hoffmann et al. 2022)
    joined:  L(N, D) = ((A / N^alpha)^(1/beta) + (B / D^beta)^(1/beta))^beta  (Kaplan et al. 2020)

By the first, a larger model is better by as much after any length; by the second, hardly better where text is short.

A law is fitted by least squares of the differences of logarithms, from several starts. Trainings of one size and seed
that share a trunk (`lmstudy.runs.trunks`) are a chain: they go up and down together. What seeds differ by is seen in
chains of equal size, and what is left in the lengths of one chain. Intervals come from fits to points drawn with both
kinds of noise. There are few seeds, so each variance is itself drawn by its degrees of freedom, as Student's t has it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate

Form = Literal["added", "joined"]
FORMS: tuple[Form, ...] = ("added", "joined")
DRAWS = 400
NUMBERS: dict[Form, int] = {"added": 5, "joined": 4}
"""That a law has."""
SIZES = 4
"""From as many on, what the law says of sizes has an interval."""
UNIT = 1e6
"""Parameters and tokens are counted in millions while fitting."""
BOUNDS = np.log([(1e-4, 100), (0.02, 5), (1e-4, 100), (0.02, 5), (1e-3, 10)]).T
"""Of the numbers: [2, 5]."""


@dataclass(frozen=True)
class Point:
    """What one training reached.

    Args:
        parameters: of the model, all of them.
        tokens: target tokens that it learned from.
        loss: on held-out text, such as bits per byte.
        chain: what trainings have in common that share a trunk, (rung, seed).
    """

    parameters: float
    tokens: float
    loss: float
    chain: tuple[int, int]


@dataclass(frozen=True)
class Law:
    """One of the laws, N and D in millions.

    Args:
        form: which.
        size: A, what a model of a million parameters loses.
        alpha: how fast that falls with parameters.
        text: B, what a million tokens of text lose.
        beta: how fast that falls with tokens.
        floor: E, what no model and no text could take away; 0 in the joined law.
    """

    form: Form
    size: float
    alpha: float
    text: float
    beta: float
    floor: float = 0.0

    def loss(self, parameters: np.ndarray | float, tokens: np.ndarray | float) -> np.ndarray:
        """The loss that the law gives, of as many shapes as numpy broadcasts."""
        n, d = np.asarray(parameters, dtype=float) / UNIT, np.asarray(tokens, dtype=float) / UNIT
        by_size, by_text = self.size * n**-self.alpha, self.text * d**-self.beta
        power = 1.0 if self.form == "added" else 1 / self.beta
        return np.asarray(self.floor + (by_size**power + by_text**power) ** (1 / power))

    @property
    def growth(self) -> float:
        """The power of compute with which the best number of parameters grows, if compute is parameters x tokens."""
        return self.beta / (self.alpha + self.beta)


@dataclass(frozen=True)
class Fit:
    """A law, the points that it was fitted to, and laws fitted to bootstrapped ones.

    Args:
        law: of the points.
        points: what it was fitted to.
        laws: fitted to drawn points, one for each draw.
        noise: [draws] of one new training, as a difference of logarithms.
    """

    law: Law
    points: tuple[Point, ...]
    laws: tuple[Law, ...]
    noise: np.ndarray

    @property
    def chains(self) -> int:
        """Independent trainings, however many lengths each has."""
        return len({point.chain for point in self.points})

    @property
    def residuals(self) -> np.ndarray:
        """[points] logarithms of measured over fitted loss."""
        return _residuals(self.law, self.points)

    def estimate(self, name: str) -> Estimate:
        """A property of `Law` with its 95 % interval; n counts chains.

        Raises:
            StudyError: fewer than four sizes: simulated with three, such intervals were too short.
        """
        if len({point.parameters for point in self.points}) < SIZES:
            raise StudyError(f"{name}: three sizes tell the scaling law, but not its interval; add a fourth")
        drawn = [getattr(law, name) for law in self.laws]
        low, high = np.percentile(drawn, (2.5, 97.5))
        return Estimate(float(getattr(self.law, name)), float(low), float(high), self.chains)

    def forecast(self, parameters: float, tokens: float) -> Estimate:
        """What one new training will reach, with the interval that holds it in 95 % of cases; n counts chains."""
        drawn = np.array([float(law.loss(parameters, tokens)) for law in self.laws]) * np.exp(self.noise)
        low, high = np.percentile(drawn, (2.5, 97.5))
        return Estimate(float(self.law.loss(parameters, tokens)), float(low), float(high), self.chains)


def fitted(points: Sequence[Point], form: Form, draws: int = DRAWS) -> Fit:
    """The law of some trainings, with what its intervals come from.

    Args:
        points: of at least three sizes and three lengths, more than the law has parameters, and of two seeds somewhere.
        form: which law.
        draws: of the bootstrap.

    Raises:
        StudyError: too few points, sizes, lengths or seeds, a loss that is no number, or a fit that does not converge.
    """
    _check(points)
    law = _best(form, points, _starts(form, points))
    chains = sorted({point.chain for point in points})
    of_chain = np.array([chains.index(point.chain) for point in points])
    (seeds, df_seeds), (rest, df_rest) = _noise(points, _residuals(law, points), of_chain)
    rng = np.random.default_rng(0)
    laws, noise = [], []
    for _ in range(draws):
        between = seeds * np.sqrt(df_seeds / rng.chisquare(df_seeds))
        within = rest * np.sqrt(df_rest / rng.chisquare(df_rest))
        shifts = rng.normal(0, between, len(chains))[of_chain] + rng.normal(0, within, len(points))
        drawn = [
            replace(point, loss=float(law.loss(point.parameters, point.tokens)) * np.exp(shift))
            for point, shift in zip(points, shifts, strict=True)
        ]
        laws.append(_best(form, drawn, [_numbers(law)]))
        noise.append(rng.normal(0, between) + rng.normal(0, within))
    return Fit(law, tuple(points), tuple(laws), np.array(noise))


Spread = tuple[float, int]
"""A standard deviation and its degrees of freedom."""


def _noise(points: Sequence[Point], residuals: np.ndarray, of_chain: np.ndarray) -> tuple[Spread, Spread]:
    """What seeds differ by, and what lengths of one chain differ by from the law."""
    sizes = np.array([point.parameters for point in points])
    count = of_chain.max() + 1
    means = np.array([residuals[of_chain == chain].mean() for chain in range(count)])
    size = np.array([sizes[of_chain == chain][0] for chain in range(count)])
    centred = means - np.array([means[size == one].mean() for one in size])
    df_seeds = int(count - len(set(size)))
    left = residuals - means[of_chain]
    df_rest = max(len(points) - int(count) - 2, 1)  # B and beta are fitted within chains
    return (float(np.sqrt((centred**2).sum() / df_seeds)), df_seeds), (
        float(np.sqrt((left**2).sum() / df_rest)),
        df_rest,
    )


def _check(points: Sequence[Point]) -> None:
    sizes, lengths = ({getattr(point, name) for point in points} for name in ("parameters", "tokens"))
    if len(sizes) < 3 or len(lengths) < 3 or len(points) <= NUMBERS["added"]:
        raise StudyError(
            f"{len(points)} trainings of {len(sizes)} sizes and {len(lengths)} lengths do not tell a scaling law: it "
            f"needs more than {NUMBERS['added']} trainings, of at least 3 sizes and 3 lengths"
        )
    if len({point.chain for point in points}) == len(sizes):
        raise StudyError("a scaling law needs two seeds of some size: of one alone nobody knows what chance did")
    for point in points:
        if not (np.isfinite(point.loss) and point.loss > 0):
            raise StudyError(f"a scaling law needs losses above 0, not {point.loss} ({point.tokens:,.0f} tokens)")


def _numbers(law: Law) -> np.ndarray:
    """What is searched over: logarithms of what must be above 0."""
    searched = (law.size, law.alpha, law.text, law.beta, law.floor)
    return np.log(searched[: NUMBERS[law.form]])


def _law(form: Form, numbers: np.ndarray) -> Law:
    return Law(form, *(float(x) for x in np.exp(numbers)))


def _residuals(law: Law, points: Sequence[Point]) -> np.ndarray:
    n, d, loss = (np.array([getattr(point, name) for point in points]) for name in ("parameters", "tokens", "loss"))
    return np.asarray(np.log(loss) - np.log(law.loss(n, d)))


def _best(form: Form, points: Sequence[Point], starts: Sequence[np.ndarray]) -> Law:
    from scipy.optimize import least_squares  # takes a second to import

    found = [
        least_squares(
            lambda x: _residuals(_law(form, x), points), start, bounds=BOUNDS[:, : NUMBERS[form]], max_nfev=2000
        )
        for start in starts
    ]
    done = [one for one in found if one.success and np.isfinite(one.cost)]
    if not done:
        raise StudyError("the scaling law does not converge from any start: look at the points, one may be wrong")
    return _law(form, min(done, key=lambda one: one.cost).x)


def _starts(form: Form, points: Sequence[Point]) -> list[np.ndarray]:
    lowest = min(point.loss for point in points)
    grid = itertools.product((0.3, 0.8), (0.3, 0.8), (0.3, 0.8))
    starts = [np.log([0.3 * lowest, alpha, 0.3 * lowest, beta, share * lowest]) for share, alpha, beta in grid]
    return [start[: NUMBERS[form]] for start in starts]
