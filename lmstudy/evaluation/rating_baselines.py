"""What a predictor of ratings must beat: words and characters weighed by ridge regression, and a lexicon."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lmstudy.errors import StudyError

Floats = NDArray[np.float64]


class TfidfRidge:
    """Ridge regression of the mean rating on TF-IDF of words, pairs of words, and characters inside of words.

    The defaults are those of six sets of features and three penalties that order validation snippets best.

    Args:
        penalty: of the squared weights, the alpha of scikit-learn's `Ridge`.
        words: longest run of words.
        characters: shortest and longest run of characters; none leaves them out.
    """

    def __init__(self, penalty: float = 2.0, words: int = 2, characters: tuple[int, int] | None = (3, 5)) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import Ridge
        from sklearn.pipeline import make_pipeline, make_union

        of_words = TfidfVectorizer(ngram_range=(1, words), token_pattern=WORD, sublinear_tf=True, min_df=2)
        parts = [of_words]
        if characters is not None:
            parts.append(TfidfVectorizer(ngram_range=characters, analyzer="char_wb", sublinear_tf=True, min_df=2))
        self.pipeline = make_pipeline(make_union(*parts), Ridge(alpha=penalty, solver="sparse_cg"))

    def fit(self, texts: Sequence[str], ratings: Floats) -> "TfidfRidge":
        """Learn from texts and their mean ratings [n]; returns itself."""
        self.pipeline.fit(list(texts), ratings)
        return self

    def __call__(self, texts: Sequence[str]) -> Floats:
        """[n] predicted ratings."""
        return np.asarray(self.pipeline.predict(list(texts)))


WORD = r"(?u)\b\w+(?:'\w+)?\b|[^\w\s]+"
"""Words, with "n't" and "'s" in them, and runs of punctuation, such as smileys."""


def vader(texts: Sequence[str]) -> Floats:
    """[n] ratings by the lexicon and rules of VADER (Hutto and Gilbert 2014): four times its compound score.

    Raises:
        StudyError: its package is not installed.
    """
    try:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
    except ImportError:
        raise StudyError("the VADER lexicon needs the package vaderSentiment: pip install vaderSentiment") from None
    analyser = SentimentIntensityAnalyzer()
    return np.array([4 * analyser.polarity_scores(text)["compound"] for text in texts])
