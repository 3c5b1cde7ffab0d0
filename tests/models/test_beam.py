"""Beam search: one beam is greedy, many beams find what there is to find."""

from itertools import product

import pytest
import torch

from lmstudy.data.tokenizer import BOS, EOS, PAD
from lmstudy.errors import StudyError
from lmstudy.models.beam import Beam, beam_search
from lmstudy.models.generation import Sampling, generate
from lmstudy.models.transformer import Seq2SeqTransformer
from tests.models.test_generation import PROMPTS, model, uncached_logits  # noqa: F401  # a fixture

BANNED = (PAD, BOS)


@pytest.fixture(scope="module")
def tiny() -> Seq2SeqTransformer:
    torch.manual_seed(3)
    tiny = Seq2SeqTransformer(8, 16, d_model=16, heads=2, d_ff=16, encoder_layers=1, decoder_layers=1)
    for parameter in tiny.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return tiny.eval()


def log_probability(model: Seq2SeqTransformer, prompt: list[int], output: list[int]) -> float:  # noqa: F811
    logits = uncached_logits(model, prompt, output[:-1])
    logits[:, list(BANNED)] = float("-inf")
    return float(logits.log_softmax(-1).gather(1, torch.tensor(output)[:, None]).sum())


def test_a_beam_of_one_is_greedy(model):  # noqa: F811
    greedy = generate(model, PROMPTS, Sampling(temperature=0, max_tokens=24))
    assert beam_search(model, PROMPTS, Beam(size=1, max_tokens=24)) == greedy
    assert beam_search(model, PROMPTS, Beam(size=1, max_tokens=24, length_penalty=0)) == greedy


@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_beams_enough_find_the_best_of_all_sequences(tiny, penalty):
    letters = [token for token in range(8) if token not in BANNED]
    inner = [token for token in letters if token != EOS]
    everything = [[*head, EOS] for n in range(3) for head in product(inner, repeat=n)]
    everything += [list(sequence) for sequence in product(inner, repeat=3)]
    for prompt in ([], [6, 7], [5]):
        score = lambda output, prompt=prompt: (  # noqa: E731
            log_probability(tiny, prompt, output) / len(output) ** penalty
        )
        best = max(everything, key=score)
        found = beam_search(tiny, [prompt], Beam(size=len(everything), length_penalty=penalty, max_tokens=3))[0]
        assert found == [token for token in best if token != EOS]


def test_a_batch_equals_its_prompts_one_by_one(model):  # noqa: F811
    beam = Beam(size=3, max_tokens=16)
    assert beam_search(model, PROMPTS, beam) == [beam_search(model, [prompt], beam)[0] for prompt in PROMPTS]


def test_wrong_settings_are_named(model):  # noqa: F811
    assert beam_search(model, [], Beam()) == []
    with pytest.raises(StudyError, match=r"call model\.eval"):
        beam_search(model.train(), [[]], Beam())


@pytest.mark.parametrize("size", [1, 3])
def test_what_must_be_kept_is_written_as_often_as_is_asked_and_nowhere_else(tiny, size):
    kept = [[5, 6, 6], [], [7]]
    found = beam_search(tiny, [[5], [6], [7, 7]], Beam(size=size, max_tokens=6), kept)
    for output, wanted in zip(found, kept, strict=True):
        assert sorted(token for token in output if token in (5, 6, 7)) == wanted
    (full,) = beam_search(tiny, [[5]], Beam(size=size, max_tokens=3), [[5, 6, 6]])
    assert sorted(full) == [5, 6, 6]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_no_run_is_written_twice(tiny, n):
    free = beam_search(tiny, [[5], [6, 7]], Beam(size=2, max_tokens=12, banned=(PAD, BOS, EOS)))
    found = beam_search(
        tiny, [[5], [6, 7]], Beam(size=2, max_tokens=5 if n == 1 else 12, banned=(PAD, BOS, EOS), no_repeat=n)
    )
    runs = lambda output: [tuple(output[i : i + n]) for i in range(len(output) - n + 1)]  # noqa: E731
    assert any(len(set(runs(output))) < len(runs(output)) for output in free)
    for output in found:
        assert len(set(runs(output))) == len(runs(output))
