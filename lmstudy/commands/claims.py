"""`lmstudy-claims`: recompute every claim of the book from the records and say which hold."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lmstudy.commands.language import purpose
from lmstudy.errors import StudyError
from lmstudy.terminal import check_room, guarded, path_typed

if TYPE_CHECKING:
    from lmstudy.study.claims import ClaimResult

COLUMNS = ("id", "chapter", "kind", "estimate", "interval", "n", "outcome")


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status is 1 when a claim fails, or when the records cannot be read."""
    parser = argparse.ArgumentParser(
        prog="lmstudy-claims",
        description=purpose(
            "lmstudy-claims",
            "Recompute every quantitative claim of the book from the run records, with its interval "
            "and the number of seeds behind it, and say what comes of it: holds, fails or undecided. Exit status: 1 "
            "when a chapter says otherwise.",
        ),
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a line instead of a table")
    parser.add_argument(
        "--records",
        type=path_typed,
        metavar="FOLDER",
        help="the folder of records (default: LMSTUDY_RECORDS, or the published records of the checkout)",
    )
    parser.add_argument(
        "--coverage",
        type=int,
        metavar="N",
        help="instead, simulate N studies for each kind of interval, and keep how often it held the truth as a record",
    )
    parser.add_argument(
        "--runs", default="runs", type=path_typed, metavar="FOLDER", help="where that record goes (default: runs)"
    )
    arguments = parser.parse_args(argv)
    if arguments.coverage is not None and (arguments.json or arguments.records):
        parser.error("--coverage simulates studies and reads no claims: leave --json and --records out")
    return guarded("lmstudy-claims", lambda: _work_out(arguments))


def _work_out(arguments: argparse.Namespace) -> int:
    from lmstudy.runs.records import load_folder, published_folder  # here, so that --help need not wait for them
    from lmstudy.show.claims import problem
    from lmstudy.study.claims import evaluate_claims

    if arguments.coverage is not None:
        _coverage(arguments.coverage, arguments.runs)
        return 0
    folder = arguments.records or published_folder()
    if not (records := load_folder(folder)):
        raise StudyError(f"{folder}: it holds no record (*.json); name a folder such as book/records")
    results = evaluate_claims(records)
    print("\n".join(map(_json_line, results)) if arguments.json else _table(results))
    failing = [result for result in results if result.fails]
    for result in failing:
        print(f"lmstudy-claims: {result.id}: {problem(result)}", file=sys.stderr)
    return 1 if failing else 0


def _coverage(draws: int, runs: Path) -> None:
    from dataclasses import asdict

    from lmstudy.evaluation.coverage import simulated
    from lmstudy.runs.own_record import keep
    from lmstudy.runs.provenance import Clock

    if draws < 1:
        raise StudyError(f"--coverage {draws}: it must be at least 1")
    check_room(runs)
    clock = Clock()
    found = simulated(draws, print)
    keep("coverage", [asdict(one) for one in found], runs, clock, config={"draws": draws})


def _json_line(result: ClaimResult) -> str:
    e = result.estimate
    numbers = {"estimate": e.value, "low": e.low, "high": e.high}
    finite = {key: value if math.isfinite(value) else None for key, value in numbers.items()}
    line: dict[str, object] = {"id": result.id, "chapter": result.claim.chapter, **finite, "n": e.n}
    line |= {"kind": result.kind, "outcome": result.outcome, "records": result.records}
    return json.dumps(line, ensure_ascii=False)


def _table(results: Sequence[ClaimResult]) -> str:
    from lmstudy.show.claims import numbers

    rows = [COLUMNS, *((r.id, r.claim.chapter, str(r.kind), *numbers(r), r.outcome) for r in results)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


if __name__ == "__main__":
    sys.exit(main())
