"""Guidance reads both beginnings in one step, and says what two readings apart would."""

import pytest
import torch

from lmstudy.data.tokenizer import BOS
from lmstudy.models.generation import pad_prompts
from lmstudy.models.guidance import Guided
from lmstudy.models.transformer import Seq2SeqTransformer

V, T, GOOD, BAD = 50, 12, 7, 8
PROMPTS = [[GOOD, 9, 10], [], [GOOD, 11], [GOOD, 12, GOOD, 13, 14]]


@pytest.mark.parametrize(
    "kept", [torch.tensor([True, False, True, True]), torch.tensor([3, 0, 0])], ids=["mask", "beams"]
)
@torch.inference_mode()
def test_it_equals_two_readings_apart(kept):
    torch.manual_seed(0)
    model = Seq2SeqTransformer(V, T, d_model=32, heads=2, d_ff=40, encoder_layers=2, decoder_layers=2).double().eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, mean=float(parameter.ndim == 1), std=0.3)
    guided = Guided(model, 3.0, {GOOD: BAD})
    tokens, documents = pad_prompts(PROMPTS, torch.device("cpu"))
    swap = lambda x: torch.where(x == GOOD, BAD, x)  # noqa: E731
    written = torch.randint(5, V, (len(PROMPTS), T))
    written[:, 0], written[:, 1] = BOS, GOOD
    both = guided.start(tokens, documents, T)
    good, bad = model.start(tokens, documents, T), model.start(swap(tokens), documents, T)
    for position in range(T):
        column = written[:, position]
        wanted, unwanted = model.step(column, good), model.step(swap(column), bad)
        assert position == 0 or (wanted - unwanted).abs().max() > 1e-3
        torch.testing.assert_close(guided.step(column, both), unwanted + 3 * (wanted - unwanted), rtol=0, atol=1e-11)
        if position == T // 2:
            for cache in (both, good, bad):
                cache.keep(kept)
            written = written[kept]
