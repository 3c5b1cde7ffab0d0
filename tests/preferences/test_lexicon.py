"""The lexicon of Chinese words: the longest word counts, a negation turns round the next one, nothing is executed."""

import io
import pickle
import zipfile

import pytest

from lmstudy.compose import compose_config
from lmstudy.config import build
from lmstudy.errors import StudyError
from lmstudy.preferences.scorers import lexicon as module
from lmstudy.preferences.scorers.lexicon import LexiconScorer, lexicon

WEIGHTS = "好\t1.0\n好看\t2.0\n差\t-1.0\n"
WHEEL = {"name": "words", "version": "1", "sha256": "0" * 64, "licence": "MIT"}


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Makes a scorer of a package that holds this text."""

    def make(text=WEIGHTS, **settings):
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, "w") as archive:
            archive.writestr("words.txt", text)
        path = tmp_path / "words-1-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("words/dictionary/words.zip", inner.getvalue())
        lexicon.cache_clear()
        monkeypatch.setattr(module, "fetch", lambda *_: path)
        own = {"negations": ["不"], "reach": 2, "negative": 2.0, "threshold": 0.0}
        return LexiconScorer(WHEEL, "dictionary/words.zip", **own | settings)

    yield make
    lexicon.cache_clear()


@pytest.mark.parametrize(
    ("text", "mean"),
    [
        ("好", 1.0),
        ("好看", 2.0),  # not 好 and something else
        ("不好", -2.0),  # turned round, and then it counts twice
        ("不差", 1.0),
        ("不是很好", -2.0),
        ("不是说很好", 1.0),  # three characters between them
        ("不好，好", -0.5),  # once only
        ("差", -2.0),
        ("酒店", 0.0),
        ("", 0.0),
    ],
)
def test_a_text_is_what_its_words_are_on_average(made, text, mean):
    assert made().mean(text) == pytest.approx(mean)


def test_every_segment_scores_what_the_text_does(made):
    scorer = pickle.loads(pickle.dumps(made()))
    assert scorer.score(["好看。", "", "差"]) == [0.0, 0.0, 0.0]
    assert scorer.score(["差。", ""]) == [2.0, 0.0]
    assert scorer.score(["差"])[0] > scorer.threshold


def test_what_is_no_lexicon_is_named(made):
    for text, said in (("好 1\n", "line 1, '好 1', is no word and weight"), ("", "holds no lexicon")):
        with pytest.raises(StudyError, match=said):
            made(text).mean("好")
    with pytest.raises(StudyError, match="give name, version, sha256, licence"):
        LexiconScorer({"name": "words"}, "x.zip", [], 1, 1.0, 0.0)


def test_the_one_of_the_study_is_of_a_pinned_package_with_a_licence():
    node = compose_config("generate", ["run=any", "scorer=sentiment_zh_lexicon"])["scorer"]
    scorer = build(node, "scorer")
    assert (scorer.wheel["licence"], len(scorer.wheel["sha256"])) == ("Apache-2.0", 64)
    assert all(isinstance(word, str) for word in scorer.negations)
