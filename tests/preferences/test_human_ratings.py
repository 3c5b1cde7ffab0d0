import pickle
from typing import Any

import pytest

from lmstudy.compose import compose_config
from lmstudy.config import build
from lmstudy.errors import StudyError
from lmstudy.preferences.scorers.human_ratings import HumanRatingsScorer
from tests.data.rated import DOMAINS, SAME
from tests.data.test_settings import load


def test_minus_the_mean_of_every_snippet(rated: dict[str, Any]) -> None:
    scorer = HumanRatingsScorer(rated, threshold=-1.3)
    for _, text, ratings in (one for snippets in DOMAINS.values() for one in snippets):
        if text != SAME:
            assert scorer.score([text]) == [pytest.approx(-sum(ratings) / len(ratings))]
    assert scorer.score([SAME]) == [pytest.approx(-(4 + 2 - 3 + 1 + 1) / 5)]


def test_segments_share_the_score_of_the_whole(rated: dict[str, Any]) -> None:
    scorer = HumanRatingsScorer(rated, threshold=-1.3)
    assert scorer.score([SAME[:4], "", SAME[4:]]) == [pytest.approx(-1.0), 0.0, pytest.approx(-1.0)]
    assert scorer.score([]) == []
    assert scorer.score([""]) == [0.0]
    assert scorer.score_batch([[SAME], [SAME, ""]]) == [[-1.0], [-1.0, 0.0]]


def test_it_knows_only_what_people_rated(rated: dict[str, Any]) -> None:
    scorer = HumanRatingsScorer(rated, threshold=-1.3)
    assert not scorer.any_text
    with pytest.raises(StudyError, match=r"nobody rated the text 'Unheard of'.*scorer\.reward"):
        scorer.score(["Unheard", " of"])


def test_a_scorer_travels_light(rated: dict[str, Any]) -> None:
    scorer = HumanRatingsScorer(rated, threshold=-1.3)
    scorer.score([SAME])
    sent = pickle.dumps(scorer)
    assert len(sent) < 3000
    assert pickle.loads(sent).score([SAME]) == [-1.0]


def test_the_config() -> None:
    node = compose_config("train", ["scorer=sentiment"])["scorer"]
    scorer = build(node, "scorer")
    assert (scorer.name, scorer.unit, scorer.lowest, scorer.highest) == ("sentiment", "segment", -4, 4)
    assert scorer.source == load("rated_snippets")
    assert scorer.threshold == -1.3


def test_what_is_refused() -> None:
    with pytest.raises(StudyError, match=r"scorer\.threshold=5 must lie in \[-4, 4\]"):
        HumanRatingsScorer(load("rated_snippets"), threshold=5)
    with pytest.raises(StudyError, match="nobody rated its texts"):
        HumanRatingsScorer(load("chinese_reviews"), threshold=0)
