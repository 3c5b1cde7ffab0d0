import random

from lmstudy.data.cleaning.cuts import Cuts, shortened, without


def test_what_is_left():
    text, spans = "one two\nthree\n", [(0, 4), (8, 13)]
    assert without(text, spans) == "two\n\n"
    assert shortened([8, 6], spans) == [4, 1]
    assert Cuts(spans, 2).characters == 9


def test_a_span_may_cover_segments_and_a_segment_may_vanish():
    assert shortened([2, 3, 4], [(1, 7)]) == [1, 2]
    assert shortened([2, 3, 4], [(0, 9)]) == []
    assert shortened([2, 3, 4], []) == [2, 3, 4]


def test_segments_are_what_is_left_of_each():
    rng = random.Random(0)
    for _ in range(200):
        lengths = [rng.randrange(1, 6) for _ in range(rng.randrange(1, 8))]
        size = sum(lengths)
        gone = [rng.random() < 0.4 for _ in range(size)]
        edges = [i for i in range(size + 1) if (i < size and gone[i]) != (i > 0 and gone[i - 1])]
        spans = list(zip(edges[::2], edges[1::2], strict=True))
        owners = [segment for segment, length in enumerate(lengths) for _ in range(length)]
        kept = [owner for owner, out in zip(owners, gone, strict=True) if not out]
        assert shortened(lengths, spans) == [kept.count(owner) for owner in sorted(set(kept))]
        text = "".join(chr(97 + i) for i in range(size))
        assert without(text, spans) == "".join(c for c, out in zip(text, gone, strict=True) if not out)
