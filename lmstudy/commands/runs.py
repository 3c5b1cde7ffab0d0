"""`lmstudy-runs`: what exists, what is half done, what the book still needs; runs side by side, and runs to delete."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from lmstudy.commands.language import purpose
from lmstudy.errors import StudyError
from lmstudy.terminal import guarded, path_typed


def main(arguments: list[str] | None = None) -> None:
    """Entry point."""
    english = __doc__.split(": ", 1)[1].capitalize() if __doc__ else ""
    parser = argparse.ArgumentParser(prog="lmstudy-runs", description=purpose("lmstudy-runs", english))
    parser.add_argument("--runs", default=Path("runs"), type=path_typed, help="folder of runs (default: runs)")
    parser.add_argument("--budget", default="quick", help="budget the book is to be built with (default: quick)")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    help_of_train = (
        "make what the book still needs; or the runs behind chapters, such as data or results, that are neither "
        "published nor finished"
    )
    act = parser.add_mutually_exclusive_group().add_argument
    act("--train", nargs="*", metavar="CHAPTER", help=help_of_train)
    parser.add_argument("--dry-run", action="store_true", help="with --train CHAPTER: only list its runs")
    help_of_set = "with --train CHAPTER: of every run, such as seed=4 budget=smoke"
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help=help_of_set)
    help_of_clock = "what a finished run's time went into: steps, compiling, validation and so on"
    act("--clock", metavar="ID", help=help_of_clock)
    help_of_compare = "two or more finished runs side by side: how their configurations differ, and what each reached"
    act("--compare", nargs="+", metavar="ID", help=help_of_compare)
    help_of_needs = (
        "what a finished run needs, and where it is: weights, the run it starts from, reward models, teachers"
    )
    act("--needs", metavar="ID", help=help_of_needs)
    help_of_delete = "delete the folders of runs that fit all of these, after asking; * stands for anything"
    act("--delete", nargs="+", metavar="KEY=PATTERN", help=help_of_delete)
    parser.add_argument("--yes", action="store_true", help="with --delete: do not ask")
    act("--publish", nargs="+", metavar="ID", help="copy finished records to the book's records")
    help_of_model = "let a finished training's weights come with the book: lmstudy-generate run=NAME then finds them"
    act("--publish-model", nargs=2, metavar=("ID", "NAME"), help=help_of_model)
    given = parser.parse_args(arguments)
    left = "interrupted; what is finished is kept, and the same command goes on"
    if status := guarded("lmstudy-runs", lambda: _act(given), left):
        raise SystemExit(status)


def _act(given: argparse.Namespace) -> None:
    if given.train is None and given.runs != Path("runs") and not given.runs.is_dir():
        raise StudyError(f"--runs {given.runs}: no such folder")
    if given.yes and not given.delete:
        raise StudyError("--yes goes with --delete KEY=PATTERN")
    if (given.dry_run or given.set) and not given.train:
        raise StudyError("--dry-run and --set go with --train CHAPTER")
    if given.publish:
        from lmstudy.runs.publishing import publish

        for run in given.publish:
            print(publish(run, given.runs), file=sys.stderr)
        return
    if given.publish_model:
        from lmstudy.runs.publishing import publish_model

        run, name = given.publish_model
        print(publish_model(run, name, given.runs), file=sys.stderr)
        return
    if given.clock is not None:
        show_clock(given.clock, given.runs, given.json)
        return
    if given.compare:
        show_compared(given.compare, given.runs, given.json)
        return
    if given.needs is not None:
        show_record_needs(given.needs, given.runs, given.json)
        return
    if given.delete:
        delete_runs(given.delete, given.runs, given.yes)
        return
    if given.train:
        train_chapters(given.train, given.set, given.runs, given.dry_run, given.json)
        return
    if given.train is not None:
        from lmstudy.publishing.needs import prepare_and_train

        prepare_and_train(given.budget, runs=str(given.runs))
    show(list_runs(given.runs), as_json=given.json)  # at once: needs may have to prepare the data first
    show(list_needs(given.runs, given.budget), as_json=given.json)


def list_runs(runs: Path) -> list[dict[str, Any]]:
    """Every run of a folder: finished ones with their result, half-done ones with their step, damaged ones as such."""
    from lmstudy.runs.deletion import FILES
    from lmstudy.runs.records import load

    rows = []
    for folder in sorted(path for path in runs.glob("*-*") if path.is_dir()):
        file = next((folder / name for name in FILES if (folder / name).exists()), None)
        if file is None:
            continue
        try:
            if file.name == "record.json":
                rows.append(_row("finished", folder, _found(load(file))))
            else:
                rows.append(_row("half done", folder, _progress(folder)))
        except (StudyError, OSError, ValueError, AttributeError):
            own = folder.name.rpartition("-")[2]
            why = f"{file.name} cannot be read; delete it (--delete id={own}), and the same command makes it again"
            rows.append(_row("damaged", folder, why))
    return rows


def _progress(folder: Path) -> str:
    """How far a half-done run has come, and of how many steps, where its configuration has them."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    steps = config.get("steps") or (config.get("budget") or {}).get("steps")
    stems = [path.stem.removeprefix("step=") for path in (folder / "checkpoints").glob("step=*.ckpt")]
    last = max((int(stem) for stem in stems if stem.isdigit()), default=0)
    return f"step {last}{f' of {steps}' if steps else ''}; the same command goes on from there"


def _row(state: str, folder: Path, detail: str) -> dict[str, Any]:
    name, _, run = folder.name.rpartition("-")
    return {"state": state, "id": run, "name": name, "detail": detail}


def _found(record: Any) -> str:
    """What a finished record says, in a few words."""
    if record.kind == "evaluation":
        measured = record.config["measure"]
        return f"{measured['name']} of {record.config['run']['id']} on {measured['split']}, {record.wall_seconds:.0f} s"
    bits = record.metrics.get("valid/bits_per_byte")
    return f"{bits:.3f} bits per byte on valid, {record.wall_seconds:.0f} s" if bits is not None else ""


def list_needs(runs: Path, budget: str) -> list[dict[str, Any]]:
    """What the book's notebooks need at this budget and the runs folder lacks."""
    from lmstudy.compose import check_budget

    check_budget(budget)
    from lmstudy.publishing.needs import NEEDS
    from lmstudy.runs.pretraining import open_run

    found = [(need, open_run(need.config(budget, str(runs))).folder) for need in NEEDS]
    missing = [(need, folder) for need, folder in found if not (folder / "record.json").exists()]
    return [_row("needed", folder, f"{need.notebook}: {need.command(budget)}") for need, folder in missing]


def train_chapters(chapters: list[str], overrides: list[str], runs: Path, dry_run: bool, as_json: bool) -> None:
    """List every run behind some chapters with its state, or make those that are missing, one after the other."""
    from lmstudy.study.chapter_runs import find, make, of_chapters
    from lmstudy.study.shelf import Shelf

    looking = Shelf.open(str(runs), makes=False)
    found = {run: find(looking, run) for run in of_chapters(chapters, overrides)}
    if dry_run:
        for run, (state, record) in found.items():
            ids = (record.id, record.name) if record else ("", "")
            show([{"state": state, "id": ids[0], "name": ids[1], "detail": str(run)}], as_json)
        return
    missing = [run for run, (state, _) in found.items() if state == "missing"]
    print(f"{len(found)} runs: {len(found) - len(missing)} exist, {len(missing)} are made now", file=sys.stderr)
    making = Shelf.open(str(runs))
    for number, run in enumerate(missing, start=1):
        print(f"{number} of {len(missing)}: {run}", file=sys.stderr)
        make(making, run)


def show(rows: list[dict[str, Any]], as_json: bool) -> None:
    """A table for people, or one JSON object a line."""
    if as_json:
        for row in rows:
            print(json.dumps(row))
        return
    for row in rows:
        print(f"{row['state']:<10} {row['id']:<17} {row['name']:<34} {row['detail']}")


def show_clock(run: str, runs: Path, as_json: bool) -> None:
    """What the time of a finished run went into, part by part: seconds, and shares of the whole.

    Args:
        run: its id or the beginning of it, or its folder.
        runs: folder of runs.
        as_json: one JSON object a line, in the place of a table.

    Raises:
        StudyError: there is no such run, or its record does not tell parts.
    """
    from lmstudy.runs.folders import find_folder
    from lmstudy.runs.records import load

    record = load(find_folder(run, runs, key="--clock") / "record.json")
    if record.clock is None:
        timed = record.kind in ("train", "tuning", "reward")
        why = "it is older than the clock" if timed else "it is not of a training"
        told = f"the record of {record.name} tells {record.wall_seconds:.0f} s in all, not by part"
        raise StudyError(f"--clock={run}: {told}: {why}")
    from lmstudy.training.clock import PARTS

    whole = sum(record.clock.values()) or 1.0
    for part, seconds in record.clock.items():
        if as_json:
            print(json.dumps({"part": part, "seconds": seconds, "share": seconds / whole}))
        else:
            print(f"{part:<12} {seconds:>9.1f} s {seconds / whole:>6.1%}  {PARTS.get(part, '')}")
    if not as_json:
        print(f"{'all':<12} {whole:>9.1f} s")


def show_compared(names: list[str], runs: Path, as_json: bool) -> None:
    """Differing keys and all metrics of finished runs, a column each, or one JSON object a line."""
    from lmstudy.runs.compared import compared
    from lmstudy.runs.folders import find_folder
    from lmstudy.runs.records import load

    rows = compared([load(find_folder(name, runs, key="--compare") / "record.json") for name in names])
    if as_json:
        for row in rows:
            print(json.dumps(row))
        return
    shown = [list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[column]) for line in shown) for column in range(len(shown[0]))]
    for line in shown:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: Any) -> str:
    """A value of a table as text; numbers to five digits."""
    if isinstance(value, float):
        return f"{value:.5g}"
    return value if isinstance(value, str) else json.dumps(value)


def show_record_needs(name: str, runs: Path, as_json: bool) -> None:
    """What a finished run needs, a line each, and where it is; or one JSON object a line."""
    from lmstudy.runs.folders import find_folder
    from lmstudy.runs.records import load
    from lmstudy.runs.references import needs

    folder = find_folder(name, runs, key="--needs")
    for one in needs(load(folder / "record.json"), folder, runs):
        place = "" if one.place is None else str(one.place)
        if as_json:
            print(json.dumps({"what": one.what, "name": one.name, "state": one.state, "place": place}))
        else:
            print(f"{one.state:<22}  {one.what:<28}  {one.name}  {place}".rstrip())


def delete_runs(query: list[str], runs: Path, sure: bool) -> None:
    """Say what would be deleted and what needs it, ask, and delete.

    Args:
        query: KEY=PATTERN each.
        runs: the folder of runs.
        sure: whether not to ask.

    Raises:
        StudyError: as `lmstudy.runs.deletion`; or nobody is there to be asked.
    """
    from lmstudy.runs.deletion import delete, matching

    found = matching(runs, query)
    for one in found:
        needed = f"  needed by {', '.join(one.needed_by)}" if one.needed_by else ""
        print(f"{one.folder}  {one.bytes / 1e6:,.1f} MB{needed}", file=sys.stderr)
    if not found:
        print(f"no run in {runs} fits {' '.join(query)}: nothing is deleted", file=sys.stderr)
        return
    if not sure:
        if not sys.stdin.isatty():
            raise StudyError(f"--delete asks before it deletes {len(found)} runs, and nobody can answer: say --yes")
        print(f"delete these {len(found)} runs? [y/N] ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            print("nothing is deleted", file=sys.stderr)
            return
    for one in found:
        delete(one.folder)
    print(f"{len(found)} runs are deleted, {sum(one.bytes for one in found) / 1e6:,.1f} MB", file=sys.stderr)


if __name__ == "__main__":
    main()
