"""Does what is meant for a CUDA GPU work on this one, and is what it computes what a processor computes?

A check trains a small network for four steps on this package's own source, or writes with one. Losses and norms of
gradients, before clipping, are compared with those of the same steps on the processor in float32. On a processor the
same checks run as far as it can do them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

import lmstudy
from lmstudy.compose import compose_config
from lmstudy.errors import StudyError
from lmstudy.overrides import override
from lmstudy.runs.dpo import train_dpo
from lmstudy.runs.lifecycle import WEIGHTS
from lmstudy.runs.pretraining import build_module, open_run, train
from lmstudy.runs.records import Record

Device = Literal["gpu", "cpu"]

SMALL = (
    "data=files", "data.suffixes=[.py]", "data.unit=function", "data.tokenizer.vocab_size=512", "data.split.valid=0.15",
    "budget=smoke", "budget.steps=4", "budget.evaluate_every=4", "budget.rows=4", "budget.encoder_length=128",
    "budget.prefix_length=96", "budget.decoder_length=256", "budget.d_model=64", "budget.heads=2", "budget.d_ff=96",
    "budget.encoder_layers=2", "budget.decoder_layers=2", "budget.evaluation_documents=8", "budget.final_documents=16",
    "budget.samples=1", "optimizer=adamw", "logger=csv", "trainer.log_every=1", "trainer.compile=false",
)  # fmt: skip
REFERENCE = ("trainer=cpu", "trainer.precision=32-true", "trainer.log_every=1", "trainer.compile=false")
COMPARED = ("train/loss", "train/gradient_norm")
TOKENS = 48
"""That are written in a comparison of two writers."""


@dataclass(frozen=True)
class Check:
    """Something that a device should do.

    Attributes:
        of: overrides of a training; None where texts are written or pairs are learned from.
        within: largest difference from the processor that is right, as a share of a loss or a norm of gradients.
        where: the devices that can do it.
    """

    of: tuple[str, ...] | None
    within: float
    where: tuple[Device, ...] = ("gpu", "cpu")


CHECKS: dict[str, Check] = {
    "float32": Check(("trainer.precision=32-true",), 0.01),
    "bfloat16 products": Check(("trainer.precision=bf16-mixed",), 0.02),
    "bfloat16": Check(("trainer.precision=bf16-true",), 0.1),
    "float16 products": Check(("trainer.precision=16-mixed",), 0.02, ("gpu",)),
    "Muon": Check(("trainer.precision=bf16-mixed", "optimizer=muon"), 0.02),
    "compiled": Check(("trainer.precision=bf16-mixed", "trainer.compile=true"), 0.02),
    "flex attention": Check(
        ("trainer.precision=bf16-mixed", "trainer.compile=true", "trainer.attention=flex"), 0.02, ("gpu",)
    ),
    "DDP": Check(("trainer.precision=32-true", "trainer.strategy=ddp"), 0.01),
    "FSDP": Check(("trainer.precision=bf16-mixed", "trainer.strategy=fsdp"), 0.02, ("gpu",)),
    "sampling": Check(None, 0.0),
    "learning from pairs": Check(None, 0.0),
}
"""By what people call it."""


def _config(device: Device, runs: Path, *overrides: str) -> dict[str, Any]:
    trainer = ("trainer=gpu", "trainer.checkpoint_every=100") if device == "gpu" else ("trainer=cpu",)
    source = override("data.path", str(Path(lmstudy.__file__).parent / "data"))
    return compose_config("train", [*trainer, *SMALL, source, override("runs", str(runs)), *overrides])


def on(device: Device, runs: Path, *overrides: str) -> Record:
    """The record of a training of four steps.

    Args:
        device: "gpu" is the first CUDA GPU.
        runs: a folder of these checks' own.
        overrides: of the small run, the trainer's above all.
    """
    return train(_config(device, runs, *overrides))


def find(name: str, device: Device, runs: Path) -> str:
    """What came of a check, in a few words.

    Args:
        name: of `CHECKS`.
        device: where it is made.
        runs: a folder of these checks' own; the reference of the processor is made there once.

    Raises:
        StudyError: what is computed differs, or the device cannot do it.
    """
    special: dict[str, Callable[[Device, Path], str]] = {"sampling": _sampling, "learning from pairs": _pairs}
    if name in special:
        return special[name](device, runs)
    check = CHECKS[name]
    assert check.of is not None
    optimizer = [each for each in check.of if each.startswith("optimizer")]
    expected = on("cpu", runs / "reference", *REFERENCE, *optimizer)
    found = on(device, runs / name.replace(" ", "_"), *check.of)
    off = max(
        abs(there - here) / abs(here)
        for curve in COMPARED
        for there, here in zip(found.curves[curve]["value"], expected.curves[curve]["value"], strict=True)
    )
    told = f"differs from the processor by at most {off:.2g} of a loss or gradient"
    if not off <= check.within:
        raise StudyError(f"{told}; {check.within} would be right")
    return told


def _sampling(device: Device, runs: Path) -> str:
    """Greedy texts of a trained network are those of the processor, but for ties of rounding."""
    from safetensors.torch import load_file

    from lmstudy.models.generation import Sampling, generate

    on("cpu", runs / "reference", *REFERENCE)
    run = open_run(_config("cpu", runs / "reference", *REFERENCE))
    written = []
    for place in ("cpu", "cuda" if device == "gpu" else "cpu"):
        model = build_module(run).model
        model.load_state_dict(load_file(run.folder / WEIGHTS))
        greedy = Sampling(temperature=0, stop=(), max_tokens=TOKENS)
        with torch.no_grad():
            texts = generate(model.to(place).eval(), [[5, 6, 7], [8]], greedy, forced=[[], []])  # type: ignore[arg-type]
        written.append([token for text in texts for token in text])
    first = next((i for i, (a, b) in enumerate(zip(*written, strict=True)) if a != b), len(written[0]))
    told = f"{first} of {len(written[0])} tokens are the processor's"
    if first < len(written[0]) // 4:
        raise StudyError(f"{told}; a quarter would be right, behind a tie they go apart")
    return told


def _pairs(device: Device, runs: Path) -> str:
    """Texts are sampled and scored, and preferences are learned from them."""
    start = on("cpu", runs / "reference", *REFERENCE)
    asked = ["scorer=pep8", "loss=dpo", "beta=0.1", "pairs=4", "samples=32", "steps=4", "partners=2", "logger=csv"]
    trainer = [f"trainer={device}", "trainer.log_every=1", "trainer.compile=false"]
    folder = runs / "reference"
    begun = [override("run", str(folder / f"{start.name}-{start.id}")), override("runs", str(folder))]
    found = train_dpo(compose_config("dpo", [*asked, *trainer, *begun]))
    loss = found.curves["train/loss"]["value"][0]
    if abs(loss - 0.6931) > 0.01:
        raise StudyError(f"the first loss is {loss:.4f}; ln 2 would be right, as policy and reference are equal")
    return f"first loss {loss:.4f}, which is ln 2 where policy and reference are equal"
