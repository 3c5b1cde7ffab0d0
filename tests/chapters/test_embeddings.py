"""Tables of the chapter on embeddings, and vectors that go into a file and come back."""

import numpy as np
import pytest

from lmstudy.chapters.embeddings.embeddings import neighbour_table, purity, there_and_back, token_counts
from lmstudy.compose import compose_config
from lmstudy.data.corpus import prepare
from lmstudy.models.embeddings.base import WordVectors
from tests.claim_records import record


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
