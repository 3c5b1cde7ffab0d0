"""`lmstudy-claims`: recompute every claim of the book from the records and say which hold."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lmstudy.errors import StudyError

if TYPE_CHECKING:
    from lmstudy.study.claims import ClaimResult

COLUMNS = ("id", "chapter", "estimate", "interval", "n", "holds")


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status is 1 when a claim fails, or when the records cannot be read."""
    parser = argparse.ArgumentParser(
        prog="lmstudy-claims",
        description="Recompute every quantitative claim of the book from the run records, with its interval "
        "and the number of seeds behind it, and say whether it holds. Exit status: 1 when one does not.",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a line instead of a table")
    parser.add_argument(
        "--records",
        type=Path,
        metavar="FOLDER",
        help="the folder of records (default: LMSTUDY_RECORDS, or the published records of the checkout)",
    )
    arguments = parser.parse_args(argv)
    try:
        results = _results(arguments.records)
    except StudyError as error:
        print(f"lmstudy-claims: {error}", file=sys.stderr)
        return 1
    from lmstudy.show.claims import problem

    print("\n".join(map(_json_line, results)) if arguments.json else _table(results))
    failing = [r for r in results if r.fails]
    for result in failing:
        print(f"lmstudy-claims: {result.id}: {problem(result)}", file=sys.stderr)
    return 1 if failing else 0


def _results(folder: Path | None) -> list[ClaimResult]:
    from lmstudy.runs.records import load_folder, published_folder
    from lmstudy.study.claims import evaluate_claims  # here, so that --help need not wait for it

    return evaluate_claims(load_folder(folder or published_folder()))


def _json_line(result: ClaimResult) -> str:
    e = result.estimate
    numbers = {"estimate": e.value, "low": e.low, "high": e.high}
    finite = {key: value if math.isfinite(value) else None for key, value in numbers.items()}
    line = {"id": result.id, "chapter": result.claim.chapter, **finite, "n": e.n, "holds": result.holds}
    return json.dumps(line, ensure_ascii=False)


def _table(results: Sequence[ClaimResult]) -> str:
    rows = [COLUMNS, *map(_row, results)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def _row(result: ClaimResult) -> tuple[str, ...]:
    if result.error is not None:
        return result.id, result.claim.chapter, "-", "-", "-", result.outcome
    from lmstudy.show.claims import text

    shown = (text(result, "value"), text(result, "interval"), str(result.estimate.n))
    return result.id, result.claim.chapter, *shown, result.outcome


if __name__ == "__main__":
    sys.exit(main())
