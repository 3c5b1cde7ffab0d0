"""Loggers by name. CSV is always on; whatever a logger does, the run goes on."""

import functools
import http.client
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import CSVLogger, Logger

ANSWERS_WITHIN = 5
"""Seconds."""


class ForgivingLogger(Logger):
    """Hands everything on to a logger until that fails once; then says so and stays silent."""

    def __init__(self, label: str, make: Callable[[], Logger]) -> None:
        super().__init__()
        self.label = label
        self._logger: Logger | None = None
        try:
            self._logger = make()
        except Exception as error:
            self._give_up(error)

    def _try(self, action: Callable[[Logger], Any]) -> None:
        if self._logger is not None:
            try:
                action(self._logger)
            except Exception as error:
                self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self._logger = None
        print(f"warning: the {self.label} logger failed and is off from here: {error}", file=sys.stderr)

    @property
    def name(self) -> str:
        return self.label

    @property
    def version(self) -> str:
        return "0"

    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        self._try(lambda logger: logger.log_hyperparams(params))

    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        self._try(lambda logger: logger.log_metrics(metrics, step))

    def save(self) -> None:
        self._try(lambda logger: logger.save())

    def finalize(self, status: str) -> None:
        self._try(lambda logger: logger.finalize(status))

    def close(self) -> None:
        """The run is over (Lightning finalises after every stage of it)."""
        if self.label == "wandb":
            self._try(_finish_wandb)


def _finish_wandb(logger: Logger) -> None:
    """A sweep trains several runs in one process: wandb must close one before it opens the next."""
    import wandb

    wandb.finish()


@functools.cache
def reachable() -> bool:
    """Whether the server of Weights & Biases answers; asked once, and told once if not.

    wandb itself would try for a minute and a half, in every run of a sweep, and keep nothing.
    """
    address = os.environ.get("WANDB_BASE_URL") or "https://api.wandb.ai"
    try:
        urllib.request.urlopen(address, timeout=ANSWERS_WITHIN).close()
    except urllib.error.HTTPError:  # it answers
        return True
    except (OSError, ValueError, http.client.HTTPException) as error:
        why = getattr(error, "reason", None) or error
        print(f"{address} does not answer ({why}): wandb keeps its runs offline, for `wandb sync`", file=sys.stderr)
        return False
    return True


def _wandb(folder: Path, run: str, name: str) -> Logger:
    os.environ.setdefault("WANDB_SILENT", "true")  # before wandb is imported
    from lightning.pytorch.loggers import WandbLogger

    # Lightning's own `offline` sets a mode that newer wandb does not know.
    mode = os.environ.get("WANDB_MODE") or ("online" if os.environ.get("WANDB_API_KEY") and reachable() else "offline")
    return WandbLogger(project="lmstudy", name=name, id=run, save_dir=str(folder), mode=mode, log_model=False)


def _tensorboard(folder: Path) -> Logger:
    from lightning.pytorch.loggers import TensorBoardLogger

    return TensorBoardLogger(save_dir=str(folder), name="tensorboard", version="")


def build_loggers(names: list[str], folder: Path, run: str, name: str) -> list[ForgivingLogger]:
    """CSV and the named loggers, writing under the run's folder. wandb is offline unless a key is present."""
    makers: dict[str, Callable[[], Logger]] = {
        "csv": lambda: CSVLogger(save_dir=str(folder), name="csv"),
        "wandb": lambda: _wandb(folder, run, name),
        "tensorboard": lambda: _tensorboard(folder),
    }
    return [ForgivingLogger(label, makers[label]) for label in dict.fromkeys(["csv", *names])]
