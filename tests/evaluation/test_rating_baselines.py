import importlib.util
import random
import sys

import numpy as np
import pytest

from lmstudy.errors import StudyError
from lmstudy.evaluation.rating_baselines import WORD, tfidf_ridge, vader


def texts_and_ratings(n: int, seed: int) -> tuple[list[str], np.ndarray]:
    rng = random.Random(seed)
    worth = {"superb": 2.0, "fine": 1.0, "dull": -1.0, "awful": -2.0}
    plain = ["the", "film", "story", "actors", "plot", "music", "was", "with", "and", "its"]
    texts, ratings = [], []
    for _ in range(n):
        said = rng.sample(sorted(worth), 2)
        texts.append(" ".join(rng.sample(plain, 5) + said))
        ratings.append(sum(worth[word] for word in said))
    return texts, np.array(ratings)


def test_ridge_learns_what_words_are_worth() -> None:
    model = tfidf_ridge(*texts_and_ratings(200, 0))
    texts, ratings = texts_and_ratings(100, 1)
    assert np.corrcoef(model(texts), ratings)[0, 1] > 0.95
    superb, awful, unheard = model(["the film was superb", "the film was awful", "qqq"])
    assert superb > unheard > awful


def test_characters_see_through_spelling() -> None:
    superbly, awfully = tfidf_ridge(*texts_and_ratings(200, 0))(["superbly", "awfully"])
    assert superbly > awfully + 0.5


def test_words_keep_their_apostrophes_and_smileys_stay_whole() -> None:
    import re

    assert re.findall(WORD, "It isn't bad :-) really!!") == ["It", "isn't", "bad", ":-)", "really", "!!"]


@pytest.mark.skipif(importlib.util.find_spec("vaderSentiment") is None, reason="vaderSentiment is not installed")
def test_the_lexicon_orders_plain_words() -> None:
    best, good, none, bad = vader(["A GREAT film!!!", "a good film", "a film", "not a good film"])
    assert best > good > 0.5
    assert none == 0
    assert bad < -0.5
    assert np.abs([best, bad]).max() <= 4


def test_the_lexicon_is_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vaderSentiment.vaderSentiment", None)
    with pytest.raises(StudyError, match="needs the package vaderSentiment"):
        vader(["good"])
