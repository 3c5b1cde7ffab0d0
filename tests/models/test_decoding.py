"""Decoding one position at a time gives the logits of the plain decoder, whatever the weights, whoever is dropped."""

import pytest
import torch
from torch import Tensor

from lmstudy.data.tokenizer import BOS
from lmstudy.models.decoding import PACKED_FROM, Matrix
from lmstudy.models.generation import pad_prompts
from lmstudy.models.transformer import Seq2SeqTransformer

V, T = 70, 24
PROMPTS = [[], [7, 8, 9], [11, 12] * 9, [5], list(range(5, 35))]


@pytest.fixture(params=[(torch.float64, True), (torch.float64, False), (torch.float32, True)], ids=str)
def model(request) -> Seq2SeqTransformer:
    """Three layers of each kind, all of whose weights matter: no matrix is zero, no norm's gain is one."""
    torch.manual_seed(4)
    dtype, smear = request.param
    sizes = {"d_model": 32, "heads": 4, "d_ff": 40, "encoder_layers": 3, "decoder_layers": 3}
    model = Seq2SeqTransformer(V, T + 8, **sizes, smear=smear)
    for parameter in model.parameters():
        if parameter.ndim == 1:
            torch.nn.init.normal_(parameter, mean=1.0, std=0.5)
        else:
            torch.nn.init.normal_(parameter, std=parameter.shape[1] ** -0.5)
    return model.to(dtype).eval()


@pytest.fixture
def written() -> Tensor:
    """Decoder input [B, T]: a start token, then anything."""
    tokens = torch.randint(5, V, (len(PROMPTS), T), generator=torch.Generator().manual_seed(1))
    tokens[:, 0] = BOS
    return tokens


def plain_logits(model: Seq2SeqTransformer, written_BT: Tensor) -> Tensor:
    """Logits [B, T, V] of the whole decoder at once."""
    prompts, documents = pad_prompts(PROMPTS, torch.device("cpu"))
    memory = model.encode(prompts, documents)
    hidden = model.decode(written_BT, torch.ones_like(written_BT), memory, documents)
    return torch.nn.functional.linear(hidden, model.output_weight)


def assert_equal_up_to_rounding(found: Tensor, expected: Tensor) -> None:
    """Within 1e-5 of the logits' size in float32; float64 leaves no doubt that only rounding differs."""
    tolerance = {torch.float32: 1e-5, torch.float64: 1e-13}[expected.dtype]
    assert found.dtype == expected.dtype
    assert (found - expected).abs().max() <= tolerance * expected.abs().max().clamp(min=1)


@torch.inference_mode()
def test_every_step_equals_the_plain_decoder(model, written):
    expected = plain_logits(model, written)
    assert expected.std() > 0.5  # rows and positions differ by more than the tolerance
    cache = model.start(*pad_prompts(PROMPTS, torch.device("cpu")), length=T)
    for position in range(T):
        assert cache.length == position
        assert_equal_up_to_rounding(model.step(written[:, position], cache), expected[:, position])


@torch.inference_mode()
def test_room_that_is_not_used_changes_nothing(model, written):
    prompts = pad_prompts(PROMPTS, torch.device("cpu"))
    tight, roomy = (model.start(*prompts, length=length) for length in (5, T))
    for layer in roomy.layers:  # whatever the memory held before
        layer.own.fill_(float("nan"))
    for position in range(5):
        assert_equal_up_to_rounding(model.step(written[:, position], roomy), model.step(written[:, position], tight))


@torch.inference_mode()
def test_rows_that_are_kept_go_on_as_if_the_others_were_there(model, written):
    expected = plain_logits(model, written)
    cache = model.start(*pad_prompts(PROMPTS, torch.device("cpu")), length=T)
    rows = torch.arange(len(PROMPTS))
    kept_after = {6: torch.tensor([True, True, False, True, True]), 11: torch.tensor([3, 0]), 17: torch.tensor([1])}
    for position in range(T):
        assert_equal_up_to_rounding(model.step(written[rows, position], cache), expected[rows, position])
        if position in kept_after:
            rows = rows[kept_after[position]]
            cache.keep(kept_after[position])
            assert cache.length == position + 1
            assert {len(layer.own) for layer in cache.layers} == {len(rows)} == {len(cache.memory_mask)}
    assert rows.tolist() == [0]  # [0, 1, 3, 4], of them [4, 0], of them the second


@torch.inference_mode()
def test_beams_of_a_prompt_change_places_and_keep_what_they_read(model, written):
    """Each of two beams a prompt goes on behind the other's beginning; their memory is not copied for that."""
    twice = torch.arange(len(PROMPTS)).repeat_interleave(2)
    beginnings = torch.cat([written, written.flip(0)], 1).view(-1, T)[:, :T]  # ten rows, of which five are others
    swapped = torch.arange(len(twice)).view(-1, 2).flip(1).flatten()
    cache = model.start(*pad_prompts(PROMPTS, torch.device("cpu")), length=T)
    cache.keep(twice)
    for position in range(T // 2):
        model.step(beginnings[:, position], cache)
    memories = [layer.memory for layer in cache.layers]
    cache.keep(swapped)
    assert all(layer.memory is memory for layer, memory in zip(cache.layers, memories, strict=True))
    whole = torch.cat([beginnings[swapped, : T // 2], beginnings[:, T // 2 :]], 1)
    prompts, documents = (x[twice] for x in pad_prompts(PROMPTS, torch.device("cpu")))
    hidden = model.decode(whole, torch.ones_like(whole), model.encode(prompts, documents), documents)
    expected = torch.nn.functional.linear(hidden, model.output_weight)
    for position in range(T // 2, T):
        assert_equal_up_to_rounding(model.step(whole[:, position], cache), expected[:, position])


@torch.inference_mode()
def test_a_cache_starts_from_the_weights_as_they_are(model, written):
    """Weights are prepared at every start: training between two samplings counts."""
    before = model.start(*pad_prompts(PROMPTS, torch.device("cpu")), length=1)
    for parameter in model.decoder.parameters():
        parameter.mul_(1.5)
    after = model.start(*pad_prompts(PROMPTS, torch.device("cpu")), length=1)
    expected = plain_logits(model, written)[:, 0]
    assert_equal_up_to_rounding(model.step(written[:, 0], after), expected)
    assert (model.step(written[:, 0], before) - expected).abs().max() > 0.01


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="PyTorch was built without oneDNN")
@pytest.mark.parametrize("rows", [PACKED_FROM - 1, PACKED_FROM, 5 * PACKED_FROM])
def test_packed_products_equal_plain_ones(rows):
    generator = torch.Generator().manual_seed(0)
    weight, x, to = (torch.randn(shape, generator=generator) for shape in ((130, 70), (rows, 130), (rows, 70)))
    matrix = Matrix(weight)
    for found, expected in ((matrix(x), x @ weight), (matrix.added(to, x), to + x @ weight)):
        assert (found - expected).abs().max() <= 1e-6 * expected.abs().max()
    assert ("packed" in vars(matrix)) == (rows >= PACKED_FROM)  # packed when it is first worth it


@torch.inference_mode()
def test_many_rows_are_packed_and_equal_the_plain_decoder(model, written):
    """In float64 nothing is packed: oneDNN has no such products."""
    many = PACKED_FROM // len(PROMPTS) + 1
    tokens, documents = pad_prompts(PROMPTS * many, torch.device("cpu"))
    expected = plain_logits(model, written).repeat(many, 1, 1)
    cache = model.start(tokens, documents, length=T)
    for position in range(T):
        found = model.step(written[:, position].repeat(many), cache)
        assert_equal_up_to_rounding(found, expected[:, position])
    assert ("packed" in vars(cache.output)) == (expected.dtype == torch.float32)


@torch.inference_mode()
def test_many_rows_can_be_written_under_autocast():
    model = Seq2SeqTransformer(V, T, d_model=32, heads=4, d_ff=40).eval()
    prompts = pad_prompts([[5]] * PACKED_FROM, torch.device("cpu"))
    tokens = torch.full((PACKED_FROM,), BOS)
    expected = model.step(tokens, model.start(*prompts, length=1))
    with torch.autocast("cpu", torch.bfloat16):
        found = model.step(tokens, model.start(*prompts, length=1))
    assert (found - expected).abs().max() < 0.1
