"""Large parts of configurations, each once beside the published records."""

import json

import pytest

from lmstudy.errors import StudyError
from lmstudy.runs import parts
from lmstudy.runs.records import Record, load
from tests.claim_records import record

PACKAGES = {f"package{number}": {"version": "1.0", "sha256": f"{number:064x}"} for number in range(400)}
CONFIG = {"run": {"config": {"data": {"packages": PACKAGES, "suffix": ".py"}}}, "seed": 1}


@pytest.fixture
def written(tmp_path):
    """A record, and its file with parts."""
    own = record(1, "evaluation", CONFIG, 1.0)
    return own, own.write(tmp_path / "a.json", with_parts=True)


def test_a_large_part_stands_in_a_file_of_its_own_and_is_read_again(written):
    own, path = written
    assert load(path) == Record.from_json(own.to_json())
    there = json.loads(path.read_text())["config"]["run"]["config"]["data"]
    assert set(there["packages"]) == {"part"}
    assert there["suffix"] == ".py"
    assert path.stat().st_size < 2_000


def test_records_share_a_part(written, tmp_path):
    record(2, "evaluation", CONFIG | {"seed": 2}, 2.0).write(tmp_path / "b.json", with_parts=True)
    assert len(list((tmp_path / parts.FOLDER).iterdir())) == 1


def test_the_same_record_is_left_as_it_is_and_another_is_refused(written, tmp_path):
    own, path = written
    before = path.read_bytes()
    own.write(path, with_parts=True)
    assert path.read_bytes() == before
    with pytest.raises(StudyError, match="holds another record"):
        record(1, "evaluation", CONFIG | {"seed": 3}, 1.0).write(path, with_parts=True)


def test_a_small_configuration_stays_whole(tmp_path):
    path = record(3, "evaluation", {"data": {"packages": {}}}, 1.0).write(tmp_path / "c.json", with_parts=True)
    assert not (tmp_path / parts.FOLDER).exists()
    assert load(path).config == {"data": {"packages": {}}}


def test_a_part_that_is_missing_or_was_changed_is_named(written, tmp_path):
    _, path = written
    (part,) = (tmp_path / parts.FOLDER).iterdir()
    content = json.loads(part.read_text())
    content["package0"]["version"] = "2.0"
    part.write_text(json.dumps(content))
    with pytest.raises(StudyError, match=rf"{part.name}: this part of a record's configuration was changed"):
        load(path)
    part.unlink()
    with pytest.raises(StudyError, match=rf"{part.name}: a part of a record's configuration cannot be read"):
        load(path)
