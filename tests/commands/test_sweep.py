"""A sweep: whatever one job does leaves the others alone, and the end says what came of all."""

import math
import subprocess
import sys
from types import SimpleNamespace

import pytest
from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus

from lmstudy.commands.arguments import options_first
from lmstudy.commands.command import Command
from lmstudy.commands.finetune import objective as of_tuning
from lmstudy.commands.prepare import COMMAND as PREPARE
from lmstudy.commands.reward import objective as of_reward
from lmstudy.commands.sweep import Outcome, Sweep, check_direction, watched
from lmstudy.commands.train import COMMAND, objective
from lmstudy.compose import compose_config
from lmstudy.errors import StudyError

REMOTE = SimpleNamespace(_target_="elsewhere.Launcher")


@pytest.fixture
def swept(tmp_path, monkeypatch, capsys):
    """A sweep of `lmstudy-prepare` with a task of one's own: (exit status, lines on stderr)."""

    def sweep(task, *arguments: str) -> tuple[int, list[str]]:
        command = Command("prepare", PREPARE.purpose, task, PREPARE.examples)
        own = [f"hydra.sweep.dir={tmp_path}", "data=files", *arguments]
        monkeypatch.setattr(sys, "argv", ["lmstudy-prepare", *own, "-m"])
        try:
            command.main()
        except SystemExit as stopped:
            return int(stopped.code or 0), capsys.readouterr().err.splitlines()
        return 0, capsys.readouterr().err.splitlines()

    return sweep


def test_a_job_that_fails_in_any_way_leaves_the_others_alone(swept):
    done = []

    def task(config):
        path = config["data"]["path"]
        if path == "b":
            raise ZeroDivisionError("of ours")
        if path == "c":
            raise StudyError("of yours")
        if path == "d":
            raise FileNotFoundError(2, "No such file", "x")
        done.append(path)

    status, told = swept(task, "data.path=a,b,c,d,e", "data.licence=mine")
    assert done == ["a", "e"]
    assert status == 1
    assert told[-4:] == [
        "lmstudy-prepare: sweep of 5: 2 done, 0 reused, 3 failed",
        "lmstudy-prepare:   failed: data.path=b: ZeroDivisionError: of ours",
        "lmstudy-prepare:   failed: data.path=c: of yours",
        "lmstudy-prepare:   failed: data.path=d: x: No such file",
    ]
    assert "Traceback (most recent call last):" in told  # of what is no fault of the user's, where it happened
    assert "lmstudy-prepare: of yours (of data=files data.path=c data.licence=mine)" in told


def test_a_sweep_without_a_failure_says_so_with_status_0(swept):
    status, told = swept(lambda config: None, "data.path=a,b")
    assert (status, told[-1]) == (0, "lmstudy-prepare: sweep of 2: 2 done, 0 reused, 0 failed")


def test_ctrl_c_in_a_sweep_tells_what_was_done_and_what_was_not(swept):
    def task(config):
        if config["data"]["path"] == "b":
            raise KeyboardInterrupt

    status, told = swept(task, "data.path=a,b,c")
    assert status == 130
    assert told[-2] == "lmstudy-prepare: sweep of 3: 1 done, 0 reused, 0 failed, 2 not finished"


@pytest.mark.slow
def test_done_and_reused_are_told_apart(tiny, monkeypatch, capsys):
    for expected in ("1 done, 0 reused, 1 failed", "0 done, 1 reused, 1 failed"):
        monkeypatch.setattr(sys, "argv", ["lmstudy-train", *tiny, "-m", "seed=-1,1"])
        with pytest.raises(SystemExit):
            COMMAND.main()
        assert f"lmstudy-train: sweep of 2: {expected}" in capsys.readouterr().err


def test_a_launcher_that_loses_its_workers_is_a_failure_of_its_jobs(monkeypatch):
    class Losing(BasicLauncher):
        def launch(self, job_overrides, initial_job_idx):
            raise RuntimeError("a worker was killed\nwith much to say")

    monkeypatch.setattr(Plugins, "instantiate_launcher", lambda plugins, **given: Losing())
    config = SimpleNamespace(hydra=SimpleNamespace(sweeper={"direction": "maximize"}, launcher=REMOTE))
    with watched() as sweep:
        launcher = Plugins.instance().instantiate_launcher(config=config)
        returned = launcher.launch([["seed=1"], ["seed=2"]], 0)
    assert [one.return_value for one in returned] == [-math.inf, -math.inf]
    assert sweep.summary() == [
        "sweep of 2: 0 done, 0 reused, 2 failed",
        "  failed: seed=1: Losing lost its jobs (RuntimeError: a worker was killed); what is finished is kept",
        "  failed: seed=2: Losing lost its jobs (RuntimeError: a worker was killed); what is finished is kept",
    ]


def test_a_search_gets_values_and_the_worst_for_what_failed(monkeypatch):
    class Told(BasicLauncher):
        def launch(self, job_overrides, initial_job_idx):
            ended = [Outcome("done", 2.5, "loss"), Outcome("failed", reason="no")]
            return [JobReturn(status=JobStatus.COMPLETED, _return_value=one) for one in ended]

    monkeypatch.setattr(Plugins, "instantiate_launcher", lambda plugins, **given: Told())
    sweeper = {"direction": SimpleNamespace(name="minimize")}
    config = SimpleNamespace(hydra=SimpleNamespace(sweeper=sweeper, launcher=REMOTE))
    with watched() as sweep:
        returned = Plugins.instance().instantiate_launcher(config=config).launch([["seed=1"], ["seed=2"]], 0)
    assert [one.return_value for one in returned] == [2.5, math.inf]
    assert sweep.summary()[-1] == "  best: seed=1: loss 2.5"
    assert sweep.failed


def test_the_summary_of_one_job_names_all_that_it_was_asked():
    sweep = Sweep([Outcome("failed", reason="no", overrides=("seed=1", "budget=smoke"))], begun=1)
    assert sweep.summary()[-1] == "  failed: seed=1 budget=smoke: no"


def test_what_is_made_better_is_told_and_checked():
    assert objective({}).of(SimpleNamespace(metrics={"valid/bits_per_byte": 2.0})) == 2.0
    text = compose_config("finetune", ["task=translation"])
    labels = compose_config("finetune", ["task=sentiment", "head=true"])
    curves = SimpleNamespace(curves={name: {"value": [2.0, 1.0, 3.0]} for name in ("valid/loss", "valid/f1")})
    assert (of_tuning(text).metric, of_tuning(text).of(curves)) == ("valid/loss", 1.0)
    assert (of_tuning(labels).metric, of_tuning(labels).of(curves)) == ("valid/f1", 3.0)
    assert of_tuning({**text, "keep": "answers"}).metric == "valid/answers"
    accuracies = {"train/texts": 9.0, "valid/film/pair_accuracy": 0.8, "test/film/pair_accuracy": 0.7}
    assert of_reward({}).of(SimpleNamespace(metrics=accuracies)) == 0.8
    check_direction("lmstudy-reward", of_reward({}), {"direction": "maximize"})
    check_direction("lmstudy-prepare", None, {"max_batch_size": None})
    with pytest.raises(StudyError, match=r"more is better; set hydra\.sweeper\.direction=maximize"):
        check_direction("lmstudy-reward", of_reward({}), {"direction": "minimize"})
    with pytest.raises(StudyError, match=r"lmstudy-prepare leaves nothing that hydra/sweeper could make better"):
        check_direction("lmstudy-prepare", None, {"direction": "minimize"})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ("range(0)", "this sweep has no job: one of its lists of values is empty"),
        (
            "range(1,2,0)",
            "data.shortest=range(1,2,0): a step other than 0 is wanted, as in data.shortest=range(1,10,2)",
        ),
        (
            "interval(1,2)",
            "data.shortest=interval(1,2): is for hydra/sweeper=optuna, which searches; values of a sweep",
        ),
        ("1,,2", "data.shortest=1,,2: cannot be read; values of a sweep stand between commas"),
    ],
)
def test_a_sweep_over_nothing_is_no_success(swept, values, said):
    status, lines = swept(lambda _: pytest.fail("there is no job"), f"data.shortest={values}")
    assert status == 1
    assert lines[-1].startswith(f"lmstudy-prepare: {said}")


def test_the_option_of_a_sweep_may_stand_anywhere():
    assert options_first(["budget=smoke", "-m", "seed=1,2"]) == ["-m", "budget=smoke", "seed=1,2"]
    assert options_first(["a=1,2", "--config-dir", "conf", "b=3", "-m"]) == [
        "-m",
        "--config-dir",
        "conf",
        "a=1,2",
        "b=3",
    ]
    assert options_first(["seed=1", "--config-dir"]) == ["seed=1", "--config-dir"]
    assert options_first(["seed=1"]) == ["seed=1"]


def test_a_launcher_or_sweeper_that_is_not_installed_is_one_line(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["lmstudy-train", "-m", "hydra/launcher=submitit_nowhere", "seed=1,2"])
    with pytest.raises(SystemExit):
        COMMAND.main()
    told = capsys.readouterr().err.splitlines()[-1]
    assert told.startswith("lmstudy-train: hydra/launcher=submitit_nowhere: no such choice; choose from basic")
    assert told.endswith("pip install 'lmstudy[submitit]' brings submitit")


@pytest.mark.slow
def test_a_worker_of_joblib_can_spread_work_over_processes(tmp_path):
    program = tmp_path / "spread.py"
    program.write_text(
        "from joblib import Parallel, delayed\n"
        "def inside():\n"
        "    from lmstudy.data.parallel import ordered_map\n"
        "    return list(ordered_map(abs, [-1, -2, -3]))\n"
        "if __name__ == '__main__':\n"
        "    print(Parallel(n_jobs=2)(delayed(inside)() for _ in range(2)))\n"
    )
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=False)
    assert done.stdout == "[[1, 2, 3], [1, 2, 3]]\n", done.stderr
