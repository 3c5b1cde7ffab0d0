"""Good or bad by whichever scorer knows a text."""

from typing import Any

import numpy as np
import pytest

from lmstudy.compose import compose_config
from lmstudy.config import build
from lmstudy.errors import StudyError
from lmstudy.preferences.scored import judge
from lmstudy.preferences.scorers.first_known import FirstKnownScorer
from lmstudy.preferences.scorers.known_ratings import KnownRatingsScorer
from tests.data.rated import SAME

RATED = "lmstudy.preferences.scorers.known_ratings.KnownRatingsScorer"
TELLS = {"_target_": "tests.preferences.test_first_known.Tells"}


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
