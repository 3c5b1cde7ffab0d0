"""`lmstudy-verify`: published records made again in a fresh folder, and compared with stated tolerances."""

from __future__ import annotations

import argparse
import math
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmstudy.commands.language import purpose
from lmstudy.errors import StudyError
from lmstudy.terminal import check_room, guarded, path_typed

if TYPE_CHECKING:
    from lmstudy.runs.provenance import Clock
    from lmstudy.runs.records import Record
    from lmstudy.study.verification import Compared

COLUMNS = ("record", "kind", "numbers", "farthest off", "published", "again", "of tolerance", "verdict")
DRAWN = 5
"""Records, where nothing says how many."""
KINDS = ("train", "evaluation", "tuning", "reward", "baseline", "rating_baseline", "task_baseline")


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status is 1 when a record made again differs, or when the records cannot be read."""
    parser = argparse.ArgumentParser(
        prog="lmstudy-verify",
        description=purpose(
            "lmstudy-verify",
            "Draw random published records, make them again in a fresh folder, and compare their numbers. "
            "Exit status: 1 when one differs, or none could be compared. What was made is kept, and used again.",
        ),
    )
    add = parser.add_argument
    add("ids", nargs="*", metavar="ID", help="of published records (default: drawn at random)")
    add("--records", type=int, metavar="N", help=f"how many are drawn (default: {DRAWN})")
    add("--all", action="store_true", help="all that can be made again: days on two cores")
    add("--kind", nargs="+", choices=KINDS, default=KINDS, metavar="KIND", help=f"of {', '.join(KINDS)}")
    add("--seed", type=int, help="of the draw (default: the clock)")
    add("--budget-minutes", type=_minutes, metavar="M", help="none is begun after so many (default: no limit)")
    add(
        "--runs",
        default="runs/verify",
        type=path_typed,
        metavar="FOLDER",
        help="where they are made (default: runs/verify)",
    )
    add("--dry-run", action="store_true", help="only list what would be made")
    given = parser.parse_args(argv)
    if bool(given.ids) + given.all + (given.records is not None) > 1:
        parser.error("what is verified is named by ID, drawn by --records N, or --all: give one of them")
    left = "interrupted; what was made is kept, and the same command with the same --seed goes on"
    return guarded("lmstudy-verify", lambda: _act(given), left)


def _act(given: argparse.Namespace) -> int:
    from lmstudy.runs.provenance import Clock
    from lmstudy.runs.records import load_folder, published_folder

    if given.records is not None and given.records < 1:
        raise StudyError(f"--records {given.records}: it must be at least 1")
    if not given.dry_run:
        check_room(given.runs)  # before the records are read, which takes a while
    published = load_folder(published_folder())
    chosen = _chosen(published, given)
    if given.dry_run:
        for record in chosen:
            print(f"{record.id}  {record.kind:<15} {record.name}  {record.wall_seconds:.0f} s when it was made")
        return 0
    clock = Clock()
    found = _verify(published, chosen, str(given.runs), given.budget_minutes, clock)
    print(_table(found))
    _keep(found, clock, given.runs)
    for one in found:
        if one.problem:
            print(f"lmstudy-verify: {one.record.id}: {one.problem}", file=sys.stderr)
    differing = sum(one.verdict == "differs" for one in found)
    agreeing = sum(one.verdict == "agrees" for one in found)
    print(f"{agreeing} agree, {differing} differ, {len(found) - agreeing - differing} not verified", file=sys.stderr)
    return 1 if differing or not agreeing else 0


def _chosen(published: Sequence[Record], given: argparse.Namespace) -> list[Record]:
    able = [record for record in published if record.kind in given.kind]
    if given.ids:
        found = []
        for name in given.ids:
            fitting = [record for record in published if record.id.startswith(name)]
            if not fitting:
                raise StudyError(f"{name}: no published record has that id; without an ID, some are drawn")
            if len(fitting) > 1:
                raise StudyError(f"{name!r}: {len(fitting)} published records have that id; give more of its digits")
            found += fitting
        return found
    if given.all:
        return able
    wanted = DRAWN if given.records is None else given.records
    seed = int(time.time()) if given.seed is None else given.seed
    print(f"drawn with --seed {seed}", file=sys.stderr)
    draw = random.Random(seed)
    by_kind = {kind: [record for record in able if record.kind == kind] for kind in given.kind}
    kinds = [kind for kind in by_kind if by_kind[kind]]
    found = []
    for number in range(min(wanted, len(able))):  # kinds in turn: one of them holds most records
        left = [kind for kind in kinds if by_kind[kind]]
        own = by_kind[left[number % len(left)]]
        found.append(own.pop(draw.randrange(len(own))))
    return found


def _minutes(text: str) -> float:
    """How many minutes, none of them endless."""
    if not math.isfinite(minutes := float(text)):
        raise argparse.ArgumentTypeError(f"{text}: minutes are wanted; there is no limit without the option")
    return minutes


def _verify(
    published: Sequence[Record], chosen: Sequence[Record], runs: str, minutes: float | None, clock: Clock
) -> list[Compared]:
    from lmstudy.study.verification import Compared, Workshop, compared

    workshop, found = Workshop(published, runs), []
    for number, record in enumerate(chosen, start=1):
        if minutes is not None and clock.seconds > 60 * minutes:
            found.append(Compared(record, None, problem=f"not begun: the {minutes:g} minutes were over"))
            continue
        print(f"{number} of {len(chosen)}: {record.kind} {record.name} {record.id}", file=sys.stderr)
        try:
            found.append(compared(record, workshop.again(record)))
        except StudyError as error:
            found.append(Compared(record, None, problem=str(error)))
        except Exception as error:  # the others are verified all the same
            found.append(Compared(record, None, problem=f"{type(error).__name__}: {error}"))
    return found


def _keep(found: Sequence[Compared], clock: Clock, runs: Path) -> None:
    """A record of the verification itself."""
    from lmstudy.runs.own_record import keep

    rows: list[Any] = [
        {"id": one.record.id, "name": one.record.name, "kind": one.record.kind, "verdict": one.verdict,
         "numbers": one.numbers, "worst": one.worst[0], "published": _finite(one.worst[1]),
         "again": _finite(one.worst[2]), "share": _finite(one.share), "problem": one.problem}
        for one in found
    ]  # fmt: skip
    keep("verification", rows, runs, clock, config={"records": [one.record.id for one in found]})


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _table(found: Sequence[Compared]) -> str:
    rows = [COLUMNS]
    for one in found:
        name, first, second = one.worst
        numbers = (f"{first:.4g}", f"{second:.4g}", f"{one.share:.0%}") if one.numbers else ("-", "-", "-")
        rows.append((one.record.id, one.record.kind, str(one.numbers), name or "-", *numbers, one.verdict))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


if __name__ == "__main__":
    sys.exit(main())
