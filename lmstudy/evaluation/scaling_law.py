"""How held-out loss falls with parameters and tokens: L(N, D) = E + A / N^alpha + B / D^beta (Hoffmann et al. 2022).

The law is fitted by least squares of the differences of logarithms, from several starts. Trainings of one size and seed
that share a trunk (`lmstudy.runs.trunks`) are a chain: they go up and down together. What seeds differ by is seen in
chains of equal size, and what is left in the lengths of one chain. Intervals come from fits to points drawn with both
kinds of noise. There are few seeds, so each variance is itself drawn by its degrees of freedom, as Student's t has it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate

DRAWS = 400
PARAMETERS = 5
SIZES = 4
"""From as many on, what the law says of sizes has an interval."""
UNIT = 1e6
"""Parameters and tokens are counted in millions while fitting."""
BOUNDS = np.log([(1e-3, 10), (1e-4, 100), (0.02, 5), (1e-4, 100), (0.02, 5)]).T
"""Of the law's numbers: [2, 5]."""


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
    """E + A / N^alpha + B / D^beta, N and D in millions.

    Args:
        floor: E, what no model and no text could take away.
        size: A, what a model of a million parameters loses.
        alpha: how fast that falls with parameters.
        text: B, what a million tokens of text lose.
        beta: how fast that falls with tokens.
    """

    floor: float
    size: float
    alpha: float
    text: float
    beta: float

    def loss(self, parameters: np.ndarray | float, tokens: np.ndarray | float) -> np.ndarray:
        """The loss that the law gives, of as many shapes as numpy broadcasts."""
        n, d = np.asarray(parameters, dtype=float) / UNIT, np.asarray(tokens, dtype=float) / UNIT
        return np.asarray(self.floor + self.size * n**-self.alpha + self.text * d**-self.beta)

    @property
    def growth(self) -> float:
        """The power of compute with which the best number of parameters grows, if compute is parameters x tokens."""
        return self.beta / (self.alpha + self.beta)

    def best_parameters(self, product: float) -> float:
        """The number of parameters at which parameters x tokens = `product` gives the lowest loss."""
        ratio = (self.alpha * self.size) / (self.beta * self.text)
        return float(UNIT * (ratio * (product / UNIT**2) ** self.beta) ** (1 / (self.alpha + self.beta)))


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
            StudyError: fewer than four sizes: with three, such intervals hold the truth in some 80 of 100 cases only.
        """
        if len({point.parameters for point in self.points}) < SIZES:
            raise StudyError(f"{name}: three sizes tell the law of scale, but not its interval; add a fourth")
        drawn = [getattr(law, name) for law in self.laws]
        low, high = np.percentile(drawn, (2.5, 97.5))
        return Estimate(float(getattr(self.law, name)), float(low), float(high), self.chains)

    def curve(self, parameters: np.ndarray | float, tokens: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends of the 95 % interval of the law itself."""
        drawn = np.array([law.loss(parameters, tokens) for law in self.laws])
        low, high = np.percentile(drawn, (2.5, 97.5), axis=0)
        return low, high

    def forecast(self, parameters: float, tokens: float) -> Estimate:
        """What one new training will reach, with the interval that holds it in 95 % of cases; n counts chains."""
        drawn = np.array([float(law.loss(parameters, tokens)) for law in self.laws]) * np.exp(self.noise)
        low, high = np.percentile(drawn, (2.5, 97.5))
        return Estimate(float(self.law.loss(parameters, tokens)), float(low), float(high), self.chains)


def fitted(points: Sequence[Point], draws: int = DRAWS) -> Fit:
    """The law of some trainings, with what its intervals come from.

    Args:
        points: of at least three sizes and three lengths, more than the law has parameters, and of two seeds somewhere.
        draws: of the bootstrap.

    Raises:
        StudyError: too few points, sizes, lengths or seeds, a loss that is no number, or a fit that does not converge.
    """
    _check(points)
    law = _best(points, _starts(points))
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
        laws.append(_best(drawn, [_numbers(law)]))
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
    if len(sizes) < 3 or len(lengths) < 3 or len(points) <= PARAMETERS:
        raise StudyError(
            f"a law of scale has {PARAMETERS} parameters: {len(points)} trainings of {len(sizes)} sizes and "
            f"{len(lengths)} lengths do not tell them; it needs more than {PARAMETERS} trainings, of at least 3 sizes "
            "and 3 lengths"
        )
    if len({point.chain for point in points}) == len(sizes):
        raise StudyError("a law of scale needs two seeds of some size: of one alone nobody knows what chance did")
    for point in points:
        if not (np.isfinite(point.loss) and point.loss > 0):
            raise StudyError(f"a law of scale needs losses above 0, not {point.loss} ({point.tokens:,.0f} tokens)")


def _numbers(law: Law) -> np.ndarray:
    """What is searched over: logarithms of what must be above 0."""
    return np.log([law.floor, law.size, law.alpha, law.text, law.beta])


def _law(numbers: np.ndarray) -> Law:
    return Law(*(float(x) for x in np.exp(numbers)))


def _residuals(law: Law, points: Sequence[Point]) -> np.ndarray:
    n, d, loss = (np.array([getattr(point, name) for point in points]) for name in ("parameters", "tokens", "loss"))
    return np.asarray(np.log(loss) - np.log(law.loss(n, d)))


def _best(points: Sequence[Point], starts: Sequence[np.ndarray]) -> Law:
    from scipy.optimize import least_squares  # takes a second to import

    n, d, loss = (np.array([getattr(point, name) for point in points]) for name in ("parameters", "tokens", "loss"))
    log_n, log_d, log_loss = np.log(n / UNIT), np.log(d / UNIT), np.log(loss)

    def parts(numbers: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        floor, size, alpha, text, beta = np.exp(numbers)
        return floor, size * np.exp(-alpha * log_n), text * np.exp(-beta * log_d)

    def residuals(numbers: np.ndarray) -> np.ndarray:
        floor, by_size, by_text = parts(numbers)
        return np.asarray(np.log(floor + by_size + by_text) - log_loss)

    def slopes(numbers: np.ndarray) -> np.ndarray:
        floor, by_size, by_text = parts(numbers)
        alpha, beta = np.exp(numbers[[2, 4]])
        columns = (floor + 0 * by_size, by_size, -alpha * log_n * by_size, by_text, -beta * log_d * by_text)
        return np.stack(columns, axis=1) / (floor + by_size + by_text)[:, None]

    found = [least_squares(residuals, start, jac=slopes, bounds=BOUNDS, x_scale=1.0) for start in starts]
    done = [one for one in found if one.success and np.isfinite(one.cost)]
    if not done:
        raise StudyError("the law of scale does not converge from any start: look at the points, one may be wrong")
    return _law(min(done, key=lambda one: one.cost).x)


def _starts(points: Sequence[Point]) -> list[np.ndarray]:
    lowest = min(point.loss for point in points)
    grid = itertools.product((0.3, 0.8), (0.3, 0.8), (0.3, 0.8))
    return [np.log([share * lowest, 0.3 * lowest, alpha, 0.3 * lowest, beta]) for share, alpha, beta in grid]
