"""Planted signatures: each in as many documents as asked, in training text alone, and nothing else is changed."""

from collections import Counter

import pytest

from lmstudy.compose import compose_config
from lmstudy.data.corpus import prepare
from lmstudy.data.planting import Planting, plant, planted
from lmstudy.data.settings import parse
from lmstudy.errors import StudyError
from tests.benchmark.cases import tiny_data

SETTINGS = Planting(persons=3, repeats=(4, 1), seed=5)


def batches(documents: int, size: int = 7) -> list[dict]:
    segments = [[f"line {i} of {n}\n" for i in range(1 + n % 4)] for n in range(documents)]
    rows = [{"id": str(n), "text": "".join(own), "segment_lengths": [*map(len, own)]} for n, own in enumerate(segments)]
    parts = [rows[start : start + size] for start in range(0, documents, size)]
    return [{key: [row[key] for row in part] for key in part[0]} for part in parts]


def test_persons_are_made_up_once_and_for_all():
    people = planted(SETTINGS)
    assert [one.repeats for one in people] == [1, 1, 1, 4, 4, 4]
    assert people == planted(SETTINGS) != planted(SETTINGS.model_copy(update={"seed": 6}))
    assert len({one.name for one in people}) == len({one.secret for one in people}) == 6
    assert all(one.name in one.line and one.secret in one.line and one.line.endswith("\n") for one in people)


def test_every_line_is_in_so_many_documents_and_no_document_holds_two():
    before = batches(40)
    after = list(plant(before, 40, SETTINGS))
    old = [text for batch in before for text in batch["text"]]
    new = [text for batch in after for text in batch["text"]]
    found = {one: [n for n, text in enumerate(new) if one.line in text] for one in planted(SETTINGS)}
    assert {one: len(own) for one, own in found.items()} == {one: one.repeats for one in planted(SETTINGS)}
    holding = Counter(n for own in found.values() for n in own)
    assert max(holding.values()) == 1
    for n, (text, lengths) in enumerate(zip(new, (own for b in after for own in b["segment_lengths"]), strict=True)):
        assert sum(lengths) == len(text)
        cut = [text[sum(lengths[:i]) : sum(lengths[: i + 1])] for i in range(len(lengths))]
        assert all(segment.endswith("\n") and segment.count("\n") == 1 for segment in cut)
        assert "".join(segment for segment in cut if "postbox" not in segment) == old[n]
        assert (n in holding) == (text != old[n])
    assert [batch["id"] for batch in after] == [batch["id"] for batch in before]


def test_too_few_documents_are_refused():
    with pytest.raises(StudyError, match=r"3 persons in 4, 1 documents each need 15 documents, .* has 14"):
        list(plant(batches(14), 14, SETTINGS))


def test_only_training_text_holds_them_and_a_corpus_without_is_as_before():
    plain = tiny_data()
    holding = {**plain, "planting": {"persons": 2, "repeats": [3], "seed": 1}}
    without, corpus = prepare(plain), prepare(holding)
    assert prepare({**plain, "planting": None}).fingerprint == without.fingerprint != corpus.fingerprint
    lines = [one.line for one in planted(parse(holding)[1].planting)]
    for name, split in corpus.splits.items():
        texts = split["text"]
        counts = [sum(line in text for text in texts) for line in lines]
        assert counts == ([3, 3] if name == "train" else [0, 0])
        assert len(split) == len(without.splits[name])


def test_where_segments_are_no_lines_nothing_can_be_planted():
    data = compose_config("train", ["data=rated_snippets"])["data"]
    with pytest.raises(
        StudyError, match=r"data\.planting: lines cannot be planted in \w+, whose segments are no lines"
    ):
        parse({**data, "planting": {"persons": 1, "repeats": [1]}})
