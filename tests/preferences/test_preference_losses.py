"""Losses of pairs: closed forms by hand, limits, and where their gradients point."""

import math

import pytest
import torch

from lmstudy.compose import compose_config
from lmstudy.config import build
from lmstudy.errors import StudyError
from lmstudy.preferences.losses.base import PairLikelihoods, PreferenceLoss
from lmstudy.preferences.losses.dpo import DPO, dpo_loss
from lmstudy.preferences.losses.ipo import IPO
from lmstudy.preferences.losses.kto import KTO
from lmstudy.preferences.losses.orpo import ORPO

NAMES = ("dpo", "ipo", "kto", "orpo")


def made(name: str, beta: float = 0.1) -> PreferenceLoss:
    return build(compose_config("dpo", ["run=x", f"loss={name}"])["loss"], "loss", beta=beta)


def pairs(policy, reference, tokens=None, drift: float = 0.0) -> PairLikelihoods:
    policy = torch.tensor(policy, requires_grad=True)
    tokens = torch.ones_like(policy) if tokens is None else torch.tensor(tokens)
    return PairLikelihoods(policy, torch.tensor(reference), tokens, torch.tensor(drift))


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def test_a_yaml_is_named_as_its_loss():
    assert [made(name).name for name in NAMES] == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_at_the_reference_the_chosen_text_is_pulled_up_and_the_rejected_one_pushed_down(name):
    given = pairs([[-10.0, -9.0], [-30.0, -28.0]], [[-10.0, -9.0], [-30.0, -28.0]], [[5.0, 6.0], [20.0, 9.0]])
    made(name)(given).backward()
    assert (given.policy.grad[:, 0] < 0).all()  # a step against the gradient raises log pi(y_w)
    assert (given.policy.grad[:, 1] > 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_the_loss_is_a_mean_over_pairs(name):
    loss = made(name)
    first, second = ([-10.0, -12.0], [-11.0, -11.5]), ([-5.0, -3.0], [-5.0, -6.0])
    alone = [float(loss(pairs([policy], [reference], [[4.0, 3.0]]))) for policy, reference in (first, second)]
    both = loss(pairs([first[0], second[0]], [first[1], second[1]], [[4.0, 3.0]] * 2))
    assert float(both) == pytest.approx(sum(alone) / 2, rel=1e-5)


def test_dpo_is_dpo():
    given = pairs([[-10.0, -12.0]], [[-11.0, -11.5]])
    assert float(DPO(0.5)(given)) == float(dpo_loss(given.policy, given.reference, 0.5))
    assert float(DPO(0.5)(given)) == pytest.approx(math.log(1 + math.exp(-0.75)))


def test_ipo_by_hand():
    # h = (-10 + 11) - (-12 + 11.5) = 1.5; the aim of beta = .25 is 2
    assert float(IPO(0.25)(pairs([[-10.0, -12.0]], [[-11.0, -11.5]]))) == pytest.approx(0.25)
    reference = pairs([[-4.0, -7.0]], [[-4.0, -7.0]])
    assert float(IPO(0.1)(reference)) == pytest.approx(25)  # (1 / .2)^2


def test_ipo_pulls_back_what_went_beyond_its_aim():
    for apart, sign in ((1.9, -1), (2.0, 0), (2.1, 1)):
        given = pairs([[apart, 0.0]], [[0.0, 0.0]])
        IPO(0.25)(given).backward()
        chosen, rejected = given.policy.grad[0].tolist()
        assert chosen == pytest.approx(2 * (apart - 2), abs=1e-5)  # 2 (h - aim)
        assert rejected == -chosen
        assert sign == (0 if abs(chosen) < 1e-5 else math.copysign(1, chosen))


def test_kto_by_hand():
    # r of the chosen text is 1, of the rejected one -.5; z is .4
    given = pairs([[-10.0, -12.0]], [[-11.0, -11.5]], drift=0.4)
    by_hand = (1 - sigmoid(0.5 * (1 - 0.4)) + 1 - sigmoid(0.5 * (0.4 + 0.5))) / 2
    assert float(KTO(0.5)(given)) == pytest.approx(by_hand)
    weighed = (2 * (1 - sigmoid(0.3)) + 3 * (1 - sigmoid(0.45))) / 2  # lambda - lambda sigmoid
    assert float(KTO(0.5, desirable=2.0, undesirable=3.0)(given)) == pytest.approx(weighed)


def test_kto_at_the_reference_loses_half_of_each_weight_and_a_negative_drift_counts_as_none():
    same = [[-10.0, -12.0]]
    assert float(KTO(0.3)(pairs(same, same))) == pytest.approx(0.5)
    moved = [[-11.0, -11.5]]
    assert float(KTO(0.3)(pairs(same, moved, drift=-3.0))) == float(KTO(0.3)(pairs(same, moved)))


def test_kto_judges_each_text_alone():
    given = pairs([[-10.0, -12.0]], [[-11.0, -11.5]])
    KTO(0.5)(given).backward()
    other = pairs([[-10.0, -40.0]], [[-11.0, -11.5]])
    KTO(0.5)(other).backward()
    assert float(given.policy.grad[0, 0]) == float(other.policy.grad[0, 0])
    slope = sigmoid(0.5) * (1 - sigmoid(0.5))
    assert float(given.policy.grad[0, 0]) == pytest.approx(-0.5 * slope / 2)


def test_kto_refuses_a_weight_that_is_none():
    with pytest.raises(StudyError, match=r"loss\.undesirable=0\.0 must be above 0"):
        KTO(0.1, undesirable=0.0)


def test_orpo_by_hand():
    # two tokens of 1/2 each, and two of 1/4: odds of 1 and of 1/3
    given = pairs([[2 * math.log(0.5), 2 * math.log(0.25)]], [[0.0, 0.0]], [[2.0, 2.0]])
    by_hand = -math.log(0.5) - 0.2 * math.log(sigmoid(math.log(3)))
    assert float(ORPO(0.2)(given)) == pytest.approx(by_hand)


def test_orpo_looks_at_the_mean_of_a_texts_tokens_and_at_no_reference():
    short = pairs([[math.log(0.5), math.log(0.25)]], [[0.0, 0.0]], [[1.0, 1.0]])
    long = pairs([[8 * math.log(0.5), 3 * math.log(0.25)]], [[-7.0, -1.0]], [[8.0, 3.0]])
    assert float(ORPO(0.2)(short)) == pytest.approx(float(ORPO(0.2)(long)))


def test_orpo_stays_finite_where_a_text_is_certain():
    given = pairs([[0.0, -50.0]], [[0.0, 0.0]], [[3.0, 3.0]])
    loss = ORPO(0.2)(given)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(given.policy.grad).all()
    assert float(loss) == pytest.approx(0, abs=1e-5)
