"""The decoder-only Transformer: its size, its arithmetic, what it refuses (more in `test_recurrent_and_dense`)."""

import pytest

from lmstudy.compose import compose_config
from lmstudy.errors import StudyError
from lmstudy.models.decoder_only import DecoderOnlyTransformer
from lmstudy.models.matching import TOLERANCE
from lmstudy.models.network import unbuilt

V = 300


@pytest.mark.parametrize("budget", ["short", "quick", "study"])
def test_parameters_match_the_encoder_decoder_within_two_percent(budget):
    own, other = (
        sum(p.numel() for p in unbuilt(compose_config("train", [f"model={name}", f"budget={budget}"])).parameters())
        for name in ("decoder_only", "transformer_smear")
    )
    assert own == pytest.approx(other, rel=TOLERANCE)


def test_what_is_missing_or_does_not_fit_is_refused():
    with pytest.raises(StudyError, match=r"model\.d_ff=null"):
        DecoderOnlyTransformer(V, 40, d_model=16)
    with pytest.raises(StudyError, match=r"model\.d_model=18 must be a multiple"):
        DecoderOnlyTransformer(V, 40, d_model=18, d_ff=4)


def test_flops_follow_from_the_weights():
    model = DecoderOnlyTransformer(V, 40, d_model=16, layers=3, d_ff=24)
    rows, encoder, decoder = 3, 5, 7
    matrices = sum(p.numel() for name, p in model.named_parameters() if p.ndim == 2 and "embedding" not in name)
    scores = 4 * (encoder + decoder) ** 2 * 16 * 3
    output = 2 * decoder * model.embedding.weight.numel()
    assert model.forward_flops(rows, encoder, decoder) == rows * (2 * (encoder + decoder) * matrices + scores + output)
