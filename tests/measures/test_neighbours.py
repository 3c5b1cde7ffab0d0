"""Kinds of tokens, neighbours and their purity on vectors whose answer is known; and those of a run's embedding."""

import numpy as np
import pytest

from lmstudy.errors import StudyError
from lmstudy.measures.neighbours import KINDS, kind_purity, neighbours, token_kind
from lmstudy.models.embeddings.token_names import token_texts
from tests.measures.grouped import grouped


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
    between = kind_purity(*grouped(0.3), k=3)
    assert all(0 <= e.low <= e.high <= 1 for e, _ in between.values())
    assert kind_purity(*grouped(0.3), k=3, batch=7) == between


def test_another_spelling_of_a_token_is_no_neighbour():
    """Each digit beside itself with a space, and far from the other digits: nothing but its own spelling is near."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(10, 64))
    names = [f"n{chr(97 + n)}" for n in range(10)]
    texts = [*"0123456789", *(f" {n}" for n in range(10)), *names]
    found = kind_purity(np.concatenate([centres, centres, centres + 0.1]), texts, k=1)
    assert found["digit"][0].value < 0.5
    assert found["digit"][1] == pytest.approx(18 / 28)


def test_neighbours_and_shares_are_those_of_the_embedding(trained, measured):
    record = measured("measure=neighbours", 'measure.words=["self"," for"]', "measure.k=3")
    texts = token_texts(trained.run.corpus.tokenizer)
    vectors = trained.module.model.embedding.weight.detach().numpy()
    table = neighbours(vectors, texts, ["self", " for"], 3)
    assert record.samples == [
        {"word": "self", "neighbours": table.iloc[0].tolist()},
        {"word": " for", "neighbours": table.iloc[1].tolist()},
    ]
    share, chance = kind_purity(vectors, texts, 3)["keyword"]
    assert record.metrics["neighbours/keyword/share"] == pytest.approx(share.value)
    assert record.metrics["neighbours/keyword/chance"] == pytest.approx(chance)
    assert 0 < chance < 0.5


def test_a_word_that_is_no_token_and_no_neighbours_at_all_are_refused(measured):
    with pytest.raises(StudyError, match=r"measure\.words: 'notatoken' is no whole token"):
        measured("measure=neighbours", "measure.words=[notatoken]")
    with pytest.raises(StudyError, match=r"measure\.k=0"):
        measured("measure=neighbours", 'measure.words=["self"]', "measure.k=0")
