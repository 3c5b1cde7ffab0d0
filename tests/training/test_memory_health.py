"""What is said of an encoder's memory, on memories whose rank and common direction are known."""

import math

import pytest
import torch

from lmstudy.data.batch import Shape
from lmstudy.data.datamodule import Phase, TrainingBatches
from lmstudy.data.examples import PrefixLM
from lmstudy.models.transformer import Seq2SeqTransformer
from lmstudy.training.memory_health import NAMES, common_share, effective_rank, memory_health
from tests.data.fake_documents import random_documents


def test_rank_is_the_number_of_equal_directions():
    axes = torch.eye(8)[:5]
    memory = torch.cat([axes, -axes])
    assert effective_rank(memory) == pytest.approx(5)
    assert effective_rank(memory + 100) == pytest.approx(5)  # what all share is no direction of its own
    assert effective_rank(torch.ones(4, 8)) == pytest.approx(1)
    assert math.isnan(effective_rank(torch.full((4, 8), math.inf)))


def test_the_common_share_is_that_of_the_mean():
    spread = torch.cat([torch.eye(8), -torch.eye(8)])  # squared length 1, mean 0
    assert common_share(spread) == pytest.approx(0, abs=1e-12)
    shift = torch.zeros(8)
    shift[0] = 3.0
    assert common_share(spread + shift) == pytest.approx(9 / 10)


def test_padding_does_not_count_and_the_residual_is_its_root_mean_square():
    torch.manual_seed(1)
    model = Seq2SeqTransformer(600, 128, 32, 2, 48, encoder_layers=1, decoder_layers=1).eval()
    batch = next(iter(TrainingBatches([Phase(0, random_documents(50))], PrefixLM(), Shape(4, 64, 128, 48), 1)))
    found = memory_health(model, batch)
    assert tuple(found) == NAMES
    noise = torch.where(batch.encoder_documents > 0, batch.encoder_tokens, 7)
    assert memory_health(model, batch._replace(encoder_tokens=noise)) == found
    # Layers begin as the identity: the residual is the embedding, of size 1.
    embedded = model.embed(batch.encoder_tokens)[batch.encoder_documents > 0]
    assert found["encoder_residual"] == pytest.approx(float(embedded.square().mean().sqrt()), rel=1e-5)
