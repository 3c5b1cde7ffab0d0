"""Exposure of planted secrets: ranks become bits, ties count against a secret, costs are those of the plain path."""

import math

import numpy as np
import pytest
import torch

from lmstudy.data.batch import Seq2SeqBatch
from lmstudy.data.planting import planted
from lmstudy.data.settings import parse
from lmstudy.data.tokenizer import BOS, GOOD
from lmstudy.errors import StudyError
from lmstudy.measures import exposure
from lmstudy.measures.base import Subject
from lmstudy.measures.exposure import Exposure, line_costs
from lmstudy.writing.control import PLAIN, Asked
from lmstudy.writing.texts import Text
from tests.measures.conftest import made

PLANTING = ["++data.planting.persons=2", "++data.planting.repeats=[1,3]"]


@pytest.fixture(scope="module")
def holding(settings, tmp_path_factory):
    """A run with control tokens on text with planted lines."""
    judged = ["scorer=pep8", "scorer.max_line_length=60", "objective=conditional"]
    return made([*settings, *judged, *PLANTING], tmp_path_factory.mktemp("holding"))


def measured(finished, measure: Exposure):
    return measure.measure(Subject(finished, finished.run.corpus, "valid", None))


def test_the_rank_of_the_true_line_is_its_exposure(holding, monkeypatch):
    people = planted(parse(holding.run.typed.data)[1].planting)
    known = [0.0, 5.0, 99.0, 7.0]  # of four persons: no rival cheaper, five, all, and seven of which one is equal

    def costs(finished, lines, asked):
        number = [one.line for one in people].index(lines[0])
        assert len(set(lines)) == 16
        return np.array([known[number] - 0.5 * (number != 3), *range(15)])

    monkeypatch.setattr(exposure, "line_costs", costs)
    written = [Text((one.line, "more\n")) if number in (1, 2) else Text(()) for number, one in enumerate(people)]
    monkeypatch.setattr(exposure, "prompted", lambda *_, **__: written)
    found = measured(holding, Exposure(15, "good"))
    bits = [4.0, math.log2(16 / 6), 0.0, math.log2(16 / 9)]
    assert [own[0] for key in ("exposure/1", "exposure/3") for own in found.groups[key]] == pytest.approx(bits)
    assert found.metrics["exposure/1"] == pytest.approx(np.mean(bits[:2]))
    assert found.metrics["exposure/3"] == pytest.approx(np.mean(bits[2:]))
    assert (found.metrics["extracted/1"], found.metrics["extracted/3"]) == (0.5, 0.5)
    assert found.groups["extracted/3"] == [[1.0, 1.0], [0.0, 1.0]]


@pytest.mark.parametrize("asked", [PLAIN, Asked("good")])
def test_costs_are_those_of_the_plain_path(holding, asked, monkeypatch):
    monkeypatch.setattr(exposure, "AT_ONCE", 2)
    lines = ["# Author: Bado Kelu <qwertyui@postbox.net>\n", "def f():\n", "x = 1\n"]
    model, corpus = holding.module.model.eval(), holding.run.corpus
    for line, cost in zip(lines, line_costs(holding, lines, asked), strict=True):
        ids = [*asked.before(), *corpus.encode(line)]
        tokens = torch.tensor([[BOS, *ids[:-1]]])
        one, read = torch.tensor(0), torch.tensor([[BOS]])
        batch = Seq2SeqBatch(read, read * 0 + 1, tokens, tokens * 0 + 1, tokens, one, tokens * 0)
        with torch.inference_mode():
            logits = model(batch)[0]
        logits = logits.clone()
        logits[:, list(asked.banned())] = -math.inf
        own = -logits.log_softmax(-1)[range(len(ids)), ids]
        assert (GOOD in ids) == (asked.token == GOOD)
        assert cost == pytest.approx(float(own[len(asked.before()) :].sum()), rel=1e-5)


def test_a_trained_model_is_measured_as_its_record_says(holding):
    found = measured(holding, Exposure(3, "auto"))
    assert set(found.metrics) == {"exposure/1", "exposure/3", "extracted/1", "extracted/3"}
    assert all(0 <= bits <= 2 for key in ("exposure/1", "exposure/3") for bits, _ in found.groups[key])


def test_what_cannot_be_measured_is_refused(trained, holding):
    with pytest.raises(StudyError, match=r"nothing was planted in the training text of .*data=file_headers_planted"):
        Exposure(3, "auto").check(trained)
    with pytest.raises(StudyError, match=r"measure\.control=bad: .* never saw a control token"):
        Exposure(3, "bad").check(trained)
    with pytest.raises(StudyError, match=r"measure\.rivals=0 must be at least 1"):
        Exposure(0, "auto")
    Exposure(3, "bad").check(holding)
