"""Diversity: values counted by hand, limits, agreement with a reference implementation, and honest intervals."""

import math
import random
from itertools import combinations

import numpy as np
import pytest
from sacrebleu.metrics.bleu import BLEU

from lmstudy.errors import StudyError
from lmstudy.evaluation.diversity import block_bleu, distinct, diversity, loops, rarefied, words


def some(count: int, vocabulary: int, length: int = 30, seed: int = 0) -> list[str]:
    rng = random.Random(seed)
    return [" ".join(f"w{rng.randrange(vocabulary)}" for _ in range(length)) for _ in range(count)]


def test_words_of_code_prose_and_chinese():
    assert words("def f_1(a): # é\n") == ("def", "f_1", "(", "a", ")", ":", "#", "é")
    assert words("我爱LSTM2，好!") == ("我", "爱", "LSTM2", "，", "好", "!")
    assert words(" \n\t") == ()


def test_loops_are_phrases_three_times_at_the_end():
    assert loops(words("so it is it is it is"))
    assert loops(words("a b a b a b"))
    assert loops(words("x x x x x x"))
    assert not loops(words("it is it is it is so"))
    assert not loops(words("so it is it is"))
    assert not loops(words("x x x x x"))
    assert not loops(())


def test_rarefaction_is_the_mean_over_all_draws():
    counts = np.array([3, 1, 0, 2])
    things = [0, 0, 0, 1, 3, 3]
    for m in range(1, 7):
        draws = [len({things[i] for i in drawn}) for drawn in combinations(range(6), m)]
        assert rarefied(counts, m) == pytest.approx(np.mean(draws))


def test_shares_counted_by_hand():
    found = diversity(["a b a b a b", "a b", "", " \n"], at=100)
    assert found.texts == 4
    assert found.empty.value == 0.5
    assert found.characters.value == (11 + 3 + 0 + 2) / 4
    assert found.words.value == 8 / 4
    assert found.loops.value == 0.5  # of the two that say something
    assert found.repeated.value == pytest.approx(1 / 3)  # abab, baba, abab
    assert found.at[1] == 2  # what is left when the longer text is left out
    assert found.distinct[1].value == pytest.approx((1 - (4 * 3 + 4 * 3) / (8 * 7) + 1) / 2)
    assert found.at[4] == 0
    assert math.isnan(found.distinct[4].value)


def test_distinct_does_not_depend_on_how_much_was_written():
    """The plain ratio halves; at a fixed number of n-grams it stays."""
    few, many = (diversity(some(count, 2000), at=3000) for count in (200, 500))
    plain = [len(set(" ".join(some(count, 2000)).split())) / (30 * count) for count in (200, 500)]
    assert plain[0] > 2 * plain[1]
    assert few.at[1] == many.at[1] == 3000
    assert few.distinct[1].value == pytest.approx(many.distinct[1].value, abs=0.02)
    wanted = 2000 * (1 - (1 - 1 / 2000) ** 3000) / 3000
    assert many.distinct[1].value == pytest.approx(wanted, abs=0.01)
    assert many.distinct[1].low < wanted < many.distinct[1].high


def test_distinct_intervals_cover():
    """200 sets of texts; each favours its own few words, so that words of a text depend on each other."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(200):
        texts = [" ".join(f"w{w}" for w in rng.integers(60, size=12) + 30 * rng.integers(20)) for _ in range(60)]
        estimate, _ = distinct([words(text) for text in texts], 1, at=400)
        found.append(estimate)
    truth = np.mean([estimate.value for estimate in found])
    inside = sum(estimate.low < truth < estimate.high for estimate in found)
    assert 0.88 < inside / len(found) <= 1


def test_self_bleu_equals_sacrebleu():
    texts = [words(text) for text in [*some(5, 12, 9), "w1 w2", "w3", "x y z w1 w2 w3 w4"]]
    bleu = BLEU(tokenize="none", effective_order=True)
    wanted = [
        bleu.sentence_score(" ".join(text), [" ".join(other) for other in texts[:i] + texts[i + 1 :]]).score
        for i, text in enumerate(texts)
    ]
    assert block_bleu(texts) == pytest.approx(wanted)
    assert len({round(score, 3) for score in wanted}) > 5


def test_self_bleu_of_copies_and_of_strangers():
    copies = diversity(["one and the same text"] * 8, block=4)
    assert copies.self_bleu.value == pytest.approx(100)
    assert copies.block == 4
    strangers = diversity([f"a{i} b{i} c{i} d{i} e{i}" for i in range(8)], block=4)
    assert strangers.self_bleu.value < 10
    assert math.isnan(diversity(["alone"]).self_bleu.value)


def test_self_bleu_of_larger_sets_stays_and_its_interval_narrows():
    small, large = (diversity(some(count, 40, seed=1), block=16).self_bleu for count in (64, 512))
    assert large.value == pytest.approx(small.value, abs=2)
    assert large.high - large.low < small.high - small.low
    whole = diversity(some(512, 40, seed=1), block=128).self_bleu
    assert whole.value > large.value + 5  # more references


def test_the_seed_decides_and_only_it():
    texts = some(100, 50)
    assert diversity(texts, seed=3, block=8) == diversity(texts, seed=3, block=8)
    assert diversity(texts, seed=3, block=8).self_bleu != diversity(texts, seed=4, block=8).self_bleu
    assert diversity(texts, seed=3).distinct[2].value == pytest.approx(diversity(texts, seed=4).distinct[2].value)


def test_nothing_written_and_mistakes():
    found = diversity(["", " "])
    assert found.empty.value == 1
    assert found.characters.value == 0.5
    assert all(math.isnan(found.distinct[n].value) for n in (1, 2, 3, 4))
    assert math.isnan(found.loops.value)
    assert math.isnan(found.self_bleu.value)
    with pytest.raises(StudyError, match="diversity needs at least one text"):
        diversity([])
    with pytest.raises(StudyError, match=r"at=0 must be at least 1 n-gram, block=1 at least 2 texts"):
        diversity(["a"], at=0, block=1)
