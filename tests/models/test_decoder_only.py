"""The decoder-only Transformer: examples stay apart, nothing looks ahead, what is read is known, sizes match."""

import pytest
import torch
from torch import nn

from lmstudy.compose import compose_config
from lmstudy.data.tokenizer import BOS
from lmstudy.errors import StudyError
from lmstudy.models.decoder_only import DecoderOnlyTransformer
from lmstudy.models.generation import Sampling, generate, pad_prompts
from lmstudy.models.matching import TOLERANCE
from lmstudy.models.network import unbuilt
from tests.models.test_recurrent_and_dense import V, batch, changed
from tests.models.test_transformer import batch_of


@pytest.fixture(params=[False, True], ids=["plain", "smear"])
def model(request):
    """Layers start as the identity; here every matrix has numbers, so that every path carries something."""
    torch.manual_seed(0)
    model = DecoderOnlyTransformer(V, 40, d_model=16, heads=2, layers=3, d_ff=24, smear=request.param)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.2)
    return model.eval()


def test_no_position_looks_ahead_and_all_that_stands_before_is_known(model):
    data = batch()
    before = model(data)
    after = model(data._replace(decoder_tokens=changed(data.decoder_tokens, 1, 9)))
    difference = (before - after)[1].abs().amax(-1)
    assert difference[:9].max() < 1e-6
    assert difference[9:].min() > 1e-6
    for position in (0, 11):
        other = data._replace(encoder_tokens=changed(data.encoder_tokens, 1, position))
        assert (before - model(other))[1].abs().amax(-1).min() > 1e-7


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


@pytest.mark.parametrize("budget", ["short", "quick", "study"])
def test_parameters_match_the_encoder_decoder_within_two_percent(budget):
    own, other = (
        sum(p.numel() for p in unbuilt(compose_config("train", [f"model={name}", f"budget={budget}"])).parameters())
        for name in ("decoder_only", "transformer_smear")
    )
    assert own == pytest.approx(other, rel=TOLERANCE)


def test_what_is_missing_or_too_long_is_refused(model):
    with pytest.raises(StudyError, match=r"model\.d_ff=null"):
        DecoderOnlyTransformer(V, 40, d_model=16)
    with pytest.raises(StudyError, match=r"model\.d_model=18 must be a multiple"):
        DecoderOnlyTransformer(V, 40, d_model=18, d_ff=4)
    with pytest.raises(StudyError, match="max_positions=40"):
        model(batch()._replace(decoder_tokens=torch.full((2, 41), 45)))
    with pytest.raises(StudyError, match="the context is 40"):
        model.start(torch.tensor([[BOS]]), torch.tensor([[1]]), length=41)


def test_flops_follow_from_the_weights(model):
    rows, encoder, decoder = 3, 5, 7
    matrices = sum(p.numel() for name, p in model.named_parameters() if p.ndim == 2 and "embedding" not in name)
    scores = 4 * (encoder + decoder) ** 2 * 16 * 3
    output = 2 * decoder * model.embedding.weight.numel()
    assert model.forward_flops(rows, encoder, decoder) == rows * (2 * (encoder + decoder) * matrices + scores + output)
