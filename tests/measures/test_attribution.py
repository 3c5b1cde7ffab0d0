"""Attribution of planted lines: documents with and without them, pairs counted by hand, and what is refused."""

import shutil

import numpy as np
import pytest
import torch

from lmstudy.compose import compose_config
from lmstudy.data.batch import IGNORE
from lmstudy.data.planting import planted
from lmstudy.data.settings import parse
from lmstudy.data.tokenizer import BAD, BOS, EOS, GOOD, decode
from lmstudy.errors import StudyError
from lmstudy.measures.attribution import CUT, NEVER, READ, Attribution, _Texts, holding
from lmstudy.measures.base import Subject
from lmstudy.measures.evaluate import evaluate
from lmstudy.runs.pretraining import build_module
from lmstudy.training.influence import gradient
from lmstudy.writing.control import PLAIN, Asked
from tests.measures.conftest import made, measure_of

PLANTING = ["++data.planting.persons=2", "++data.planting.repeats=[1,3]"]
MEASURE = Attribution(documents_each=2, absent=9, control="auto")


@pytest.fixture(scope="module")
def known(settings, tmp_path_factory):
    """A run on text with planted lines."""
    return made([*settings, *PLANTING], tmp_path_factory.mktemp("known"))


@pytest.fixture(scope="module")
def texts(known) -> _Texts:
    return _Texts(known, PLAIN, absent=9, each=2)


def test_documents_hold_the_line_lack_it_or_were_given_it(known, texts):
    corpus = known.run.corpus
    training = corpus.splits["train"]["text"]
    people = planted(parse(known.run.typed.data)[1].planting)
    assert texts.persons[:4] == people
    assert not {one.line for one in texts.persons[4:]} & {one.line for one in people}
    assert [len(texts.of(READ, person)) for person in range(8)] == [1, 1, 2, 2, 0, 0, 0, 0]
    assert [len(texts.of(CUT, person)) for person in range(8)] == [1, 1, 2, 2, 0, 0, 0, 0]
    assert [len(texts.of(NEVER, person)) for person in range(8)] == [0, 0, 0, 0, 1, 1, 2, 2]
    whole = [decode(corpus.tokenizer, np.concatenate(own).tolist()) for own in texts.documents]
    for person, one in enumerate(texts.persons):
        for read, cut in zip(texts.of(READ, person), texts.of(CUT, person), strict=True):
            assert whole[read] in training
            assert whole[read].count(one.line) == 1
            assert whole[cut] == whole[read].replace(one.line, "")
        for given in texts.of(NEVER, person):
            assert whole[given].count(one.line) == 1
            assert whole[given].replace(one.line, "") in training
            assert not any(other.line in whole[given] for other in people)


def test_batches_are_whole_documents_and_gradients_those_of_the_plain_path(known, texts):
    corpus, model = known.run.corpus, known.module.model.eval()
    for number, batch in enumerate(texts._batches("here")):
        ids = np.concatenate(texts.documents[number]).tolist()
        assert batch.labels[batch.labels != IGNORE].tolist() == [*ids, EOS]
        with torch.enable_grad():
            logits = model(batch)
        chosen = batch.labels != IGNORE
        nats = -logits.log_softmax(-1)[chosen].gather(1, batch.labels[chosen][:, None]).sum()
        plain = torch.autograd.grad(nats, list(model.parameters()), allow_unused=True, materialize_grads=True)
        torch.testing.assert_close(gradient(model, batch), torch.cat([one.flatten() for one in plain]))
    batch = texts._line(texts.persons[0])
    assert batch.labels[0].tolist() == corpus.encode(texts.persons[0].line)
    assert batch.decoder_tokens[0].tolist() == [BOS, *corpus.encode(texts.persons[0].line)[:-1]]


def test_a_control_token_stands_before_every_segment_and_costs_nothing(known, texts):
    asked = _Texts(known, Asked("bad"), absent=9, each=2)
    for plain, own, batch in zip(texts.documents, asked.documents, asked._batches("here"), strict=True):
        assert [segment.tolist() for segment in own] == [[BAD, *segment] for segment in plain]
        assert not {GOOD, BAD} & set(batch.labels.flatten().tolist())
    batch = asked._line(texts.persons[0])
    assert batch.decoder_tokens[0, :2].tolist() == [BOS, BAD]
    assert batch.labels[0, 0] == IGNORE
    assert batch.labels[0, 1:].tolist() == known.run.corpus.encode(texts.persons[0].line)


def test_pairs_are_won_by_documents_of_the_person(known, monkeypatch):
    """The trained network, made up: of the line of each person a document of that person scores 2, but those cut 1."""

    def compared(self, network, name):
        own = np.array([[who == person for _, who in self.origin] for person in range(len(self.persons))])
        cut = np.array([case == CUT for case, _ in self.origin])
        table = np.where(own & ~cut, 2.0, 1.0) if name == "gradient" else np.ones(own.shape)
        return table, table / 10

    monkeypatch.setattr(_Texts, "compared", compared)
    found = MEASURE.measure(Subject(known, known.run.corpus, "valid", None))
    for repeats, (own, others) in {1: (1, 5), 3: (2, 4)}.items():
        for case, share in ((READ, 1), (CUT, 0.5), (NEVER, 1)):
            key = f"attribution/gradient/{case}/{repeats}"
            assert found.metrics[key] == share
            assert found.groups[key] == [[share * own * others, own * others]] * 2
            assert found.metrics[f"attribution/untrained/{case}/{repeats}"] == 0.5
        assert found.metrics[f"attribution/text/read/{repeats}"] == 1
        assert found.metrics[f"attribution/text/never/{repeats}"] == 1
    assert found.samples == [
        {"repeats": repeats, "influence": 2.0 * repeats, "cosine": 0.2} for repeats in (1, 1, 3, 3)
    ]  # fmt: skip


def test_a_run_is_measured_twice_the_same_and_before_training_by_its_seed(known):
    first = MEASURE.measure(Subject(known, known.run.corpus, "valid", None))
    again = MEASURE.measure(Subject(known, known.run.corpus, "valid", None))
    assert first == again
    assert all(0 <= first.metrics[key] <= 1 for key in first.groups)
    fresh = build_module(known.run).model
    texts = _Texts(known, PLAIN, absent=9, each=2)
    products, _ = texts.compared(fresh.eval(), "untrained")
    won = [texts.won(products, READ, person)[0] for person in (2, 3)]
    assert [won for won, _ in first.groups["attribution/untrained/read/3"]] == won


def test_what_cannot_be_measured_is_refused(trained, known):
    with pytest.raises(StudyError, match=r"nothing was planted in the training text of .*data=file_headers_planted"):
        MEASURE.check(trained)
    with pytest.raises(StudyError, match=r"measure\.absent=1: these persons were planted .*name another seed"):
        Attribution(2, 1, "auto").check(known)
    with pytest.raises(StudyError, match=r"measure\.control=bad: .* never saw a control token"):
        Attribution(2, 9, "bad").check(known)
    with pytest.raises(StudyError, match=r"measure\.documents_each=0 must be at least 1"):
        Attribution(0, 9, "auto")
    with pytest.raises(StudyError, match=r"data: measure=attribution looks at the run's own training text"):
        MEASURE.measure(Subject(known, trained.run.corpus, "valid", None))
    MEASURE.check(known)


def test_a_line_that_is_not_there_is_named(known):
    stranger = planted(parse(known.run.typed.data)[1].planting.model_copy(update={"seed": 9}))[:1]
    with pytest.raises(
        StudyError, match=rf"the line of {stranger[0].name} is in 0 training documents, and was to be planted in 1"
    ):
        holding(stranger, known.run.corpus)


def test_a_run_whose_weights_are_gone_is_named(known, tmp_path):
    folder = shutil.copytree(known.run.folder, tmp_path / known.run.folder.name)
    (folder / "model.safetensors").unlink()
    config = compose_config("evaluate", [f"run={folder}", f"runs={tmp_path}", "measure=attribution"])
    with pytest.raises(
        StudyError, match=r"model\.safetensors is missing: only the record is left; train the run again"
    ):
        evaluate(config)


def test_the_command_leaves_a_record(known):
    record = measure_of(known, "measure=attribution", "measure.documents_each=1")
    assert record.name.startswith("attribution-")
    assert len(record.groups["attribution/gradient/read/3"]) == 2
