"""Scorers that look up what people said of a text: their ratings, their labels, or whichever is known."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lmstudy.compose import compose_config
from lmstudy.config import build
from lmstudy.errors import StudyError
from lmstudy.preferences.scored import judge
from lmstudy.preferences.scorers.first_known import FirstKnownScorer
from lmstudy.preferences.scorers.human_ratings import HumanRatingsScorer
from lmstudy.preferences.scorers.known_ratings import KnownRatingsScorer
from lmstudy.preferences.scorers.labels import LabelScorer
from tests.data.rated import DOMAINS, SAME
from tests.data.test_settings import load
from tests.data.wheels import build_sdist, pin_sdist, put

GOOD, BAD, BOTH = "很好！喜欢。", "太差…真的", "一般"


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A corpus of three reviews, one of which has both labels."""
    sdist = build_sdist(tmp_path, "alpha", {"pos.txt": f"{GOOD}\n{BOTH}\n", "neg.txt": f"{BAD}\n{BOTH}\n"})
    pinned = pin_sdist(sdist)
    put(sdist, pinned, tmp_path)
    monkeypatch.setenv("LMSTUDY_CACHE", str(tmp_path))
    named = {"name": "alpha", "version": "1.0", "file": sdist.name, "sha256": pinned.sha256, "licence": "MIT"}
    return load("chinese_reviews", sdist=named, files={"positive": "pos.txt", "negative": "neg.txt"})


def test_minus_the_mean_of_every_snippet(rated: dict[str, Any]) -> None:
    scorer = HumanRatingsScorer(rated, threshold=-1.3)
    for _, text, ratings in (one for snippets in DOMAINS.values() for one in snippets):
        if text != SAME:
            assert scorer.score([text]) == [pytest.approx(-sum(ratings) / len(ratings))]
    assert scorer.score([SAME]) == [pytest.approx(-(4 + 2 - 3 + 1 + 1) / 5)]


def test_segments_share_the_score_of_the_whole(rated: dict[str, Any], source: dict[str, Any]) -> None:
    for scorer, text, score in (
        (HumanRatingsScorer(rated, threshold=-1.3), SAME, -1.0),
        (LabelScorer(source), BAD, 1.0),
        (LabelScorer(source), GOOD, 0.0),
        (LabelScorer(source, bad="positive"), GOOD, 1.0),
    ):
        assert scorer.score([text[:3], "", text[3:]]) == [pytest.approx(score), 0.0, pytest.approx(score)]
        assert scorer.score([]) == []
        assert scorer.score([""]) == [0.0]
        assert scorer.score_batch([[text], [text, ""]]) == [[pytest.approx(score)], [pytest.approx(score), 0.0]]
        sent = pickle.dumps(scorer)
        assert len(sent) < 3000  # without what it knows
        assert pickle.loads(sent).score([text]) == [pytest.approx(score)]


def test_texts_of_which_people_said_nothing(rated: dict[str, Any], source: dict[str, Any]) -> None:
    scorer = HumanRatingsScorer(rated, threshold=-1.3)
    assert not scorer.any_text
    with pytest.raises(StudyError, match=r"nobody rated the text 'Unheard of'.*scorer\.reward"):
        scorer.score(["Unheard", " of"])
    for text in ("没有人说过", BOTH):  # two labels are none
        with pytest.raises(StudyError, match=f"the text '{text}' is none of the corpus"):
            LabelScorer(source).score([text])
    found = judge(KnownRatingsScorer(rated, threshold=-1.3), [[SAME], ["第一家酒店。"], [SAME, ""]])
    assert found.scores[0] == [pytest.approx(-1.0)]
    assert np.isnan(found.scores[1]).all()
    assert found.scores[2] == [pytest.approx(-1.0), 0.0]
    assert found.failures == ["LookupError: nobody rated the text"]


def test_the_configs() -> None:
    ratings = build(compose_config("train", ["scorer=sentiment"])["scorer"], "scorer")
    assert (ratings.name, ratings.unit, ratings.lowest, ratings.highest) == ("sentiment", "segment", -4, 4)
    assert (ratings.source, ratings.threshold) == (load("rated_snippets"), -1.3)
    labels = build(compose_config("train", ["scorer=sentiment_zh"])["scorer"], "scorer")
    assert (labels.bad, labels.threshold, labels.unit, labels.any_text) == ("negative", 0.5, "segment", False)
    assert labels.source == load("chinese_reviews")
    config = compose_config("train", ["experiment=bilingual"])
    objective, known = build(config["objective"], "objective"), build(config["scorer"], "scorer")
    assert (objective.name, objective.controlled, known.threshold) == ("conditional_known", True, -1.3)
    assert known.source == load("rated_snippets")
    assert config["data"]["sources"]["english"]["sdist"] == known.source["sdist"]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: HumanRatingsScorer(load("rated_snippets"), threshold=5), r"scorer\.threshold=5 must lie in \[-4, 4\]"),
        (lambda: HumanRatingsScorer(load("chinese_reviews"), threshold=0), "nobody rated its texts"),
        (lambda: LabelScorer(load("rated_snippets")), "its texts have no labels"),
        (
            lambda: LabelScorer(load("chinese_reviews"), bad="neutral"),
            r"='neutral' is no label .*'negative', 'positive'",
        ),
        (lambda: LabelScorer(load("chinese_reviews"), threshold=1.0), r"scorer\.threshold=1\.0 must lie in \[0, 1\)"),
    ],
)
def test_what_is_refused(make: Any, said: str) -> None:
    with pytest.raises(StudyError, match=said):
        make()


RATED = "lmstudy.preferences.scorers.known_ratings.KnownRatingsScorer"
TELLS = {"_target_": "tests.preferences.test_known_texts.Tells"}


class Tells(KnownRatingsScorer):
    """Knows texts that begin with "x": 3 each, of which 2 is still good."""

    def __init__(self) -> None:
        self.threshold = 2.0

    def score(self, segments: Any) -> list[float]:
        if not segments[0].startswith("x"):
            raise LookupError("does not begin with x")
        return [3.0 if segment else 0.0 for segment in segments]


def test_the_first_that_knows_a_text_says_whether_it_is_bad_by_its_own_threshold(rated: dict[str, Any]) -> None:
    for threshold, bad in ((-1.3, 1.0), (-0.5, 0.0)):  # people's mean of this text is 1
        english = {"_target_": RATED, "source": rated, "threshold": threshold}
        scorer = FirstKnownScorer({"english": english, "other": TELLS})
        found = judge(scorer, [[SAME], ["xyz", ""], ["第一家酒店。"]])
        assert found.scores[:2] == [[bad], [1.0, 0.0]]
        assert np.isnan(found.scores[2]).all()
        assert found.failures == ["LookupError: none of english, other knows the text"]


def test_what_is_wrong_is_named() -> None:
    with pytest.raises(StudyError, match=r"scorer\.scorers={}: name at least one"):
        FirstKnownScorer({})
    with pytest.raises(StudyError, match=r"scorer.threshold=1.0 must lie in \[0, 1\)"):
        FirstKnownScorer({"one": TELLS}, threshold=1.0)
    with pytest.raises(StudyError, match=r"scorer\.scorers\.one"):
        FirstKnownScorer({"one": {"_target_": "lmstudy.no.such.Scorer"}})


def test_the_one_that_ships_knows_both_languages() -> None:
    config = compose_config("train", ["experiment=bilingual", "scorer=sentiment_both", "objective=filtering"])
    scorer = build(config["scorer"], "scorer")
    assert isinstance(scorer, FirstKnownScorer)
    assert {name: own.threshold for name, own in scorer.scorers.items()} == {"english": -1.3, "chinese": 0.5}
    sources = config["data"]["sources"]
    assert {name: own.source["sdist"] for name, own in scorer.scorers.items()} == {
        name: own["sdist"] for name, own in sources.items()
    }
