"""Gradients over distance: the Jacobians are autograd's own, the bound bounds."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from lmstudy.chapters.concepts import gradient_reach as reach
from lmstudy.errors import StudyError

TOKENS = np.arange(300) * 7 % 101


def built(name: str, width: int, seed: int = 0):
    torch.manual_seed(seed)
    return reach.networks(width)[name]().double()


@pytest.mark.parametrize("name", list(reach.networks(4)))
def test_norms_are_those_of_the_whole_jacobian(name):
    network = built(name, 4)
    x = reach.inputs(TOKENS, 4, 9, seed=1)
    jacobian = torch.autograd.functional.jacobian(lambda each: network(each[None])[0], x)
    expected = jacobian.square().sum((0, 2)).sqrt().flip(0)
    assert torch.allclose(reach.jacobian_norms(network, x), expected, rtol=1e-10)


def test_the_bound_holds_and_is_reached_where_matrices_are_numbers():
    for seed in range(5):
        network, x = built("plain RNN", 16, seed), reach.inputs(TOKENS, 16, 30, seed)
        assert (reach.jacobian_norms(network, x) <= reach.product_bound(network, x) * (1 + 1e-9)).all()
        network, x = built("plain RNN", 1, seed), reach.inputs(TOKENS, 1, 12, seed)
        assert torch.allclose(reach.jacobian_norms(network, x), reach.product_bound(network, x), rtol=1e-9)


def test_recurrent_gradients_vanish_and_those_of_attention_do_not():
    found = reach.reach(TOKENS, width=16, length=41, seeds=4)
    assert {rows.shape for rows in found.values()} == {(4, 41)}
    far = reach.at_distance(found, 40)
    assert far["plain RNN"].high < 1e-6
    assert far["plain RNN"].high < far["LSTM"].low
    assert far["LSTM"].high < far["LSTM, forget bias 2"].low
    assert 0.05 < far["attention"].value < 20
    assert far["LSTM"].n == 4
    near = reach.at_distance(found, 1)
    assert near["plain RNN"].value == near["LSTM"].value == pytest.approx(1)
    assert near["bound for the RNN"].value >= 1


def test_the_seed_decides_and_leaves_the_global_generator_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one = reach.reach(TOKENS, width=4, length=6, seeds=2)
    assert (torch.get_rng_state() == before).all()
    two, other = (reach.reach(TOKENS, width=4, length=6, seeds=2, first_seed=first) for first in (1, 2))
    assert all((one[name] == two[name]).all() for name in one)
    assert (one["LSTM"][1] == other["LSTM"][0]).all()


def test_the_figure_gives_geometric_means():
    found = {"fading": np.array([[9.0, 1.0, 2e-7], [9.0, 1.0, 2e-9]]), "level": np.array([[9.0, 1.0, 0.5]] * 2)}
    figure = reach.distance_figure(found)
    assert figure.axes[0].lines[0].get_ydata() == pytest.approx([1, 2e-8])
    plt.close(figure)


def test_mistakes_are_named():
    with pytest.raises(StudyError, match="300 tokens are too few for a sequence of 301"):
        reach.inputs(TOKENS, 4, 301, seed=1)
    with pytest.raises(StudyError, match="not of _LastAttention"):
        reach.product_bound(built("attention", 4), torch.zeros(3, 4))


def test_a_state_has_one_size_and_a_memory_grows():
    (short, long) = (row for _, row in reach.code_sizes(8, lengths=(3, 30)).iterrows())
    assert short["last state of an LSTM"] == long["last state of an LSTM"] == "2 vectors of 8, 16 numbers"
    assert long["memory of an encoder"] == "30 vectors of 8, 240 numbers"
