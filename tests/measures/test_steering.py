"""Steering: beginnings of one source, and what each control token does behind them, on a tiny run."""

import math

import numpy as np
import pytest

from lmstudy.compose import compose_config
from lmstudy.data.corpus import prepare
from lmstudy.data.store import TokenStore
from lmstudy.errors import StudyError
from lmstudy.measures.evaluate import evaluate
from lmstudy.measures.steering import CONTROLS, Steering, held_out_beginnings
from lmstudy.tasks.base import PARTS
from tests.data.test_settings import load
from tests.data.wheels import build_sdist, pin_sdist, put

LENGTH = {"_target_": "lmstudy.preferences.scorers.pep8.Pep8Scorer", "family": "style", "max_line_length": 20}
REVIEWS = [f"第{n}家酒店很好！房间{n}干净，服务也不错，下次还来{n}。" for n in range(60)]


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("reviews")


@pytest.fixture(scope="module")
def corpus(cache):
    sdist = build_sdist(cache, "alpha", {"pos.txt": "\n".join(REVIEWS), "neg.txt": "太差…真的，再也不会来了\n"})
    pinned = pin_sdist(sdist)
    put(sdist, pinned, cache)
    named = {"name": "alpha", "version": "1.0", "file": sdist.name, "sha256": pinned.sha256, "licence": "MIT"}
    files = {"positive": "pos.txt", "negative": "neg.txt"}
    return prepare(
        load("chinese_reviews", sdist=named, files=files, deduplication=None, tokenizer={"vocab_size": 320}), cache
    )


def test_a_beginning_and_its_rest_are_the_document_and_no_character_is_cut(corpus):
    texts = set(corpus.splits["train"]["text"])
    for tokens in (3, 4, 5, 20):
        found = held_out_beginnings(corpus, "train", "alpha", tokens, 1000)
        assert len(found) > 40
        for beginning in found:
            assert beginning.text + beginning.rest in texts
            length = sum(map(len, beginning.segments))
            assert tokens <= length <= tokens + 3
            assert len(beginning.behind([3])) == length + len(beginning.segments)
    two = [b for b in held_out_beginnings(corpus, "train", None, 20, 1000) if len(b.segments) == 2]
    assert two  # sentences, each behind a control token of its own
    assert [two[0].behind([3]).index(3), two[0].behind([3]).count(3)] == [0, 2]


def test_documents_must_fit(corpus):
    store = TokenStore(corpus.splits["train"])
    lengths = store.lengths(np.arange(len(store)))
    middle = int(np.median(lengths))
    assert len(held_out_beginnings(corpus, "train", None, 2, middle)) == (lengths <= middle).sum()
    with pytest.raises(StudyError, match=r"measure\.source=beta: no document of train.*sources are alpha"):
        held_out_beginnings(corpus, "train", "beta", 2, 1000)


def test_each_control_token_is_measured_on_the_same_beginnings(steered):
    overrides = ["measure=steering_en", "measure.source=null", "measure.beginnings=24", "measure.samples=4"]
    asked = [f"run={steered.run.folder}", f"runs={steered.run.folder.parent}", *overrides]
    config = compose_config("evaluate", asked)
    config["measure"]["scorer"] = LENGTH
    record = evaluate(config)
    for name in (*CONTROLS, "people"):
        sums = np.array(record.groups[name])
        assert sums.shape == (PARTS, 2)
        mean = record.metrics[f"{name}/mean"]
        assert mean == pytest.approx(sums[:, 0].sum() / sums[:, 1].sum(), rel=1e-2) or math.isnan(mean)
        assert np.array(record.groups[f"{name}/chinese"])[:, 1].sum() == 24 - record.metrics[f"{name}/empty"]
    assert record.metrics["people/empty"] == 0
    assert record.metrics["unprompted/good/chinese"] == 0
    assert [set(sample) for sample in record.samples] == [{"beginning", *CONTROLS}] * 16
    behind = [[sample[control]["written"] for sample in record.samples] for control in CONTROLS]
    assert behind[0] != behind[2]  # the control token is read
    assert evaluate(config).id == record.id


def test_what_is_refused(trained, steered):
    known = {**load("rated_snippets")}
    ratings = {"_target_": "lmstudy.preferences.scorers.human_ratings.HumanRatingsScorer", "source": known}
    with pytest.raises(StudyError, match="never saw a control token"):
        Steering(LENGTH, None, 8, 4, 8).check(trained)
    with pytest.raises(StudyError, match="looks up known texts"):
        Steering({**ratings, "threshold": -1.3, "reward": None}, None, 8, 4, 8).check(steered)
    for wrong in ((1, 4, 8), (8, 0, 8), (8, 4, 1)):
        with pytest.raises(StudyError, match="must be at least"):
            Steering(LENGTH, None, *wrong)
