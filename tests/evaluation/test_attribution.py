"""Pairs won, by hand, and the share of a line that a text holds."""

import pytest

from lmstudy.evaluation.attribution import overlap, pairs_won


def test_pairs_are_counted_and_a_tie_is_half():
    assert pairs_won([3, 1], [2, 1, 0]) == (3 + 1 + 0.5, 6)
    assert pairs_won([1], [0.5]) == (1, 1)
    assert pairs_won([0, 0], [0, 0]) == (2, 4)
    assert pairs_won([-1], [0, 5]) == (0, 2)


def test_a_text_holds_a_line_or_a_share_of_its_runs():
    assert overlap("abcdefg", "xx abcdefg yy") == 1
    assert overlap("abcdefg", "abcdef, bcdefg") == 1
    assert overlap("abcdefg", "abcdef") == pytest.approx(2 / 3)
    assert overlap("abcdefg", "gfedcba") == 0
    assert overlap("abc", "xabcx") == 1
    assert overlap("abc", "xbcx") == 0
