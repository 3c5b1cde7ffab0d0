"""Kinds of tokens, neighbours and their purity on vectors whose answer is known; the map's labels keep apart."""

from itertools import combinations

import numpy as np
import pytest

from lmstudy.chapters.embeddings.figures import KINDS, embedding_map, flat_map, purity_table
from lmstudy.errors import StudyError
from lmstudy.measures.neighbours import kind_purity, neighbours, shown, token_kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (" return", "keyword"), ("None", "keyword"), (" int", "builtin"), ("ValueError", "builtin"),
        (" license", "name"), (" self", "self, dunder"), ("__init__", "self, dunder"), ("__", "name"),
        (" width", "name"), ("变量", "name"), ("match", "name"), (" 3", "digit"), (" +=", "operator"),
        ("):\n", "operator"),
        ('"""\n', "quote"), ("('", "quote"), ("\n", "space"), ("        ", "space"),
    ],
)  # fmt: skip
def test_kinds_of_tokens(text, kind):
    assert token_kind(text) == kind
    assert kind in KINDS


def test_tokens_are_shown_so_that_spaces_can_be_seen():
    assert shown(" a\n\t") == "·a↵→"
    assert shown("\x00") == r"\x00"


TEXTS = [None, "for", " while", " x", "zero"]
VECTORS = np.array([[9, 9], [1, 0], [1, 1], [0, 1], [0, 0]], dtype=float)
"""A special token, three at 0, 45 and 90 degrees, and one without a vector."""


def test_neighbours_by_cosine():
    table = neighbours(VECTORS * np.array([[1], [1], [50], [0.1], [1]]), TEXTS, ["for", " x"], k=2)
    assert table.loc["for"].tolist() == ["·while 0.71", "·x 0.00"]
    assert table.loc["·x"].tolist() == ["·while 0.71", "for 0.00"]
    assert neighbours(VECTORS, TEXTS, ["for"], k=9).shape == (1, 2)
    with pytest.raises(StudyError, match="'zero' has no vector"):
        neighbours(VECTORS, TEXTS, ["zero"])
    with pytest.raises(StudyError, match="4 vectors and 5 texts"):
        neighbours(VECTORS[:4], TEXTS, ["for"])


def grouped(noise: float, seed: int = 0) -> tuple[np.ndarray, list[str]]:
    """Ten digits, twelve operators and twenty names; vectors of a kind lie around a direction of their own."""
    operators = ["+", "-", "*", "/", "%", "<", ">", "=", "==", "!=", "<=", ">="]
    texts = [*"0123456789", *operators, *(f"name{chr(97 + n)}" for n in range(20))]
    centre = np.repeat(np.eye(8)[:3], [10, 12, 20], axis=0)
    return centre + noise * np.random.default_rng(seed).normal(size=(42, 8)), texts


def test_purity_is_one_for_kinds_apart_and_chance_for_noise():
    apart = kind_purity(*grouped(0.01), k=3)
    assert list(apart) == ["name", "digit", "operator", "all kinds"]
    assert all(estimate.value == 1 for estimate, _ in apart.values())
    assert apart["digit"][1] == pytest.approx(9 / 41)
    assert apart["all kinds"][1] == pytest.approx((9 + 11 + 19) / 41 / 3)
    noise = kind_purity(*grouped(1000.0), k=3)
    estimate, chance = noise["all kinds"]
    assert estimate.low < chance < estimate.high
    assert estimate.n == 42
    digits = noise["digit"][0]
    assert digits.n == 10
    assert digits.low < digits.value < digits.high < 1
    assert all(0 <= e.low <= e.high <= 1 for e, _ in kind_purity(*grouped(0.3), k=3).values())
    table = purity_table(apart)
    assert table.loc["digit"].tolist() == ["10", "100", "100 to 100", "22.0"]


def test_another_spelling_of_a_token_is_no_neighbour():
    """Each digit beside itself with a space, and far from the other digits: nothing but its own spelling is near."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(10, 64))
    names = [f"n{chr(97 + n)}" for n in range(10)]
    texts = [*"0123456789", *(f" {n}" for n in range(10)), *names]
    found = kind_purity(np.concatenate([centres, centres, centres + 0.1]), texts, k=1)
    assert found["digit"][0].value < 0.5
    assert found["digit"][1] == pytest.approx(18 / 28)


def test_batches_do_not_change_the_purity():
    vectors, texts = grouped(0.5)
    assert kind_purity(vectors, texts, 3, batch=7) == kind_purity(vectors, texts, 3)


def test_the_map_is_the_same_each_time_and_keeps_kinds_together():
    vectors, texts = grouped(0.05)
    first, again = (flat_map(vectors) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    kinds = np.array([token_kind(text) for text in texts])
    distances = np.linalg.norm(first[:, None] - first, axis=-1) + 1e9 * np.eye(42)
    assert (kinds[distances.argmin(1)] == kinds).mean() > 0.95
    assert flat_map(vectors, "pca").shape == (42, 2)
    with pytest.raises(StudyError, match="choose from tsne, pca"):
        flat_map(vectors, "umap")


def test_labels_of_the_map_cover_neither_points_nor_each_other():
    import matplotlib.pyplot as plt

    vectors, texts = grouped(0.3)
    counts = np.arange(42)[::-1]
    figure = embedding_map(vectors, texts, counts, tokens=40, method="pca")
    try:
        (axes,) = figure.axes
        assert [text.get_text() for text in axes.get_legend().get_texts()] == ["name", "digit", "operator"]
        assert sum(len(group.get_offsets()) for group in axes.collections) == 40
        renderer = figure.canvas.get_renderer()
        boxes = [text.get_window_extent(renderer) for text in axes.texts]
        assert len(boxes) > 15
        assert {text.get_text() for text in axes.texts} <= set(texts[:40])  # the most frequent ones
        assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    finally:
        plt.close(figure)
