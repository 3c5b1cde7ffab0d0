"""Models beside the encoder-decoder Transformer: examples stay apart, nothing looks ahead, sizes match."""

from itertools import product

import pytest
import torch
from torch import nn

from lmstudy.data.batch import Seq2SeqBatch
from lmstudy.data.tokenizer import BOS
from lmstudy.errors import StudyError
from lmstudy.models.decoder_only import DecoderOnlyTransformer
from lmstudy.models.dense import DenseAutoencoder
from lmstudy.models.generation import Sampling, generate, pad_prompts
from lmstudy.models.lstm import Seq2SeqLSTM, bands, example_lengths, to_examples, to_rows
from lmstudy.models.lstm_attention import Seq2SeqLSTMWithAttention
from lmstudy.models.matching import TOLERANCE, Reference, matched
from lmstudy.models.transformer import Seq2SeqTransformer
from tests.models.test_transformer import batch_of

V = 300
REFERENCE = Reference(d_model=16, d_ff=24, encoder_layers=2, decoder_layers=2)
ARTICLES = {
    "lstm": lambda: Seq2SeqLSTM(V, 40, REFERENCE, d_model=16, units=20),
    "lstm_attention": lambda: Seq2SeqLSTMWithAttention(V, 40, REFERENCE, d_model=16, units=20),
    "dense": lambda: DenseAutoencoder(V, 40, d_model=16, widths=[20, 10, 5, 10, 20]),
}


KINDS = ARTICLES | {
    "decoder_only": lambda: filled(DecoderOnlyTransformer(V, 40, d_model=16, layers=3, d_ff=24)),
    "decoder_only_smear": lambda: filled(DecoderOnlyTransformer(V, 40, d_model=16, layers=3, d_ff=24, smear=True)),
}


def filled(model: nn.Module) -> nn.Module:
    """Its layers start as the identity; here every matrix has numbers, so that every path carries something."""
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.2)
    return model


@pytest.fixture(params=KINDS)
def model(request):
    torch.manual_seed(0)
    return KINDS[request.param]().eval()


@pytest.fixture(params=["lstm", "lstm_attention"])
def recurrent(request):
    torch.manual_seed(0)
    return KINDS[request.param]().eval()


def batch(seed: int = 0) -> Seq2SeqBatch:
    """Two rows: two examples and padding; one example of each side's full length."""
    g = torch.Generator().manual_seed(seed)
    encoder, decoder = torch.randint(40, V, (2, 12), generator=g), torch.randint(40, V, (2, 16), generator=g)
    return batch_of(encoder, [[1] * 5 + [2] * 4 + [0] * 3, [1] * 12], decoder, [[1] * 7 + [2] * 6 + [0] * 3, [1] * 16])


def changed(tokens: torch.Tensor, row: int, position: int) -> torch.Tensor:
    tokens = tokens.clone()
    tokens[row, position] = 40 + (tokens[row, position] - 39) % (V - 40)
    return tokens


def test_examples_come_apart_and_together_again():
    data = batch()
    assert example_lengths(data.decoder_documents) == [7, 6, 16]
    values = torch.randn(2, 16, 3) * (data.decoder_documents > 0)[..., None]
    assert torch.equal(to_rows(to_examples(values, data.decoder_documents), data.decoder_documents), values)
    assert example_lengths(torch.zeros(2, 4, dtype=torch.int64)) == []


def test_bands_hold_each_example_once_and_waste_little():
    lengths = torch.randint(1, 257, (200,), generator=torch.Generator().manual_seed(0)).tolist()
    groups = list(bands(lengths))
    assert sorted(number for group in groups for number in group) == list(range(200))
    assert all(min(lengths[n] for n in group) >= 0.6 * max(lengths[n] for n in group) for group in groups)


def test_no_position_looks_ahead(model):
    data = batch()
    before = model(data)
    after = model(data._replace(decoder_tokens=changed(data.decoder_tokens, 1, 9)))
    torch.testing.assert_close(before[1, :9], after[1, :9], rtol=0, atol=1e-6)
    assert (before[1, 9] - after[1, 9]).abs().max() > 1e-4


def test_the_recurrent_decoder_remembers_and_the_dense_one_does_not(model):
    data = batch()
    difference = (model(data) - model(data._replace(decoder_tokens=changed(data.decoder_tokens, 1, 3)))).abs()
    if isinstance(model, DenseAutoencoder):
        assert difference[1, 4:].max() == 0
    else:
        assert difference[1, 4:].amax(-1).min() > 1e-6


def test_all_that_was_read_reaches_the_recurrent_decoder_and_nothing_the_dense_one(model):
    data = batch()
    for position in (0, 11):
        other = data._replace(encoder_tokens=changed(data.encoder_tokens, 1, position))
        difference = (model(data) - model(other))[1].abs().amax(-1)
        assert (difference.max() == 0) if isinstance(model, DenseAutoencoder) else (difference.min() > 1e-8)


def test_a_code_of_fixed_length_is_all_the_plain_lstm_knows_of_what_it_read():
    torch.manual_seed(0)
    model, data = KINDS["lstm"](), batch()
    memory, (hidden, cell) = model.encode(data.encoder_tokens, data.encoder_documents)
    assert hidden.shape == cell.shape == (2, 3, model.units)
    assert [len(states) for states in memory] == [5, 4, 12]
    model.encode = lambda *_: ([m * 0 for m in memory], (hidden, cell))
    swapped = model(data)
    del model.encode
    assert torch.equal(swapped, model(data))


def test_packed_equals_alone(model):
    data = batch()
    together = model(data)[0, 7:13]
    alone = batch_of(data.encoder_tokens[:1, 5:9], [[1] * 4], data.decoder_tokens[:1, 7:13], [[1] * 6])
    torch.testing.assert_close(together, model(alone)[0], rtol=1e-5, atol=1e-5)


def test_written_step_by_step_equals_all_at_once(model):
    prompts, g = [[], [47, 48, 49], [51] * 20], torch.Generator().manual_seed(3)
    outputs = torch.randint(40, V, (3, 9), generator=g)
    tokens, documents = pad_prompts(prompts, torch.device("cpu"))
    cache = model.start(tokens, documents, length=10)
    inputs = torch.cat([torch.full((3, 1), BOS), outputs], 1)
    stepped = torch.stack([model.step(column, cache) for column in inputs.T], 1)
    whole = model(batch_of(tokens, documents, inputs, torch.ones_like(inputs)))
    torch.testing.assert_close(stepped, whole, rtol=1e-5, atol=1e-5)


def test_writing_goes_on_when_finished_sequences_are_dropped(model):
    sampling = Sampling(temperature=0, max_tokens=12, banned=(), stop=tuple(range(0, V, 3)))
    prompts = [[50 + n] * (n + 1) for n in range(8)]
    assert generate(model, prompts, sampling) == [generate(model, [prompt], sampling)[0] for prompt in prompts]


@pytest.mark.parametrize(("kind", "sizes"), list(product(ARTICLES, [(4096, 32, 88), (4096, 128, 352), (700, 64, 176)])))
def test_parameters_match_the_transformer_within_two_percent(kind, sizes):
    vocab_size, d_model, d_ff = sizes
    reference = Reference(d_model=d_model, d_ff=d_ff, encoder_layers=4, decoder_layers=4)
    with torch.device("meta"):
        other = Seq2SeqTransformer(vocab_size, 64, d_model=d_model, d_ff=d_ff, heads=2)
    expected = sum(p.numel() for p in other.parameters())
    assert reference.parameters(vocab_size) == expected
    classes = {"lstm": Seq2SeqLSTM, "lstm_attention": Seq2SeqLSTMWithAttention, "dense": DenseAutoencoder}
    model = classes[kind](vocab_size, 64, match=reference, d_model=d_model)
    assert sum(p.numel() for p in model.parameters()) == pytest.approx(expected, rel=TOLERANCE)


def test_a_size_that_cannot_be_matched_is_told():
    with pytest.raises(StudyError, match=r"model\.units: no size gives 10 parameters within 2%.*gives 100"):
        matched(lambda size: size * 100, 10, "model.units")


def test_the_article_network_has_its_widths_and_can_count_to_a_bigram():
    model = DenseAutoencoder(50, 8, d_model=100, widths=[100, 50, 25, 50, 100])
    shapes = [tuple(layer.weight.shape) for layer in model.hidden_layers]
    assert shapes == [(100, 100), (50, 100), (25, 50), (50, 25), (100, 50)]
    assert model.output.weight.shape == (50, 100)
    torch.manual_seed(1)
    nn.init.normal_(model.output.bias)
    tokens = torch.arange(8)[None]
    data = batch()._replace(decoder_tokens=tokens)
    by_hand = model.embedding(tokens)
    for layer in model.hidden_layers:
        by_hand = torch.relu(layer(by_hand))
    torch.testing.assert_close(model(data), model.output(by_hand))


@pytest.mark.parametrize(
    ("widths", "match"), [(None, r"model\.match"), ([], r"model\.widths=\[\]"), ([4, 0], r"model\.widths=\[4, 0\]")]
)
def test_widths_that_make_no_network_are_refused(widths, match):
    with pytest.raises(StudyError, match=match):
        DenseAutoencoder(50, 8, widths=widths)


def test_rows_and_outputs_longer_than_the_context_are_refused(model):
    with pytest.raises(StudyError, match="max_positions=40"):
        model(batch()._replace(decoder_tokens=torch.full((2, 41), 45)))
    with pytest.raises(StudyError, match="the context is 40"):
        model.start(torch.tensor([[BOS]]), torch.tensor([[1]]), length=41)


def test_forget_gates_start_open_and_recurrent_matrices_orthogonal(recurrent):
    units = recurrent.units
    bias = recurrent.decoder.bias_ih_l1
    assert torch.equal(bias[units : 2 * units], torch.ones(units))
    assert bias.sum() == units
    gate = recurrent.encoder.weight_hh_l0[:units]
    torch.testing.assert_close(gate @ gate.T, torch.eye(units), rtol=0, atol=1e-5)


def test_untied_outputs_start_equal_and_go_their_own_way(recurrent):
    before = sum(p.numel() for p in recurrent.parameters())
    recurrent.untie()
    assert torch.equal(recurrent.output_weight, recurrent.embedding.weight)
    assert sum(p.numel() for p in recurrent.parameters()) == before + V * 16
    recurrent.output.data += 1
    assert not torch.equal(recurrent.output_weight, recurrent.embedding.weight)


@pytest.mark.parametrize("kind", ARTICLES)
def test_flops_follow_from_the_weights(kind):
    model = ARTICLES[kind]()
    rows, encoder, decoder = 3, 5, 7
    counted = model.forward_flops(rows, encoder, decoder)
    matrices = {name: p.numel() for name, p in model.named_parameters() if p.ndim == 2 and "embedding" not in name}
    weights = 0
    for name, size in matrices.items():
        weights += size * (encoder if name.startswith("encoder") else decoder)
    if not isinstance(model, DenseAutoencoder):
        weights += model.embedding.weight.numel() * decoder  # the output, by the tied matrix
    attention = 4 * rows * decoder * encoder * model.units if isinstance(model, Seq2SeqLSTMWithAttention) else 0
    assert counted == 2 * rows * weights + attention
