"""The hub source, on local folders that `datasets.load_dataset` opens, and without a network."""

import json
from pathlib import Path

import datasets
import pytest

from lmstudy.data.source_hub import Hub
from lmstudy.errors import StudyError

ROWS = [{"body": f"row {n}\nof text\n", "stars": n} for n in range(7)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "reviews"
    place.mkdir()
    (place / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in [*ROWS, {"body": None, "stars": 9}]))
    return place


def test_rows_become_documents(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("lmstudy.data.source_hub.ROWS_PER_PART", 3)
    source = Hub(path=str(folder), column="body")
    parts = source.parts(tmp_path, print)
    assert len(parts) == 3
    readings = [source.read(part) for part in parts]
    documents = [document for reading in readings for document in reading.documents]
    assert [document.text for document in documents] == [row["body"] for row in ROWS]
    assert [document.path for document in documents] == [f"train/{n}" for n in range(7)]
    assert documents[0].segments == ("row 0\n", "of text\n")
    assert [dict(reading.skipped) for reading in readings] == [{}, {}, {("hub", "rows without text"): 1}]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"column": "txt"}, r"data\.column='txt' is not in .*its columns are \['body', 'stars'\]"),
        ({"column": "stars"}, r"data\.column='stars' .* not text"),
        ({"column": "body", "split_name": "dev"}, r"data\.split_name='dev'.*train"),
    ],
)
def test_wrong_settings(folder, tmp_path, settings, said):
    with pytest.raises(StudyError, match=said):
        Hub(path=str(folder), **settings).parts(tmp_path, print)


@pytest.mark.parametrize("revision", [None, "main", "v1.0", "abc123"])
def test_revision_must_be_pinned(revision):
    with pytest.raises(StudyError, match=r"data\.revision=.* does not pin 'owner/name'.*40-digit"):
        Hub(path="owner/name", revision=revision).identity()


def test_identity(folder):
    pinned = Hub(path="owner/name", revision="0" * 40).identity()
    assert pinned != Hub(path="owner/name", revision="1" * 40).identity()
    before = Hub(path=str(folder)).identity()
    (folder / "train.jsonl").write_text(json.dumps(ROWS[0]) + "\n")
    assert Hub(path=str(folder)).identity() != before


def test_damaged_data_set(folder, tmp_path):
    (folder / "train.jsonl").write_text('{"body": "cut of')
    with pytest.raises(StudyError, match=r"cannot read the data set data\.path="):
        Hub(path=str(folder), column="body").parts(tmp_path, print)


def test_no_network(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    with pytest.raises(StudyError, match=r"cannot fetch the data set data\.path='owner/name' at 0{40}: no connection"):
        Hub(path="owner/name", revision="0" * 40).parts(tmp_path, print)
