"""Scores of a corpus: what is no score is refused, what raises costs one text, and what is known is kept."""

from typing import Any

import numpy as np
import pytest

from lmstudy.data.corpus import Corpus, prepare
from lmstudy.errors import StudyError
from lmstudy.preferences.scored import judge, score_split
from lmstudy.preferences.scorers.base import Scorer
from tests.preferences.made_scores import NAN, made

HERE = "tests.preferences.test_scored"


class Lengths(Scorer):
    """s(segment) = its words, for any text but one with a forbidden word; `answer` in the place of every score."""

    name = "lengths"

    def __init__(self, forbidden: str = "", answer: float | None = None, threshold: float = 0.0) -> None:
        self.forbidden, self.answer, self.threshold = forbidden, answer, threshold

    def score(self, segments):
        if self.forbidden and any(self.forbidden in segment.split() for segment in segments):
            raise ValueError(f"it says {self.forbidden}\nat length")
        return [float(len(segment.split())) if self.answer is None else self.answer for segment in segments]


def settings(**changes: Any) -> dict[str, Any]:
    return {"_target_": f"{HERE}.Lengths", **changes}


@pytest.fixture
def corpus(rated: dict[str, Any]) -> Corpus:
    return prepare(rated)


def test_scores_by_document_and_segment():
    found = judge(Lengths(), [["a b", "c"], [], ["d e f"]])
    assert found.scores == [[2, 1], [], [3]]
    assert found.failures == []


def test_a_text_that_cannot_be_scored_costs_its_own_score_alone():
    found = judge(Lengths("bad"), [["a b", "c"], ["so bad", "x"], ["d"]])
    assert found.scores[0] == [2, 1]
    assert np.isnan(found.scores[1]).tolist() == [True, True]
    assert found.scores[2] == [1]
    assert found.failures == ["ValueError: it says bad"]  # the first line says what it was


@pytest.mark.parametrize("answer", [NAN, -0.5, float("inf")])
def test_what_is_no_score_is_refused(answer):
    scorer = Lengths(answer=answer)
    scorer.highest = 5.0  # type: ignore[misc]
    with pytest.raises(StudyError, match=r"scorer lengths: score .* of the segment 'a b' is not within \[0, 5\]"):
        judge(scorer, [["a b"]])


def test_one_score_for_each_segment():
    scorer = Lengths()
    scorer.score = lambda segments: [0.0]  # type: ignore[method-assign]
    with pytest.raises(StudyError, match="1 scores for 2 segments"):
        judge(scorer, [["a", "b"]])


def test_a_split_is_scored_once(corpus: Corpus):
    said: list[str] = []
    first = score_split(corpus, "train", settings(), progress=said.append)
    words = [len(text.split()) for text in corpus.splits["train"]["text"]]
    assert first.scores.tolist() == words  # a snippet is one segment
    assert first.offsets.tolist() == list(range(len(words) + 1))
    assert len(first.unscored) == 0
    assert any("lengths on" in line for line in said)
    said.clear()
    again = score_split(corpus, "train", settings(threshold=9.0), progress=said.append)
    assert said == []  # a threshold makes no other scores
    assert again.threshold == 9.0
    assert again.good().tolist() == [n <= 9 for n in words]


def test_documents_that_raised_are_counted_and_left_out(corpus: Corpus):
    said: list[str] = []
    found = score_split(corpus, "train", settings(forbidden="film"), progress=said.append)
    texts = corpus.splits["train"]["text"]
    raised = [i for i, text in enumerate(texts) if "film" in text.split()]
    assert 0 < len(raised) < len(texts)
    assert found.unscored.tolist() == raised
    assert np.isnan(found.scores).sum() == len(raised)
    assert sorted(set(found.scored()) | set(raised)) == list(range(len(texts)))
    assert f"raised on {len(raised):,} documents, which have no score (ValueError: it says film)" in said[-1]


def test_a_scorer_that_is_wrong_stops_the_run(corpus: Corpus):
    with pytest.raises(StudyError, match="is not within"):
        score_split(corpus, "valid", settings(answer=-1.0))


def test_tokens_have_the_score_of_their_segment():
    scored = made([0.0, 0.5, 0.25], [1.0], [], [0.5, 1.0], length=2)
    assert scored.token_scores(0).tolist() == [0, 0, 0.5, 0.5, 0.25, 0.25]
    assert scored.token_scores(3).tolist() == [0.5, 0.5, 1, 1]
    assert scored.segment_scores(2).tolist() == []
    assert scored.document_means()[[0, 1, 3]].tolist() == [0.25, 1.0, 0.75]
