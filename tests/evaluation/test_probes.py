"""Probes: a planted direction is found, noise is not, an AUC is the share of pairs in order, one class is refused."""

import numpy as np
import pytest

from lmstudy.errors import StudyError
from lmstudy.evaluation.probes import auc, fitted, held_out_auc, random_auc


def planted(strength: float, n: int = 1200, width: int = 12):
    """States of which channel 3, of another size than the others, says with some noise whether they are bad."""
    rng = np.random.default_rng(0)
    bad = rng.random(n) < 0.2
    states = rng.normal(size=(n, width))
    states[:, 3] += strength * bad
    states[:, 3] *= 50
    return states, bad, rng.random(n) < 0.5


def test_auc_counts_pairs_in_order_and_halves_ties():
    assert auc(np.array([1.0, 2, 3, 4]), np.array([False, False, True, True])) == 1
    assert auc(np.array([1.0, 2, 3, 4]), np.array([False, True, False, True])) == 0.75
    assert auc(np.zeros(4), np.array([False, True, False, True])) == 0.5


def test_a_planted_direction_is_found():
    states, bad, half = planted(3.0)
    probe = fitted(states, bad)
    for unit in (probe.normal, probe.pattern(states)):
        assert np.linalg.norm(unit) == pytest.approx(1)
    assert probe.pattern(states)[3] < -0.99  # good lies where the channel is small
    assert np.abs(probe.weight).argmax() == 3
    assert held_out_auc(states, bad, half) == pytest.approx(0.983, abs=0.01)  # Phi(3 / sqrt 2)
    assert 0.5 < random_auc(states, bad, half, seed=0) < 0.8


def test_noise_is_not_found():
    states, bad, half = planted(0.0)
    assert held_out_auc(states, bad, half) == pytest.approx(0.5, abs=0.06)
    assert random_auc(states, bad, half, seed=0) == pytest.approx(0.5, abs=0.03)


def test_the_pattern_leaves_out_what_only_disturbs_the_score():
    """Channel 1 is the noise of channel 0: a filter subtracts it, yet good and bad do not differ in it."""
    rng = np.random.default_rng(0)
    bad, noise = rng.random(4000) < 0.5, rng.normal(size=4000)
    states = np.stack([bad + noise, noise + 0.1 * rng.normal(size=4000)], 1)
    probe = fitted(states, bad)
    assert abs(probe.normal[1]) > 0.5
    assert abs(probe.pattern(states)[1]) < 0.2


def test_a_channel_that_never_changes_does_no_harm():
    states, bad, half = planted(3.0)
    states[:, 0] = 7.0
    assert held_out_auc(states, bad, half) > 0.97


@pytest.mark.parametrize(("bad", "kind"), [([False] * 4, "good"), ([True] * 4, "bad"), ([], "good")])
def test_one_class_is_refused(bad, kind):
    bad = np.array(bad, dtype=bool)
    with pytest.raises(
        StudyError, match=rf"needs good and bad segments, and all {len(bad)} segments of valid are {kind}"
    ):
        fitted(np.zeros((len(bad), 2)), bad, "segments of valid")
    with pytest.raises(StudyError, match=f"all {len(bad)} segments are {kind}"):
        auc(np.zeros(len(bad)), bad)
