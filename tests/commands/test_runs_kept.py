"""`lmstudy-runs --compare`, `--needs` and `--delete`: runs side by side, what they need, and what may go."""

import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from lmstudy.commands.runs import list_runs, main
from lmstudy.errors import StudyError
from lmstudy.runs.folders import find_folder
from lmstudy.runs.references import references
from tests.runs.test_records import record

BASE, TUNED, JUDGED, REWARD = ("a" * 16, "b" * 16, "c" * 16, "d" * 16)


@pytest.fixture
def runs(tmp_path, monkeypatch) -> Path:
    """A base with weights, what was trained from it, a measurement of that, a reward model, and a half-done run."""
    monkeypatch.setenv("LMSTUDY_RECORDS", str(tmp_path))
    folder = tmp_path / "runs"
    common: dict[str, Any] = {"budget": {"name": "smoke", "steps": 10}, "runs": str(folder)}
    made = [
        record(id=BASE, name="mle-s1", config={**common, "optimizer": {"lr": 0.1}, "seed": 1}, metrics={"loss": 2.0}),
        record(
            id=TUNED, name="dpo-s1", metrics={"loss": 1.23456789, "dpo/pairs": 8.0},
            config={**common, "optimizer": {"lr": 0.2}, "seed": 1, "start": BASE, "runs": "elsewhere",
                    "scorer": {"model": "reward-x", "runs": "runs"}},
        ),
        record(
            id=JUDGED, name="reading-s1", kind="evaluation", seed=None,
            config={"run": {"id": TUNED, "config": {"start": BASE}}, "measure": {"teacher": ["eeee", BASE]}},
        ),
        record(id=REWARD, name="reward-x", kind="reward", config={**common, "run": None}),
    ]  # fmt: skip
    for one in made:
        one.write(folder / f"{one.name}-{one.id}" / "record.json")
    (folder / f"mle-s1-{BASE}" / "model.safetensors").write_bytes(b"0" * 1_500_000)
    half = folder / f"mle-s2-{'f' * 16}"
    half.mkdir()
    (half / "config.json").write_text(json.dumps({**common, "seed": 2}))
    return folder


def said(capsys) -> tuple[list[str], list[str]]:
    captured = capsys.readouterr()
    return captured.out.splitlines(), captured.err.splitlines()


def failure(arguments: list[str], capsys) -> str:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 1
    return capsys.readouterr().err.splitlines()[-1]


def names(runs: Path) -> set[str]:
    return {path.name.rpartition("-")[0] for path in runs.iterdir()}


def test_differences_and_metrics_stand_side_by_side(runs, capsys):
    main(["--runs", str(runs), "--compare", "aaaa", "bbbb"])
    lines = [line.split() for line in said(capsys)[0]]
    assert lines[0] == ["part", "key", f"mle-s1-{BASE}", f"dpo-s1-{TUNED}"]
    rows = {line[1]: line[2:] for line in lines[1:]}
    assert rows["optimizer.lr"] == ["0.1", "0.2"]
    assert rows["start"] == ["-", BASE]
    assert rows["loss"] == ["2", "1.2346"]
    assert rows["dpo/pairs"] == ["-", "8"]
    assert not {"seed", "budget.steps", "runs", "kind"} & rows.keys()
    main(["--runs", str(runs), "--compare", "aaaa", "bbbb", "--json"])
    found = {row["key"]: row for row in map(json.loads, said(capsys)[0])}
    assert found["loss"] == {"part": "metric", "key": "loss", f"mle-s1-{BASE}": 2.0, f"dpo-s1-{TUNED}": 1.23456789}
    assert found["optimizer.lr"]["part"] == "config"
    assert "takes two or more runs that differ" in failure(["--runs", str(runs), "--compare", "aa", "aaa"], capsys)
    assert "--compare=zz: no finished run" in failure(["--runs", str(runs), "--compare", "aa", "zz"], capsys)


def test_what_a_record_names_is_found_at_any_depth():
    config = {
        "run": {"id": "1", "config": {"start": "2", "scorer": {"model": "m", "runs": "runs"}}},
        "measure": {"teacher": ["3", "4"], "scorers": {"held_out": {"model": "n", "runs": "runs"}}},
        "model": {"heads": 2}, "start": None,
    }  # fmt: skip
    assert set(references(config)) == {
        ("is of", "1"), ("starts from", "2"), ("teacher", "3"), ("teacher", "4"),
        ("reward model of scorer", "m"), ("reward model of held_out", "n"),
    }  # fmt: skip


def test_what_a_run_needs_is_told_with_where_it_is(runs, capsys):
    main(["--runs", str(runs), "--needs", "bbbb", "--json"])
    found = {row["what"]: (row["name"], row["state"]) for row in map(json.loads, said(capsys)[0])}
    assert found == {
        "weights": ("model.safetensors", "missing"),
        "starts from": (BASE, "here"),
        "reward model of scorer": ("reward-x", "record only"),
    }
    main(["--runs", str(runs), "--needs", "cccc"])
    lines = said(capsys)[0]
    assert [line.split("  ")[0] for line in lines] == ["record only", "here", "missing", "here"]
    assert any(line.startswith("missing") and "teacher" in line and "eeee" in line for line in lines)


def test_a_query_deletes_what_fits_all_of_it(runs, capsys):
    main(["--runs", str(runs), "--delete", "name=mle-*", "seed=1", "--yes"])
    told = said(capsys)[1]
    assert told[0].startswith(f"{runs / f'mle-s1-{BASE}'}  1.5 MB  needed by dpo-s1-{TUNED}, reading-s1-{JUDGED}")
    assert told[-1] == "1 runs are deleted, 1.5 MB"
    assert names(runs) == {"dpo-s1", "reading-s1", "reward-x", "mle-s2"}
    main(["--runs", str(runs), "--delete", "state=half done", "--yes"])
    main(["--runs", str(runs), "--delete", "budget.steps=1*", "kind=reward", "--yes"])
    assert names(runs) == {"dpo-s1", "reading-s1"}
    main(["--runs", str(runs), "--delete", "name=nothing", "--yes"])
    assert said(capsys)[1][-1] == f"no run in {runs} fits name=nothing: nothing is deleted"


@pytest.mark.parametrize(("answer", "left"), [("y\n", 3), ("yes\n", 3), ("\n", 5), ("no\n", 5), ("", 5)])
def test_it_asks_first(runs, capsys, monkeypatch, answer, left):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal(answer))
    main(["--runs", str(runs), "--delete", "name=mle-*"])
    assert "delete these 2 runs? [y/N]" in capsys.readouterr().err
    assert len(names(runs)) == left


def test_mistakes_delete_nothing(runs, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    for arguments, what in (
        (["--delete", "name=mle-*"], "asks before it deletes 2 runs, and nobody can answer: say --yes"),
        (["--delete", "smoke", "--yes"], "--delete smoke: write KEY=PATTERN"),
        (["--delete", "nam=x", "--yes"], "--delete nam: no run in"),
        (["--yes"], "--yes goes with --delete"),
    ):
        assert what in failure(["--runs", str(runs), *arguments], capsys)
    assert len(names(runs)) == 5
    from filelock import FileLock

    with FileLock(runs / f"mle-s1-{BASE}" / ".lock"):
        assert "is being worked on by another process" in failure(
            ["--runs", str(runs), "--delete", "id=aaaa*", "--yes"], capsys
        )
    assert (runs / f"mle-s1-{BASE}" / "record.json").exists()


def test_damaged_and_unfinished_runs_of_any_kind_leave_the_others_in_the_list(runs, capsys):
    shutil.rmtree(runs / f"reading-s1-{JUDGED}")  # no measurement as one is
    for name, id, file, text in (
        ("cut-s1", "1" * 16, "record.json", '{"id": "1111'),
        ("odd-s1", "2" * 16, "config.json", "[1]"),
        ("tuned-s1", "3" * 16, "config.json", json.dumps({"budget": {"steps": 3000}, "steps": 800})),
        ("reward-y", "4" * 16, "config.json", json.dumps({"epochs": 3, "data": {}})),
    ):
        (runs / f"{name}-{id}" / "checkpoints").mkdir(parents=True)
        (runs / f"{name}-{id}" / file).write_text(text)
        (runs / f"{name}-{id}" / "checkpoints" / "step=200.ckpt").touch()
    found = {row["name"]: (row["state"], row["detail"]) for row in list_runs(runs)}
    assert found["mle-s1"][0] == "finished"
    assert found["cut-s1"] == (
        "damaged",
        f"record.json cannot be read; delete it (--delete id={'1' * 16}), and the same command makes it again",
    )
    assert found["odd-s1"][0] == "damaged"
    assert found["tuned-s1"] == ("half done", "step 200 of 800; the same command goes on from there")
    assert found["reward-y"] == ("half done", "step 200; the same command goes on from there")
    assert "choose from dpo-s1-" in failure(["--runs", str(runs), "--compare", "nope", BASE], capsys)
    with pytest.raises(StudyError, match=r"run=nope: no finished run in .* choose from dpo-s1-\w+, mle-s1-\w+$"):
        find_folder("nope", runs, kind="train")
    main(["--runs", str(runs), "--delete", "state=damaged", "name=cut-*", "--yes"])
    assert names(runs) >= {"mle-s1", "odd-s1", "tuned-s1"}
    assert "cut-s1" not in names(runs)


def test_a_folder_that_is_not_there_is_one_line(tmp_path, capsys):
    assert failure(["--runs", str(tmp_path / "nothing")], capsys).endswith("nothing: no such folder")
