"""Macro F1 is scikit-learn's, and its interval covers."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from lmstudy.errors import StudyError
from lmstudy.evaluation.f1 import macro_f1, macro_f1_difference


def tables(truth, told, parts, told_classes=3):
    """[1, groups, 3, told_classes]"""
    found = np.zeros((1, parts.max() + 1, 3, told_classes))
    np.add.at(found, (0, parts, truth, told), 1)
    return found


@pytest.fixture
def drawn():
    rng = np.random.default_rng(0)
    truth = rng.integers(3, size=600)
    told = np.where(rng.random(600) < 0.6, truth, rng.integers(3, size=600))
    return truth, told, rng.integers(16, size=600)


def test_it_is_that_of_scikit_learn(drawn):
    truth, told, parts = drawn
    assert macro_f1(tables(truth, told, parts)).value == pytest.approx(f1_score(truth, told, average="macro"))


def test_answers_that_are_no_class_are_wrong(drawn):
    truth, told, parts = drawn
    told = np.where(parts == 0, 3, told)
    expected = f1_score(truth, told, average="macro", labels=[0, 1, 2])
    assert macro_f1(tables(truth, told, parts, 4)).value == pytest.approx(expected)


def test_the_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(200):
        truth = rng.integers(3, size=900)
        told = np.where(rng.random(900) < 0.55, truth, (truth + 1 + rng.integers(2, size=900)) % 3)
        found = macro_f1(tables(truth, told, rng.integers(32, size=900)))
        covered += found.low <= 0.55 <= found.high
    assert 0.9 <= covered / 200 <= 0.99


def test_a_difference_is_paired(drawn):
    truth, told, parts = drawn
    worse = np.where(np.arange(600) % 20 == 0, (truth + 1) % 3, told)
    first, second = tables(truth, told, parts), tables(truth, worse, parts, 4)
    found = macro_f1_difference(first, second)
    assert found.value == pytest.approx(macro_f1(first).value - macro_f1(second).value)
    alone = macro_f1(first)
    assert found.high - found.low < alone.high - alone.low
    assert macro_f1_difference(first, first).value == 0


def test_what_does_not_fit_is_refused(drawn):
    first = tables(*drawn)
    with pytest.raises(StudyError, match=r"\[1, 16, 9\]"):
        macro_f1(first.reshape(1, 16, 9))
    with pytest.raises(StudyError, match="below 0"):
        macro_f1(-first)
    with pytest.raises(StudyError, match="groups and classes differ"):
        macro_f1_difference(first, first[:, :8])
    with pytest.raises(StudyError, match="2 seeds and 3"):
        macro_f1_difference(np.repeat(first, 2, 0), np.repeat(first, 3, 0))
