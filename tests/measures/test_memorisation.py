"""Memorisation: planted training text is found, people's texts are measured alike, the share has its interval."""

import dataclasses

import numpy as np
import pytest
from torch import nn

from lmstudy.data.tokenizer import decode
from lmstudy.errors import StudyError
from lmstudy.evaluation.memorisation import normalised
from lmstudy.measures import memorisation
from lmstudy.measures.base import Subject
from lmstudy.measures.memorisation import Memorisation
from lmstudy.writing.texts import Text


@pytest.fixture
def plant(monkeypatch):
    """Let the model write given texts."""

    def planted(texts: list[str]) -> None:
        monkeypatch.setattr(memorisation, "drawn", lambda *_, **__: [([], Text((text,))) for text in texts])

    return planted


def test_fifty_characters_of_training_text_count_and_forty_nine_do_not(trained, plant):
    longest = max((normalised(text) for text in trained.run.corpus.splits["train"]["text"]), key=len)
    plant([f"编编{longest[100:150]}编", f"编编{longest[200:249]}编", "编" * 60, ""])
    found = Memorisation(4, 50).measure(Subject(trained, trained.run.corpus, "valid", 4))
    assert found.groups["memorisation/samples"] == [[1, 1], [0, 1], [0, 1], [0, 1]]
    assert found.metrics["memorisation/samples/share"] == 0.25
    lengths = np.array(found.groups["memorisation/samples/longest"])
    assert lengths[:2].tolist() == [[50, 53], [49, 52]]
    assert lengths[2:, 1].tolist() == [60, 0]
    assert found.samples[0] | {"document": ""} == {
        "of": "samples", "characters": 50, "run": longest[100:150], "document": ""
    }  # fmt: skip
    texts = dict(zip(*(trained.run.corpus.splits["train"][column] for column in ("id", "text")), strict=True))
    for example in found.samples:
        assert example["run"] in normalised(texts.get(example["document"], ""))


def test_wilsons_interval_and_quantiles(trained, plant):
    train = trained.run.corpus.splits["train"]["text"]
    plant([*train[:3], *(["编"] * 7)])
    metrics = Memorisation(10, 50).measure(Subject(trained, trained.run.corpus, "valid", 5)).metrics
    # Wilson (1927) for 3 of 10: (p + z^2/2n -+ z sqrt(p (1 - p)/n + z^2/4n^2)) / (1 + z^2/n) with z = 1.96
    assert metrics["memorisation/samples/share"] == pytest.approx(0.3)
    assert metrics["memorisation/samples/share_low"] == pytest.approx(0.1078, abs=1e-4)
    assert metrics["memorisation/samples/share_high"] == pytest.approx(0.6032, abs=1e-4)
    assert metrics["memorisation/samples/longest_median"] == 0
    expected = np.quantile([*(len(normalised(text)) for text in train[:3]), *([0] * 7)], 0.9)
    assert metrics["memorisation/samples/longest_90_percent"] == pytest.approx(expected)


def test_people_are_looked_at_as_far_as_a_sample_could_reach(trained, plant):
    plant(["x"] * 3)
    subject = Subject(trained, trained.run.corpus, "valid", 3)
    found = Memorisation(3, 50).measure(subject)
    room = trained.module.model.max_positions
    tokenizer = trained.run.corpus.tokenizer
    texts = [normalised(decode(tokenizer, subject.store.tokens(int(i))[:room])) for i in subject.order()[:3]]
    sizes = [size for _, size in found.groups["memorisation/documents/longest"]]
    assert sizes == [len(text) for text in texts]


def test_training_documents_given_as_peoples_texts_are_found_whole(trained, plant):
    plant(["x"])
    found = Memorisation(1, 50).measure(Subject(trained, trained.run.corpus, "train", 20))
    longest = np.array(found.groups["memorisation/documents/longest"])
    assert longest[:, 0].tolist() == longest[:, 1].tolist()


def test_the_record_of_a_real_model_and_another_corpus(measured, other_tokens):
    settings = ["measure=memorisation", "measure.samples=5", "documents=4"]
    own, again = measured(*settings), measured(*settings, *other_tokens)
    assert own.name == "memorisation-mle-transformer-smoke-s1"
    assert [len(own.groups[f"memorisation/{name}"]) for name in ("samples", "documents")] == [5, 4]
    assert own.id != again.id
    assert own.metrics == again.metrics  # the same documents, so the same text to search


def test_mistakes_are_named(trained, measured):
    with pytest.raises(StudyError, match=r"measure\.samples=0 must be at least 1"):
        measured("measure=memorisation", "measure.samples=0")
    with pytest.raises(StudyError, match=r"documents=99999: split=valid has \d+ documents to compare with"):
        measured("measure=memorisation", "measure.samples=1", "documents=99999")
    module = nn.Module()
    module.model = nn.Linear(1, 1)
    with pytest.raises(StudyError, match=r"cannot write: its model, .*Seq2SeqTransformer, has no start and step"):
        Memorisation(1, 50).check(dataclasses.replace(trained, module=module))
