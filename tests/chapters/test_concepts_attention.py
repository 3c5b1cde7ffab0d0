"""Attention by hand is PyTorch's, and the division keeps its weights soft."""

import math

import numpy as np
import pytest

from lmstudy.chapters.concepts import attention


@pytest.mark.parametrize("causal", [False, True])
def test_by_hand_is_the_fused_function(causal):
    q, k, v = attention.three_tokens(np.random.default_rng(0).standard_normal((3, 16)), 4, seed=1)
    found = attention.attention_by_hand(q, k, v, causal=causal)
    assert found.difference < 1e-6
    assert found.weights.sum(1).tolist() == pytest.approx([1, 1, 1])
    assert found.output[0].tolist() == pytest.approx((v[0] if causal else found.weights[0] @ v).tolist())
    assert (found.weights.triu(1) == 0).all() == causal
    assert attention.steps_table(found, ["a", "b", "c"]).loc["b", "weight of c"] == float(found.weights[1, 2])
    assert found.scores[2, 1].item() == pytest.approx(float(q[2] @ k[1]) / 2)  # sqrt(4) = 2


def test_the_division_keeps_the_entropy_where_it_was():
    found = attention.weight_entropy([4, 64, 1024], keys=32, seeds=4)
    divided, not_divided = found["divided by √d"], found["not divided"]
    for estimate in [*divided.values(), *not_divided.values()]:
        assert 0 <= estimate.value < 5  # log2(32)
        assert estimate.low < estimate.value < estimate.high
    assert divided[1024].value == pytest.approx(divided[4].value, abs=0.25)
    assert not_divided[4].low > not_divided[64].high
    assert not_divided[64].low > not_divided[1024].high
    # scores of variance 1: the loss of entropy is about 1/2 nat
    assert divided[1024].value == pytest.approx(5 - 0.5 / math.log(2), abs=0.2)
