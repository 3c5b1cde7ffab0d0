"""The workload `generate`: every contender writes as much, cases stay apart, and a small contest from end to end."""

import numpy as np
import pytest

from lmstudy.benchmark.contest import comparable
from lmstudy.benchmark.generate import T5, Generate, Ours, merged, result
from lmstudy.benchmark.peers import All
from lmstudy.errors import StudyError
from tests.benchmark.cases import SIZES, account, bench, contest

GIVEN = {"prompts": [[40, 41], [42, 43], [44, 45]], "tokens": 5, "vocab_size": 60, **SIZES}
SETTINGS = {"sequences": [2], "top_p": 1.0, "nucleus_sequences": [], "nucleus_top_p": 0.9, "tokens": 4,
            "prompt_tokens": 2, "most_rounds": 2, "vocab_size": 60, **SIZES}  # fmt: skip


@pytest.mark.parametrize("top_p", [1.0, 0.9])
def test_both_write_every_token(top_p):
    pytest.importorskip("transformers")

    ours, theirs = Ours(top_p=top_p, **GIVEN), T5(top_p=top_p, **GIVEN)
    assert ours.block() == theirs.block() == 15
    comparable({"lmstudy": ours.facts, "hf_t5": theirs.facts})  # equal shapes, parameters within 2 %
    assert ours.facts["shape"] == [3, 2, 5]


def test_a_sequence_that_ends_early_is_noticed():
    contender = Ours(top_p=1.0, **GIVEN)
    contender.sampling = type(contender.sampling)(banned=(), stop=tuple(range(60)), max_tokens=5)
    with pytest.raises(StudyError, match="0 tokens were written instead of 15"):
        contender.block()


def test_cases_are_reported_apart_and_ratios_come_first():
    held = contest(lmstudy=account([1.0, 1.0], 30), hf_t5=account([2.0, 3.0], 30))
    both = merged([result(held, case, ["hf_t5"]) for case in ("2_sequences", "1_sequences")], ["hf_t5"])
    first = both.lines[0]
    assert (first.peer, first.measure) == ("hf_t5", "tokens_per_second_2_sequences")
    assert first.ratio == pytest.approx(6**0.5)  # the geometric mean of twice and three times
    peers = [line.peer for line in both.lines]
    assert peers == ["hf_t5"] * 4 + [None] * (len(peers) - 4)
    assert len({(line.peer, line.contender, line.measure) for line in both.lines}) == len(both.lines)
    assert both.curves["hf_t5/tokens_per_second_1_sequences"]["value"] == [15, 10]
    assert both.metrics["hf_t5/ratio/tokens_per_second_1_sequences"] == pytest.approx(6**0.5)
    assert {"machine/spread_2_sequences", "machine/spread_1_sequences"} <= set(both.metrics)
    assert [sample["case"] for sample in both.samples] == ["2_sequences", "1_sequences"]


@pytest.mark.usefixtures("contest_here")
def test_a_small_contest_from_end_to_end():
    pytest.importorskip("transformers")
    told = []
    peers = tuple(peer for peer in All().peers() if peer.name == "hf_t5")
    found = Generate(**SETTINGS).run(bench(rounds=3, peers=peers, told=told))
    assert told == ["2 rounds a case (workload.most_rounds)", "generate 2_sequences: 4 tokens each"]
    ours, theirs = (found.curves[f"{name}/tokens_per_second_2_sequences"]["value"] for name in ("lmstudy", "hf_t5"))
    paired = sorted(a / b for a, b in zip(ours, theirs, strict=True))
    assert found.lines[0].ratio == pytest.approx(np.prod(paired) ** 0.5)
    assert found.lines[0].ratio > 0
