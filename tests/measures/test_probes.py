"""Probes of a run: segments and borders by hand, states at borders, and the errors of text without both classes."""

import numpy as np
import pytest
import torch

from lmstudy.config import build
from lmstudy.data.tokenizer import BOS
from lmstudy.errors import StudyError
from lmstudy.measures import probes
from lmstudy.measures.base import Subject
from lmstudy.measures.probes import decoder_states, encoder_states, segments_of, word_means
from lmstudy.models.inside import read_and_written, states
from tests.measures.conftest import SIGNED, measure_of

PRIVACY = {"_target_": "lmstudy.preferences.scorers.privacy.PrivacyScorer"}


@pytest.fixture
def looked(signed):
    return segments_of(Subject(signed, signed.run.corpus, "valid", 10), PRIVACY, 90)


def test_segments_are_those_of_the_text(signed, looked):
    corpus, scorer = signed.run.corpus, build(PRIVACY, "scorer")
    for k, (left, right) in enumerate(zip(looked.before, looked.behind, strict=True)):
        document = looked.document[left]
        assert looked.document[right] == document
        tokens = looked.texts[document][looked.place[left] : looked.place[right]]
        line = corpus.tokenizer.decode(tokens.tolist())
        assert looked.bad[k] == (scorer.score([line])[0] > 0)
        assert line.endswith("\n")
        assert looked.half[k] == (document % 2 == 0)
    assert max(map(len, looked.texts)) <= 90
    assert any(SIGNED in corpus.tokenizer.decode(text.tolist()) for text in looked.texts)
    borders, whose = looked.of("ahead")
    assert (looked.place[borders] > 0).all()
    assert len(borders) == len(looked.bad) - 10
    assert (looked.before[whose] == borders).all()
    assert len(looked.of("read")[0]) == len(looked.bad)


@torch.inference_mode()
def test_states_are_those_of_the_text_up_to_the_border_alone(signed, looked, monkeypatch):
    monkeypatch.setattr(probes, "TOKENS", 200)
    model = signed.module.model
    found = {"decoder": decoder_states(model, looked), "encoder": encoder_states(model, looked, 20)}
    for border in (0, 3, len(looked.place) - 1):
        text = looked.texts[looked.document[border]][: looked.place[border]].tolist()
        written = states(model, read_and_written([[BOS]], [[BOS, *text]]))["decoder"]
        read = states(model, read_and_written([[BOS, *text[-20:]]], [[BOS]]))["encoder"]
        for layer in range(3):
            for stack, own in (("decoder", written), ("encoder", read)):
                assert found[stack][layer][border] == pytest.approx(own[layer][0, -1].numpy(), abs=1e-4)


def test_words_are_the_mean_of_their_embeddings(signed, looked):
    embedding = signed.module.model.embedding.weight.detach().numpy()
    first = looked.texts[0][: looked.place[1]]
    assert word_means(signed.module.model, looked)[0] == pytest.approx(embedding[first].mean(0), abs=1e-6)


def test_a_signature_is_told_from_other_lines(signed):
    metrics = measure_of(signed, "measure=probes_privacy").metrics
    assert {key for key in metrics if key.startswith("decoder/")} == {
        f"decoder/{layer}/{moment}" for layer in range(3) for moment in ("read", "ahead")
    }
    assert metrics["words"] > 0.9
    assert metrics["decoder/2/read"] > max(0.9, metrics["random/decoder/2/read"])
    # The layers of an untrained network of this recipe add nothing yet.
    assert metrics["untrained/decoder/0/read"] == pytest.approx(metrics["untrained/decoder/2/read"])
    assert 0 < metrics["bad"] < 0.2


def test_text_of_one_class_is_refused(signed):
    nothing = ["measure=probes_privacy", "measure.scorer.kinds=[social_security_number]"]
    with pytest.raises(StudyError, match=r"all \d+ segments of split=valid \(measure\.scorer=PrivacyScorer\) are good"):
        measure_of(signed, *nothing)


def test_half_of_the_documents_without_a_bad_segment_is_refused(signed):
    own = segments_of(Subject(signed, signed.run.corpus, "valid", 10), PRIVACY, 90)
    assert own.bad.any()
    with pytest.raises(StudyError, match=r"all .* are good"):
        probes.held_out_auc(np.zeros((len(own.bad), 2)), own.bad & own.half, own.half)
