"""Vectors learned from text, against closed forms and planted structure; what a model becomes that takes them."""

import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from lmstudy.errors import StudyError
from lmstudy.models.dense import DenseAutoencoder
from lmstudy.models.embeddings import learned
from lmstudy.models.embeddings.base import WordVectors
from lmstudy.models.embeddings.glove import GloVe, cooccurrences, objective
from lmstudy.models.embeddings.placing import arrange, place
from lmstudy.models.embeddings.random import Random
from lmstudy.models.embeddings.word2vec import Word2Vec
from lmstudy.models.transformer import Seq2SeqTransformer

TOPICS, WORDS = 3, 6


def planted(seed: int = 0, documents: int = 300) -> list[np.ndarray]:
    """Documents that each keep to one of three topics; topic t speaks in the tokens 6t .. 6t + 5."""
    rng = np.random.default_rng(seed)
    return [rng.integers(WORDS, size=20) + WORDS * rng.integers(TOPICS) for _ in range(documents)]


def quiet(message: str) -> None:
    pass


def purity(vectors: WordVectors) -> float:
    """Share of nearest neighbours by cosine that are of a token's own topic."""
    rows = vectors.matrix[: TOPICS * WORDS]
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    cosines = units @ units.T - 2 * np.eye(len(units))
    topic = np.arange(len(units)) // WORDS
    return float(np.mean(topic[cosines.argmax(1)] == topic))


def test_counts_of_a_hand_worked_text():
    """0 1 2 | 1 0: pairs at distance 1 weigh 1, at distance 2 a half, and none crosses documents."""
    x = cooccurrences([np.array([0, 1, 2]), np.array([1, 0])], 4, window=2).toarray()
    np.testing.assert_allclose(x, [[0, 2, 0.5, 0], [2, 0, 1, 0], [0.5, 1, 0, 0], [0, 0, 0, 0]])
    near = cooccurrences([np.array([0, 1, 2]), np.array([1, 0])], 4, window=1).toarray()
    np.testing.assert_allclose(near, [[0, 2, 0, 0], [2, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]])
    assert cooccurrences([np.array([3, 3])], 4, window=5).toarray()[3, 3] == 2  # each is the other's neighbour
    assert cooccurrences([], 4, window=5).nnz == 0


def test_gloves_objective_equals_the_papers_equation():
    """J = f(X) (w'c + b + b~ - log X)^2 over X > 0, by hand: X = [[16, 0], [400, 1]], x_max = 100."""
    w, c = torch.tensor([[1.0, 2.0], [0.0, 1.0]]), torch.tensor([[3.0, -1.0], [0.5, 0.5]])
    b, d = torch.tensor([0.1, 0.2]), torch.tensor([0.3, 0.4])
    x = torch.tensor([[16.0, 0.0], [400.0, 1.0]])
    first = 0.16**0.75 * (1.0 + 0.4 - np.log(16)) ** 2  # w0'c0 = 1
    second = 1.0 * (-1.0 + 0.5 - np.log(400)) ** 2  # beyond x_max the weight is 1
    third = 0.01**0.75 * (0.5 + 0.6 - 0.0) ** 2
    assert objective(w, c, b, d, x, 100.0).item() == pytest.approx(first + second + third, rel=1e-5)


def test_glove_fits_what_two_vectors_can_express():
    """Counts whose logarithm is a product of vectors are fitted to a loss of almost nothing; biases alone cannot."""
    documents = planted()
    losses = []
    for epochs in (1, 400):
        said: list[str] = []
        GloVe(epochs=epochs, tokens=None).learn(documents, 18, 8, said.append)
        losses.append(float(said[-1].split("loss ")[1].split()[0]))
    assert losses[1] < 0.01 * losses[0]


@pytest.mark.parametrize("settings", [Word2Vec(epochs=20, subsample=0.0), GloVe(epochs=200, lr=0.1)])
def test_tokens_of_one_topic_become_neighbours(settings):
    vectors = settings.learn(planted(), 20, 8, quiet)
    assert purity(vectors) == 1.0
    shuffled = np.random.default_rng(0).permutation(np.concatenate(planted())).reshape(-1, 20)
    assert purity(settings.learn(list(shuffled), 20, 8, quiet)) < 0.8


@pytest.mark.parametrize("settings", [Word2Vec(epochs=2), GloVe(epochs=3)])
def test_the_same_text_and_seed_give_the_same_vectors(settings):
    first, again = (settings.learn(planted(), 20, 8, quiet) for _ in range(2))
    np.testing.assert_array_equal(first.matrix, again.matrix)
    other = replace(settings, seed=2).learn(planted(), 20, 8, quiet)
    assert np.abs(first.matrix - other.matrix).max() > 1e-3
    state = torch.random.get_rng_state()
    settings.learn(planted(), 20, 8, quiet)
    assert torch.equal(state, torch.random.get_rng_state())  # a run's own draws do not depend on what the cache holds


@pytest.mark.slow
def test_vectors_do_not_depend_on_the_interpreters_hash_seed():
    script = (
        "from tests.models.test_embeddings import *; "
        "print(Word2Vec(epochs=2).learn(planted(), 20, 8, quiet).matrix.tobytes().hex())"
    )
    shown = {
        subprocess.run(
            [sys.executable, "-c", script], env={"PYTHONHASHSEED": seed, "PATH": ""}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(shown) == 1


@pytest.mark.parametrize("settings", [Word2Vec(epochs=1, min_count=3), GloVe(epochs=1, min_count=3)])
def test_rare_tokens_get_no_vector(settings):
    documents = [*planted(documents=30), np.array([18, 18, 0]), np.array([19, 19, 19])]
    vectors = settings.learn(documents, 24, 8, quiet)
    assert vectors.found.tolist() == [True] * 18 + [False, True] + [False] * 4
    assert not vectors.matrix[~vectors.found].any()
    assert str(vectors) == "vectors: 19 of 24 tokens found (19 seen at least 3 times), 5 start at random"
    with pytest.raises(StudyError, match=r"embedding\.min_count=10000: no "):
        replace(settings, min_count=10_000).learn(documents, 24, 8, quiet)


def test_a_long_document_is_read_to_its_end():
    """gensim reads 10,000 words of a sentence; what is behind them must not be lost."""
    long = np.concatenate([np.zeros(10_000, dtype=np.int64), np.full(50, 1)])
    assert Word2Vec(epochs=1).learn([long], 2, 4, quiet).found.all()


@pytest.mark.parametrize(
    ("kind", "setting"),
    [(Word2Vec, {"window": 0}), (Word2Vec, {"tokens": 0}), (GloVe, {"epochs": 0}), (GloVe, {"x_max": 0.0})],
)
def test_settings_out_of_range_are_named(kind, setting):
    ((name, value),) = setting.items()
    with pytest.raises(StudyError, match=rf"embedding\.{name}={value} must be (at least 1|positive)"):
        kind(**setting)


class Store:
    """Five documents of ten tokens, each its own number."""

    def __init__(self, split: object) -> None: ...

    def __len__(self) -> int:
        return 5

    def lengths(self, index: np.ndarray) -> np.ndarray:
        return np.full(len(index), 10)

    def tokens(self, index: int) -> np.ndarray:
        return np.full(10, index)


@pytest.mark.parametrize(("tokens", "lengths"), [(25, [10, 10, 5]), (20, [10, 10]), (50, [10] * 5), (None, [10] * 5)])
def test_as_much_is_read_as_was_asked_for(monkeypatch, tokens, lengths):
    monkeypatch.setattr(learned, "TokenStore", Store)
    corpus = SimpleNamespace(splits={"train": None})
    documents = learned.sample_documents(corpus, tokens)
    assert [len(document) for document in documents] == lengths
    order = [int(document[0]) for document in documents]
    assert len(set(order)) == len(order)
    assert (
        order
        == [int(d[0]) for d in learned.sample_documents(SimpleNamespace(splits={"train": None}), 50)][: len(order)]
    )
    with pytest.raises(StudyError, match="no document of the corpus is in it"):
        learned.sample_documents(SimpleNamespace(splits={"valid": None}), tokens)


def small(width: int = 16) -> Seq2SeqTransformer:
    torch.manual_seed(0)
    return Seq2SeqTransformer(40, 16, d_model=width, heads=2, d_ff=32, encoder_layers=1, decoder_layers=1)


def some_vectors(scale: float = 1.0) -> WordVectors:
    matrix = scale * np.random.default_rng(0).normal(size=(40, 16)).astype(np.float32)
    found = np.arange(40) >= 10
    matrix[~found] = 0
    return WordVectors(matrix, found, {})


@pytest.mark.parametrize("scale", [0.001, 1.0, 50.0])
@pytest.mark.parametrize("tied", [True, False])
def test_vectors_take_the_size_of_the_models_own_initialisation(scale, tied):
    model, before = small(), small().embedding.weight.detach()
    arrange(model, Random(tied=tied))
    place(model, some_vectors(scale))
    weight = model.embedding.weight.detach()
    assert torch.equal(weight[:10], before[:10])  # without a vector: as it was
    rms = lambda x: float(x.square().mean().sqrt())  # noqa: E731
    assert rms(weight[10:]) == pytest.approx(rms(before), rel=1e-5)
    assert rms(before) == pytest.approx(16**-0.5, rel=0.05)
    cosines = nn.functional.cosine_similarity(weight[10:], torch.from_numpy(some_vectors().matrix[10:]))
    assert cosines.min() > 1 - 1e-5
    assert torch.equal(model.output_weight, weight)  # tied or not, it begins as the same function


def parameters(model: nn.Module, trained: bool = False) -> int:
    return sum(p.numel() for p in model.parameters() if p.requires_grad or not trained)


@pytest.mark.parametrize(
    ("settings", "own_output", "trained"),
    [
        (Random(), 0, 0),
        (Random(tied=False), 1, 1),
        (Random(frozen=True), 1, 0),  # embedding out, output in
        (Random(frozen=True, tied=False), 1, 0),
    ],
)
def test_parameters_of_every_arrangement(settings, own_output, trained):
    model, base = small(), parameters(small())
    arrange(model, settings)
    assert parameters(model) == base + own_output * 40 * 16
    assert parameters(model, trained=True) == base + trained * 40 * 16
    assert model.output_weight.requires_grad


def test_what_cannot_take_vectors_is_refused():
    with pytest.raises(StudyError, match="model Linear has no embedding"):
        arrange(nn.Linear(2, 2), Random())
    with pytest.raises(StudyError, match=r"vectors \[40, 16\] for a model with \[40, 8\]"):
        place(
            Seq2SeqTransformer(40, 16, d_model=8, heads=2, d_ff=8, encoder_layers=1, decoder_layers=1), some_vectors()
        )
    with pytest.raises(StudyError, match="no vector was found that is not 0"):
        place(small(), some_vectors(0.0))


def test_an_output_that_was_never_the_embedding_s_stays_as_it_is():
    torch.manual_seed(0)
    model = DenseAutoencoder(50, 8, d_model=6, widths=[5])
    before = model.output.weight.clone()
    vectors = WordVectors(np.ones((50, 6), np.float32), np.arange(50) > 10, {"given": 39})
    arrange(model, Random(frozen=True))
    place(model, vectors)
    assert torch.equal(model.output.weight, before)
    assert not model.embedding.weight.requires_grad
    assert (model.embedding.weight[11:].std(dim=1) == 0).all()
