"""`lmstudy-runs --clock`: what a finished run's time went into."""

import json
from dataclasses import replace

import pytest

from lmstudy.commands.runs import main
from lmstudy.runs.records import Record
from tests.runs.test_records import record

SPENT = {"starting": 1.0, "compiling": 20.0, "steps": 40.0, "saving": 0.25}


def written(folder, made: Record) -> list[str]:
    """A runs folder that holds a record, as arguments."""
    made.write(folder / f"{made.name}-{made.id}" / "record.json")
    return ["--runs", str(folder)]


def failure(arguments, capsys) -> str:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_a_table_of_seconds_and_shares_and_the_same_as_json(tmp_path, capsys):
    arguments = written(tmp_path, record(clock=SPENT))
    main([*arguments, "--clock", "0123"])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[:4] for line in lines[:-1]] == [
        ["starting", "1.0", "s", "1.6%"],
        ["compiling", "20.0", "s", "32.7%"],
        ["steps", "40.0", "s", "65.3%"],
        ["saving", "0.2", "s", "0.4%"],
    ]
    assert lines[-1] == ["all", "61.2", "s"]
    main([*arguments, "--clock", "0123", "--json"])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {row["part"]: row["seconds"] for row in rows} == SPENT
    assert sum(row["share"] for row in rows) == pytest.approx(1)


def test_a_run_that_is_not_there_or_tells_nothing_is_an_error_in_a_line(tmp_path, capsys):
    arguments = written(tmp_path, record())
    assert failure([*arguments, "--clock", "beef"], capsys) == (
        f"lmstudy-runs: --clock=beef: no finished run in {tmp_path} has that id; "
        "choose from mle-transformer-smoke-s1-0123456789abcdef"
    )
    assert failure([*arguments, "--clock", "0123"], capsys) == (
        "lmstudy-runs: --clock=0123: the record of mle-transformer-smoke-s1 tells 60 s in all, not by part: "
        "it is older than the clock"
    )
    written(tmp_path, replace(record(id="f" * 16), kind="evaluation"))
    assert failure([*arguments, "--clock", "ffff"], capsys).endswith("not by part: it is not of a training")
