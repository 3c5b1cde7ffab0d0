"""Sampling equals its plain form: no cache, a full sort, rows that are never dropped; filters do what they say."""

from itertools import pairwise

import pytest
import scipy.stats
import torch

from lmstudy.data.batch import Seq2SeqBatch
from lmstudy.data.tokenizer import BOS, EOS, PAD
from lmstudy.errors import StudyError
from lmstudy.models.decoding import Cache
from lmstudy.models.generation import Sampling, draw, generate, largest, nucleus, pad_prompts, probabilities
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


def test_greedy_follows_the_uncached_argmax_in_a_batch_and_alone(model):
    sampling = Sampling(temperature=0, max_tokens=12, banned=(), stop=())
    for prompt, output in zip(PROMPTS, generate(model, PROMPTS, sampling), strict=True):
        assert uncached_logits(model, prompt, output).argmax(-1)[:-1].tolist() == output
        assert generate(model, [prompt], sampling) == [output]


def test_top_p_and_temperature():
    logits = torch.log(torch.tensor([[0.5, 0.3, 0.15, 0.05]]))
    kept = lambda top_p: (probabilities(logits, Sampling(top_p=top_p)) > 0)[0].tolist()  # noqa: E731
    assert kept(0.79) == [True, True, False, False]
    assert kept(0.81) == [True, True, True, False]
    assert kept(0.01) == [True, False, False, False]
    squares = torch.tensor([[0.25, 0.09, 0.0225, 0.0025]])
    halved = probabilities(logits, Sampling(temperature=0.5))
    torch.testing.assert_close(halved, squares / squares.sum())


def sorted_nucleus(logits: torch.Tensor, top_p: float) -> torch.Tensor:
    """Top-p as it is usually written: sort all, add up, cut. Logits, -inf for what is excluded."""
    values, order = logits.sort(dim=-1, descending=True)
    probability = values.softmax(-1)
    excluded = probability.cumsum(-1) - probability >= top_p
    return torch.full_like(logits, float("-inf")).scatter(-1, order, values.masked_fill(excluded, float("-inf")))


@pytest.mark.parametrize("top_p", [1e-6, 0.3, 0.9, 0.999])
@pytest.mark.parametrize("scale", [0.01, 1.0, 4.0, 30.0], ids=["flat", "mild", "usual", "peaked"])
def test_the_nucleus_equals_that_of_a_full_sort(scale, top_p):
    """In float64: sums in another order do not move a token across the border."""
    generator = torch.Generator().manual_seed(0)
    logits = scale * torch.randn(200, V, generator=generator, dtype=torch.float64)
    logits[100:, :7] = float("-inf")  # banned
    probability = logits.softmax(-1)
    expected = torch.isfinite(sorted_nucleus(logits, top_p)) & (probability > 0)
    for candidates in [*range(1, 9), 20, V - 1, V, V + 5]:
        kept = (probability >= nucleus(probability, top_p, candidates)) & (probability > 0)
        assert torch.equal(kept, expected)
    wide = scale * torch.randn(20, 1000, generator=generator, dtype=torch.float64)
    found = probabilities(wide, Sampling(top_p=top_p))
    assert torch.equal(found > 0, torch.isfinite(sorted_nucleus(wide, top_p)) & (wide.softmax(-1) > 0))
    kept = found > 0
    assert torch.equal(found[kept], wide.softmax(-1)[kept])


@pytest.mark.parametrize("count", [1, 5, V])
def test_the_largest_numbers_are_those_of_topk(count):
    x = torch.randn(30, V, generator=torch.Generator().manual_seed(0))
    assert torch.equal(largest(x, count), x.topk(count).values)


def test_equally_probable_tokens_stay_or_go_together():
    assert (probabilities(torch.zeros(1, V), Sampling(top_p=0.5)) > 0).all()


def test_numbers_are_drawn_by_inversion_in_the_right_proportions():
    """A chi-square test of 100,000 draws; tokens of probability 0 are never among them."""
    logits = torch.randn(V, generator=torch.Generator().manual_seed(3)) * 1.5
    logits[[0, 1, 20, V - 2, V - 1]] = float("-inf")
    uniform = 1 - torch.rand(100_000, generator=torch.Generator().manual_seed(5))
    drawn = draw(logits.expand(len(uniform), V), Sampling(), uniform)
    counts = torch.bincount(drawn, minlength=V)
    possible = torch.isfinite(logits)
    assert counts[~possible].sum() == 0
    expected = logits[possible].double().softmax(-1) * len(uniform)
    assert scipy.stats.chisquare(counts[possible], expected).pvalue > 0.001


def test_excluded_tokens_are_not_drawn_at_the_ends_of_the_interval():
    """Uniform numbers are multiples of 2^-24 in (0, 1]."""
    logits = torch.randn(500, V, generator=torch.Generator().manual_seed(1)) * 3
    excluded = torch.rand(500, V, generator=torch.Generator().manual_seed(2)) < 0.5
    excluded[:, [0, 1, V - 1]] = True
    logits = logits.masked_fill(excluded, float("-inf"))
    first, last = (~excluded).int().argmax(-1), V - 1 - (~excluded).flip(-1).int().argmax(-1)
    for value in (1.0, 1 - 2**-24, 0.5, 2**-12, 2**-24, torch.finfo(torch.float32).tiny):
        drawn = draw(logits, Sampling(), torch.full((500,), value))
        assert not excluded.gather(1, drawn[:, None]).any()
        assert (first <= drawn).all()
        assert (drawn <= last).all()
    near = logits.clamp(min=-2, max=2).masked_fill(excluded, float("-inf"))  # none too rare for float32
    assert torch.equal(draw(near, Sampling(), torch.full((500,), 2.0**-24)), first)
    assert torch.equal(draw(near, Sampling(), torch.ones(500)), last)


def plain_samples(model, prompts, sampling: Sampling, forced, generator) -> list[list[int]]:
    """Every row to the end, all positions computed anew for each token, and the same uniform numbers."""
    outputs: list[list[int]] = [[] for _ in prompts]
    done = [False] * len(prompts)
    for position in range(sampling.max_tokens):
        uniform = 1 - torch.rand(len(prompts), generator=generator)
        for row, prompt in enumerate(prompts):
            logits = uncached_logits(model, prompt, outputs[row])[-1:]
            logits[:, list(sampling.banned)] = float("-inf")
            logits = logits / sampling.temperature
            cumulated = sorted_nucleus(logits, sampling.top_p).softmax(-1).cumsum(-1)[0]
            token = int((cumulated < uniform[row].double() * cumulated[-1]).sum())
            given = position < len(forced[row])
            token = forced[row][position] if given else token
            done[row] |= token in sampling.stop and not given
            if not done[row]:
                outputs[row].append(token)
        if all(done):
            break
    return outputs


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(max_tokens=20, stop=tuple(range(5, 20))),
        Sampling(temperature=0.7, top_p=0.8, max_tokens=20, stop=tuple(range(5, 25))),
        Sampling(temperature=1.3, max_tokens=20, banned=(PAD, BOS, 50), stop=(EOS, *range(5, 15))),
    ],
    ids=["plain", "nucleus", "hot"],
)
def test_dropping_finished_rows_changes_no_sample(model, sampling, monkeypatch):
    kept = []

    def keep(self, rows):
        kept.append((self.length, int(rows.sum())))
        original(self, rows)

    original = Cache.keep
    monkeypatch.setattr(Cache, "keep", keep)
    model.double()  # a rounding error of float32 could move a draw
    prompts = PROMPTS * 3
    forced = [[], [7, 8], [40], [], *[[]] * 8]
    ours, plain = (torch.Generator().manual_seed(11) for _ in range(2))
    found = generate(model, prompts, sampling, forced=forced, generator=ours)
    with torch.inference_mode():
        expected = plain_samples(model, prompts, sampling, forced, plain)
    assert found == expected
    assert torch.equal(ours.get_state(), plain.get_state())  # who draws next goes on alike
    assert len(kept) >= 3
    sizes = [len(prompts), *(rows for _, rows in kept)]
    assert all(after <= 0.75 * before for before, after in pairwise(sizes))
    assert len({len(output) for output in found}) >= 4  # they end at different places
    assert found[1][:2] == [7, 8]  # a stop token that was given ends nothing


def test_banned_tokens_never_appear_and_forced_ones_always_do(model):
    banned = tuple(range(30))
    sampling = Sampling(max_tokens=24, banned=banned, stop=())
    forced = [[], [31, 40], [3, 3], [33]]
    outputs = generate(model, PROMPTS, sampling, forced=forced, generator=torch.Generator().manual_seed(0))
    for output, beginning in zip(outputs, forced, strict=True):
        assert output[: len(beginning)] == beginning
        assert not set(output[len(beginning) :]) & set(banned)


def test_other_mistakes(model):
    with pytest.raises(StudyError, match="context is 48"):
        generate(model, [[]], Sampling(max_tokens=49))
    with pytest.raises(StudyError, match="every token is banned"):
        generate(model, [[]], Sampling(max_tokens=2, banned=tuple(range(V))))
    with pytest.raises(StudyError, match="every token is banned"):
        generate(model, [[]], Sampling(max_tokens=2, top_p=0.9, banned=tuple(range(V))))
    with pytest.raises(StudyError, match="2 forced beginnings were given for 1 prompts"):
        generate(model, [[]], Sampling(max_tokens=2), forced=[[], []])
    assert generate(model, [], Sampling()) == []
