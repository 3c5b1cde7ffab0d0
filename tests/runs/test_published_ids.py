"""The ids of all published records are what their content gives: no change of code may give a run another id.

Two kinds need more than their own record. A fine-tuning's id is also of its task's examples, whose fingerprint is the
`data` of that task's baselines. A benchmark's is of the folder that it was written to, which publishing leaves out;
what can be said of it is that its name is of the moment when it began.
"""

import json
import re
from collections import Counter

import pytest

from lmstudy.runs.identity import finding_id, run_id, tuning_id
from lmstudy.runs.records import Record, load_folder, published_folder


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return load_folder(published_folder())


def task_of(record: Record) -> str:
    return json.dumps(record.config["task"], sort_keys=True)


def test_the_id_of_every_published_record_is_what_its_content_gives(records):
    examples = {task_of(record): record.data for record in records if record.kind == "task_baseline"}
    found = {
        "train": lambda r: run_id(r.config, r.data),
        "reward": lambda r: run_id(r.config, r.data),
        "tuning": lambda r: tuning_id(r.config, r.data, examples[task_of(r)]),
        "evaluation": lambda r: finding_id(r.config["run"]["id"], r.config["measure"], r.data),
        "baseline": lambda r: finding_id(r.config, r.data),
        "rating_baseline": lambda r: finding_id(r.config, r.data),
        "task_baseline": lambda r: finding_id(r.config, r.data),
    }
    checked = Counter(record.kind for record in records if record.kind in found)
    assert checked.total() >= 982
    assert set(checked) == set(found)
    others = [record.name for record in records if record.kind in found and found[record.kind](record) != record.id]
    assert others == []


def test_a_published_benchmark_is_named_by_when_it_began(records):
    benchmarks = [record for record in records if record.kind == "benchmark"]
    assert len(benchmarks) >= 9
    for record in benchmarks:
        moment = record.started.translate(str.maketrans({"-": "", ":": "", "T": "-", "Z": ""}))
        assert record.name.endswith(moment)


def test_a_file_is_named_by_its_record(records):
    names = {path.stem for path in published_folder().glob("*.json")}
    assert names == {f"{record.name}-{record.id}" for record in records}


def test_published_records_name_no_folder_of_a_machine_and_come_from_a_commit(records):
    assert not [record.name for record in records if (record.commit or "").endswith("+dirty")]
    for record in records:
        assert not re.search(r'"(/|~|[A-Z]:\\\\)[^"]*"', json.dumps(folders(record.config))), record.name
        assert not re.search(r"runs=(/|~|[A-Z]:)", json.dumps(record.samples)), record.name


def folders(config):
    """The values of a configuration that may name a place."""
    named = {"runs", "path", "cache", "folder", "file"}
    return [
        value if key in named else folders(value)
        for key, value in config.items()
        if key in named or isinstance(value, dict)
    ]
