"""Attention: what is looked at, counted by hand; entropies of known weights; an untrained network beside the run's."""

import math

import pytest
import torch

from lmstudy.errors import StudyError
from lmstudy.measures.attention import Heads, looked_at
from tests.measures.conftest import made, measure_of

BOS = 1


def places(kinds, kind, query):
    return kinds[kind][0, query].nonzero()[:, 0].tolist()


def test_what_is_looked_at_in_the_own_text():
    text = torch.tensor([[BOS, 50, 51, 50, 52, 50]])
    kinds = looked_at(text, text, own=True)
    assert places(kinds, "same", 5) == [1, 3]
    assert places(kinds, "after", 5) == [2, 4]
    assert places(kinds, "same", 1) == places(kinds, "after", 1) == []
    assert places(kinds, "near", 5) == [4]
    assert places(kinds, "start", 5) == [0]
    twice = torch.tensor([[BOS, 50, 50]])
    assert places(looked_at(twice, twice, own=True), "after", 2) == []  # what follows is the position itself


def test_what_the_decoder_looks_at_in_what_was_read():
    kinds = looked_at(torch.tensor([[BOS, 50, 53]]), torch.tensor([[BOS, 50, 51, 50, 52, 54]]), own=False)
    assert places(kinds, "same", 1) == [1, 3]
    assert places(kinds, "after", 1) == [2, 4]
    assert places(kinds, "near", 2) == [2, 3, 4, 5]
    assert [places(kinds, kind, 2) for kind in ("same", "after")] == [[], []]
    assert places(kinds, "same", 0) == []  # the start token is no word


def test_equal_weights_have_the_entropy_and_the_shares_that_are_called_uniform():
    text = torch.tensor([[BOS, 50, 51, 50]])
    kinds = looked_at(text, text, own=True)
    even = torch.ones(4, 4).tril() / torch.arange(1, 5)[:, None]
    copying = torch.tensor([[1.0, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0]])
    heads = Heads()
    heads.add("decoder", 1, torch.stack([even, copying])[None], kinds, causal=True)
    found = heads.metrics()
    assert found["decoder/1/1/entropy"] == pytest.approx(1)
    assert found["decoder/1/2/entropy"] == pytest.approx(0)
    assert found["decoder/1/1/after"] == pytest.approx(found["uniform/decoder/after"]) == pytest.approx(1 / 4)
    assert found["decoder/1/2/after"] == pytest.approx(1)
    assert found["decoder/1/2/start"] == pytest.approx(3 / 4)
    assert found["uniform/decoder/start"] == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4) / 4)
    half = Heads()
    half.add("cross", 1, torch.tensor([0.5, 0.5, 0, 0]).expand(1, 1, 2, 4), {}, causal=False)
    assert half.metrics() == {"cross/1/1/entropy": pytest.approx(math.log(2) / math.log(4))}


def test_a_run_is_measured_beside_the_network_it_began_as(signed):
    record = measure_of(signed, "measure=attention", "measure.read=8", "measure.written=8", "documents=12")
    heads = [key for key in record.metrics if key.endswith("/entropy") and not key.startswith("untrained/")]
    assert len(heads) == 2 * (2 + 2 + 2)  # layers of encoder, decoder and cross, of two heads each
    for key in heads:
        assert 0 < record.metrics[key] <= 1 + 1e-6
        assert record.metrics[f"untrained/{key}"] != record.metrics[key]
    assert record.metrics["pairs"] == 12
    (shown,) = record.samples
    assert len(shown["weights"]) == len(shown["written"]) == 8
    assert [len(row) for row in shown["weights"]] == [len(shown["read"])] * 8
    assert [sum(row) for row in shown["weights"]] == pytest.approx([1] * 8, abs=0.01)
    assert shown["read"][0] == "start"


def test_a_model_without_attention_and_texts_too_short_are_refused(signed, settings, tmp_path):
    with pytest.raises(StudyError, match=r"measure\.read=5000: this run's rows hold \d+ tokens"):
        measure_of(signed, "measure=attention", "measure.read=5000")
    with pytest.raises(StudyError, match=r"measure\.read=1 must be at least 4"):
        measure_of(signed, "measure=attention", "measure.read=1")
    recurrent = made([*settings, "model=lstm"], tmp_path)
    with pytest.raises(StudyError, match=r"measure=attention of .*: Seq2SeqLSTM has no attention layers.*model=trans"):
        measure_of(recurrent, "measure=attention")
