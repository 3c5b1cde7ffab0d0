"""The two members of the study's own reward model, and what they start from."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from lmstudy.data.ngrams import ngrams
from lmstudy.data.text_rows import Rows
from lmstudy.data.tokenizer import BOS, PAD, train
from lmstudy.errors import StudyError
from lmstudy.models.reward import LinearNGrams, OwnRewardModel
from lmstudy.models.reward_own import Own
from lmstudy.models.transformer import Seq2SeqTransformer

TINY = {"vocab_size": 320, "max_positions": 16, "d_model": 16, "heads": 2, "d_ff": 24, "layers": 2}
TEXTS = ["a good film", "a bad film"]


def rows(tokens: torch.Tensor, ngrams: torch.Tensor | None = None) -> Rows:
    return Rows(tokens, torch.zeros(len(tokens), 0, dtype=torch.int64) if ngrams is None else ngrams)


@pytest.fixture
def tokens():
    torch.manual_seed(1)
    return torch.randint(5, 320, (3, 7))


@pytest.fixture(params=[None, 10], ids=["tokens", "vectors"])
def model(request):
    torch.manual_seed(0)
    model = OwnRewardModel(**TINY, dropout=0.5, token_dropout=0.5, vectors=request.param).eval()
    with torch.no_grad():
        for value in model.parameters():
            value.add_(0.1 * torch.randn_like(value))
    return model


@pytest.fixture
def corpus():
    return SimpleNamespace(tokenizer=train(TEXTS * 5, 320), segmentation=None)


def test_padding_and_other_texts_change_no_reward(model, tokens):
    alone = torch.cat([model(rows(row[None])) for row in tokens])
    behind = torch.nn.functional.pad(tokens, (0, 5), value=PAD)
    assert torch.allclose(model(rows(behind)), alone, atol=1e-6)
    assert alone.std() > 0


def test_the_reward_is_the_mean_state_through_the_head(model, tokens):
    states = model.encoder.text.encode(tokens, torch.ones_like(tokens))
    head = model.encoder.head
    assert torch.allclose(model(rows(tokens)), states.mean(1) @ head.weight[0] + head.bias, atol=1e-6)


def test_the_order_of_words_counts(model, tokens):
    assert not torch.allclose(model(rows(tokens)), model(rows(tokens.flip(1))), atol=1e-4)


def test_dropout_is_for_training_alone(model, tokens):
    assert torch.equal(model(rows(tokens)), model(rows(tokens)))
    model.train()
    assert not torch.equal(model(rows(tokens)), model(rows(tokens)))


def test_only_what_reads_is_trained(model, tokens):
    model(rows(tokens)).sum().backward()
    assert all(p.grad is not None for p in model.parameters() if p.requires_grad)
    fixed = {name for name, p in model.named_parameters() if not p.requires_grad}
    vectors = {"encoder.text.embedding.0.weight"} if model.arguments["vectors"] else set()
    assert fixed == {"encoder.text.decoder_norm.weight"} | vectors


def test_before_training_every_text_is_worth_nothing(tokens):
    model = OwnRewardModel(**TINY, buckets=9)
    assert model.members(rows(tokens, torch.ones_like(tokens))).tolist() == [[0, 0, 0], [0, 0, 0]]


def test_ngrams_by_hand():
    linear = LinearNGrams(4, gain=2.0)
    linear.rarity.copy_(torch.tensor([0.0, 3, 4, 1, 1]))
    with torch.no_grad():
        linear.weight.weight[:, 0] = torch.tensor([9.0, 1, 2, 3, 4])
    found = linear(torch.tensor([[1, 2, 0], [4, 0, 0], [0, 0, 0]]))
    assert found.tolist() == pytest.approx([2 * (1 * 3 + 2 * 4) / 5, 2 * 4, 0])


def test_the_reward_is_the_mean_of_the_members_and_each_learns_alone(tokens):
    torch.manual_seed(0)
    model = OwnRewardModel(**TINY, buckets=9)
    for value in model.parameters():
        torch.nn.init.normal_(value, std=0.3)
    batch = rows(tokens, torch.randint(1, 10, (3, 4)))
    members = model.members(batch)
    assert members.shape == (2, 3)
    assert torch.allclose(model(batch), members.mean(0))
    members[1].sum().backward()
    assert not model.encoder.head.weight.grad.any()
    assert model.linear.weight.weight.grad.any()


def test_arguments_build_the_same_shape(model):
    OwnRewardModel(**model.arguments).load_state_dict(model.state_dict())


def test_a_pretrained_encoder_brings_sizes_and_weights(corpus):
    torch.manual_seed(0)
    size = corpus.tokenizer.get_vocab_size()
    pretrained = Seq2SeqTransformer(size, 32, 16, 2, 24, encoder_layers=3)
    for layer in pretrained.encoder:
        torch.nn.init.normal_(layer.feed_forward.down.weight)
    model, reader = Own(longest=16).start(TEXTS, corpus, pretrained)
    assert (model.arguments["layers"], model.arguments["d_model"], reader.longest, reader.start) == (3, 16, 16, BOS)
    tokens = torch.randint(5, size, (2, 7))
    documents = torch.ones_like(tokens)
    assert torch.allclose(model.encoder.text.encode(tokens, documents), pretrained.encode(tokens, documents))


def test_from_scratch_the_settings_tell_the_size_and_the_spread(corpus):
    sizes = {"d_model": 8, "heads": 1, "d_ff": 12, "layers": 1, "buckets": 0}
    torch.manual_seed(0)
    wide, reader = Own(**sizes, spread=1.0).start(TEXTS, corpus, None)
    torch.manual_seed(0)
    narrow, _ = Own(**sizes, spread=0.1).start(TEXTS, corpus, None)
    assert (wide.encoder.text.d_model, len(wide.encoder.text.encoder), wide.linear, reader.buckets) == (8, 1, None, 0)
    assert torch.allclose(narrow.encoder.text.embedding.weight, 0.1 * wide.encoder.text.embedding.weight)


def test_rarity_is_that_of_the_texts_to_learn_from(corpus):
    model, reader = Own(d_model=8, heads=1, d_ff=12, layers=1, buckets=3000).start(TEXTS, corpus, None)
    film, good = (set(ngrams([word], 3000)[0].tolist()) for word in ("film", "good"))
    assert {round(model.linear.rarity[one].item(), 4) for one in film - good} == {1.0}
    assert model.linear.rarity.max().item() == pytest.approx(math.log(3) + 1)
    assert np.isclose(model.linear.rarity[0], 0)
    assert reader.buckets == 3000


@pytest.mark.parametrize("name", ["dropout", "token_dropout"])
def test_a_share_that_is_none(name):
    with pytest.raises(StudyError, match=f"encoder.{name}=1.0"):
        OwnRewardModel(**TINY, **{name: 1.0})
