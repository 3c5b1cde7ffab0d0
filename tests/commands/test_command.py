"""The commands: help at once, errors in one line that names the choices, nothing left behind."""

import subprocess
import sys
import tomllib

import pytest

from lmstudy.commands.baseline import COMMAND as BASELINE
from lmstudy.commands.train import COMMAND
from lmstudy.compose import documented_keys, group_choices, group_defaults
from tests.conftest import ROOT, command

SCRIPTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]


def run(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(command(*arguments), capture_output=True, text=True, check=False)


def fresh(code: str) -> tuple[str, set[str]]:
    """What a program prints in a process of its own, and the modules that it imports."""
    call = [sys.executable, "-X", "importtime", "-c", code]
    done = subprocess.run(call, capture_output=True, text=True, check=True)
    return done.stdout, {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}


HEAVY = {"hydra", "omegaconf", "pydantic", "torch", "numpy", "yaml"}


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_help_is_readable_and_waits_for_nothing_heavy(name):
    module, function = SCRIPTS[name].split(":")
    shown, imported = fresh(
        f"import sys; sys.argv = ['{name}', '--help']; from {module} import {function}; {function}()"
    )
    assert "usage:" in shown
    assert max(map(len, shown.splitlines())) <= 120
    assert not imported & HEAVY
    assert not fresh("import lmstudy")[1] & HEAVY


@pytest.mark.parametrize("name", ["train", "finetune", "evaluate", "reward"])
def test_help_lists_every_choice_and_key_with_a_sentence(name):
    shown = run(name, "--help").stdout
    choices = {f"{group}={choice}" for group in group_defaults(name) for choice in group_choices(group)}
    for entry in choices | {key for key in documented_keys(name) if "length" not in key}:
        line = next(line for line in shown.splitlines() if line.strip().startswith(f"{entry} "))
        assert len(line.split(maxsplit=1)[1]) > 5
    assert "=_" not in shown


def test_help_of_a_choice_lists_its_keys():
    shown = run("evaluate", "measure=reading", "--help").stdout
    assert "  measure.targets=64           tokens the decoder writes (task=continue)" in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seed=3"], "--seed=3: no such option; keys are written without dashes, as in seed=VALUE"),
        (["-seed=3"], "-seed=3: no such option; keys are written without dashes"),
        (["--config-name", "nope"], "--config-name: the command's own configuration stays; --config-dir FOLDER adds"),
        (["--config-path=/tmp"], "--config-path: the command's own configuration stays; --config-dir FOLDER adds"),
        (["--budget", "smoke"], "--budget: no such option; keys are written without dashes, as in budget=VALUE"),
        (["budget", "smoke"], "budget: KEY=VALUE is wanted, as in seed=1"),
        (["seed: 1"], "seed: 1: KEY=VALUE is wanted"),
        (["--config-dir"], "--config-dir: a value is wanted behind it"),
        (["--config-dir", "nowhere"], "--config-dir nowhere: no such folder"),
        (["hydra.launcher.nothing=2"], "hydra.launcher.nothing: not among Hydra's keys; where a launcher or sweeper"),
        (["objective=null"], "objective=null: objective cannot be left out; choose from awr, conditional, "),
        (["objective=mle,awr"], "objective=mle,awr: several choices are a sweep; add -m"),
        (["seed=1,2"], "seed='1,2': input should be a valid integer, unable to parse string as an integer; several"),
        (["~budget"], "budget=null: budget cannot be left out; choose from brief, "),
        (["trainer.compile=maybe"], "trainer.compile='maybe': input should be 'auto', or input should be a valid bool"),
        (
            ["budget.steps=99999999999999999999"],
            "budget.steps=99999999999999999999: input should be less than 2147483648",
        ),
        (["trainer.threads=100000"], "trainer.threads=100000: input should be less than or equal to 1024"),
        (["budget.rows=1000000000"], "budget.rows=1000000000 of budget.encoder_length="),
        (["hydra.mode=NOPE"], "hydra.mode=NOPE: invalid value 'NOPE', expected one of [RUN, MULTIRUN]"),
        (["data.name=${oops}"], "data.name: Interpolation key 'oops' not found"),
        (["seed=true"], "seed=true: input should be a number, such as 1"),
        (["seed=4294967296"], "seed=4294967296: input should be less than or equal to 4294967295"),
        (["optimizer.lr=nan"], "optimizer.lr=nan: input should be a finite number"),
        (["сид=1"], "сид: unknown key; a key is made of "),
        (["runs="], "runs='': string should have at least 1 character"),
        (["budget="], "budget=: no such choice; choose from brief, "),
        (["budget=large"], "budget=large: no such choice; choose from brief, flagship, medium, paper, quick, rung_1, "),
        (["budget.step=3"], "budget.step: unknown key; did you mean budget.steps? choose from budget.name, "),
        (["model.d_modl=3"], "model.d_modl: unknown key; did you mean model.d_model?"),
        (["sed=3"], "sed: unknown key; did you mean seed?"),
        (["budget.steps=many"], "budget.steps='many': input should be a valid integer"),
        (["seed=-1"], "seed=-1: input should be greater than or equal to 0"),
        (["trainer.precision=8"], "trainer.precision='8': input should be 'auto', '32-true'"),
        (["+model.extra=1"], "model.extra: unknown key; choose from d_ff, d_model,"),
        (["data.suffixes={a:1}"], "data.suffixes={a:1}: a list is wanted, as in data.suffixes=[A,B]"),
        (["data.cleaning=[x]"], "data.cleaning=[x]: keys with values are wanted, as in data.cleaning.NAME=VALUE"),
        (["data.suffixes=[.py"], "data.suffixes=['[.py']: '[.py' is no ending; a list of them is wanted, such as"),
        (
            ["data.cleaning.too_short={words:3}"],
            "data.cleaning.too_short.words: unknown key; did you mean data.cleaning.too_short.characters?",
        ),
        (["data.cleaning.too_short.characters=x"], "data.cleaning.too_short.characters='x': input should be a valid"),
        (["budget={stepz:3}"], "budget.stepz: unknown key; did you mean budget.steps?"),
        (["++budget.nothing=1"], "budget.nothing: unknown key; choose from d_ff, d_model, decoder_layers, "),
        (["~budget.stepz"], "budget.stepz: unknown key; did you mean budget.steps?"),
        (["~seed=3"], "~seed=3: its value is 1; ~seed alone leaves the key out"),
        (["~data.suffixes.0"], "~data.suffixes.0: an element of a list cannot be left out; give the whole list"),
        (["seed=null"], "seed=null: input should be a valid integer"),
        (["start="], "start='': a run is wanted: its id, the beginning of it, its name or its folder"),
        (["data.path=~nobody-here/x"], "data.path=~nobody-here/x: the home folder is not known; write the path in"),
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


@pytest.mark.parametrize(
    ("measure", "message"),
    [
        (["measure=source"], "measure=source is taken of a fine-tuning: lmstudy-evaluate run=ID"),
        (["measure=pep8", "measure.samples=1"], "measure.samples=1 must be at least 2"),
    ],
)
def test_a_measure_that_cannot_be_is_told_before_the_training(measure, message, tiny, monkeypatch, capsys):
    monkeypatch.setattr("lmstudy.runs.pretraining.train", lambda _: pytest.fail("trained"))
    monkeypatch.setattr(sys, "argv", ["lmstudy-train", *tiny, *measure])
    with pytest.raises(SystemExit):
        COMMAND.main()
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a:\n\t- 1\n", 'mine.yaml", line 2, column 1'),
        (b"a: 1\na: 2\n", "found duplicate key a"),
        (b"a: caf\xe9\n", "mine.yaml: cannot be read as YAML: 'utf-8'"),
        (b"5\n", "mine.yaml: KEY: VALUE on each line is wanted, and not only 5"),
        (b"- 1\n", "data=[1]: keys with values are wanted, as in data.NAME=VALUE"),
    ],
)
def test_a_file_of_ones_own_that_cannot_be_read_is_named(content, message, tmp_path, monkeypatch, capsys):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mine.yaml").write_bytes(content)
    monkeypatch.setattr(sys, "argv", ["lmstudy-train", "data=mine", "--config-dir", str(tmp_path), "seed=2"])
    with pytest.raises(SystemExit):
        COMMAND.main()
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_a_baseline_that_would_pass_over_its_task_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["lmstudy-baseline", "task=sentiment"])
    with pytest.raises(SystemExit):
        BASELINE.main()
    assert capsys.readouterr().err == "lmstudy-baseline: of=text looks at no task: add of=task, or leave task=... out\n"


def test_memory_that_is_lacking_is_a_line_wherever_it_shows():
    wanting = RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 204800000000 bytes.")
    assert "this needs more memory than there is (it asked for 204800000000 bytes" in str(COMMAND._line(wanting, []))
    assert COMMAND._line(RuntimeError("shapes differ"), []) is None


def test_what_hydras_own_code_raises_is_a_line(monkeypatch, capsys):
    """A sweep does not go with --cfg, which Hydra says by a ValueError."""
    monkeypatch.setattr(sys, "argv", ["lmstudy-train", "-m", "seed=1", "--cfg", "job"])
    with pytest.raises(SystemExit):
        COMMAND.main()
    assert capsys.readouterr().err.startswith("lmstudy-train: Only one of --run, --multirun, --cfg")
    assert COMMAND._line(ValueError("of ours"), []) is None


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
