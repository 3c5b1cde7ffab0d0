import math

import numpy as np

from lmstudy.data.ngrams import ngrams, rarity

BUCKETS = 3 * 2**20  # so many that few share a number


def test_what_a_text_holds_by_hand():
    (found,) = ngrams(["So so"], BUCKETS)
    words = {"so", "so so"}
    characters = {" s", "so", "o ", " so", "so ", " so "}
    assert (found <= BUCKETS // 3).sum() == len(words)
    assert (found > BUCKETS // 3).sum() == len(characters)
    assert (np.diff(found) > 0).all()


def test_texts_share_what_they_have_in_common_and_stay_apart_otherwise():
    good, better, other = (set(row.tolist()) for row in ngrams(["good film", "Good!", "电影"], BUCKETS))
    assert good & better
    assert not good & other
    assert not better & other


def test_numbers_begin_at_one_and_fit():
    rows = ngrams(["a good film about nothing", "", "!"], 30)
    assert [len(row) for row in rows][1] == 0
    assert min(row.min() for row in rows if len(row)) >= 1
    assert max(row.max() for row in rows if len(row)) <= 30
    assert ngrams([], 30) == []


def test_rarity():
    rows = [np.array([1, 2], np.int32), np.array([2], np.int32)]
    assert np.allclose(rarity(rows, 3), [0, math.log(3 / 2) + 1, 1, math.log(3) + 1])
