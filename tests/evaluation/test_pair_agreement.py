import itertools

import numpy as np
import pytest

from lmstudy.errors import StudyError
from lmstudy.evaluation.pair_agreement import accuracy_counts, ceiling_counts, confident, halves_counts, pair_accuracy
from lmstudy.evaluation.statistics import paired_difference, ratio_of_sums_bootstrap
from lmstudy.preferences.ratings import LEVELS, Ratings
from tests.preferences.test_ratings import random_ratings, ratings_of


def ceiling(ratings: Ratings) -> float:
    return ratio_of_sums_bootstrap(ceiling_counts(ratings)).value


def noisy(n: int, seed: int, people: int = 8, noise: float = 1.5) -> tuple[Ratings, np.ndarray]:
    """Snippets with a true quality, and what people give who see it dimly."""
    rng = np.random.default_rng(seed)
    quality = rng.normal(0, 1.5, n)
    given = np.clip(np.round(quality[:, None] + rng.normal(0, noise, (n, people))), -4, 4).astype(int)
    return ratings_of(*given.tolist()), quality


def single(ratings: Ratings, i: int) -> list[int]:
    """Every single rating of a snippet."""
    return np.repeat(LEVELS, ratings.counts[i]).tolist()


def by_hand(ratings: Ratings, predict) -> float:
    """The mean over pairs of snippets and of their single ratings, one by one; `predict(i, a)` knows the rating."""
    right = comparable = 0.0
    for i, j in itertools.permutations(range(len(ratings)), 2):
        ours, theirs = single(ratings, i), single(ratings, j)
        for a, b in itertools.product(ours, theirs):
            weight = 1 / (len(ours) * len(theirs))
            comparable += weight * (a != b)
            first, second = predict(i, a), predict(j, b)
            right += weight * ((a > b) * (first > second) + (a < b) * (first < second))
            right += weight * (a != b) * 0.5 * (first == second)
    return right / comparable


def test_accuracy_is_the_share_of_ordered_pairs() -> None:
    ratings = random_ratings(7)
    predicted = np.array([0.0, 1, 1, -2, 0.5, 3, 1])  # with ties
    assert pair_accuracy(predicted, ratings).value == pytest.approx(by_hand(ratings, lambda i, _: predicted[i]))


def test_the_ceiling_is_the_accuracy_of_the_other_ratings() -> None:
    ratings = random_ratings(7)

    def others(i: int, a: int) -> float:
        rest = single(ratings, i)
        rest.remove(a)
        return round(sum(rest) / len(rest), 9)

    assert ceiling(ratings) == pytest.approx(by_hand(ratings, others))


def test_perfect_reversed_and_constant_predictions() -> None:
    ratings = ratings_of([4, 4], [2, 2, 2], [0, 0], [-3, -3])
    for predicted, accuracy in (([4, 2, 0, -3], 1.0), ([-4, -2, 0, 3], 0.0), ([7, 7, 7, 7], 0.5)):
        assert pair_accuracy(np.array(predicted), ratings).value == pytest.approx(accuracy)
    assert ceiling(ratings) == ratio_of_sums_bootstrap(halves_counts(ratings)).value == 1.0


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    ratings, quality = noisy(50, seed=1)
    whole = accuracy_counts(quality, ratings), ceiling_counts(ratings)
    monkeypatch.setattr("lmstudy.evaluation.pair_agreement.BLOCK", 7)
    assert accuracy_counts(quality, ratings) == pytest.approx(whole[0])
    assert ceiling_counts(ratings) == pytest.approx(whole[1])


def test_intervals_have_the_width_of_a_bootstrap_over_snippets() -> None:
    ratings, quality = noisy(120, seed=3)
    predicted = quality + np.random.default_rng(0).normal(0, 2, len(quality))
    estimate = pair_accuracy(predicted, ratings)
    right, comparable = pair_tables(predicted, ratings)
    weights = np.random.default_rng(1).multinomial(120, np.full(120, 1 / 120), size=1500).astype(float)
    values = ((weights @ right) * weights).sum(1) / ((weights @ comparable) * weights).sum(1)
    assert (estimate.high - estimate.low) / 2 == pytest.approx(1.96 * values.std(), rel=0.1)


def pair_tables(predicted: np.ndarray, ratings: Ratings) -> tuple[np.ndarray, np.ndarray]:
    shares = ratings.counts / ratings.counts.sum(1, keepdims=True)
    above = np.einsum("iu,jv,uv->ij", shares, shares, np.tri(9, k=-1))
    right = np.where(predicted[:, None] > predicted, above, above.T)
    comparable = above + above.T
    for table in (right, comparable):
        np.fill_diagonal(table, 0)
    return right, comparable


def test_a_gap_is_paired_by_snippet_and_crossed_with_seeds() -> None:
    ratings, quality = noisy(200, seed=4)
    rng = np.random.default_rng(5)
    seeds = np.stack([quality + rng.normal(0, 1.5, 200) for _ in range(3)])
    counts = accuracy_counts(seeds, ratings)
    assert counts.shape == (3, 200, 2)
    assert pair_accuracy(seeds, ratings).n == 3
    gap = paired_difference(ceiling_counts(ratings), counts)
    assert gap.value == pytest.approx(ceiling(ratings) - pair_accuracy(seeds, ratings).value)
    assert 0 < gap.low < gap.value < gap.high
    same = paired_difference(counts, counts)
    assert same.value == same.low == same.high == 0


@pytest.mark.parametrize("predicted", [[1.0, 2.0], [1.0, 2.0, float("nan")]])
def test_what_is_no_prediction(predicted: list[float]) -> None:
    with pytest.raises(StudyError, match="a finite one for each of the 3 snippets"):
        pair_accuracy(np.array(predicted), random_ratings(3))


def test_too_little_to_compare() -> None:
    with pytest.raises(StudyError, match="1 snippets make no pair"):
        ceiling(ratings_of([1, 2]))
    with pytest.raises(StudyError, match="two ratings of each snippet; 1 have fewer"):
        ceiling(ratings_of([1, 2], [3]))


def test_confident_pairs_by_hand() -> None:
    film = ratings_of([2, 2], [0, 3], [-1, -1])
    often, right = confident(np.array([9.0, 8.9, 0.0]), film, sure=0.9)
    assert often.value == pytest.approx(2 / 3)  # the first two are not far enough apart
    assert right.value == 1.0
    assert confident(np.array([0.0, 9.0, 9.05]), film, sure=0.9)[1].value == pytest.approx(0.25)


def test_the_interval_of_confident_pairs_is_about_the_snippets() -> None:
    few, many = (confident(quality, ratings, sure=0.8) for ratings, quality in (noisy(40, 1), noisy(160, 1)))
    for one, other in zip(few, many, strict=True):
        assert one.low < one.value < one.high <= 1
        assert 1.3 < (one.high - one.low) / (other.high - other.low) < 3  # about the square root of four
