"""What is meant for GPUs composes, builds and takes steps: on a CPU and with a small network where there is no GPU."""

import os
import shutil
import subprocess
import threading
import warnings

import pytest
import torch

from lmstudy.compose import compose_config
from lmstudy.config import TrainConfig, TrainerConfig, build, check
from lmstudy.data.batch import Shape
from lmstudy.data.batches.prefetching import BatchesAhead
from lmstudy.data.datamodule import CorpusDataModule
from lmstudy.errors import StudyError
from lmstudy.models.flops import Sizes, training_flops
from lmstudy.models.transformer import DecoderLayer, EncoderLayer, Seq2SeqTransformer
from lmstudy.runs.pretraining import open_run, train
from lmstudy.runs.records import Record, load
from lmstudy.training import flops_rate
from lmstudy.training.flops_rate import flops_rates
from lmstudy.training.optimizers import AdamW
from lmstudy.training.pretraining import PretrainingModule
from lmstudy.training.trainer import _fsdp, build_trainer, check_machine
from tests.conftest import ROOT, command

EXPERIMENTS = sorted(path.stem for path in (ROOT / "conf" / "experiment").glob("*gpu*.yaml"))
TRAINERS = ("gpu", "ddp", "fsdp")
SHRUNKEN = [
    "budget.steps=2", "budget.evaluate_every=2", "budget.evaluation_documents=8", "budget.final_documents=8",
    "budget.samples=1", "budget.rows=4", "budget.encoder_length=64", "budget.prefix_length=48",
    "budget.decoder_length=128", "budget.d_model=32", "budget.heads=2", "budget.d_ff=48",
    "budget.encoder_layers=2", "budget.decoder_layers=2",
]  # fmt: skip
ON_CPU = ["trainer.accelerator=cpu", "trainer.compile=auto", "trainer.threads=1", "trainer.log_every=1"]


@pytest.fixture
def small(tiny, tmp_path):
    """Overrides of a run with a small network on a corpus that stays as it is; what is small comes last, and wins."""
    shutil.copytree(ROOT / "lmstudy", tmp_path / "corpus", ignore=shutil.ignore_patterns("__pycache__"))
    kept = [override for override in tiny if not override.startswith(("budget", "data.path"))]
    return lambda *choices: [*kept, f"data.path={tmp_path / 'corpus'}", *choices, *SHRUNKEN]


def trained(overrides: list[str]) -> Record:
    return train(compose_config("train", overrides))


def check_two_steps(record: Record, plain: Record) -> None:
    """Against the same two steps on one CPU in float32: bfloat16 shows in the third digit."""
    assert record.config["trainer"]["precision"] == "bf16-mixed"
    assert plain.config["trainer"]["precision"] == "32-true"
    assert record.curves["train/loss"]["step"] == [1, 2]
    for name in ("train/loss", "train/gradient_norm"):
        assert record.curves[name]["value"] == pytest.approx(plain.curves[name]["value"], rel=1e-2)
        assert record.curves[name]["value"] != plain.curves[name]["value"]
    assert record.metrics["train/flops_per_second"] > 1e6
    assert len(record.samples) == 1


@pytest.mark.parametrize("experiment", EXPERIMENTS)
@pytest.mark.parametrize("trainer", TRAINERS)
def test_every_gpu_experiment_composes_with_every_gpu_trainer(experiment, trainer):
    config = compose_config("train", [f"experiment={experiment}", f"trainer={trainer}"])
    typed = check(TrainConfig, config)
    placed = typed.trainer
    assert (placed.accelerator, placed.precision, placed.compile) == ("gpu", "bf16-mixed", True)
    assert placed.strategy == {"gpu": "auto"}.get(trainer, trainer)
    assert typed.budget.rows % (placed.devices * placed.nodes) == 0
    assert type(build(typed.optimizer, "optimizer")) is AdamW  # Muon cannot be sharded


def test_t5_base_has_the_size_of_t5_base():
    budget = compose_config("train", ["experiment=t5_base_gpu"])["budget"]
    names = ("d_model", "heads", "d_ff", "encoder_layers", "decoder_layers")
    assert [budget[name] for name in names] == [768, 12, 2048, 12, 12]  # T5 1.1 base
    with torch.device("meta"):
        model = build(
            compose_config("train", ["experiment=t5_base_gpu"])["model"],
            "model", vocab_size=32_128, max_positions=512,
        )  # fmt: skip
    biases = 2 * 32 * 12  # T5's relative positions: in both stacks a number for each bucket and head
    assert sum(p.numel() for p in model.parameters()) == 222_903_552 - biases


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_gpu_experiment_takes_two_steps_on_a_cpu(small, experiment):
    chosen = [*small(f"experiment={experiment}", "trainer=gpu"), *ON_CPU]
    check_two_steps(trained(chosen), trained([*chosen, "trainer.precision=32-true"]))


@pytest.mark.slow
@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_gpu_experiment_takes_two_steps_in_two_processes(small, experiment):
    chosen = [*small(f"experiment={experiment}", "trainer=ddp"), *ON_CPU]
    environment = {**os.environ, "MASTER_ADDR": "127.0.0.1"}
    done = subprocess.run(command("train", *chosen), capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    alone = [*small(f"experiment={experiment}", "trainer=cpu"), *ON_CPU]
    check_two_steps(load(open_run(compose_config("train", chosen)).record_path), trained(alone))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
@pytest.mark.parametrize("experiment", EXPERIMENTS)
@pytest.mark.parametrize("attention", ["dense", "flex"])
def test_every_gpu_experiment_takes_two_steps_on_a_gpu(small, experiment, attention):
    chosen = small(f"experiment={experiment}", "trainer=gpu", f"trainer.attention={attention}")
    alone = [*small(f"experiment={experiment}", "trainer=cpu"), *ON_CPU]
    check_two_steps(trained([*chosen, "trainer.log_every=1"]), trained(alone))


def test_sharding_asks_for_gpus(tiny):
    with pytest.raises(StudyError, match=r"trainer\.strategy=fsdp shards over GPUs: use .*=ddp on a CPU"):
        trained([*tiny, "experiment=t5_base_gpu", "trainer=fsdp", *ON_CPU])


def test_layers_are_sharded_one_by_one_and_sums_stay_in_float32():
    strategy = _fsdp("bf16-mixed")
    policy = strategy.kwargs["auto_wrap_policy"]
    with torch.device("meta"):
        model = Seq2SeqTransformer(64, 16, 16, 2, 16, encoder_layers=2, decoder_layers=3)
    wrapped = [type(m) for m in model.modules() if policy(module=m, recurse=False, nonwrapped_numel=0)]
    assert wrapped == [EncoderLayer] * 2 + [DecoderLayer] * 3
    mixed = strategy.mixed_precision_config
    assert (mixed.param_dtype, mixed.reduce_dtype, mixed.buffer_dtype) == (torch.bfloat16, torch.float32, torch.float32)
    assert _fsdp("32-true").mixed_precision is None


def test_adamw_is_one_fused_kernel_for_decayed_and_kept_parameters():
    optimizer = AdamW().build(torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.LayerNorm(2)))
    assert [group["fused"] for group in optimizer.param_groups] == [True, True]


@pytest.fixture
def one_gpu(monkeypatch):
    """A machine that says it has a GPU of an old kind."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Tesla T4")
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: False)


@pytest.mark.usefixtures("one_gpu")
def test_a_gpu_without_bfloat16_is_told_before_anything_runs():
    with pytest.raises(StudyError, match=r"bf16-mixed: Tesla T4 has no bfloat16; use 16-mixed or 32-true"):
        check_machine(TrainerConfig(accelerator="gpu", precision="bf16-mixed"))
    check_machine(TrainerConfig(accelerator="gpu", precision="auto"))  # which takes float32 there
    with pytest.raises(StudyError, match=r"trainer\.devices=2: this machine has 1 GPU\(s\)"):
        check_machine(TrainerConfig(accelerator="gpu", devices=2))
    check_machine(TrainerConfig(accelerator="gpu", precision="32-true"))
    check_machine(TrainerConfig(accelerator="gpu", precision="16-mixed"))
    with pytest.raises(StudyError, match=r"trainer\.precision=16-mixed: float16 is for CUDA GPUs"):
        check_machine(TrainerConfig(accelerator="gpu", precision="16-mixed", strategy="fsdp"))


@pytest.mark.usefixtures("one_gpu")
def test_tf32_is_switched_on_for_gpus_alone_and_by_an_interface_that_is_current(monkeypatch, tmp_path):
    monkeypatch.setattr("lmstudy.training.trainer.L.Trainer", lambda **settings: settings)
    before = torch.get_float32_matmul_precision()
    try:
        build_trainer(TrainerConfig(), tmp_path, 2, 2, [], [])
        assert torch.get_float32_matmul_precision() == before == "highest"
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            build_trainer(TrainerConfig(accelerator="gpu"), tmp_path, 2, 2, [], [])
        assert torch.get_float32_matmul_precision() == "high"
        assert torch.backends.cuda.matmul.allow_tf32
    finally:
        torch.set_float32_matmul_precision(before)


def test_utilisation_is_the_flops_a_second_as_a_share_of_the_peak_of_all_gpus(monkeypatch):
    asked = []

    def peak(device, dtype):
        asked.append((device.type, dtype))
        return 1e12

    monkeypatch.setattr(flops_rate, "get_available_flops", peak)
    model, shape = Seq2SeqTransformer(96, 24, 16, 2, 44, 2, 3), Shape(4, 16, 24, 16)
    step = training_flops(Sizes(96, 16, 44, 2, 3), 4, 16, 24)
    speed = {"tokens": 800.0, "tokens_per_second": 160.0}  # 10 steps of 80 target tokens, two a second
    on_cpu = flops_rates(model, shape, 10, speed, TrainerConfig())
    assert on_cpu == {"flops_per_second": pytest.approx(2 * step)}
    placed = TrainerConfig(accelerator="gpu", devices=4, nodes=2, precision="bf16-mixed")
    found = flops_rates(model, shape, 10, speed, placed)
    assert found == {"flops_per_second": pytest.approx(2 * step), "utilisation": pytest.approx(2 * step / 8e12)}
    assert asked == [("cuda", torch.bfloat16)]
    assert flops_rates(torch.nn.Linear(1, 1), shape, 10, speed, placed) == {}
    monkeypatch.setattr(flops_rate, "get_available_flops", lambda device, dtype: None)  # a GPU it does not know
    assert set(flops_rates(model, shape, 10, speed, placed)) == {"flops_per_second"}


def test_a_run_with_batches_ahead_stops_cleanly_and_goes_on_as_if_nothing_had_happened(small, tmp_path, monkeypatch):
    few = ["trainer=cpu", "budget.steps=12", "budget.evaluate_every=6", "trainer.checkpoint_every=4"]
    settings = [*small(), *few, *ON_CPU]
    plain = trained([*settings, f"runs={tmp_path / 'plain'}"])

    loader = CorpusDataModule.train_dataloader
    monkeypatch.setattr(
        CorpusDataModule, "train_dataloader", lambda self: BatchesAhead(loader(self), torch.device("cpu"))
    )
    step = PretrainingModule.training_step

    def fails_at_nine(self, batch, index):
        if self.trainer.global_step == 9:
            raise OSError("the power is gone")
        return step(self, batch, index)

    with monkeypatch.context() as patched:
        patched.setattr(PretrainingModule, "training_step", fails_at_nine)
        with pytest.raises(OSError, match="the power is gone"):
            trained(settings)
    building = [thread for thread in threading.enumerate() if thread.name.startswith("batches")]
    assert building == []
    resumed = trained(settings)
    assert resumed.id == plain.id
    assert resumed.curves["train/loss"]["step"] == list(range(1, 13))
    for name in ("train/loss", "train/gradient_norm", "valid/bits_per_byte"):
        assert resumed.curves[name] == plain.curves[name]
    assert resumed.metrics["train/tokens"] == plain.metrics["train/tokens"]
