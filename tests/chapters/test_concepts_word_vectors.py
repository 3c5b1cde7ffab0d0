"""Vectors from counts: every step against its definition."""

import math
import re
from itertools import pairwise

import numpy as np
import pytest
import torch

from lmstudy.chapters.concepts import word_vectors as vectors
from lmstudy.data import tokenizer as bpe
from lmstudy.errors import StudyError

TOKENS = np.array([0, 1, 2, 1, 0, 2, 2])
OFFSETS = np.array([0, 4, 7])


def brute_force(window: int) -> np.ndarray:
    counts = np.zeros((3, 3))
    for start, stop in pairwise(OFFSETS):
        for i in range(start, stop):
            for j in range(start, stop):
                if 0 < abs(i - j) <= window:
                    counts[TOKENS[i], TOKENS[j]] += 1
    return counts


@pytest.mark.parametrize("window", [1, 2, 10])
def test_neighbours_are_counted_within_documents(window):
    counts = vectors.cooccurrences(TOKENS, OFFSETS, 3, window).toarray()
    assert counts.tolist() == brute_force(window).tolist()
    assert (counts == counts.T).all()


def test_ppmi_is_its_definition():
    counts = vectors.cooccurrences(TOKENS, OFFSETS, 3, 2)
    dense = counts.toarray()
    context = dense.sum(0) ** vectors.SMOOTHING
    found = vectors.ppmi(counts).toarray()
    for i in range(3):
        for j in range(3):
            joint = dense[i, j] / dense.sum()
            expected = (
                max(0.0, math.log(joint / (dense[i].sum() / dense.sum() * context[j] / context.sum()))) if joint else 0
            )
            assert found[i, j] == pytest.approx(expected)


@pytest.fixture(scope="module")
def learned():
    """Sentences in which "cat" and "dog" stand in the same places, and "sun" in others."""
    rng = np.random.default_rng(0)
    texts = []
    for _ in range(400):
        animal, verb = rng.choice(["cat", "dog"]), rng.choice(["eats", "sleeps", "runs"])
        texts.append(f"the {animal} {verb} here\n")
        texts.append(f"a {rng.choice(['sun', 'moon'])} {rng.choice(['shines', 'rises'])} above\n")
    tokenizer = bpe.train(texts, 400)
    tokens, _ = bpe.encode(tokenizer, [[text] for text in texts])
    offsets = np.concatenate([[0], np.cumsum([len(each) for each in tokens])])
    return vectors.count_vectors(np.concatenate(tokens), offsets, tokenizer, dimensions=8)


def test_words_used_alike_lie_together_and_cosines_fall(learned):
    assert learned.neighbours("sun", 1)[0][0] == " moon"
    cosine = learned.unit[learned.index("cat")] @ learned.unit[learned.index("sun")]
    (nearest, close), *others = learned.neighbours("cat", 5)
    assert nearest == " dog"
    assert close > 0.95 > 0.5 > cosine
    assert "cat" not in [word.strip() for word, _ in others]
    assert [close, *(c for _, c in others)] == sorted([close, *(c for _, c in others)], reverse=True)
    assert np.linalg.norm(learned.unit, axis=1) == pytest.approx(np.ones(len(learned.words)))


def test_unknown_words_give_way_to_frequent_ones(learned):
    assert learned.known(["cat", "nothing", "sun"], 2) == ["cat", "sun"]
    filled = learned.known(["the"], 4)
    assert filled[0] == "the"
    assert len({word.strip() for word in filled}) == 4
    assert all(len(word.strip()) > 1 and word.strip().isalpha() for word in filled)
    with pytest.raises(StudyError, match="'nothing' is not among the"):
        learned.index("nothing")


def test_the_start_of_the_iteration_does_not_matter():
    rng = np.random.default_rng(1)
    tokenizer = bpe.train(["x"], 293)
    tokens, offsets = rng.integers(40, 90, 3000), np.array([0, 3000])
    one, two = (vectors.count_vectors(tokens, offsets, tokenizer, dimensions=5, seed=seed) for seed in (1, 2))
    assert one.unit @ one.unit.T == pytest.approx(two.unit @ two.unit.T, abs=1e-6)


def test_groups_hold_each_word_once_with_its_neighbours(learned):
    found = vectors.groups(learned, ["cat", "sun"], near=2)
    assert len(found) == len(set(found)) == 6
    assert [learned.words[found[i]] for i in (0, 1, 3)] == [" cat", " dog", " sun"]


def test_too_few_tokens_are_refused():
    tokenizer = bpe.train(["x"], 293)
    with pytest.raises(StudyError, match="3 different tokens cannot be given 8 dimensions"):
        vectors.count_vectors(TOKENS + 40, OFFSETS, tokenizer, dimensions=8)


def test_a_look_up_is_a_product_with_one_hot_rows():
    shape, difference = vectors.lookup_is_a_product(torch.nn.Embedding(50, 8), torch.tensor([3, 1, 3]))
    assert (shape, difference) == ((3, 50), 0)


def test_a_map_of_cosines_is_symmetric_and_safe():
    unit = np.array([[1.0, 0.0], [0.6, 0.8], [-1.0, 0.0]])
    html = vectors.similarity_map(vectors.WordVectors(np.arange(3), ["a", " <", "\n"], unit), [0, 1, 2], "cosines")
    assert re.findall(r">([^<>]+)</td>", html) == ["100", "60", "−100", "60", "100", "−60", "−100", "−60", "100"]
    assert html.count("&lt;") == html.count("↵") == 2
    assert [vectors.visible(text) for text in (" a", "\n", "  ")] == ["a", "↵", "··"]


def luminance(red: int, green: int, blue: int) -> float:
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in (red / 255, green / 255, blue / 255)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_shade_can_be_read():
    shades = []
    for share in np.linspace(-0.2, 1.5, 60):
        style = vectors.shade(share)
        background = luminance(*map(int, re.findall(r"\d+", style.split(";")[0])))
        text = 1.0 if "#fff" in style else 0.0
        assert (max(background, text) + 0.05) / (min(background, text) + 0.05) >= 4.5  # WCAG AA
        shades.append(background)
    assert shades == sorted(shades, reverse=True)
