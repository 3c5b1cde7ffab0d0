"""A run is done once, goes on after any kill as if nothing had happened, and refuses what is not its own."""

import multiprocessing
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
import torch
from lightning.pytorch.callbacks import Callback

from lmstudy.compose import compose_config
from lmstudy.errors import StudyError
from lmstudy.measures.base import Subject
from lmstudy.measures.likelihood import Likelihood
from lmstudy.runs.checkpoints import check_checkpoint, last_checkpoint, newest_whole, step_of
from lmstudy.runs.finished import load_run
from lmstudy.runs.folders import find_folder
from lmstudy.runs.pretraining import open_run, train
from lmstudy.runs.records import load
from lmstudy.training import trainer as trainers
from lmstudy.training.clock import PARTS
from tests.conftest import command


def config_of(overrides: list[str]) -> dict:
    return compose_config("train", overrides)


def test_a_run_leaves_a_record_and_weights_and_is_not_repeated(tiny, capsys):
    config = config_of(tiny)
    record = train(config)
    run = open_run(config)
    assert record.config["seed"] == record.seed == 1
    assert record.metrics["valid/bits_per_byte"] > 1
    assert record.curves["train/loss"]["step"] == [10]
    assert len(record.samples) == 2
    assert sum(record.clock.values()) == pytest.approx(record.wall_seconds, rel=0.01)
    assert {part for part, seconds in record.clock.items() if seconds} == set(PARTS)
    assert sum(size for _, size in record.groups["valid"]) > 0
    before = {path: path.stat().st_mtime_ns for path in run.folder.rglob("*") if path.is_file()}
    assert train(config) == load(run.record_path)
    assert before == {path: path.stat().st_mtime_ns for path in run.folder.rglob("*") if path.is_file()}
    assert "exists, nothing to train" in capsys.readouterr().err


def test_identity_ignores_paths_and_loggers_and_nothing_else(tiny):
    run = lambda *extra: open_run(config_of([*tiny, *extra])).id  # noqa: E731
    base = run()
    assert run("runs=elsewhere") == run("logger=tensorboard") == run("trainer.log_every=3") == base
    others = {run(x) for x in ("seed=2", "optimizer.lr=0.1", "budget.steps=13", "data.tokenizer.vocab_size=600")}
    assert len(others | {base}) == 5


def start(arguments: list[str]) -> subprocess.Popen:
    heed = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)  # noqa: E731  (ignored in background jobs of a shell)
    return subprocess.Popen(command("train", *arguments), stderr=subprocess.PIPE, text=True, preexec_fn=heed)


def forked(config: dict) -> multiprocessing.process.BaseProcess:
    """A process of its own that trains, and can be killed: it begins with all that is imported here."""
    process = multiprocessing.get_context("fork").Process(target=train, args=(config,), daemon=True)
    process.start()
    return process


@pytest.mark.slow
@pytest.mark.parametrize(
    ("optimizer", "every", "targets"),
    [("adamw", 5, (5, 35)), ("muon", 20, (20, 60))],  # between validations; at a validation and at the very end
)
def test_killed_at_any_step_and_resumed_equals_uninterrupted(tiny, tmp_path, optimizer, every, targets):
    settings = [
        *tiny, f"optimizer={optimizer}", "budget.steps=60", "budget.evaluate_every=20",
        f"trainer.checkpoint_every={every}", "trainer.log_every=1",
    ]  # fmt: skip
    uninterrupted = config_of([*settings, f"runs={tmp_path / 'whole'}"])
    train(uninterrupted)
    whole = load(open_run(uninterrupted).record_path)
    interrupted = config_of([*settings, f"runs={tmp_path / 'killed'}"])
    folder = open_run(interrupted).folder
    kills = 0
    for target in targets:
        process = forked(interrupted)
        while process.is_alive():
            last = last_checkpoint(folder)
            if last and step_of(last) >= target:
                process.kill()
                kills += 1
                break
            time.sleep(0.005)
        process.join()
    assert kills == 2, "the run was faster than the kill"
    assert not (folder / "record.json").exists()
    assert step_of(last_checkpoint(folder)) >= targets[-1]
    resumed = train(interrupted)
    assert resumed.id == whole.id
    for name in ("train/loss", "train/gradient_norm", "valid/bits_per_byte"):
        assert resumed.curves[name]["step"] == whole.curves[name]["step"]
        assert resumed.curves[name]["value"] == pytest.approx(whole.curves[name]["value"], rel=2e-5)  # rounding
    assert len(resumed.curves["train/loss"]["step"]) == 60
    assert resumed.metrics["train/tokens"] == whole.metrics["train/tokens"]
    assert resumed.samples == whole.samples
    assert sum(resumed.clock.values()) == pytest.approx(resumed.wall_seconds, rel=0.01)


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on(tiny):
    settings = [*tiny, "budget.steps=450", "trainer.checkpoint_every=5"]
    folder = open_run(config_of(settings)).folder
    process = start(settings)
    while process.poll() is None and not last_checkpoint(folder):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, shown = process.communicate(timeout=60)
    assert process.returncode == 130
    step = step_of(last_checkpoint(folder))
    assert re.search(rf"interrupted at step \d+ of 450; the same command goes on from step {step}$", shown)
    assert not (folder / "record.json").exists()


class Dropped(Callback):
    """Python drops what a finaliser raises."""

    def on_train_batch_end(self, trainer, *args):
        if trainer.global_step == 7:

            class Finalised:
                def __del__(self):
                    signal.raise_signal(signal.SIGINT)

            Finalised()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_ctrl_c_that_is_dropped_on_its_way_stops_the_run_at_its_next_step(tiny, monkeypatch):
    before = signal.getsignal(signal.SIGINT)
    usual = trainers.build_trainer
    monkeypatch.setattr(
        trainers, "build_trainer", lambda c, f, s, e, watching, log: usual(c, f, s, e, [*watching, Dropped()], log)
    )
    config = config_of([*tiny, "trainer.checkpoint_every=1", "budget.steps=50"])
    try:
        with pytest.raises(KeyboardInterrupt):
            train(config)
    finally:
        signal.signal(signal.SIGINT, before)
    assert last_checkpoint(open_run(config).folder).stem == "step=7"
    monkeypatch.setattr(trainers, "build_trainer", usual)
    assert train(config).curves["train/loss"]["step"] == [10, 20, 30, 40, 50]
    assert signal.getsignal(signal.SIGINT) is before


def test_a_run_that_diverges_stops_and_says_what_to_change(tiny):
    config = config_of(
        [*tiny, "optimizer=adamw", "optimizer.lr=1e30", "optimizer.warmup_steps=0", "trainer.log_every=1"]
    )
    with pytest.raises(StudyError, match=r"training loss is (nan|inf) at step \d+: the run has diverged; lower"):
        train(config)
    assert not open_run(config).record_path.exists()


def test_muon_is_refused_where_matrices_are_sharded(tiny):
    from lightning.pytorch.strategies import FSDPStrategy

    from lmstudy.runs.pretraining import build_module

    module = build_module(open_run(config_of(tiny)))

    class Sharding:
        strategy = FSDPStrategy()

    module._trainer = Sharding()
    with pytest.raises(StudyError, match="use optimizer=adamw"):
        module.configure_optimizers()


def test_a_loss_that_is_not_finite_at_the_last_step_leaves_no_record(tiny, monkeypatch):
    class Broken(Callback):
        def on_train_batch_end(self, trainer, module, *args):
            if trainer.global_step == 11:
                with torch.no_grad():
                    next(module.parameters()).fill_(float("nan"))

    usual = trainers.build_trainer
    monkeypatch.setattr(
        trainers, "build_trainer", lambda c, f, s, e, watching, log: usual(c, f, s, e, [*watching, Broken()], log)
    )
    config = config_of([*tiny, "trainer.log_every=10"])
    with pytest.raises(StudyError, match=r"loss is nan at step 12: the run has diverged; lower optimizer\.lr"):
        train(config)
    assert not open_run(config).record_path.exists()


@pytest.mark.slow
def test_a_sweep_trains_each_run_once(tiny):
    sweep = ["-m", *tiny, "seed=1,2"]
    first = subprocess.run(command("train", *sweep), capture_output=True, text=True, check=True)
    again = subprocess.run(command("train", *sweep), capture_output=True, text=True, check=True)
    assert first.stderr.count("finished, ") == 2
    assert again.stderr.count("nothing to train") == 2
    assert "finished, " not in again.stderr
    assert sorted(first.stdout.split()) == sorted(again.stdout.split())


@pytest.mark.slow
def test_two_processes_equal_one_over_twenty_steps(tiny):
    settings = [*tiny, "budget.steps=20"]
    own = ["trainer.precision=32-true", "trainer.threads=1", "trainer.log_every=1"]
    one = train(config_of([*settings, "trainer=cpu", *own]))
    placed = [*settings, "trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2", *own]
    settled = {**os.environ, "MASTER_ADDR": "127.0.0.1"}
    done = subprocess.run(command("train", *placed), capture_output=True, text=True, check=False, env=settled)
    assert done.returncode == 0, done.stderr[-2000:]
    two = load(open_run(config_of(placed)).record_path)
    assert len(one.curves["train/loss"]["step"]) == 20
    for name in ("train/loss", "train/gradient_norm"):
        assert two.curves[name]["value"] == pytest.approx(one.curves[name]["value"], abs=1e-4)
    assert two.metrics["train/tokens"] == one.metrics["train/tokens"]
    for name in ("bits_per_byte", "accuracy", "recall", "f1", "loss"):
        assert two.metrics[f"valid/{name}"] == pytest.approx(one.metrics[f"valid/{name}"], abs=1e-4)
    for (bits, size), (bits_2, size_2) in zip(one.groups["valid"], two.groups["valid"], strict=True):
        assert size == size_2
        assert bits == pytest.approx(bits_2, rel=1e-3, abs=0.05)


def half_done(tiny: list[str]) -> tuple[dict, Path]:
    """A run with a checkpoint and no record."""
    config = config_of([*tiny, "trainer.checkpoint_every=5"])
    run = open_run(config)
    process = forked(config)
    while process.is_alive() and not last_checkpoint(run.folder):
        time.sleep(0.005)
    process.kill()
    process.join()
    (run.folder / "record.json").unlink(missing_ok=True)
    found = last_checkpoint(run.folder)
    assert found
    return config, found


@pytest.mark.slow
def test_checkpoints_that_are_damaged_foreign_or_of_another_version_are_refused(tiny, capsys):
    config, checkpoint = half_done(tiny)
    run = open_run(config)
    good = checkpoint.read_bytes()

    checkpoint.write_bytes(good[: len(good) // 2])
    with pytest.raises(StudyError, match=r"checkpoint .*step=\d+\.ckpt cannot be read .* move .* away"):
        train(config)
    assert checkpoint.read_bytes() == good[: len(good) // 2]

    older = checkpoint.with_name("step=1.ckpt")
    older.write_bytes(good)
    assert newest_whole(run.folder, run.id) == older
    assert f"{checkpoint} cannot be read" in capsys.readouterr().err
    older.unlink()

    checkpoint.write_bytes(good)
    with pytest.raises(StudyError, match=f"is of run {run.id}, not of {'0' * 16}: another configuration"):
        check_checkpoint(checkpoint, "0" * 16)
    content = torch.load(checkpoint, weights_only=True)
    content["lmstudy"]["numerics"] = -1
    torch.save(content, checkpoint)
    with pytest.raises(StudyError, match="numerics version -1"):
        train(config)
    assert not run.record_path.exists()

    class Evil:
        def __reduce__(self):
            return (os.mkdir, (str(run.folder / "executed"),))

    torch.save({"lmstudy": Evil()}, checkpoint)
    with pytest.raises(StudyError, match="cannot be read"):
        train(config)
    assert not (run.folder / "executed").exists()


def test_loaded_weights_give_the_recorded_result(tiny):
    record = train(config_of(tiny))
    folder = open_run(config_of(tiny)).folder
    finished = load_run(find_folder(record.id[:6], folder.parent))
    values = Likelihood().measure(Subject(finished, finished.run.corpus, "valid", 24)).metrics  # final_documents
    assert values["valid/bits_per_byte"] == pytest.approx(record.metrics["valid/bits_per_byte"], rel=1e-5)
    with pytest.raises(StudyError, match="split=tset: there is none here; choose from test, valid"):
        Likelihood().measure(Subject(finished, finished.run.corpus, "tset", None))
    with pytest.raises(StudyError, match="run=zzz: no finished run in"):
        find_folder("zzz", folder.parent)
    (folder / "model.safetensors").unlink()
    with pytest.raises(StudyError, match="is missing: only the record is left"):
        load_run(folder)


def test_a_gpu_that_is_not_there_is_said_before_anything_is_done(tiny, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(StudyError, match=r"trainer\.accelerator=gpu: PyTorch sees no CUDA GPU here; use trainer=cpu"):
        train(config_of([*tiny[:-1], "trainer=gpu"]))
