"""Steering: what is written for each vector and token, and bits that are the plain ones."""

import numpy as np
import pytest
import torch

from lmstudy.data.tokenizer import BOS, token_bytes
from lmstudy.errors import StudyError
from lmstudy.measures.base import Subject
from lmstudy.measures.probes import segments_of
from lmstudy.measures.steered import bits_per_byte, good_documents
from lmstudy.models.inside import read_and_written
from tests.measures.conftest import measure_of
from tests.measures.test_probes import PRIVACY

FEW = ["measure=steered_privacy", "measure.samples=8", "measure.strengths=[-2,2]", "documents=20"]


def test_texts_are_those_of_the_measure_of_preferences_where_nothing_is_added(signed):
    record = measure_of(signed, *FEW)
    keys = {key.rpartition("/")[0] for key in record.metrics if key.endswith("/finished")}
    assert keys == {"plain", "probe/-2", "probe/+2", "random/-2", "random/+2", "good", "bad"}
    for key in keys:
        assert len(record.groups[f"{key}/training"]) == len(record.groups[f"{key}/held_out"])
    bits = {key: record.metrics[f"{key}/bits_per_byte"] for key in keys - {"good", "bad"}}
    assert bits["plain"] not in {bits["probe/+2"], bits["random/+2"]}
    assert record.metrics["spread"] > 0
    assert -1 <= record.metrics["cosine"] <= 1
    assert any("good/bits" in key for key in record.metrics) is False


@torch.inference_mode()
def test_bits_are_the_plain_ones(signed):
    segments = segments_of(Subject(signed, signed.run.corpus, "valid", 10), PRIVACY, 90)
    documents = good_documents(segments)
    bad = {int(segments.document[segments.before[k]]) for k in np.flatnonzero(segments.bad)}
    assert len(documents) == 10 - len(bad)
    assert 0 < len(bad) < 10
    nats = size = 0.0
    for own in documents:
        logits = signed.module.model(read_and_written([[BOS]], [[BOS, *own[:-1]]]))[0]
        nats -= float(logits.double().log_softmax(-1)[range(len(own)), own].sum())
        size += float(token_bytes(signed.run.corpus.tokenizer)[own].sum())
    assert bits_per_byte(signed, documents) == pytest.approx(nats / np.log(2) / size, rel=1e-4)


def test_settings_that_do_not_fit_are_refused(signed):
    with pytest.raises(StudyError, match=r"measure\.layer=9 must be one of this run's decoder, 1 to 2"):
        measure_of(signed, *FEW, "measure.layer=9")
    with pytest.raises(StudyError, match=r"measure\.strengths=\[0.0\] must be different numbers other than 0"):
        measure_of(signed, "measure=steered_privacy", "measure.strengths=[0]")
