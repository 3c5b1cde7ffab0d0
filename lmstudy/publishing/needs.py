"""What the book's notebooks need, and which of it exists.

A need is met by a finished run in the runs folder (with weights, where the notebook uses the model itself).
Everything else the notebooks show comes from published records.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lmstudy.compose import compose_config
from lmstudy.errors import StudyError
from lmstudy.overrides import override


@dataclass(frozen=True)
class Need:
    """A run that a notebook uses: the command that makes it is `lmstudy-train OVERRIDES`."""

    notebook: str
    overrides: tuple[str, ...]

    def command(self, budget: str) -> str:
        return " ".join(["lmstudy-train", *self.overrides, f"budget={budget}"])

    def config(self, budget: str, runs: str, *overrides: str) -> dict[str, Any]:
        return compose_config(
            "train", [*self.overrides, *overrides, override("budget", budget), override("runs", runs)]
        )


NEEDS = (Need("02_first_encoder_decoder", ("experiment=encoder_decoder", "seed=1")),)


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
    needed = [need for need in NEEDS if not only or need.notebook in only]
    if not needed:
        from lmstudy.data.corpus import prepare

        return prepare(compose_config("prepare", [])["data"]).fingerprint
    for need in needed:
        config = need.config(budget, runs, *(() if seed is None else (override("seed", seed),)))
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
