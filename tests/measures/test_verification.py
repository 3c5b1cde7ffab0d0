"""Records made again in a fresh folder agree with what was published, and a number that was changed shows."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lmstudy.commands import verify
from lmstudy.compose import compose_config
from lmstudy.errors import StudyError
from lmstudy.runs.records import Record, load
from lmstudy.runs.text_baseline import kneser_ney
from lmstudy.study.verification import Workshop, compared


@pytest.fixture(scope="session")
def published(trained, settings, tmp_path_factory) -> dict[str, Record]:
    """Records of three kinds that rest on one corpus: a run, a measurement of it, a baseline beside it."""
    from tests.measures.conftest import measure_of

    data = [one for one in settings if one.startswith("data")]
    counted = kneser_ney(compose_config("baseline", [*data, f"runs={tmp_path_factory.mktemp('counted')}"]))
    return {"train": trained.record, "evaluation": measure_of(trained, "documents=5"), "baseline": counted}


@pytest.fixture
def book(published, tmp_path, monkeypatch):
    """A folder of published records, and where they are made again."""
    folder = tmp_path / "records"
    for one in published.values():
        one.write(folder / f"{one.name}-{one.id}.json")
    monkeypatch.setenv("LMSTUDY_RECORDS", str(folder))
    return folder, str(tmp_path / "again")


@pytest.mark.parametrize("kind", ["train", "evaluation", "baseline"])
def test_what_is_made_again_has_the_same_id_and_agrees(published, tmp_path, kind):
    record = published[kind]
    again = Workshop(list(published.values()), str(tmp_path)).again(record)
    assert again.id == record.id
    assert again.started >= record.started
    found = compared(record, again)
    assert (found.verdict, found.numbers) == ("agrees", len(record.groups))
    assert found.share < 0.1


@pytest.mark.parametrize(("by", "verdict"), [(1.0005, "agrees"), (1.05, "differs")])
@pytest.mark.parametrize("kind", ["train", "evaluation", "baseline"])
def test_a_number_that_was_changed_differs(published, kind, by, verdict):
    record = published[kind]
    groups = {key: [[by * top, size] for top, size in own] for key, own in record.groups.items()}
    found = compared(record, replace(record, groups=groups))
    assert found.verdict == verdict
    assert found.worst[2] == pytest.approx(by * found.worst[1])


def test_samples_may_differ_by_what_their_texts_suggest(published):
    def of(rate):
        config = {**published["evaluation"].config, "measure": {"name": "preference"}}
        texts = [[rate * 100 + (-1) ** i * 5, 100.0] for i in range(32)]
        return replace(published["evaluation"], config=config, groups={"unprompted/training": texts})

    assert compared(of(0.5), of(0.52)).verdict == "agrees"
    assert compared(of(0.5), of(0.6)).verdict == "differs"
    rare = [[1.0 if i < 3 else 0.0, 100.0] for i in range(32)]
    few = replace(of(0.5), groups={"unprompted/training": rare})
    assert "too few events" in compared(few, replace(few, groups={"unprompted/training": [[0.0, 100.0]] * 32})).problem


def test_a_number_that_is_gone_differs_and_a_record_without_numbers_is_not_verified(published):
    record = published["train"]
    assert compared(record, replace(record, groups={})).verdict == "differs"
    empty = replace(record, groups={}, metrics={})
    assert compared(empty, empty).verdict == "not verified"


def test_what_cannot_be_made_again_says_why(published, tmp_path):
    workshop = Workshop([published["evaluation"]], str(tmp_path))
    with pytest.raises(StudyError, match="on which it rests, is not published"):
        workshop.again(published["evaluation"])
    with pytest.raises(StudyError, match="tells of a machine and is not made again"):
        workshop.again(replace(published["train"], kind="benchmark"))
    other = {**published["train"].config, "seed": 9}
    with pytest.raises(StudyError, match="its data or a setting differs"):
        workshop.again(replace(published["train"], config=other))


def test_the_command_tells_by_a_table_its_status_and_a_record(book, published, capsys):
    folder, again = book
    assert verify.main(["--records", "3", "--seed", "1", "--runs", again]) == 0
    told = capsys.readouterr()
    assert "3 agree, 0 differ, 0 not verified" in told.err
    assert {line.split()[0] for line in told.out.splitlines()[1:]} == {one.id for one in published.values()}
    (kept,) = (folder.parent / "again").glob("verification-*/record.json")
    assert [row["verdict"] for row in load(kept).samples] == ["agrees"] * 3

    path = folder / f"{published['baseline'].name}-{published['baseline'].id}.json"
    content = json.loads(path.read_text())
    content["groups"]["valid"] = [[1.1 * bits, size] for bits, size in content["groups"]["valid"]]
    path.write_text(json.dumps(content))
    assert verify.main([published["baseline"].id[:8], "--runs", again]) == 1
    assert "differs" in capsys.readouterr().out


def test_time_that_is_over_and_ids_that_are_none_are_told(book, published, capsys):
    _, again = book
    assert verify.main(["--budget-minutes", "-1", "--runs", again]) == 1  # nothing was verified
    assert capsys.readouterr().err.count("not begun: the -1 minutes were over") == 3
    assert verify.main(["zz", "--runs", again]) == verify.main(["--records", "0", "--runs", again]) == 1
    told = capsys.readouterr().err
    assert "zz: no published record has that id" in told
    assert "--records 0: it must be at least 1" in told
    (Path(again).parent / "file").write_text("")
    assert verify.main(["--runs", str(Path(again).parent / "file")]) == 1
    assert "a folder is wanted, and this is a file" in capsys.readouterr().err
    assert verify.main(["--dry-run", "--seed", "1"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_a_record_that_is_older_than_a_key_is_made_with_that_key_saying_nothing(published, tmp_path, monkeypatch):
    """Fine-tunings were published before `keep` and `label_weights` existed."""
    config = {"task": {}, "run": None, "examples": 10}
    tuned = replace(published["train"], kind="tuning", config=config)
    asked = []
    monkeypatch.setattr("lmstudy.runs.fine_tuning.fine_tune", lambda given: asked.append(given) or tuned)
    assert Workshop([tuned], str(tmp_path)).again(tuned) is tuned
    (given,) = asked
    assert (given["keep"], given["label_weights"], given["examples"]) == (None, None, 10)
    assert "embedding" not in given  # a key of pretraining alone
