"""Pairs: random partners, the better one chosen, ties and texts without a score left out."""

import numpy as np
import pytest
import torch

from lmstudy.compose import compose_config
from lmstudy.config import DPOSettings
from lmstudy.data.tokenizer import EOS
from lmstudy.errors import StudyError
from lmstudy.preferences.scorers.base import Scorer
from lmstudy.runs.finished import load_run
from lmstudy.runs.pairs import log_probabilities, matched, sampled_pairs
from lmstudy.runs.pretraining import open_run, train
from lmstudy.training.dpo import Texts, text_batch, text_log_probabilities


class Length(Scorer):
    """Minds long texts."""

    name = "length"
    unit = "segment"

    def score(self, segments):
        return [float(len(segment)) for segment in segments]


class Indifferent(Length):
    def score(self, segments):
        return [0.0 for _ in segments]


SETTINGS = DPOSettings(beta=0.1, samples=12, temperature=1.0, partners=3, pairs=4)


@pytest.fixture(scope="module")
def finished(small, tmp_path_factory):
    config = compose_config("train", [*small, f"runs={tmp_path_factory.mktemp('runs')}"])
    train(config)
    return load_run(open_run(config).folder)


def test_the_better_of_two_random_partners_is_chosen():
    means = np.array([0.3, np.nan, 0.1, 0.2, np.nan, 0.1, 0.5])
    chosen, rejected, ties = matched(means, 40, np.random.default_rng(0))
    assert (means[chosen] < means[rejected]).all()
    assert len(chosen) + ties == 40 * 2  # five texts have a mean: two pairs a round, one sits out
    assert {0, 2, 3, 5, 6} == set(np.concatenate([chosen, rejected]).tolist())
    assert 0 < ties < 20  # texts 2 and 5 meet in a fifth of the rounds, about
    assert len({*zip(chosen.tolist(), rejected.tolist(), strict=True)}) == 9  # all 10 couples but the tie


def test_ties_are_dropped_and_counted():
    assert matched(np.zeros(6), 2, np.random.default_rng(0))[2] == 6
    assert [len(part) for part in matched(np.zeros(6), 2, np.random.default_rng(0))[:2]] == [0, 0]
    assert matched(np.full(6, np.nan), 2, np.random.default_rng(0))[2] == 0


def test_pairs_of_a_models_own_texts(finished):
    model, corpus = finished.module.model, finished.run.corpus
    pairs, metrics = sampled_pairs(model, corpus, Length(), SETTINGS, seed=1)
    assert metrics["dpo/texts"] == 12
    assert metrics["dpo/pairs"] == len(pairs) >= 4
    assert metrics["dpo/pairs"] + metrics["dpo/ties"] == 3 * (metrics["dpo/judged"] // 2)
    assert metrics["compute/sampled_tokens"] == sum(map(len, pairs.texts.targets))
    assert metrics["compute/reference_tokens"] <= metrics["compute/scored_tokens"] <= metrics["compute/sampled_tokens"]
    longest = model.max_positions - 1
    for target in pairs.texts.targets:  # either the model ended the text, or the row did
        assert (target[-1] == EOS) == (len(target) <= longest and EOS in target)
        assert target[-1] == EOS or len(target) == longest
    for chosen, rejected, score in zip(pairs.chosen, pairs.rejected, pairs.reference[pairs.chosen], strict=True):
        assert chosen != rejected
        alone = text_log_probabilities(model, text_batch([pairs.texts.targets[chosen]])).detach()
        assert float(score) == pytest.approx(float(alone), rel=1e-4)
    again, _ = sampled_pairs(model, corpus, Length(), SETTINGS, seed=1)
    assert all(np.array_equal(a, b) for a, b in zip(pairs.texts.targets, again.texts.targets, strict=True))
    assert np.array_equal(pairs.chosen, again.chosen)
    other, _ = sampled_pairs(model, corpus, Length(), SETTINGS, seed=2)
    assert not np.array_equal(pairs.chosen, other.chosen)


def test_too_few_pairs_are_an_error_that_says_what_to_raise(finished):
    with pytest.raises(StudyError, match=r"only 0 pairs are left \(\d+ of \d+ are ties\).*raise samples or partners"):
        sampled_pairs(finished.module.model, finished.run.corpus, Indifferent(), SETTINGS, seed=1)


def test_log_probabilities_in_parts_are_those_together(finished):
    targets = [np.array([40 + i % 7, 50, EOS]) for i in range(40)]
    together = text_log_probabilities(finished.module.model, text_batch(targets)).detach()
    torch.testing.assert_close(log_probabilities(finished.module.model, Texts(targets), range(40)), together)
