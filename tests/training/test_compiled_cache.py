"""Compiled graphs are kept between processes; a folder that is of no use costs a line, never a run."""

import _ctypes
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from lmstudy.training import compiled_cache
from lmstudy.training.compilation import compilation_error, compilation_problem
from lmstudy.training.compiled_cache import VARIABLE, graphs_folder, keep_compiled_graphs, recovering

PROGRAM = """
import torch
from torch._dynamo.utils import counters
from lmstudy.training.compilation import compilation_error
from lmstudy.training.compiled_cache import keep_compiled_graphs, recovering

keep_compiled_graphs()
value = recovering(torch.compile(lambda x: x.sin() + 1), compilation_error)(torch.zeros(3))
print(value.tolist(), counters["inductor"]["fxgraph_cache_hit"])
"""


@pytest.fixture(autouse=True)
def no_folder_is_chosen(monkeypatch, tmp_path):
    monkeypatch.setenv("LMSTUDY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv(VARIABLE, "any")  # so that it is put back
    monkeypatch.delenv(VARIABLE)


def test_the_folder_is_this_packages_own_of_a_version_and_a_processor(monkeypatch, tmp_path, capsys):
    keep_compiled_graphs()
    assert os.environ[VARIABLE] == str(graphs_folder())
    assert graphs_folder().is_dir()
    assert graphs_folder().parent == tmp_path / "cache" / "compiled"
    here = graphs_folder()
    assert here.name.startswith(f"torch-{torch.__version__}-")
    monkeypatch.setattr(torch, "__version__", "99.0")
    assert graphs_folder() != here
    monkeypatch.undo()
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "another")
    assert graphs_folder().name != here.name
    assert capsys.readouterr().err == ""


def test_names_with_spaces_reach_the_compiler_whole(monkeypatch, tmp_path):
    monkeypatch.setenv("LMSTUDY_CACHE", str(tmp_path / "my (own) cache"))
    keep_compiled_graphs()
    alias = Path(os.environ[VARIABLE])
    assert " " not in str(alias)
    assert alias.resolve() == graphs_folder().resolve()
    keep_compiled_graphs()
    from torch._inductor.cpp_builder import BuildOptionsBase

    (tmp_path / "my lib").mkdir()
    (tmp_path / "lib").mkdir()
    named = BuildOptionsBase(libraries_dirs=[str(tmp_path / "my lib"), str(tmp_path / "lib")]).get_libraries_dirs()
    assert named == [f"'{tmp_path / 'my lib'}'", str(tmp_path / "lib")]


def test_a_folder_that_somebody_chose_is_left_alone(monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "chosen"))
    keep_compiled_graphs()
    assert os.environ[VARIABLE] == str(tmp_path / "chosen")
    assert not graphs_folder().exists()

    def fails(*arguments):
        raise torch._dynamo.exc.TorchDynamoException("damaged")

    with pytest.raises(torch._dynamo.exc.TorchDynamoException):
        recovering(fails, compilation_error)()


def test_a_folder_that_cannot_be_written_to_is_a_line_and_a_temporary_one_takes_its_place(tmp_path, capsys):
    (tmp_path / "cache").write_text("a file, no folder")
    keep_compiled_graphs()
    temporary = Path(os.environ[VARIABLE])
    assert temporary.is_dir()
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"compiled graphs are not kept: {graphs_folder()} cannot be written to (Not a directory)"
    keep_compiled_graphs()  # of the next run of a sweep
    assert os.environ[VARIABLE] == str(temporary)
    assert capsys.readouterr().err == ""
    compiled_cache._temporary.pop().cleanup()
    assert not temporary.exists()


def test_damaged_graphs_are_deleted_once_and_what_fails_otherwise_is_raised(capsys):
    graphs_folder().mkdir(parents=True)
    (graphs_folder() / "damaged").touch()
    keep_compiled_graphs()
    calls = []

    def fails(*arguments):
        calls.append(sorted(graphs_folder().iterdir()))
        raise torch._dynamo.exc.TorchDynamoException("no compiler works")

    with pytest.raises(torch._dynamo.exc.TorchDynamoException):
        recovering(fails, compilation_error)()
    assert calls == [[graphs_folder() / "damaged"], []]
    assert capsys.readouterr().err == (f"compiled graphs in {graphs_folder()} seem damaged: they are compiled again\n")
    calls.clear()
    with pytest.raises(torch._dynamo.exc.TorchDynamoException):  # nothing was kept
        recovering(fails, compilation_error)()
    assert len(calls) == 1


def old(path: Path) -> Path:
    """The same file, as if it had been written an hour ago."""
    os.utime(path, (time.time() - 3600, time.time() - 3600))
    return path


@pytest.mark.skipif(sys.platform != "linux", reason="shared libraries of Linux are checked")
def test_libraries_that_are_not_whole_are_deleted_and_the_others_kept(capsys):
    folder = graphs_folder() / "ab"
    folder.mkdir(parents=True)
    library = Path(_ctypes.__file__).read_bytes()
    contents = {"whole": library, "cut": library[:-100], "empty": b"", "other": b"x" * 500}
    for name, content in contents.items():
        (folder / f"{name}.so").write_bytes(content)
        old(folder / f"{name}.so")
    (folder / "new.so").write_bytes(b"")  # may be just being written
    keep_compiled_graphs()
    assert sorted(path.stem for path in folder.iterdir()) == ["new", "whole"]
    assert capsys.readouterr().err == (f"3 compiled graphs in {graphs_folder()} are damaged: they are compiled again\n")


@pytest.mark.slow
@pytest.mark.skipif(compilation_problem() is not None, reason=f"{compilation_problem()}")
def test_graphs_serve_the_next_process_and_damaged_ones_are_compiled_again():
    def run() -> tuple[str, str]:
        done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
        return done.stdout.strip(), done.stderr

    assert run() == ("[1.0, 1.0, 1.0] 0", "")
    assert run() == ("[1.0, 1.0, 1.0] 1", "")
    for path in graphs_folder().rglob("*.py"):
        path.write_text("damaged(")
    shown, said = run()
    assert shown.startswith("[1.0, 1.0, 1.0]")
    assert f"compiled graphs in {graphs_folder()} seem damaged: they are compiled again" in said
