"""A recorded pass says who fed whom, and misses and invents nothing."""

import math

import pytest
import torch
from concept_cases import VOCABULARY, Dense, PyTorchs, Recurrent, loss_of, packed, pair, transformer
from torch import nn

from lmstudy.chapters.concepts.forward_graph import record_forward
from lmstudy.errors import StudyError


@pytest.fixture(scope="module")
def recorded():
    batch = packed()
    return record_forward(transformer(), batch, loss_of(batch.labels))


def test_the_memory_goes_to_every_decoder_layer_and_nothing_else_of_the_encoder_does(recorded):
    for layer in range(4):
        assert "encoder_norm" in recorded.sources(f"decoder.{layer}.encoder_decoder_attention")
        assert "encoder_norm" in recorded.sources(f"decoder.{layer}")
    decoder = {call.name for call in recorded.calls if call.name.startswith("decoder")}
    assert len(decoder) == 4 * 7 + 1
    for name in decoder:
        from_encoder = {source for source in recorded.sources(name) if source.startswith("encoder")}
        allowed = {"encoder_norm"} if name.count(".") == 1 or name.endswith("encoder_decoder_attention") else set()
        assert from_encoder == allowed, name


def test_the_decoder_has_an_input_of_its_own(recorded):
    assert recorded.inputs == {"encoder_tokens": (2, 9), "decoder_tokens": (2, 12)}
    assert recorded.sources("embedding") == {"encoder_tokens", "decoder_tokens"}
    by_name = {call.name: index for index, call in enumerate(recorded.calls)}
    assert recorded.inputs_of(by_name["encoder_norm"]) == {"encoder_tokens"}
    assert recorded.inputs_of(by_name["decoder.0.self_attention"]) == {"decoder_tokens"}
    assert recorded.inputs_of(by_name["decoder.0.feed_forward"]) == {"encoder_tokens", "decoder_tokens"}


def test_layers_follow_each_other_and_residuals_show(recorded):
    assert recorded.sources("encoder.2") == {"encoder.1"}
    assert recorded.sources("encoder.2.attention_norm") == {"encoder.1"}
    assert recorded.sources("encoder.2.self_attention") == {"encoder.2.attention_norm"}
    assert recorded.sources("encoder.2.feed_forward_norm") == {"encoder.1", "encoder.2.self_attention"}
    layer = next(call for call in recorded.calls if call.name == "encoder.2")
    made_of = {recorded.calls[i].name for i in layer.made_of}
    assert made_of == {"encoder.1", "encoder.2.self_attention", "encoder.2.feed_forward"}


def test_shapes_masks_and_order_are_those_of_the_pass(recorded):
    by_name = {call.name: call for call in recorded.calls}
    assert by_name["encoder_norm"].shape == (2, 9, 8)
    assert by_name["decoder_norm"].shape == (2, 12, 8)
    assert recorded.output_shape == (2, 12, VOCABULARY)
    assert {by_name[f"decoder.{i}.self_attention"].causal for i in range(4)} == {True}
    assert {by_name[f"encoder.{i}.self_attention"].causal for i in range(4)} == {False}
    names = [call.name for call in recorded.calls if call.parent is None]
    encoder, decoder = [f"encoder.{i}" for i in range(4)], [f"decoder.{i}" for i in range(4)]
    assert names == ["embedding", *encoder, "encoder_norm", "embedding", *decoder, "decoder_norm"]


def test_parameters_add_up_with_the_tied_matrix_once(recorded):
    total = sum(parameter.numel() for parameter in transformer().parameters())
    assert recorded.total_parameters == total
    assert sum(call.parameters for call in recorded.calls) == total
    assert [call.parameters for call in recorded.calls if call.name == "embedding"] == [8 * VOCABULARY, 0]
    assert recorded.output_parameters == 0
    assert "embedding.weight" in recorded.output_sources


def test_the_loss_is_a_softmax_and_a_mean_of_logarithms(recorded):
    assert recorded.loss_operations[-2:] == ("LogSoftmax", "NllLoss")
    batch = packed()
    with torch.no_grad():
        assert recorded.loss == pytest.approx(float(loss_of(batch.labels)(transformer()(batch))))


def test_no_hook_stays_behind_even_after_an_error():
    model = transformer(layers=1)
    batch = packed()
    with pytest.raises(RuntimeError, match="on purpose"):
        record_forward(model, batch, lambda logits: (_ for _ in ()).throw(RuntimeError("on purpose")))
    record_forward(model, batch, loss_of(batch.labels))
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_the_articles_listing_is_a_chain():
    tokens = pair()["source"]
    graph = record_forward(Dense(), tokens, loss_of(tokens))
    names = ["embedding", "stack.0", "stack.1", "stack.2"]
    assert [call.name for call in graph.calls] == names
    assert [graph.sources(name) for name in names] == [{"input"}, *({name} for name in names[:-1])]
    assert graph.output_sources == (3,)
    assert graph.loss == pytest.approx(math.log(VOCABULARY), abs=1)


def test_a_state_is_handed_over_as_it_is_and_shared_weights_count_once():
    batch = pair()
    model = Recurrent()
    graph = record_forward(model, batch, loss_of(batch["target"]))
    assert graph.sources("writer") == {"embedding", "reader"}
    writer = next(call for call in graph.calls if call.name == "writer")
    reader = next(i for i, call in enumerate(graph.calls) if call.name == "reader")
    assert [shape for source, shape in writer.given if source == reader] == [(1, 2, 8), (1, 2, 8)]
    assert sum(call.parameters for call in graph.calls) == sum(p.numel() for p in model.parameters())
    assert next(call.parameters for call in graph.calls if call.name == "output") == 0


def test_modules_in_modules_are_found():
    batch = pair()
    graph = record_forward(PyTorchs(), batch, loss_of(batch["target"]))
    for layer in range(2):
        assert "core.encoder" in graph.sources(f"core.decoder.layers.{layer}.multihead_attn")
    assert "core.encoder.layers.1" in graph.sources("core.encoder.layers.2")
    assert sum(call.parameters for call in graph.calls) == graph.total_parameters


def test_a_model_without_modules_and_a_name_that_was_not_called_are_refused(recorded):
    class Constant(nn.Module):
        def forward(self, x):
            return x * torch.ones(1, requires_grad=True)

    with pytest.raises(StudyError, match="Constant called none of its modules"):
        record_forward(Constant(), torch.ones(2), torch.sum)
    with pytest.raises(StudyError, match=r"no module 'encoder\.9' was called"):
        recorded.sources("encoder.9")
