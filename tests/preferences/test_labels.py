import pickle
from pathlib import Path
from typing import Any

import pytest

from lmstudy.compose import compose_config
from lmstudy.config import build
from lmstudy.errors import StudyError
from lmstudy.preferences.scorers.labels import LabelScorer
from tests.data.test_settings import load
from tests.data.wheels import build_sdist, pin_sdist, put

GOOD, BAD, BOTH = "很好！喜欢。", "太差…真的", "一般"


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    sdist = build_sdist(tmp_path, "alpha", {"pos.txt": f"{GOOD}\n{BOTH}\n", "neg.txt": f"{BAD}\n{BOTH}\n"})
    pinned = pin_sdist(sdist)
    put(sdist, pinned, tmp_path)
    monkeypatch.setenv("LMSTUDY_CACHE", str(tmp_path))
    named = {"name": "alpha", "version": "1.0", "file": sdist.name, "sha256": pinned.sha256, "licence": "MIT"}
    return load("chinese_reviews", sdist=named, files={"positive": "pos.txt", "negative": "neg.txt"})


def test_every_sentence_has_the_label_of_its_review(source: dict[str, Any]) -> None:
    scorer = LabelScorer(source)
    assert scorer.score([GOOD[:3], GOOD[3:]]) == [0.0, 0.0]
    assert scorer.score([BAD[:3], "", BAD[3:]]) == [1.0, 0.0, 1.0]
    assert scorer.score([]) == []
    assert pickle.loads(pickle.dumps(scorer)).score([BAD]) == [1.0]


def test_people_may_mind_another_label(source: dict[str, Any]) -> None:
    assert LabelScorer(source, bad="positive").score([GOOD]) == [1.0]


@pytest.mark.parametrize("text", ["没有人说过", BOTH])
def test_texts_without_a_certain_label(source: dict[str, Any], text: str) -> None:
    with pytest.raises(StudyError, match=f"the text '{text}' is none of the corpus"):
        LabelScorer(source).score([text])


def test_the_config() -> None:
    scorer = build(compose_config("train", ["scorer=sentiment_zh"])["scorer"], "scorer")
    assert (scorer.bad, scorer.threshold, scorer.unit, scorer.any_text) == ("negative", 0.5, "segment", False)
    assert scorer.source == load("chinese_reviews")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"bad": "neutral"}, r"scorer\.bad='neutral' is no label .*\['negative', 'positive'\]"),
        ({"threshold": 1.0}, r"scorer\.threshold=1\.0 must lie in \[0, 1\)"),
    ],
)
def test_what_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(StudyError, match=said):
        LabelScorer(load("chinese_reviews"), **settings)


def test_a_corpus_without_labels() -> None:
    with pytest.raises(StudyError, match="its texts have no labels"):
        LabelScorer(load("rated_snippets"))
