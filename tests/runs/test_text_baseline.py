"""The n-gram baseline is measured on the very documents that models are measured on."""

import numpy as np
import pytest

from lmstudy.compose import compose_config
from lmstudy.data.corpus import prepare
from lmstudy.data.store import TokenStore
from lmstudy.errors import StudyError
from lmstudy.runs.pretraining import train
from lmstudy.runs.text_baseline import chosen_documents, kneser_ney


@pytest.fixture
def config(tiny):
    return compose_config("baseline", [x for x in tiny if x.startswith(("data", "runs="))])


def test_groups_hold_the_same_bytes_as_a_models(tiny, config, capsys):
    baseline = kneser_ney(config)
    model = train(compose_config("train", [*tiny, "budget.final_documents=null"]))
    assert [size for _, size in baseline.groups["valid"]] == [size for _, size in model.groups["valid"]]
    bits, size = np.sum(baseline.groups["valid"], axis=0)
    assert baseline.metrics["valid/bits_per_byte"] == pytest.approx(bits / size, rel=1e-4)
    corpus = prepare(config["data"])
    assert size == sum(len(text.encode()) for text in corpus.splits["valid"]["text"])
    assert kneser_ney(config).id == baseline.id
    assert "nothing to fit" in capsys.readouterr().err


def test_more_text_and_more_context_help(config):
    bits = lambda **changed: kneser_ney({**config, **changed}).metrics["valid/bits_per_byte"]  # noqa: E731
    assert bits(tokens="all") < bits(tokens=2000)
    assert bits(order=3) < bits(order=1)


def test_a_number_of_tokens_takes_whole_documents_until_it_is_reached(config):
    store = TokenStore(prepare(config["data"]).splits["train"])
    few = chosen_documents(store, 1000)
    lengths = store.lengths(few) + 1
    assert lengths.sum() >= 1000 > lengths[:-1].sum()
    assert len(chosen_documents(store, "all")) == len(store)
    assert len(chosen_documents(store, 10**9)) == len(store)


@pytest.mark.parametrize(("key", "value"), [("order", 0), ("order", 6), ("tokens", -5), ("tokens", "some")])
def test_mistakes_name_the_key(config, key, value):
    with pytest.raises(StudyError, match=f"{key}"):
        kneser_ney({**config, key: value})
