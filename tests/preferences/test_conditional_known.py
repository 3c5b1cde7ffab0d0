"""Control tokens where people's ratings are known, plain text elsewhere."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lmstudy.compose import compose_config
from lmstudy.config import build
from lmstudy.data.tokenizer import BAD, GOOD
from lmstudy.errors import StudyError
from lmstudy.preferences.objectives.conditional import Conditional
from lmstudy.preferences.objectives.conditional_known import ConditionalKnown
from lmstudy.preferences.scored import ScoredDocuments, judge
from lmstudy.preferences.scorers.known_ratings import KnownRatingsScorer
from tests.data.rated import SAME
from tests.data.test_settings import load


class Store:
    """Documents of one token each."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def tokens(self, index: int) -> NDArray[np.int64]:
        return np.array([100 + index])

    def starts(self, index: int) -> NDArray[np.int64]:
        return np.array([0])

    def lengths(self, index: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.ones_like(index)


def scored(*scores: float) -> ScoredDocuments:
    values = np.array(scores, dtype=np.float32)
    store: Any = Store(len(values))
    return ScoredDocuments(store, values, np.arange(len(values) + 1), -1.0, np.flatnonzero(np.isnan(values)))


def read(view: Any) -> list[list[int]]:
    return [view.documents.tokens(i).tolist() for i in range(len(view.documents))]


NAN = float("nan")


def test_unknown_documents_stay_and_have_no_control_token() -> None:
    view = ConditionalKnown(drop=0.0).view(scored(-2.0, NAN, 1.0, NAN), seed=1)
    assert read(view) == [[GOOD, 100], [101], [BAD, 102], [103]]
    assert view.notes == ("control tokens stand before 2 of 4 segments; 2 have no score and are read without",)
    assert read(Conditional(drop=0.0).view(scored(-2.0, NAN, 1.0, NAN), seed=1)) == [[GOOD, 100], [BAD, 102]]


def test_it_is_conditional_training_where_everything_is_known() -> None:
    scores = [float(x) for x in np.random.default_rng(0).normal(-1, 1, 400)]
    views = [one(drop=0.3).view(scored(*scores), seed=7) for one in (Conditional, ConditionalKnown)]
    assert read(views[0]) == read(views[1])
    assert any(len(document) == 1 for document in read(views[1]))


def test_nothing_is_known() -> None:
    with pytest.raises(StudyError, match="no segment of the training documents is bad"):
        ConditionalKnown().view(scored(-2.0, NAN), seed=1)


def test_a_text_that_nobody_rated_has_no_score(rated: dict[str, Any]) -> None:
    scorer = KnownRatingsScorer(rated, threshold=-1.3)
    found = judge(scorer, [[SAME], ["第一家酒店。"], [SAME, ""]])
    assert found.scores[0] == [pytest.approx(-1.0)]
    assert np.isnan(found.scores[1]).all()
    assert found.scores[2] == [pytest.approx(-1.0), 0.0]
    assert found.failures == ["LookupError: nobody rated the text"]


def test_the_experiment() -> None:
    config = compose_config("train", ["experiment=bilingual"])
    objective, scorer = build(config["objective"], "objective"), build(config["scorer"], "scorer")
    assert (objective.name, objective.controlled, scorer.threshold) == ("conditional_known", True, -1.3)
    assert scorer.source == load("rated_snippets")
    assert config["data"]["sources"]["english"]["sdist"] == scorer.source["sdist"]
