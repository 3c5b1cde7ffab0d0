"""Runs the article's listing with TensorFlow, mending by mending, and keeps what came of it as a record.

    python -m lmstudy.chapters.listing.run [--python P ...] [--seed N] [--runs FOLDER]

Each P is an interpreter; TensorFlow works in a process of its own there, and needs nothing of this package.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lmstudy.chapters.listing.mending import MENDINGS, ZEROS, as_printed, call_after, mended
from lmstudy.errors import StudyError
from lmstudy.runs.own_record import keep
from lmstudy.runs.provenance import Clock
from lmstudy.runs.records import Record
from lmstudy.terminal import check_room, guarded, path_typed

COMMAND = "python -m lmstudy.chapters.listing.run"
KIND = "listing"
"""Of the record."""
DRIVER = Path(__file__).parent / "driver.py"


def asked(python: str, job: Mapping[str, Any], folder: Path) -> Any:
    """What the driver answers to a job, in a process of another interpreter.

    Raises:
        StudyError: the interpreter cannot be started, or the job fails.
    """
    question, answer = folder / "job.json", folder / "result.json"
    question.write_text(json.dumps(job, ensure_ascii=False), encoding="utf-8")
    answer.unlink(missing_ok=True)
    alone = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    try:
        done = subprocess.run(
            [python, str(DRIVER), str(question), str(answer)], capture_output=True, text=True, env=alone, check=False
        )
    except OSError as error:
        raise StudyError(f"--python {python}: cannot be started ({error.strerror})") from error
    if done.returncode == 0:
        return json.loads(answer.read_text(encoding="utf-8"))
    raise StudyError(f"--python {python}: {job['job']}: {_last(done.stderr)}")


def known(python: str, folder: Path) -> dict[str, str]:
    """Versions of an interpreter's Python, TensorFlow, Keras and NumPy.

    Raises:
        StudyError: as `asked`; or it has no TensorFlow, or one of which nobody knows whether the mended listing runs.
    """
    found: dict[str, str] = asked(python, {"job": "versions"}, folder)
    if not found["tensorflow"]:
        raise StudyError(f"--python {python}: TensorFlow is not installed there: pip install 'lmstudy[tensorflow]'")
    major, minor = map(int, found["tensorflow"].split(".")[:2])
    if (major, minor) != (2, 7) and (major, minor) < (2, 16):
        raise StudyError(
            f"--python {python}: it has TensorFlow {found['tensorflow']}, and the listing was mended for 2.7, the "
            "article's, and for 2.16 or later, which has Keras 3: install one of these"
        )
    return found


def _last(text: str) -> str:
    """The line of a traceback that says the error."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = [line for line in lines if line.split(":")[0].endswith("Error")]
    return (told or lines or ["it said nothing"])[-1]


def tried(python: str, folder: Path, seed: int) -> dict[str, Any]:
    """What came of the listing as printed and after each mending (`stages`), and what is wrong silently (`probes`)."""
    texts = [{"text": mended(MENDINGS[:number]), "call": call_after(number)} for number in range(len(MENDINGS) + 1)]
    zeros = mended([mending for mending in MENDINGS if mending.errata[0] != ZEROS])
    job = {"job": "listing", "stages": texts, "printed": as_printed(), "zeros": zeros, "seed": seed}
    found: dict[str, Any] = asked(python, job, folder)
    return found


def made(pythons: Sequence[str], seed: int, runs: Path) -> Record:
    """The listing in each interpreter; the record is written into the folder of runs, and returned.

    Args:
        pythons: interpreters in which the listing is run.
        seed: of all that is drawn.
        runs: the folder.

    Raises:
        StudyError: as `known`; or the folder cannot be written to.
    """
    clock = Clock()
    rows: list[Any] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        found = {python: known(python, folder) for python in pythons}  # a mistake shows before anything takes long
        check_room(runs)
        for python, versions in found.items():
            own = {"tensorflow": versions["tensorflow"]}
            print(f"listing: TensorFlow {versions['tensorflow']}", file=sys.stderr)
            rows.append({"part": "versions", **versions})
            came = tried(python, folder, seed)
            rows += [{"part": "stage", "number": number, **own, **one} for number, one in enumerate(came["stages"])]
            rows.append({"part": "probes", **own, "found": came["probes"]})
    return keep(KIND, rows, runs, clock, config={"seed": seed}, seed=seed)


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status is 1 where something is missing, which one line says."""
    parser = argparse.ArgumentParser(prog=COMMAND, description="Run the article's listing, mending by mending.")
    add = parser.add_argument
    add(
        "--python",
        nargs="+",
        default=[sys.executable],
        metavar="P",
        help="interpreters with TensorFlow (default: this one)",
    )
    add("--seed", type=int, default=1, metavar="N", help="of all that is drawn (default: 1)")
    add("--runs", default="runs", type=path_typed, metavar="FOLDER", help="where the record is kept (default: runs)")
    given = parser.parse_args(argv)

    def act() -> None:
        made(given.python, given.seed, given.runs)

    return guarded(COMMAND, act)


if __name__ == "__main__":
    sys.exit(main())
