"""The commands: help at once, errors in one line that names the choices, nothing left behind."""

import subprocess
import sys
import time
import tomllib

import pytest

from lmstudy.commands.train import COMMAND
from lmstudy.compose import group_defaults
from tests.conftest import ROOT, command

SCRIPTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]


def run(*arguments: str, **settings) -> subprocess.CompletedProcess:
    return subprocess.run(command(*arguments), capture_output=True, text=True, check=False, **settings)


def best_of(count: int, action) -> float:
    times = []
    for _ in range(count):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_help_is_readable_and_takes_less_than_a_second(name):
    module, function = SCRIPTS[name].split(":")
    call = [
        sys.executable,
        "-c",
        f"import sys; sys.argv = ['{name}', '--help']; from {module} import {function}; {function}()",
    ]
    shown = subprocess.run(call, capture_output=True, text=True, check=True).stdout
    assert "usage:" in shown
    assert max(map(len, shown.splitlines())) <= 120
    assert best_of(3, lambda: subprocess.run(call, capture_output=True, check=True)) < 1


def test_train_help_lists_every_group_choice_with_a_sentence():
    shown = run("train", "--help").stdout
    paths = [path for group in group_defaults("train") for path in (ROOT / "conf" / group).glob("*.yaml")]
    assert len(paths) > 15
    for path in paths:
        line = next(line for line in shown.splitlines() if line.strip().startswith(f"{path.parent.name}={path.stem} "))
        assert len(line.split(maxsplit=1)[1]) > 20


def test_importing_the_package_is_cheap():
    interpreter = best_of(3, lambda: subprocess.run([sys.executable, "-c", "pass"], check=True))
    importing = best_of(3, lambda: subprocess.run([sys.executable, "-c", "import lmstudy"], check=True))
    assert importing - interpreter < 0.3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["budget=large"], "budget=large: no such choice; choose from brief, medium, paper, quick, short, smoke"),
        (["budget.step=3"], "budget.step: unknown key; did you mean budget.steps? choose from budget.name, "),
        (["model.d_modl=3"], "model.d_modl: unknown key; did you mean model.d_model?"),
        (["sed=3"], "sed: unknown key; did you mean seed?"),
        (["budget.steps=many"], "budget.steps='many': input should be a valid integer"),
        (["seed=-1"], "seed=-1: input should be greater than or equal to 0"),
        (["trainer.precision=8"], "trainer.precision=8: input should be '32-true', 'bf16-mixed'"),
        (["+model.extra=1"], "model.extra: unknown key; choose from d_ff, d_model,"),
        (["data.cleaning={}"], "data.cleaning={}: changes nothing; ~data.cleaning leaves the key out"),
        (["model.heads=[2]"], "model.heads=[2]: input should be a valid integer"),
        (["model._target_=lmstudy.nothing.Here"], "model._target_=lmstudy.nothing.Here: cannot be imported"),
        (["optimizer.decay=square"], "optimizer.decay='square': input should be 'linear', 'cosine' or 'none'"),
        (["trainer=gpu"], "trainer.accelerator=gpu: PyTorch sees no CUDA GPU here; use trainer=cpu"),
        (["trainer=fsdp", "trainer.accelerator=cpu"], "trainer.strategy=fsdp shards over GPUs"),
        (["budget.rows=3", "trainer=ddp", "trainer.accelerator=cpu"], "budget.rows=3 must be a multiple of"),
    ],
)
def test_mistakes_are_one_line_that_names_key_value_and_choices(arguments, message, tiny, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["lmstudy-train", *tiny, *arguments])
    with pytest.raises(SystemExit) as stopped:
        COMMAND.main()
    assert stopped.value.code == 1
    shown = capsys.readouterr().err
    assert "Traceback" not in shown
    assert message in shown.splitlines()[-1]
    assert shown.splitlines()[-1].startswith("lmstudy-train: ")


def test_a_mistake_ends_the_process_with_status_one():
    done = run("train", "budget.steps=many")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("lmstudy-train: configuration: budget.steps='many'")


def test_cfg_job_prints_the_configuration():
    shown = run("train", "--cfg", "job", "budget=smoke").stdout
    assert "d_model: ${budget.d_model}" in shown
    assert "name: smoke" in shown


@pytest.mark.slow
def test_an_installed_wheel_brings_its_configuration(tmp_path):
    """A wheel in a folder of its own, used from another one: nothing of the checkout is in reach."""
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", tmp_path, ROOT],
        check=True, capture_output=True,
    )  # fmt: skip
    wheel = next(tmp_path.glob("lmstudy-*.whl"))
    installed = tmp_path / "installed"
    subprocess.run([sys.executable, "-m", "zipfile", "-e", wheel, installed], check=True)
    call = [sys.executable, "-S", "-c", f"import sys; sys.path.insert(0, {str(installed)!r}); "
            "import site; site.main(); sys.path.insert(0, sys.path.pop(0)); sys.argv = ['lmstudy-train', '--help']; "
            f"import lmstudy; assert lmstudy.__file__.startswith({str(installed)!r}), lmstudy.__file__; "
            "from importlib.resources import files; "
            f"assert str(files('lmstudy.conf')).find({str(installed)!r}) >= 0; "
            "from lmstudy.commands.train import main; main()"]  # fmt: skip
    shown = subprocess.run(call, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "budget=smoke" in shown.stdout
