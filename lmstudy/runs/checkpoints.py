"""Checkpoints of a run: whose they are, how far they are, and what is refused."""

import sys
from pathlib import Path
from typing import Any

from lmstudy.errors import StudyError
from lmstudy.runs.identity import NUMERICS


def stamp(run: str, trunk: str | None, checkpoint: dict[str, Any]) -> None:
    """Write into a checkpoint whose it is."""
    checkpoint["lmstudy"] = {"run": run, "trunk": trunk, "numerics": NUMERICS}


def step_of(path: Path) -> int:
    """Step in a name such as `step=300.ckpt`."""
    return int(path.stem.split("=")[-1])


def checkpoints(folder: Path) -> list[Path]:
    """Those of a run's folder, the furthest first; a kill may have left two."""
    found = [path for path in (folder / "checkpoints").glob("step=*.ckpt") if path.stem.split("=")[-1].isdigit()]
    return sorted(found, key=step_of, reverse=True)


def last_checkpoint(folder: Path) -> Path | None:
    """The furthest checkpoint of a run's folder."""
    return next(iter(checkpoints(folder)), None)


def newest_whole(folder: Path, run: str) -> Path | None:
    """The furthest checkpoint that can be read; a line tells of those that are damaged. None where there is none.

    Raises:
        StudyError: all are damaged, or the one is of another configuration or version.
    """
    found = checkpoints(folder)
    damaged: list[DamagedCheckpointError] = []
    for path in found:
        try:
            check_checkpoint(path, run)
        except DamagedCheckpointError as error:
            damaged.append(error)
            continue
        for one in damaged:
            print(f"{one.problem}: goes on from {path.name} beside it", file=sys.stderr)
        return path
    if damaged:
        raise damaged[0]
    return None


class DamagedCheckpointError(StudyError):
    """A file that is no whole checkpoint, or holds what is not read.

    Args:
        problem: which file, and what is wrong with it.
        advice: what to do about it.
    """

    def __init__(self, problem: str, advice: str) -> None:
        super().__init__(f"{problem}: {advice}")
        self.problem = problem


def check_checkpoint(path: Path, run: str) -> None:
    """Refuse what is not a whole checkpoint of the very run of this id; nothing that it may hold is executed.

    Raises:
        StudyError: the file is damaged, or is of another configuration or version. It is left where it is.
    """
    import torch

    advice = f"move {path} away to train this run from its beginning"
    try:
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:
        first_line = (str(error).splitlines() or [type(error).__name__])[0]
        raise DamagedCheckpointError(f"checkpoint {path} cannot be read ({first_line})", advice) from error
    mark = content.get("lmstudy", {}) if isinstance(content, dict) else {}
    if mark.get("run") != run:
        raise StudyError(
            f"checkpoint {path} is of run {mark.get('run')}, not of {run}: another configuration; {advice}"
        )
    if mark.get("numerics") != NUMERICS:
        raise StudyError(
            f"checkpoint {path} was written by numerics version {mark.get('numerics')}, this is {NUMERICS}: "
            f"results would not be comparable; {advice}"
        )
