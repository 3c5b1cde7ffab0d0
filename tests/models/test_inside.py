"""Looking inside a Transformer: weights are those it mixes by, states its own, a vector is added behind its layer."""

import pytest
import torch

from lmstudy.data.tokenizer import BOS
from lmstudy.errors import StudyError
from lmstudy.models.dense import DenseAutoencoder
from lmstudy.models.generation import Sampling, generate
from lmstudy.models.inside import (
    Shifted,
    attention_weights,
    check_transformer,
    read_and_written,
    shifted,
    states,
)
from lmstudy.models.transformer import Seq2SeqTransformer

READ = [[BOS, 40, 41, 42], [BOS, 43]]
WRITTEN = [[BOS, 44, 45], [BOS, 46, 47]]


@pytest.fixture
def model() -> Seq2SeqTransformer:
    torch.manual_seed(0)
    own = Seq2SeqTransformer(60, 16, d_model=16, heads=2, d_ff=24, encoder_layers=2, decoder_layers=3, smear=True)
    for parameter in own.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return own.eval()


@torch.inference_mode()
def test_weights_mix_the_values_as_the_network_does(model):
    """Attention put together from the noted weights returns what the network's own returned."""
    given, returned = [], []
    layers = [model.encoder[1].self_attention, model.decoder[2].self_attention]
    cross = model.decoder[0].encoder_decoder_attention

    def note(layer, args, out):
        given.append((layer, args))
        returned.append(out)

    for layer in (*layers, cross):
        layer.register_forward_hook(note)
    weights = attention_weights(model, read_and_written(READ, WRITTEN))
    assert {name: len(own) for name, own in weights.items()} == {"encoder": 2, "decoder": 3, "cross": 3}
    noted = {id(layers[0]): weights["encoder"][1], id(layers[1]): weights["decoder"][2], id(cross): weights["cross"][0]}
    assert len(given) == 3
    for (layer, args), out in zip(given, returned, strict=True):
        _, values = layer.keys_values(args[1] if layer is cross else args[0])
        mixed = layer.output((noted[id(layer)] @ values).transpose(1, 2).flatten(2))
        torch.testing.assert_close(mixed, out)


@torch.inference_mode()
def test_weights_add_up_to_one_and_see_neither_ahead_nor_padding(model):
    weights = attention_weights(model, read_and_written(READ, WRITTEN))
    for own in weights.values():
        for layer in own:
            torch.testing.assert_close(layer.sum(-1), torch.ones_like(layer.sum(-1)))
    assert not weights["decoder"][0].triu(1).any()
    assert not weights["cross"][0][1, :, :, 2:].any()


def test_a_hand_made_head_looks_where_it_is_told():
    """Equal keys are looked at alike; with a large query for one key, that alone."""
    model = Seq2SeqTransformer(50, 8, d_model=4, heads=1, d_ff=4, encoder_layers=1, decoder_layers=1).eval()
    cross = model.decoder[0].encoder_decoder_attention
    with torch.inference_mode():
        cross.query.weight.zero_()
        even = attention_weights(model, read_and_written([READ[0]], [WRITTEN[0]]))["cross"][0]
        torch.testing.assert_close(even, torch.full((1, 1, 3, 4), 0.25))
        memory = model.encode(torch.tensor([READ[0]]), torch.ones(1, 4, dtype=torch.int64))[0]
        cross.key_value.weight[:4] = torch.eye(4)
        query = model.decoder[0].cross_norm(model.embed(torch.tensor([WRITTEN[0]])))[0, 1]
        cross.query.weight.copy_(2000 * torch.outer(memory[2], query) / (query @ query))
        sharp = attention_weights(model, read_and_written([READ[0]], [WRITTEN[0]]))["cross"][0]
    assert sharp[0, 0, 1].argmax() == (memory @ memory[2]).argmax()
    assert sharp[0, 0, 1].max() > 0.99


@torch.inference_mode()
def test_states_begin_with_embeddings_and_end_before_the_last_norm(model):
    batch = read_and_written(READ, WRITTEN)
    found = states(model, batch)
    assert [len(found["encoder"]), len(found["decoder"])] == [3, 4]
    embedded = model.encoder_smear(model.embed(batch.encoder_tokens), batch.encoder_documents)
    torch.testing.assert_close(found["encoder"][0], embedded)
    torch.testing.assert_close(model.decoder_norm(found["decoder"][-1]), model.hidden(batch))
    assert not any(layer._forward_hooks or layer._forward_pre_hooks for layer in (*model.encoder, *model.decoder))


@torch.inference_mode()
def test_a_vector_is_added_behind_its_layer_alone_whether_all_is_read_at_once_or_written_step_by_step(model):
    batch, vector = read_and_written([READ[0]], [WRITTEN[0]]), torch.randn(16)
    plain = states(model, batch)["decoder"]
    with shifted(model, 2, vector):
        moved, logits = states(model, batch)["decoder"], model(batch)[0]
    torch.testing.assert_close(moved[1], plain[1])
    torch.testing.assert_close(moved[2], plain[2] + vector)
    torch.testing.assert_close(states(model, batch)["decoder"][2], plain[2])
    writer = Shifted(model, 2, vector)
    cache = writer.start(batch.encoder_tokens, batch.encoder_documents, 4)
    for position, token in enumerate(WRITTEN[0]):
        torch.testing.assert_close(writer.step(torch.tensor([token]), cache)[0], logits[position], rtol=1e-4, atol=1e-4)


def test_a_vector_of_zeros_changes_nothing(model):
    sampling, prompts = Sampling(max_tokens=12), [[40], [41, 42], []]
    plain, still, moved = (
        generate(writer, prompts, sampling, generator=torch.Generator().manual_seed(3))
        for writer in (model, Shifted(model, 1, torch.zeros(16)), Shifted(model, 1, torch.full((16,), 5.0)))
    )
    assert plain == still
    assert plain != moved


def test_models_without_attention_and_layers_that_are_not_there_are_refused(model):
    with pytest.raises(
        StudyError, match=r"the map of run 1: DenseAutoencoder has no attention layers.*model=transformer"
    ):
        check_transformer(DenseAutoencoder(60, 16, d_model=8, widths=[8, 4, 8]), "the map of run 1")
    check_transformer(model, "the map of run 1")
    for layer in (0, 4):
        with pytest.raises(StudyError, match=rf"layer={layer} must be one of the decoder's, 1 to 3"):
            Shifted(model, layer, torch.zeros(16))
