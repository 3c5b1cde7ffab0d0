"""The peer as a model of this study: the same function as transformers' own T5, rows kept apart."""

import pytest
import torch

pytest.importorskip("transformers")

from lmstudy.benchmark.contenders.hf_t5 import packed_output
from lmstudy.compose import compose_config
from lmstudy.config import build
from lmstudy.data.batch import Shape
from lmstudy.data.datamodule import Phase, TrainingBatches
from lmstudy.models.beam import Beam, beam_search
from lmstudy.models.generation import Sampling, generate
from lmstudy.models.hf_t5 import HuggingFaceT5, t5
from tests.data.fake_documents import random_documents

SIZES = {"d_model": 32, "heads": 2, "d_ff": 48, "encoder_layers": 2, "decoder_layers": 2}


def test_it_computes_what_transformers_computes():
    torch.manual_seed(0)
    model, whole = HuggingFaceT5(600, 128, **SIZES).eval(), t5(600, **SIZES).eval()
    state = {name.replace("embedding.", "shared."): value for name, value in model.state_dict().items()}
    missing = whole.load_state_dict(state, strict=False).missing_keys
    assert all("embed_tokens" in name or "lm_head" in name for name in missing)
    task = build(compose_config("train", ["budget=smoke"])["pretraining"], "pretraining")
    batch = next(iter(TrainingBatches([Phase(0, random_documents(50))], task, Shape(4, 64, 128, 48), 1)))
    torch.testing.assert_close(model(batch), packed_output(whole, batch).logits, atol=1e-5, rtol=1e-5)


def test_parameters_are_those_of_t5_counted_once():
    model, whole = HuggingFaceT5(600, 128, **SIZES), t5(600, **SIZES)
    assert sum(p.numel() for p in model.parameters()) == sum(p.numel() for p in whole.parameters())
    assert sum(v.numel() for v in model.state_dict().values()) == sum(p.numel() for p in model.parameters())


def test_it_writes_what_it_finds_most_probable_step_by_step():
    torch.manual_seed(0)
    model = HuggingFaceT5(600, 128, **SIZES).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    prompts = [[40, 41, 42, 43], [50], [60, 61]]
    found = generate(model, prompts, Sampling(temperature=0, max_tokens=6))
    assert beam_search(model, prompts, Beam(size=1, max_tokens=6)) == found
    assert len({tuple(output) for output in found}) > 1
    for prompt, output in zip(prompts, found, strict=True):
        (alone,) = generate(model, [prompt], Sampling(temperature=0, max_tokens=6))
        assert alone == output  # padding is not read
