"""`lmstudy-register`: predictions that are written down before the runs that decide them, and what came of them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmstudy.commands.language import purpose
from lmstudy.errors import StudyError
from lmstudy.terminal import guarded, path_typed

if TYPE_CHECKING:
    from lmstudy.study.register import Entry

EXAMPLES = """\
examples:
  lmstudy-register                        what is registered, and what came of it
  lmstudy-register --add draft.yaml       write predictions down; then commit them
  lmstudy-register --train recipe.smear   train what a prediction lacks
  lmstudy-register --confirm recipe.smear open its split, once, and work it out
"""


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status is 1 where something is at fault."""
    parser = argparse.ArgumentParser(
        prog="lmstudy-register",
        description=purpose("lmstudy-register", __doc__.split(": ", 1)[1].capitalize() if __doc__ else ""),
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    acts = parser.add_mutually_exclusive_group()
    acts.add_argument("--add", type=path_typed, metavar="DRAFT", help="a YAML file that lists predictions")
    acts.add_argument("--train", metavar="ID", help="train the runs of a prediction that are missing")
    acts.add_argument("--confirm", metavar="ID", help="measure its runs on its split and keep the outcome as a record")
    parser.add_argument(
        "--runs", default="runs", type=path_typed, metavar="FOLDER", help="folder of runs (default: runs)"
    )
    given = parser.parse_args(argv)
    return guarded("lmstudy-register", lambda: _act(given), "interrupted; the same command goes on from there")


def _act(given: argparse.Namespace) -> None:
    if given.runs.exists() and not given.runs.is_dir():
        raise StudyError(f"--runs {given.runs}: a folder is wanted, and this is a file")
    if given.add is not None:
        add(given.add)
    elif given.train is not None:
        train(given.train, str(given.runs))
    elif given.confirm is not None:
        confirm(given.confirm, str(given.runs))
    else:
        show(str(given.runs))


def add(draft: Path) -> None:
    """Check a draft, complete it and put it into the register."""
    import yaml

    from lmstudy.atomic import write_text
    from lmstudy.runs.provenance import now
    from lmstudy.study import register

    try:
        content = yaml.safe_load(draft.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise StudyError(f"{draft}: cannot be read as YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, list) or not all(isinstance(one, dict) for one in content):
        raise StudyError(f"{draft}: a draft is a list of predictions, each with id, sentence and so on")
    whole: dict[str, Any] = {"registered": now(), "predictions": content}
    batch = register.read_batch(yaml.safe_dump(whole), str(draft))
    for one, written in zip(batch.predictions, content, strict=True):
        arms = {name: arm.composed for name, arm in one.arms.items()}
        if len(set(arms.values())) < len(arms):
            raise StudyError(f"{draft}: prediction {one.id}: two of its arms compose to the same runs")
        for name, configuration in arms.items():
            *path, last = name.split(".")
            holder: Any = written
            for part in path:
                holder = holder[int(part) if part.isdigit() else part]
            holder[last]["configuration"] = configuration
        page = register.folder().parents[1] / f"{one.chapter}.ipynb"
        if not page.exists():
            raise StudyError(f"{draft}: prediction {one.id}: chapter={one.chapter} is no page: there is no {page}")
    text = yaml.safe_dump(whole, sort_keys=False, allow_unicode=True, width=110)
    place = register.folder() / f"{whole['registered'][:10]}-{draft.stem}.yaml"
    if place.exists():
        raise StudyError(f"{place} exists: a batch is never changed; name the draft otherwise")
    complete = register.read_batch(text, str(draft))
    register.joined([*register.batches(), (complete, place.stem)])
    place.parent.mkdir(exist_ok=True)
    write_text(place, text)
    for one in complete.predictions:
        print(f"{one.hash}  {one.id}")
    print(f"written to {place}: commit it before the runs begin", file=sys.stderr)


def train(name: str, runs: str) -> None:
    """Train what a prediction lacks; it has to be committed."""
    from lmstudy.study.confirmation import check_committed
    from lmstudy.study.shelf import Shelf

    entry = _entry(name)
    check_committed(entry)
    entry.prediction.trained(Shelf.open(runs))


def confirm(name: str, runs: str) -> None:
    """Measure the runs of a prediction on its split, once, and keep what comes out."""
    from lmstudy.study.confirmation import check_committed, confirmed
    from lmstudy.study.verdicts import Verdict

    entry = _entry(name)
    check_committed(entry)
    record = confirmed(entry, runs)
    estimate = record.samples[0]
    assert isinstance(estimate, dict)
    print(f"{entry.prediction.id}: {Verdict(str(estimate['verdict']))} by itself ({entry.prediction.region.words})")
    print(f"{estimate['value']:.4g} {entry.prediction.unit} ({estimate['low']:.4g} to {estimate['high']:.4g})")
    print(f"opened {record.started}; record {record.id}", file=sys.stderr)


def show(runs: str) -> None:
    """A line for every prediction."""
    from lmstudy.study import register
    from lmstudy.study.confirmation import outcome
    from lmstudy.study.shelf import Shelf

    shelf = Shelf.open(runs, makes=False)
    rows = [
        (key, entry.prediction.id, entry.registered, outcome(entry, shelf)) for key, entry in register.read().items()
    ]
    if not rows:
        print(f"nothing is registered in {register.folder()}", file=sys.stderr)
        return
    table = [("hash", "prediction", "registered", "outcome"), *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    print("\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in table))


def _entry(name: str) -> Entry:
    """The prediction of an id, the one that is not superseded, or of a hash."""
    from lmstudy.study import register

    known = register.read()
    found = [entry for key, entry in known.items() if name in (key, entry.prediction.id)]
    if not found:
        ids = ", ".join(dict.fromkeys(entry.prediction.id for entry in known.values())) or "none"
        raise StudyError(f"no prediction {name!r} is registered; there are: {ids}")
    return found[-1]


if __name__ == "__main__":
    sys.exit(main())
