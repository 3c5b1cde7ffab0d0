"""Likelihood after training is that of training's own validation, and bits are over the text's own bytes."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lmstudy.compose import compose_config
from lmstudy.data.corpus import prepare
from lmstudy.data.datamodule import GROUPS
from lmstudy.data.documents import lines
from lmstudy.data.segments import segments
from lmstudy.data.store import TokenStore
from lmstudy.data.tokenizer import encode, token_bytes
from lmstudy.measures.base import Subject

NAMES = {"loss", "perplexity", "bits_per_byte", "accuracy", "recall", "f1"}


def test_on_its_own_data_it_is_what_training_recorded(trained, measured):
    record = measured("documents=24")  # the budget's final_documents
    assert set(record.metrics) == {f"valid/{name}" for name in NAMES}
    for name, value in record.metrics.items():
        assert value == pytest.approx(trained.record.metrics[name], rel=1e-5), name
    assert np.array(record.groups["valid"]) == pytest.approx(np.array(trained.record.groups["valid"]), rel=1e-4)
    assert record.data == trained.record.data
    assert record.seed == trained.record.seed


def test_another_corpus_is_read_in_the_runs_own_tokens(trained, measured, other_tokens):
    own, other = measured(), measured(*other_tokens)
    settings = compose_config("evaluate", ["run=x", *other_tokens])["data"]
    corpus = prepare(settings)
    assert other.data == corpus.fingerprint != own.data
    assert (own.config["data"], other.config["data"]) == (None, settings)
    # The documents are the same, and so are their tokens: the other corpus's own tokens are never looked at.
    assert (
        TokenStore(corpus.splits["valid"]).lengths(np.arange(3)).tolist()
        != TokenStore(trained.run.corpus.splits["valid"]).lengths(np.arange(3)).tolist()
    )
    assert other.metrics == pytest.approx(own.metrics, rel=1e-6)
    assert other.groups == own.groups


def test_bytes_are_those_of_the_text_by_document_group(measured, other_tokens):
    record = measured(*other_tokens)
    valid = prepare(compose_config("evaluate", ["run=x", *other_tokens])["data"]).splits["valid"]
    sizes = np.zeros(GROUPS)
    np.add.at(sizes, TokenStore(valid).groups(GROUPS), [len(text.encode()) for text in valid["text"]])
    found = np.array(record.groups["valid"])
    assert found[:, 1].tolist() == sizes.tolist()
    assert record.metrics["valid/bits_per_byte"] == pytest.approx(found[:, 0].sum() / sizes.sum(), rel=1e-4)


def test_some_documents_are_the_first_in_hash_order_for_every_corpus(measured, other_tokens):
    few, others = measured("documents=7"), measured(*other_tokens, "documents=7")
    assert few.groups == others.groups
    assert few.id != others.id
    whole = np.array(measured().groups["valid"])[:, 1]
    assert 0 < np.array(few.groups["valid"])[:, 1].sum() < whole.sum()


def test_chinese_is_cut_into_words_as_the_run_was_trained(tmp_path):
    sentences = ["今天天气很好。", "我们去公园散步吧！", "这家店的服务态度不错，下次还来。", "abc 自然语言处理。\n"]
    text = "\n\n".join("".join(np.random.default_rng(i).choice(sentences, 9)) for i in range(60))
    (tmp_path / "a.txt").write_text(text)
    overrides = ["run=x", "data=files", f"data.path={tmp_path}", "data.deduplication=null", "data.split.by=document",
                 "data.characters=60", "data.tokenizer.vocab_size=360"]  # fmt: skip
    plain, cut = (
        prepare(compose_config("evaluate", [*overrides, f"+data.tokenizer.segmentation={name}"])["data"])
        for name in ("null", "jieba")
    )
    finished: Any = SimpleNamespace(run=SimpleNamespace(corpus=cut))
    read, own = Subject(finished, plain, "train", None).store, TokenStore(cut.splits["train"])
    assert plain.fingerprint != cut.fingerprint
    assert len(read) == len(own) > 20
    for i in range(len(own)):
        assert read.tokens(i).tolist() == own.tokens(i).tolist()
        assert read.starts(i).tolist() == own.starts(i).tolist()


def test_segments_of_another_corpus_are_its_own(other_tokens):
    corpus = prepare(compose_config("evaluate", ["run=x", *other_tokens])["data"])
    sizes = token_bytes(corpus.tokenizer)
    for row in corpus.splits["valid"].select(range(20)):
        found = segments(row["text"], row["tokens"], row["starts"], sizes)
        assert tuple(found) == lines(row["text"])
    cut = segments("一，二。ab", *(part.tolist() for part in by_hand(corpus, ["一，", "二。a", "b"])), sizes)
    assert cut == ["一，", "二。a", "b"]


def by_hand(corpus, parts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    (tokens,), (starts,) = encode(corpus.tokenizer, [parts])
    return tokens, starts
