"""Commands that read their arguments with argparse: what a user can put right is a line, whatever raised it."""

import errno

import pytest

from lmstudy.commands import claims, register, runs, verify
from lmstudy.errors import StudyError
from lmstudy.terminal import guarded, path_typed


def raising(error: BaseException):
    def act():
        raise error

    return act


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (StudyError("seed=x: no"), 1, "seed=x: no"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "/a"), 1, "/a: No such file or directory"),
        (KeyboardInterrupt(), 130, "goes on"),
        (KeyboardInterrupt("interrupted at step 3"), 130, "interrupted at step 3"),
    ],
)
def test_an_error_is_a_line_and_a_status(capsys, error, status, line):
    assert guarded("lmstudy-x", raising(error), "goes on") == status
    assert capsys.readouterr().err == f"lmstudy-x: {line}\n"


def test_a_fault_of_ours_and_a_closed_pipe_are_passed_on():
    for error in (ZeroDivisionError("of ours"), BrokenPipeError()):
        with pytest.raises(type(error)):
            guarded("lmstudy-x", raising(error))
    assert [guarded("lmstudy-x", lambda: None), guarded("lmstudy-x", lambda: 1)] == [0, 1]


def refused(main, arguments, capsys) -> str:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    return capsys.readouterr().err.splitlines()[-1]


def test_a_path_that_cannot_be_says_why(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert path_typed("~/a") == tmp_path / "a"
    assert "~nobody-here/x: the home folder is not known" in refused(runs.main, ["--runs=~nobody-here/x"], capsys)
    assert "--records: a path is wanted" in refused(claims.main, ["--records", ""], capsys)


@pytest.mark.parametrize(
    ("main", "arguments", "said"),
    [
        (runs.main, ["--clock", "a", "--compare", "b", "c"], "not allowed with argument --clock"),
        (runs.main, ["--delete", "name=x", "--publish", "a"], "not allowed with argument --delete"),
        (claims.main, ["--coverage", "3", "--json"], "leave --json and --records out"),
        (verify.main, ["0123", "--all"], "give one of them"),
        (verify.main, ["--records", "2", "--all"], "give one of them"),
        (verify.main, ["--budget-minutes", "nan"], "nan: minutes are wanted"),
    ],
)
def test_of_two_wishes_none_is_passed_over(main, arguments, said, capsys):
    assert said in refused(main, arguments, capsys)


def test_options_of_another_act_are_refused(capsys, tmp_path):
    with pytest.raises(SystemExit):
        runs.main(["--runs", str(tmp_path), "--set", "seed=4", "--delete", "name=x"])
    assert "--dry-run and --set go with --train CHAPTER" in capsys.readouterr().err


def test_a_file_is_no_folder_of_runs(capsys, tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    assert register.main(["--runs", str(file)]) == 1
    assert "file: a folder is wanted, and this is a file" in capsys.readouterr().err


def test_where_nothing_can_be_kept_nothing_is_simulated(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("lmstudy.evaluation.coverage.simulated", lambda *_: pytest.fail("simulated"))
    file = tmp_path / "file"
    file.write_text("")
    assert claims.main(["--coverage", "3", "--runs", str(file / "runs")]) == 1
    assert f"lmstudy-claims: --runs {file / 'runs'}: cannot be written to (" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"), [(["--runs=/dev/null/x"], "cannot be written to ("), (["--records", "0"], "at least 1")]
)
def test_before_records_are_read_what_was_typed_is_looked_at(capsys, monkeypatch, arguments, said):
    monkeypatch.setattr("lmstudy.runs.records.load_folder", lambda _: pytest.fail("read"))
    assert verify.main(arguments) == 1
    assert said in capsys.readouterr().err
