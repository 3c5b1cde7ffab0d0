"""The cache changes nothing, and each filter does what it says."""

import pytest
import torch

from lmstudy.data.batch import Seq2SeqBatch
from lmstudy.data.tokenizer import BOS, EOS
from lmstudy.errors import StudyError
from lmstudy.models.generation import Sampling, filtered_logits, generate, pad_prompts
from lmstudy.models.transformer import Seq2SeqTransformer

V = 60


@pytest.fixture
def model() -> Seq2SeqTransformer:
    torch.manual_seed(1)
    model = Seq2SeqTransformer(V, 48, d_model=32, heads=2, d_ff=48)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.25)
    return model.eval()


PROMPTS = [[], [7, 8, 9], [11] * 20, [5]]


def uncached_logits(model: Seq2SeqTransformer, prompt: list[int], output: list[int]) -> torch.Tensor:
    tokens, documents = pad_prompts([prompt], torch.device("cpu"))
    decoder = torch.tensor([[BOS, *output]])
    ones = torch.ones_like(decoder)
    return model(Seq2SeqBatch(tokens, documents, decoder, ones, decoder, ones.sum(), ones))[0]


def test_cached_logits_equal_uncached_ones(model):
    outputs = [torch.randint(5, V, (30,), generator=torch.Generator().manual_seed(i)).tolist() for i in range(4)]
    cache = model.start(*pad_prompts(PROMPTS, torch.device("cpu")), length=31)
    steps = torch.stack([model.step(t, cache) for t in torch.tensor([[BOS, *o] for o in outputs]).T], 1)
    for row, (prompt, output) in enumerate(zip(PROMPTS, outputs, strict=True)):
        difference = (steps[row] - uncached_logits(model, prompt, output)).abs().max()
        assert difference < 1e-5 * steps.abs().max().clamp(min=1)


def test_greedy_follows_the_uncached_argmax(model):
    sampling = Sampling(temperature=0, max_tokens=12, banned=(), stop=())
    for prompt, output in zip(PROMPTS, generate(model, PROMPTS, sampling), strict=True):
        assert uncached_logits(model, prompt, output).argmax(-1)[:-1].tolist() == output


def test_a_batch_equals_its_sequences_one_by_one(model):
    sampling = Sampling(temperature=0, max_tokens=16)
    together = generate(model, PROMPTS, sampling)
    assert together == [generate(model, [prompt], sampling)[0] for prompt in PROMPTS]


def test_same_seed_same_samples(model):
    draw = lambda seed: generate(  # noqa: E731
        model, [[]] * 8, Sampling(max_tokens=20), generator=torch.Generator().manual_seed(seed)
    )
    assert draw(3) == draw(3) != draw(4)


def test_sampled_frequencies_follow_the_distribution(model):
    sampling = Sampling(max_tokens=1, banned=(), stop=())
    expected = uncached_logits(model, [], [])[0].softmax(-1)
    drawn = generate(model, [[]] * 20_000, sampling, generator=torch.Generator().manual_seed(0))
    counts = torch.bincount(torch.tensor([row[0] if row else 0 for row in drawn]), minlength=V) / 20_000
    assert (counts - expected).abs().max() < 4 * (expected * (1 - expected) / 20_000).sqrt().max()


def test_top_k_top_p_and_bans():
    logits = torch.log(torch.tensor([[0.5, 0.3, 0.15, 0.05]]))
    kept = lambda **settings: torch.isfinite(filtered_logits(logits, Sampling(banned=(), **settings)))[0].tolist()  # noqa: E731
    assert kept(top_k=2) == [True, True, False, False]
    assert kept(top_p=0.79) == [True, True, False, False]
    assert kept(top_p=0.81) == [True, True, True, False]
    assert kept(top_p=0.01) == [True, False, False, False]
    assert torch.isfinite(filtered_logits(logits, Sampling(banned=(0,))))[0].tolist() == [False, True, True, True]
    halved = filtered_logits(logits, Sampling(banned=(), temperature=0.5)).softmax(-1)
    squares = torch.tensor([0.25, 0.09, 0.0225, 0.0025])
    torch.testing.assert_close(halved[0], squares / squares.sum())


def test_banned_tokens_never_appear_and_forced_ones_always_do(model):
    banned = tuple(range(30))
    sampling = Sampling(max_tokens=24, banned=banned, force_after={40: 41, 41: 42}, stop=())
    forced = [[], [31, 40], [3, 3], [33]]
    outputs = generate(model, PROMPTS, sampling, forced=forced, generator=torch.Generator().manual_seed(0))
    assert outputs[1][:4] == [31, 40, 41, 42]
    for output, beginning in zip(outputs, forced, strict=True):
        assert output[: len(beginning)] == beginning
        assert not set(output[len(beginning) :]) & set(banned)
        assert all(output[i + 1] == 41 for i, token in enumerate(output[:-1]) if token == 40)


def test_stops_at_a_stop_token_and_returns_what_came_before(model):
    free = generate(model, [[7]], Sampling(temperature=0, max_tokens=20, banned=(EOS, 0, 1), stop=()))[0]
    stop = free[5]
    stopped = generate(model, [[7]], Sampling(temperature=0, max_tokens=20, banned=(EOS, 0, 1), stop=(stop,)))[0]
    assert stopped == free[: free.index(stop)]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": -1}, "temperature"),
        ({"top_p": 0}, "top_p"),
        ({"top_k": -1}, "top_k"),
        ({"max_tokens": 0}, "max_tokens"),
    ],
)
def test_settings_out_of_range_are_named(settings, message):
    with pytest.raises(StudyError, match=message):
        Sampling(**settings)


def test_other_mistakes(model):
    with pytest.raises(StudyError, match="context is 48"):
        generate(model, [[]], Sampling(max_tokens=49))
    with pytest.raises(StudyError, match="every token is banned"):
        generate(model, [[]], Sampling(max_tokens=2, banned=tuple(range(V))))
    with pytest.raises(StudyError, match="2 forced beginnings were given for 1 prompts"):
        generate(model, [[]], Sampling(max_tokens=2), forced=[[], []])
    assert generate(model, [], Sampling()) == []
