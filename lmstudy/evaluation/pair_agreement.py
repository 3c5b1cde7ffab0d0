"""How often a predictor orders two snippets as people do, and how often people could: the noise ceiling.

Two snippets i and j and one rating of each, drawn at random, a_i and a_j; ties between the two ratings are left out:

    accuracy = P(p_i > p_j | a_i > a_j),    a tie p_i = p_j counts half (a coin decides)

over all pairs of snippets and all pairs of their ratings. The ceiling is the accuracy of the mean of the other
ratings: p_i = (sum of ratings of i - a_i) / (their number - 1). No predictor that sees only texts can be expected to
know better than people's mean, so the ceiling minus an accuracy is what is left to learn.

Snippets are the sampling unit, and each is in many pairs. With r_i the sum of a pair statistic over the pairs of
snippet i, T its sum over all, the pseudo-value 2 r_i - T / n of each snippet adds up to T and has, to first order, the
jackknife's spread (Hoeffding 1948; Arvesen 1969). So pair statistics become tables of [seeds, snippets, (right,
comparable)] for `ratio_of_sums_bootstrap` and `paired_difference`: intervals and paired differences over seeds and
snippets as everywhere else.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate, ratio_of_sums_bootstrap
from lmstudy.preferences.ratings import LEVELS, Ratings

Floats = NDArray[np.float64]
BLOCK = 512
"""Snippets that are compared with all others at a time."""


def pair_accuracy(predicted: Floats, ratings: Ratings) -> Estimate:
    """Accuracy of predictions [n], or [seeds, n], over all pairs of snippets."""
    return ratio_of_sums_bootstrap(accuracy_counts(predicted, ratings))


def accuracy_counts(predicted: Floats, ratings: Ratings) -> Floats:
    """[seeds, n, 2]: right and comparable of each snippet, for the statistics of `lmstudy.evaluation.statistics`.

    Raises:
        StudyError: not one finite prediction for each snippet, or less than two snippets.
    """
    predictions = np.atleast_2d(np.asarray(predicted, dtype=float))
    if predictions.shape[1] != len(ratings) or not np.isfinite(predictions).all():
        raise StudyError(
            f"predictions of shape {list(predictions.shape)} with {int((~np.isfinite(predictions)).sum())} values that "
            f"are not finite: give a finite one for each of the {len(ratings)} snippets"
        )
    above, comparable = chances(ratings)
    return np.stack([_pseudo_counts(len(ratings), _by_value(one, above, comparable)) for one in predictions])


def ceiling_counts(ratings: Ratings) -> Floats:
    """[1, n, 2]: as `accuracy_counts`, of the mean of the other ratings.

    Raises:
        StudyError: a snippet has a single rating, or there are less than two snippets.
    """
    numbers = ratings.counts.sum(1)
    if (numbers < 2).any():
        raise StudyError(f"the ceiling needs two ratings of each snippet; {int((numbers < 2).sum())} have fewer")
    shares = ratings.counts / numbers[:, None]
    others = ((ratings.counts @ LEVELS)[:, None] - LEVELS) / (numbers[:, None] - 1)
    _, comparable = chances(ratings)

    def right(rows: slice) -> Floats:
        found = np.zeros((len(shares[rows]), len(ratings)))
        for u in range(len(LEVELS)):
            for v in range(u):
                found += np.outer(shares[rows, u], shares[:, v]) * _half_step(others[rows, u], others[:, v])
                found += np.outer(shares[rows, v], shares[:, u]) * _half_step(-others[rows, v], -others[:, u])
        return found

    return _pseudo_counts(len(ratings), lambda rows: (right(rows), comparable(rows)))[None]


def halves_counts(ratings: Ratings) -> Floats:
    """[1, n, 2]: as `accuracy_counts`, of half A of the ratings against half B; ties in B are left out."""
    truth, predicted = ratings.half("B").means, ratings.half("A").means

    def above(rows: slice) -> Floats:
        return (truth[rows, None] > truth).astype(float)

    def comparable(rows: slice) -> Floats:
        return (truth[rows, None] != truth).astype(float)

    return _pseudo_counts(len(ratings), _by_value(predicted, above, comparable))[None]


def confident(rewards: Floats, ratings: Ratings, sure: float, draws: int = 400, seed: int = 0) -> list[Estimate]:
    """Of comparable pairs, the share whose order is called at least so sure; and of these, those ordered rightly.

    Intervals are value +- t(n - 1) s, with s the standard deviation over draws of n - 1 of the n snippets, a pair
    counting as often as both of its snippets were drawn together.

    Args:
        rewards: [n], of the Bradley-Terry model.
        ratings: of the same n snippets, three at least.
        sure: a probability above 1/2.
        draws: of snippets.
        seed: of the draws.
    """
    from scipy.stats import t as student

    n = len(ratings)
    above, known = (block(slice(0, n)) for block in chances(ratings))
    for pairs in (above, known):
        np.fill_diagonal(pairs, 0)
    chosen = rewards[:, None] - rewards >= np.log(sure / (1 - sure))
    counts = [known / 2, chosen * known, chosen * above]
    rng = np.random.default_rng(seed)
    drawn = np.array([np.bincount(rng.integers(n, size=n - 1), minlength=n) for _ in range(draws)], dtype=float)
    everywhere = [of.sum() for of in counts]
    sums = [np.einsum("di,di->d", drawn @ of, drawn) for of in counts]
    found = []
    for of, part in ((0, 1), (1, 2)):
        value = float(everywhere[part] / everywhere[of])
        with np.errstate(invalid="ignore"):  # a draw without such pairs has no share
            half = float(student.ppf(0.975, n - 1) * np.nanstd(sums[part] / sums[of]))
        found.append(Estimate(value, max(value - half, 0.0), min(value + half, 1.0), 1))
    return found


Block = Callable[[slice], Floats]
"""Of a slice of b snippets, a number for each pair with one of all n: [b, n]."""


def chances(ratings: Ratings) -> tuple[Block, Block]:
    """P(a rating of i is above one of j), and P(they differ)."""
    shares = ratings.counts / ratings.counts.sum(1, keepdims=True)
    below = shares.cumsum(1) - shares

    def above(rows: slice) -> Floats:
        return shares[rows] @ below.T

    def comparable(rows: slice) -> Floats:
        return 1 - shares[rows] @ shares.T

    return above, comparable


def _by_value(predicted: Floats, above: Block, comparable: Block) -> Callable[[slice], tuple[Floats, Floats]]:
    def block(rows: slice) -> tuple[Floats, Floats]:
        ours, known = above(rows), comparable(rows)
        higher = _half_step(predicted[rows], predicted)
        return higher * ours + (1 - higher) * (known - ours), known

    return block


def _half_step(left: Floats, right: Floats) -> Floats:
    """[b, n]: 1 where left is above right, 1/2 where they are equal, else 0; equal but for rounding is equal."""
    difference = np.round(left[:, None] - right, 9)
    return (np.sign(difference) + 1) / 2


def _pseudo_counts(n: int, block: Callable[[slice], tuple[Floats, Floats]]) -> Floats:
    """[n, 2] from the pair numbers of blocks of snippets; a snippet is in no pair with itself."""
    if n < 2:
        raise StudyError(f"{n} snippets make no pair; two are needed")
    sums = np.zeros((n, 2))
    for start in range(0, n, BLOCK):
        rows = slice(start, min(start + BLOCK, n))
        own = np.arange(rows.stop - start)
        for column, numbers in enumerate(block(rows)):
            numbers[own, own + start] = 0
            sums[rows, column] = numbers.sum(1) / (n - 1)
    return 2 * sums - sums.mean(0)
