"""What the book's notebooks need, and which of it exists.

A need is met by a finished run in the runs folder (with weights, where the notebook uses the model itself).
Everything else the notebooks show comes from published records.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lmstudy.compose import compose_config
from lmstudy.errors import StudyError


@dataclass(frozen=True)
class Need:
    """A run that a notebook uses: the command that makes it is `lmstudy-train OVERRIDES`."""

    notebook: str
    overrides: tuple[str, ...]

    def command(self, budget: str) -> str:
        return " ".join(["lmstudy-train", *self.overrides, f"budget={budget}"])


NEEDS = (Need("02_first_encoder_decoder", ("experiment=first_model", "seed=1")),)


def run_folder(need: Need, budget: str, runs: str = "runs") -> Path:
    """Where the run of a need lives, whether it exists or not; prepares the data if that is missing."""
    from lmstudy.runs.pretraining import open_run

    return open_run(compose_config("train", (*need.overrides, f"budget={budget}", f"runs={runs}"))).folder


def prepare_and_train(
    budget: str, train: bool = True, runs: str = "runs", only: Sequence[str] = (), seed: int | None = None
) -> str:
    """Prepare the data and train what the notebooks (or `only` those named) need and does not exist.

    With `seed`, runs of that seed are what is needed.

    Returns:
        The runs' ids and the data's fingerprint: what the notebooks' outputs depend on beside their code.
    """
    from lmstudy.runs.pretraining import open_run
    from lmstudy.runs.pretraining import train as train_run

    found = []
    if not any(not only or need.notebook in only for need in NEEDS):
        from lmstudy.data.corpus import prepare

        return prepare(compose_config("prepare", [])["data"]).fingerprint
    for need in NEEDS:
        if only and need.notebook not in only:
            continue
        overrides = (*need.overrides, *(() if seed is None else (f"seed={seed}",)))
        config = compose_config("train", (*overrides, f"budget={budget}", f"runs={runs}"))
        run = open_run(config)
        found.append(f"{run.corpus.fingerprint} {run.id}")
        if run.record_path.exists() and not (run.folder / "model.safetensors").exists():
            raise StudyError(f"{run.folder} has a record and no weights: move it away to train the run again")
        if run.record_path.exists():
            print(f"{need.notebook}: run {run.id} exists", file=sys.stderr)
        elif train:
            print(f"{need.notebook}: trains {run.name} ({need.command(budget)})", file=sys.stderr)
            train_run(config)
        else:
            raise StudyError(f"{need.notebook} needs a run that does not exist: {need.command(budget)}")
    return "\n".join(found)
