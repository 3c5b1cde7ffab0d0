"""Counting as a language model: the chain rule holds, and the table's columns agree with each other."""

import re
from dataclasses import replace

import numpy as np
import pytest

from lmstudy.chapters.concepts import ngram_surprisal as concepts
from lmstudy.compose import compose_config
from lmstudy.data import tokenizer as bpe
from lmstudy.data.corpus import prepare
from lmstudy.errors import StudyError
from lmstudy.evaluation.kneser_ney import KneserNey
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def corpus():
    settings = compose_config(
        "prepare",
        [
            "data=files",
            f"data.path={ROOT / 'lmstudy' / 'data'}",
            "data.suffixes=[.py]",
            "data.unit=function",
            "data.tokenizer.vocab_size=400",
            "data.split.valid=0.2",
        ],
    )
    return prepare(settings["data"], progress=lambda message: None)


def test_surprisals_add_up_to_the_document_and_spell_it(corpus):
    model = concepts.counted(corpus, 1000, 3, seed=1)
    row = concepts.a_document(concepts.held_out(corpus), seed=1)
    pieces = concepts.surprisals(model, corpus.tokenizer, row["tokens"])
    tokens = np.array(row["tokens"])
    assert sum(piece.bits for piece in pieces) == pytest.approx(
        float(model.bits(tokens, np.array([0, len(tokens)]))[0])
    )
    assert "".join(piece.text for piece in pieces) == row["text"]
    assert pieces[-1].text == ""
    for piece in pieces:
        assert piece.bits > 0
        assert 0 < piece.probability <= 1
        assert piece.probability >= (1 - 1e-9) * 2**-piece.bits  # nothing is likelier than what was expected


def test_mentions_count_what_lies_beyond_the_context(corpus):
    model = concepts.counted(corpus, 1000, 2, seed=1)
    found, difference = concepts.mentions(model, corpus, 3, seed=1, longest=10**6)
    sums = {"new in its document": [0.0, 0], "mentioned before": [0.0, 0]}
    split = concepts.held_out(corpus)
    for index in np.random.default_rng(1).permutation(len(split))[:3]:
        pieces = concepts.surprisals(model, corpus.tokenizer, split[int(index)]["tokens"])
        before: list[str] = []
        for piece in pieces:
            word = piece.text.strip()
            if len(word) >= 3 and word.isalpha() and word != (before[-1] if before else ""):
                kind = sums["mentioned before" if word in before else "new in its document"]
                kind[0] += piece.bits
                kind[1] += 1
            before.append(word)
    assert {name: e.value for name, e in found.items()} == pytest.approx({n: b / c for n, (b, c) in sums.items()})
    assert difference.value == pytest.approx(found["mentioned before"].value - found["new in its document"].value)


@pytest.mark.parametrize(("cut", "texts"), [(None, ["我", "爱", "\n", ""]), (2, ["\N{REPLACEMENT CHARACTER}", ""])])
def test_a_character_of_several_tokens_is_one_piece_whole_or_cut(cut, texts):
    tokenizer = bpe.train(["plain letters only\n"], 300)
    tokens = bpe.encode(tokenizer, [["我爱\n"]])[0][0][:cut]
    assert cut or len(tokens) > len("我爱\n")
    offsets = np.array([0, len(tokens)])
    model = KneserNey(2, tokenizer.get_vocab_size()).fit(tokens, offsets)
    pieces = concepts.surprisals(model, tokenizer, tokens.tolist())
    assert [piece.text for piece in pieces] == texts
    assert sum(piece.bits for piece in pieces) == pytest.approx(float(model.bits(tokens, offsets)[0]))


def test_nats_bits_and_perplexity_are_the_same_number(corpus):
    table = concepts.order_table(corpus, 1000, 30, seed=1, highest=3)
    assert list(table.index) == ["uniform", "0 tokens of context", "1 token of context", "2 tokens of context"]
    assert table["perplexity"].to_numpy() == pytest.approx(np.exp(table["nats a token"]))
    assert table["perplexity"].to_numpy() == pytest.approx(2 ** table["bits a token"])
    assert table.loc["uniform", "perplexity"] == pytest.approx(corpus.tokenizer.get_vocab_size() + 1)
    assert (table["bits per byte"] / table["bits a token"]).to_numpy() == pytest.approx(
        [table["bits per byte"].iloc[0] / table["bits a token"].iloc[0]] * 4
    )
    assert (np.diff(table["bits a token"])[:2] < 0).all()  # counting one token of context helps


def test_the_same_documents_are_drawn_for_every_order(corpus):
    one, two, other = (concepts.some_documents(corpus.splits["train"], 5, seed) for seed in (3, 3, 4))
    assert (one[0] == two[0]).all()
    assert one[0].tolist() != other[0].tolist()
    assert len(one[1]) == 6
    everything, offsets = concepts.some_documents(corpus.splits["train"], 10**6, seed=3)
    assert len(offsets) == len(corpus.splits["train"]) + 1
    assert len(everything) == offsets[-1]


@pytest.mark.parametrize(("vocabulary", "order"), [(4096, 5), (7130, 5), (7131, 4), (2**16 - 1, 4), (2**20, 3)])
def test_the_order_is_lowered_to_what_fits_a_key(vocabulary, order):
    assert concepts.largest_order(vocabulary) == order
    KneserNey(order, vocabulary)


def test_a_document_has_the_length_asked_for(corpus):
    split = concepts.held_out(corpus)
    lengths = sorted(len(row["tokens"]) for row in split)
    for seed in range(5):
        assert lengths[1] <= len(concepts.a_document(split, seed, lengths[1], lengths[2])["tokens"]) <= lengths[2]
    assert concepts.a_document(split, 1, 10**6, 10**7)["text"]  # none is so long: any will do


def test_the_test_split_is_left_alone(corpus):
    train, valid = corpus.splits["train"], corpus.splits["valid"]
    with pytest.raises(StudyError, match=r"no documents to validate on.*data\.split\.valid"):
        concepts.held_out(replace(corpus, splits={"train": train, "test": valid}))
    assert len(concepts.held_out(replace(corpus, splits={"valid_files": valid}))) == len(valid)


def test_a_strip_spells_the_text_and_is_safe():
    pieces = [
        concepts.Surprisal("if ", 0.5, "if", 0.7),
        concepts.Surprisal("<b>", 30.0, "x\"'", 0.25),
        concepts.Surprisal("\n", 1.0, "\n", 0.5),
        concepts.Surprisal("", 2.0, "the end", 0.1),
    ]
    html = concepts.surprisal_strip(pieces)
    assert "<b>" not in html
    assert "30.0 bits; expected x&quot;&#x27; with" in html
    block = html[html.index("white-space:pre-wrap") :]
    assert re.sub("<[^>]+>", "", block[block.index(">") + 1 :]) == "if &lt;b&gt;↵\n end "
