import random
import re
from functools import cache

import numpy as np
import pytest

from lmstudy.data.cleaning import band_index
from lmstudy.data.cleaning.band_index import BandIndex
from lmstudy.data.cleaning.deduplication import EXACT, NEAR, Deduplication, bands, duplicates, jaccard, shingles

WORDS = ["alpha", "beta", "gamma", "delta", "(", ")", ":", "=", "+", "return"]


@cache
def true_shingles(text: str, size: int) -> set[tuple[str, ...]]:
    tokens = re.findall(r"\w+|[^\w\s]", text)
    size = max(1, min(size, len(tokens)))
    return {tuple(tokens[i : i + size]) for i in range(max(0, len(tokens) - size + 1))}


def true_jaccard(left: str, right: str, size: int = 5) -> float:
    a, b = true_shingles(left, size), true_shingles(right, size)
    return len(a & b) / len(a | b) if a | b else 1.0


def random_text(rng: random.Random, words: int) -> str:
    return " ".join(rng.choice(WORDS) + str(rng.randrange(50)) for _ in range(words))


def edited(rng: random.Random, text: str, edits: int) -> str:
    words = text.split(" ")
    for place in rng.sample(range(len(words)), edits):
        words[place] = f"edit{rng.randrange(10**6)}"
    return " ".join(words)


@pytest.mark.parametrize("size", [1, 3, 5, 50])
def test_hashed_shingles_give_the_exact_similarity(size):
    rng = random.Random(size)
    for words in (0, 1, 4, 60):
        left = random_text(rng, words)
        for right in (left, edited(rng, left, min(words, 3)), random_text(rng, 30), ""):
            got = jaccard(shingles(left, size), shingles(right, size))
            assert got == pytest.approx(true_jaccard(left, right, size), abs=1e-12)


def test_order_matters_within_a_shingle():
    assert jaccard(shingles("a b c d e", 5), shingles("e d c b a", 5)) == 0.0
    assert jaccard(shingles("a b", 5), shingles("a b c", 5)) == 0.0


def test_bands_follow_the_formula():
    for threshold in (0.3, 0.5, 0.8, 0.95):
        count, rows = bands(threshold, 128)
        assert count * rows <= 128
        assert (1 - threshold**rows) ** count <= 1e-4
        wider = rows + 1
        assert (1 - threshold**wider) ** (128 // wider) > 1e-4
    assert bands(0.8, 128) == (25, 5)


@pytest.mark.parametrize("waiting", [1, 40, 10**6])
def test_documents_that_share_a_band_are_found_and_no_others(monkeypatch, waiting):
    monkeypatch.setattr(band_index, "_WAITING", waiting)
    rng = np.random.default_rng(4)
    signatures = rng.integers(0, 3, (200, 17), dtype=np.uint32)  # few values, so that bands often agree
    cut = [{(band, *row) for band, row in enumerate(s[:16].reshape(4, 4).tolist())} for s in signatures]
    index, shared = BandIndex(4, 4), 0
    for number, signature in enumerate(signatures):
        keys = index.keys(signature)
        expected = {other for other in range(number) if cut[number] & cut[other]}
        assert index.query(keys) == expected
        shared += len(expected)
        index.add(number, keys)
    assert shared > 200
    assert len(index.sorted) <= 9  # merged, and not one for each of the 200


def test_exact_duplicates_ignore_white_space():
    texts = ["def f():\n    return 1\n", "def f():\n\treturn   1", "def f():\n    return 2\n"]
    assert duplicates(texts, Deduplication()) == [None, EXACT, None]


@pytest.mark.parametrize("threshold", [0.5, 0.8, 0.9])
def test_no_near_duplicates_stay_and_nothing_else_goes(threshold):
    rng = random.Random(1)
    texts = []
    for _ in range(25):
        base = random_text(rng, rng.randrange(8, 200))
        texts += [base, *(edited(rng, base, min(len(base.split()), edits)) for edits in (1, 1, 2, 4, 8))]
    rng.shuffle(texts)
    said = duplicates(texts, Deduplication(threshold=threshold))
    kept = [text for text, why in zip(texts, said, strict=True) if why is None]
    assert 25 <= len(kept) < len(texts)
    assert all(true_jaccard(a, b) < threshold for i, a in enumerate(kept) for b in kept[:i])
    for number, (text, why) in enumerate(zip(texts, said, strict=True)):
        if why == NEAR:
            before = [other for other, reason in zip(texts[:number], said, strict=False) if reason is None]
            assert any(true_jaccard(text, other) >= threshold for other in before)
    assert said == duplicates(texts, Deduplication(threshold=threshold))


def test_characters_of_chinese_are_tokens():
    rng = random.Random(2)
    characters = [chr(0x4E00 + n) for n in range(300)]
    text = "".join(rng.choice(characters) for _ in range(100))
    near = text[:50] + "好" + text[51:]  # five of 96 shingles differ
    assert jaccard(shingles(text, 5, "character"), shingles(near, 5, "character")) == pytest.approx(91 / 101)
    assert duplicates([text, near], Deduplication(unit="character")) == [None, NEAR]
    assert duplicates([text, near], Deduplication()) == [None, None]  # as words, a sentence is one
    mixed = shingles("T恤abc 13寸カナ", 1, "character")
    assert len(mixed) == 7  # T 恤 abc 13 寸 カ ナ


def test_characters_change_nothing_for_text_without_them():
    rng = random.Random(3)
    for text in (random_text(rng, 60), "naïve é_1 — (x)\n", ""):
        np.testing.assert_array_equal(shingles(text, 5, "character"), shingles(text, 5))
