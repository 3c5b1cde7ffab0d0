"""What exists, what is half done, what the book needs: as the files say."""

import json
from pathlib import Path

import pytest

from lmstudy.commands import runs as runs_cli
from lmstudy.errors import StudyError
from lmstudy.publishing import needs as needs
from lmstudy.publishing.needs import Need


@pytest.fixture
def tiny_needs(tiny, monkeypatch):
    """The book's need, on the small corpus."""
    overrides = tuple(x for x in tiny if not x.startswith(("runs=", "budget=")))
    monkeypatch.setattr(needs, "NEEDS", (Need("02_first", (*overrides, "experiment=first_model", "seed=1")),))
    runs = next(x.removeprefix("runs=") for x in tiny if x.startswith("runs="))
    Path(runs).mkdir(exist_ok=True)
    return runs


def rows(capsys, *arguments: str) -> list[dict]:
    runs_cli.main([*arguments, "--json"])
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_needed_then_finished(tiny_needs, capsys):
    (needed,) = rows(capsys, "--runs", tiny_needs, "--budget", "smoke")
    assert needed["state"] == "needed"
    assert "lmstudy-train" in needed["detail"]
    (finished,) = rows(capsys, "--runs", tiny_needs, "--budget", "smoke", "--train")
    assert (finished["state"], finished["id"]) == ("finished", needed["id"])
    assert "bits per byte on valid" in finished["detail"]
    extra = needs.prepare_and_train("smoke", train=False, runs=tiny_needs)
    assert finished["id"] in extra


def test_without_training_a_missing_run_is_an_error(tiny_needs):
    with pytest.raises(StudyError, match="02_first needs a run that does not exist: lmstudy-train"):
        needs.prepare_and_train("smoke", train=False, runs=tiny_needs)


def test_half_done_runs_are_listed_with_their_step(tmp_path, capsys):
    folder = tmp_path / "mle-transformer-smoke-s1-0123456789abcdef"
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"budget": {"steps": 60}}))
    (folder / "checkpoints" / "step=40.ckpt").touch()
    runs_cli.show(runs_cli.list_runs(tmp_path), as_json=False)
    shown = capsys.readouterr().out
    assert "half done  0123456789abcdef" in shown
    assert "step 40 of 60" in shown


def test_mistakes_are_named(tmp_path, capsys):
    with pytest.raises(SystemExit):
        runs_cli.main(["--runs", str(tmp_path), "--budget", "huge"])
    choices = "brief, flagship, medium, paper, quick, rung_1, rung_2, rung_3, rung_4, short, sitting, smoke, study"
    assert f"--budget huge: choose from {choices}" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        runs_cli.main(["--runs", str(tmp_path), "--publish", "abc"])
    assert "no finished run" in capsys.readouterr().err
