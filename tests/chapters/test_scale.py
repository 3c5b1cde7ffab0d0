"""The figures of the chapter on scale."""

from lmstudy.chapters.scale.figures import lengths_apart


def test_lengths_that_hardly_differ_share_a_tick():
    assert lengths_apart([0.30, 0.31, 0.61, 0.61, 1.22, 1.3]) == [0.30, 0.61, 1.22]
    assert lengths_apart([]) == []
