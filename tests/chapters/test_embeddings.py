"""Tables and the map of the chapter on embeddings, and vectors that go into a file and come back."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lmstudy.chapters.embeddings.embeddings import (
    embedding_map,
    flat_map,
    nearest_table,
    neighbour_table,
    purity,
    purity_table,
    there_and_back,
    token_counts,
)
from lmstudy.compose import compose_config
from lmstudy.data.corpus import prepare
from lmstudy.errors import StudyError
from lmstudy.measures.neighbours import kind_purity, token_kind
from lmstudy.models.embeddings.base import WordVectors
from tests.claim_records import record
from tests.measures.grouped import grouped


@pytest.fixture
def corpus(tiny):
    return prepare(compose_config("train", tiny)["data"])


def test_vectors_come_back_from_their_file(corpus):
    size = corpus.tokenizer.get_vocab_size()
    matrix = np.random.default_rng(0).normal(size=(size, 4)).astype(np.float32)
    matrix[:37] = 0
    found = np.arange(size) >= 37
    head, again = there_and_back(corpus, WordVectors(matrix, found, {"seen": int(found.sum())}))
    assert len(head) == 3
    assert all(line.endswith(" ...") for line in head)
    assert again.found.sum() == found.sum()
    np.testing.assert_allclose(again.matrix[found], matrix[found], rtol=1e-4, atol=1e-6)


def test_tokens_are_counted_over_the_training_split(corpus):
    counts = token_counts(corpus)
    assert counts.sum() == sum(len(row["tokens"]) for row in corpus.splits["train"])
    first = corpus.splits["train"][0]["tokens"][0]
    assert counts[first] == sum(list(row["tokens"]).count(first) for row in corpus.splits["train"])


def evaluation(seed, share):
    return record(
        seed,
        "evaluation",
        {},
        1.0,
        seed=seed,
        metrics={"neighbours/all kinds/share": share},
        samples=[{"word": " if", "neighbours": ["·for 0.91", "·while 0.80"]}],
    )


def test_tables_show_one_seed_and_shares_of_all():
    arms = {"random": [evaluation(1, 0.2), evaluation(2, 0.4)]}
    assert neighbour_table(arms, 2).loc["·if", "random"] == "·for  ·while"
    assert purity(arms)["random"].value == pytest.approx(30.0)
    assert purity(arms)["random"].n == 2
    vectors, texts = grouped(0.01)
    digit = purity_table(kind_purity(vectors, texts, k=3)).loc["digit"]
    assert digit["tokens"] == 10
    assert (digit["of one kind, % (95 % interval)"].value, digit["by chance, %"]) == (100, pytest.approx(100 * 9 / 41))
    near = nearest_table(vectors, texts, ["1"], k=2).loc["1"]
    assert near[[1, 2]].str.isdigit().all()
    assert near["cosines"] == "1.00, 1.00"


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


def test_the_map_shows_the_most_frequent_tokens_and_names_those_with_room():
    figure = embedding_map(*grouped(0.3), np.arange(42)[::-1], tokens=40, method="pca")
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["name", "digit", "operator"]
    assert sum(len(group.get_offsets()) for group in axes.collections) == 40
    assert len(axes.texts) > 15
    assert {text.get_text() for text in axes.texts} <= set(grouped(0.3)[1][:40])
    plt.close(figure)
