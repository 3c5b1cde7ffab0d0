import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, recall_score

from lmstudy.errors import StudyError
from lmstudy.evaluation.rating_classes import class_metrics, classes, pair_reliability, reliability, reward_scale
from tests.preferences.test_ratings import ratings_of


def test_the_nearest_whole_rating_decides() -> None:
    assert classes(np.array([-4, -0.51, -0.5, 0, 0.5, 0.51, 3])).tolist() == [-1, -1, 0, 0, 0, 1, 1]


def test_metrics_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    truth, predicted = rng.normal(0, 1.5, (2, 300))
    found = class_metrics(predicted, truth)
    of = classes(truth), classes(predicted)
    assert found["accuracy"].value == pytest.approx(accuracy_score(*of))
    assert found["recall"].value == pytest.approx(recall_score(*of, average="macro"))
    assert found["f1"].value == pytest.approx(f1_score(*of, average="macro"))


def test_a_class_that_does_not_occur_is_no_part_of_the_average() -> None:
    found = class_metrics(np.array([2.0, -2, 2, 0]), np.array([2.0, -2, 2, -2]))
    assert found["recall"].value == pytest.approx((1 + 1 / 2) / 2)
    assert found["f1"].value == pytest.approx((1 + 2 / 3) / 2)


def test_the_interval_of_accuracy_is_binomial() -> None:
    rng = np.random.default_rng(1)
    truth = rng.choice([-2.0, 2.0], 1000)
    predicted = np.where(rng.random(1000) < 0.8, truth, -truth)
    found = class_metrics(predicted, truth)["accuracy"]
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * np.sqrt(0.8 * 0.2 / 1000), rel=0.1)
    assert found.n == 1


def test_seeds_that_differ_widen_the_interval() -> None:
    truth = np.repeat([-2.0, 2.0], 500)
    seeds = np.stack([np.where(np.arange(1000) % 10 < right, truth, -truth) for right in (6, 8, 10)])
    found, alike = (class_metrics(one, truth)["accuracy"] for one in (seeds, seeds[[1, 1, 1]]))
    assert (found.value, found.n) == (pytest.approx(0.8), 3)
    # three seeds .6, .8, 1: standard error .2 / sqrt(3), Student's t with 2 degrees of freedom
    assert (found.high - found.low) / 2 == pytest.approx(4.303 * 0.2 / np.sqrt(3), rel=0.02)
    assert alike.high - alike.low < 0.06


def test_predictions_without_ratings() -> None:
    with pytest.raises(StudyError, match="give one for each"):
        class_metrics(np.zeros(3), np.zeros(4))


def test_reliability_by_hand() -> None:
    found = reliability(np.array([0.1, 0.9, 0.2, 0.8]), np.array([0.0, 1, 1, 1]), bins=2)
    assert found.share.tolist() == [0.5, 0.5]
    assert found.predicted == pytest.approx([0.15, 0.85])
    assert found.observed == pytest.approx([0.5, 1])
    assert found.error == pytest.approx(0.5 * 0.35 + 0.5 * 0.15)


def test_equal_predictions_share_a_bin_and_weights_count() -> None:
    found = reliability(np.array([0.3, 0.3, 0.3, 0.7]), np.array([0.0, 0, 1, 1]), np.array([1.0, 1, 2, 4]), bins=4)
    assert found.share == pytest.approx([0.5, 0.5])
    assert found.observed == pytest.approx([0.5, 1])
    assert found.share.sum() == pytest.approx(1)


def test_the_scale_makes_probabilities_true() -> None:
    """Bradley-Terry rewards of scale 0.8: the scale is found again, and probabilities then mean what they say."""
    rng = np.random.default_rng(2)
    quality = np.linspace(-2, 2, 40)
    levels = [np.clip(np.round(one + rng.logistic(0, 1.25, 400)), -4, 4).astype(int).tolist() for one in quality]
    ratings = ratings_of(*levels)
    scale = reward_scale(quality, ratings)
    assert reward_scale(quality / 3, ratings) == pytest.approx(3 * scale, rel=1e-3)
    calibrated, overconfident = (pair_reliability(of * quality, ratings) for of in (scale, 4 * scale))
    assert calibrated.error < 0.03
    assert overconfident.error > 0.1
    assert (overconfident.predicted > overconfident.observed)[-5:].all()
    assert (calibrated.predicted >= 0.5).all()


def test_the_scale_is_the_most_probable_one() -> None:
    """Two snippets, the first above with probability 3/4: sigmoid(a) = 3/4 at a = log 3."""
    ratings = ratings_of([1, 1], [0, 0, 0, 2])
    assert reward_scale(np.array([1.0, 0.0]), ratings) == pytest.approx(np.log(3), rel=1e-3)
