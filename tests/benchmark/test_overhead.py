"""The workload `overhead`: both sides train the same, and what the lines say of their times."""

import pytest
import torch

from lmstudy.benchmark.overhead import Bare, Product, lines
from tests.benchmark.cases import account, contest, tiny_data

OVERRIDES = ["budget=smoke", "budget.d_model=16", "budget.d_ff=24", "logger=csv", "trainer.compile=false",
             "trainer.threads=1", "trainer.checkpoint_every=99"]  # fmt: skip


def test_product_and_bare_loop_make_the_same_steps():
    settings = {"overrides": OVERRIDES, "data": tiny_data(), "steps": 3}
    product, bare = Product(**settings), Bare(**settings)
    for contender in (product, bare):
        block = contender.block()
        assert block.units == 3
        assert 0 < block.seconds < 60
        (waited,) = contender.facts["data_seconds_a_step"]
        assert 0 < waited < block.seconds
    assert product.facts["checkpoint_seconds"][0] > 0
    ours, theirs = product.module.model.state_dict(), bare.module.model.state_dict()
    start = Bare(**settings).module.model.state_dict()
    assert any(not torch.equal(ours[name], start[name]) for name in ours)
    for name, value in ours.items():
        torch.testing.assert_close(value, theirs[name], rtol=1e-5, atol=1e-6)


def test_overhead_is_the_mean_of_paired_rounds_in_percent():
    product = account([1.1, 2.4, 1.309090909], 10, data_seconds_a_step=[0.011], checkpoint_seconds=[0.5])
    bare = account([1.0, 2.0, 1.0], 10, data_seconds_a_step=[0.01])
    found = {(line.contender, line.measure): line.value for line in lines(contest(product=product, bare=bare), 100)}
    assert next(iter(found)) == ("lmstudy", "overhead")
    assert found["lmstudy", "overhead"] == pytest.approx(20)
    assert found["product", "seconds_per_step"] == pytest.approx(0.13, rel=0.01)
    assert found["bare", "waits_for_data"] == pytest.approx(10)
    assert found["product", "checkpoints"] == pytest.approx(100 * 0.5 / 100 / 0.1)
