"""Attention by hand is PyTorch's, the division keeps its weights soft, and masks do what is drawn."""

import math

import numpy as np
import pytest
import torch
from concept_cases import packed, transformer

from lmstudy.chapters.concepts import attention
from lmstudy.data.batch import Seq2SeqBatch
from lmstudy.errors import StudyError
from lmstudy.models.transformer import Attention, FeedForward


@pytest.mark.parametrize("causal", [False, True])
def test_by_hand_is_the_fused_function(causal):
    q, k, v = attention.three_tokens(np.random.default_rng(0).standard_normal((3, 16)), 4, seed=1)
    found = attention.attention_by_hand(q, k, v, causal=causal)
    assert found.difference < 1e-6
    assert found.weights.sum(1).tolist() == pytest.approx([1, 1, 1])
    assert found.output[0].tolist() == pytest.approx((v[0] if causal else found.weights[0] @ v).tolist())
    assert (found.weights.triu(1) == 0).all() == causal
    assert found.scores[2, 1].item() == pytest.approx(float(q[2] @ k[1]) / 2)  # sqrt(4) = 2


def test_equal_scores_give_the_mean():
    found = attention.attention_by_hand(torch.zeros(3, 2), torch.randn(3, 2), torch.eye(3)[:, :2])
    assert found.weights.flatten().tolist() == pytest.approx([1 / 3] * 9)
    assert found.output.flatten().tolist() == pytest.approx([1 / 3] * 6)


def test_the_table_holds_the_steps():
    q, k, v = attention.three_tokens(np.random.default_rng(0).standard_normal((3, 16)), 2, seed=1)
    assert (q * 10).round().allclose(q * 10)
    found = attention.attention_by_hand(q, k, v)
    table = attention.steps_table(found, ["a", "b", "c"])
    assert table.shape == (3, 8)
    assert table.loc["b", "weight of c"] == pytest.approx(float(found.weights[1, 2]))
    assert table.loc["c", "output 2"] == pytest.approx(float(found.output[2, 1]))


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


def test_sight_is_a_block_an_example_and_a_triangle_in_the_decoder():
    found = attention.sight(packed())
    encoder, decoder, memory = found.values()
    assert encoder.shape == (9, 9)
    assert (encoder[:4, :4] == 1).all()
    assert (encoder[4:7, 4:7] == 2).all()
    assert (encoder[:7, 7:] == 0).all()
    assert (encoder[7:] == -1).all()
    assert (decoder[:9, :9] == np.tril(decoder[:9, :9])).all()
    assert [(decoder == number).sum() for number in (1, 2)] == [5 * 6 / 2, 4 * 5 / 2]
    assert memory.shape == (12, 9)
    assert [(memory == number).sum() for number in (1, 2)] == [5 * 4, 4 * 3]


def test_what_changes_is_what_the_masks_allow():
    model, batch = attention.awaken(transformer(), seed=1), packed(rows=1)
    found = attention.changed(model, batch, "encoder", 5)
    assert found["memory"].nonzero().flatten().tolist() == [4, 5, 6]
    assert found["output"].nonzero().flatten().tolist() == [5, 6, 7, 8]
    found = attention.changed(model, batch, "decoder", 2)
    assert not found["memory"].any()
    assert found["output"].nonzero().flatten().tolist() == [2, 3, 4]
    with pytest.raises(StudyError, match="side='memory' must be"):
        attention.changed(model, batch, "memory", 0)


def test_the_table_of_changes_reads_as_it_was_measured():
    table = attention.change_table(attention.awaken(transformer(), seed=1), packed(rows=1))
    assert table.loc["encoder's token 2"].tolist() == ["0 to 3", "0 to 3", "0 to 4", "0 to 4"]
    assert table.loc["decoder's token 2"].tolist() == ["0 to 3", "none", "0 to 4", "2 to 4"]
    assert attention._span(torch.tensor([True, False, True])) == "0, 2"
    assert attention._span(torch.tensor([False, True])) == "1"


def test_before_it_is_awoken_a_model_passes_nothing_on():
    model, batch = transformer(), packed(rows=1)
    assert attention.changed(model, batch, "encoder", 5)["memory"].nonzero().flatten().tolist() == [5]
    assert not attention.changed(model, batch, "encoder", 5)["output"].any()
    before = {name: value.clone() for name, value in model.named_parameters()}
    attention.awaken(model, seed=1)
    touched = {name for name, value in model.named_parameters() if not torch.equal(value, before[name])}
    kinds = [module for module in model.modules() if isinstance(module, Attention | FeedForward)]
    assert len(touched) == len(kinds) == 4 * 2 + 4 * 3
    assert all(name.endswith(("output.weight", "down.weight")) for name in touched)


def test_the_row_that_shows_most_is_found():
    batch = packed(rows=1)
    single = batch._replace(
        encoder_documents=torch.ones_like(batch.encoder_documents),
        decoder_documents=torch.ones_like(batch.decoder_documents),
    )
    two = Seq2SeqBatch(*(torch.cat([a, b]) if a.ndim else a for a, b in zip(single, batch, strict=True)))
    found = attention.packed_row([single, two])
    assert (found.decoder_documents == batch.decoder_documents).all()
    assert (found.encoder_tokens == batch.encoder_tokens).all()
    assert attention.packed_row([single]).decoder_documents.max() == 1
    with pytest.raises(StudyError, match="no batch"):
        attention.packed_row([])
    assert attention.middle_of_longest(batch.decoder_documents[0]) == 2
    assert attention.middle_of_longest(torch.tensor([1, 2, 2, 2, 0, 0, 0, 0])) == 2


def test_a_look_up_is_a_product_with_one_hot_rows():
    model = transformer()
    shape, difference = attention.lookup_is_a_product(model.embedding, torch.tensor([3, 1, 3]))
    assert shape == (3, 50)
    assert difference == 0
