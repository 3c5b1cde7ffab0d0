"""What a predictor of ratings must beat: words and characters weighed by ridge regression, and a lexicon."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from lmstudy.data.ngrams import WORD
from lmstudy.errors import StudyError

Floats = NDArray[np.float64]


def tfidf_ridge(texts: Sequence[str], ratings: Floats) -> Callable[[Sequence[str]], Floats]:
    """Ridge regression of mean ratings [n] on TF-IDF of words, pairs of words, and characters inside of words.

    Features and penalty are those, of six sets and three values, that order validation snippets best. What is
    returned predicts the ratings of other texts.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline, make_union

    words = TfidfVectorizer(ngram_range=(1, 2), token_pattern=WORD, sublinear_tf=True, min_df=2)
    characters = TfidfVectorizer(ngram_range=(3, 5), analyzer="char_wb", sublinear_tf=True, min_df=2)
    fitted = make_pipeline(make_union(words, characters), Ridge(alpha=2.0, solver="sparse_cg"))
    fitted.fit(list(texts), ratings)
    return lambda others: np.asarray(fitted.predict(list(others)))


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
