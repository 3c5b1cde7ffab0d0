"""Diversity: values counted by hand, limits, and agreement with a reference implementation."""

import math
import random
from itertools import combinations

import numpy as np
import pytest
from sacrebleu.metrics.bleu import BLEU

from lmstudy.errors import StudyError
from lmstudy.evaluation.diversity import block_bleu, distinct, diversity, loops, rarefied, self_bleu, words


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


def cut(texts: list[str]) -> list[tuple[str, ...]]:
    return [words(text) for text in texts]


def test_shares_counted_by_hand():
    found = diversity(["a b a b a b", "a b", "", " \n"])
    assert found["empty"] == 0.5
    assert found["characters"] == (11 + 3 + 0 + 2) / 4
    assert found["words"] == 8 / 4
    assert found["loops"] == 0.5  # of the two that say something
    assert found["repeated"] == pytest.approx(1 / 3)  # abab, baba, abab
    # at the two words that are left when the longer text is left out
    assert found["distinct_1"] == pytest.approx((1 - (4 * 3 + 4 * 3) / (8 * 7) + 1) / 2)
    assert math.isnan(found["distinct_4"])


def test_distinct_does_not_depend_on_how_much_was_written():
    """The plain ratio halves; at a fixed number of n-grams it stays."""
    few, many = (distinct(cut(some(count, 2000)), 1, at=3000) for count in (200, 500))
    plain = [len(set(" ".join(some(count, 2000)).split())) / (30 * count) for count in (200, 500)]
    assert plain[0] > 2 * plain[1]
    assert few == pytest.approx(many, abs=0.02)
    assert many == pytest.approx(2000 * (1 - (1 - 1 / 2000) ** 3000) / 3000, abs=0.01)


def test_self_bleu_equals_sacrebleu():
    texts = cut([*some(5, 12, 9), "w1 w2", "w3", "x y z w1 w2 w3 w4"])
    bleu = BLEU(tokenize="none", effective_order=True)
    wanted = [
        bleu.sentence_score(" ".join(text), [" ".join(other) for other in texts[:i] + texts[i + 1 :]]).score
        for i, text in enumerate(texts)
    ]
    assert block_bleu(texts) == pytest.approx(wanted)
    assert len({round(score, 3) for score in wanted}) > 5


def test_self_bleu_of_copies_and_of_strangers():
    assert self_bleu(cut(["one and the same text"] * 8), block=4) == pytest.approx(100)
    assert self_bleu(cut([f"a{i} b{i} c{i} d{i} e{i}" for i in range(8)]), block=4) < 10
    assert math.isnan(self_bleu(cut(["alone"])))


def test_self_bleu_of_larger_sets_stays_and_rises_with_the_references():
    small, large, whole = (
        self_bleu(cut(some(count, 40, seed=1)), block) for count, block in ((64, 16), (512, 16), (512, 128))
    )
    assert large == pytest.approx(small, abs=2)
    assert whole > large + 5


def test_nothing_written_and_mistakes():
    found = diversity(["", " "])
    assert (found["empty"], found["characters"]) == (1, 0.5)
    unknown = ("self_bleu", "repeated", "loops", *(f"distinct_{n}" for n in (1, 2, 3, 4)))
    assert all(math.isnan(found[name]) for name in unknown)
    with pytest.raises(StudyError, match="diversity needs at least one text"):
        diversity([])
