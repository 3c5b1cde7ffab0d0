"""What the chapter shows of the newest record: errors by mending, silent faults, and what is learned beside ours."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lmstudy.chapters.listing.driver import SENTENCES, WORDS
from lmstudy.chapters.listing.mending import COPYING, MENDINGS, as_printed, mended
from lmstudy.chapters.listing.ours import trained
from lmstudy.runs.records import Record
from lmstudy.show.numbers import number
from lmstudy.show.texts import fenced, shortened

LONGEST = 130
"""Characters that are shown of a message."""


def rows(record: Record, part: str) -> list[dict[str, Any]]:
    """What the record holds of a part: "versions", "stage" or "probes"."""
    samples: Any = record.samples
    return [row for row in samples if row["part"] == part]


def versions(record: Record) -> list[str]:
    """Of TensorFlow, in the order of the record."""
    return [row["tensorflow"] for row in rows(record, "versions")]


def environment_table(record: Record) -> pd.DataFrame:
    """Of each TensorFlow, with what it ran."""
    found = {f"TensorFlow {row['tensorflow']}": row for row in rows(record, "versions")}
    frame = pd.DataFrame.from_dict(found, orient="index")[["python", "keras", "numpy"]]
    return frame.rename(columns={"python": "Python", "keras": "Keras", "numpy": "NumPy"})


def stages(record: Record) -> dict[int, dict[str, dict[str, Any]]]:
    """What came of the listing after so many mendings, by version of TensorFlow."""
    found: dict[int, dict[str, dict[str, Any]]] = {}
    for row in rows(record, "stage"):
        found.setdefault(row["number"], {})[row["tensorflow"]] = row
    return found


def said(stage: Mapping[str, Any]) -> str:
    """What a run of the listing ended with: its error, or its loss at first and at last."""
    if stage["error"]:
        return f"{stage['error']}: {shortened(stage['message'], LONGEST)}"
    losses = stage["losses"]["loss"]
    return f"trains: loss {number(losses[0], decimals=2)} to {number(losses[-1], decimals=2)}"


def error_table(record: Record) -> pd.DataFrame:
    """Each run of the listing: what was mended before it, and what it ended with under each TensorFlow."""
    found = {}
    for place, by_version in stages(record).items():
        before = MENDINGS[place - 1] if place else None
        found[str(place + 1)] = {
            "mended before": f"{_named(before.errata)}: {before.says}" if before else "nothing: as printed",
            **{f"TensorFlow {version}": said(stage) for version, stage in by_version.items()},
        }
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("run")


def _named(errata: Sequence[int]) -> str:
    return ", ".join(f"E{erratum}" for erratum in errata)


def errors(record: Record) -> dict[str, int]:
    """How many runs ended with an error, by version of TensorFlow."""
    return {
        version: sum(bool(by_version[version]["error"]) for by_version in stages(record).values())
        for version in versions(record)
    }


def probe_table(record: Record) -> pd.DataFrame:
    """What is wrong without an error, by version of TensorFlow: numbers, or the kind of error that was raised."""
    found = {}
    for row in rows(record, "probes"):
        own = {name: value.split(":")[0] if isinstance(value, str) else value for name, value in row["found"].items()}
        found[f"TensorFlow {row['tensorflow']}"] = own
    return pd.DataFrame(found)


def difference() -> str:
    """The listing as printed against the mended one, as a block that shows what went in red and what came in green."""
    before, after = as_printed().splitlines(), mended().splitlines()
    lines = difflib.unified_diff(before, after, "as printed", "mended", n=200, lineterm="")
    return fenced("\n".join(list(lines)[3:]), "diff")


def changed() -> dict[str, int]:
    """How many lines of the printed listing were taken out, and how many came in."""
    lines = list(difflib.ndiff(as_printed().splitlines(), mended().splitlines()))
    return {"out": sum(line.startswith("- ") for line in lines), "in": sum(line.startswith("+ ") for line in lines)}


def as_code(text: str) -> str:
    """A text of the listing as a block."""
    return fenced(text, "python")


def sentences(record: Record) -> pd.DataFrame:
    """What the mended listing writes from the first word of each of the two sentences it learned, by version."""
    last = stages(record)[len(MENDINGS)]
    found = {f"TensorFlow {version}": ["".join(words) for words in one["written"]] for version, one in last.items()}
    return pd.DataFrame(found, index=[WORDS[first] for first, *_ in SENTENCES]).rename_axis("goes on from")


def beside_ours(record: Record, seed: int) -> pd.DataFrame:
    """The listing on two sentences, with its target as printed and with the next word, and this package's network."""
    predicting = next(number for number, one in enumerate(MENDINGS, start=1) if one.errata[0] == COPYING)
    found = {}
    for target, place in (("what went in", predicting - 1), ("the next word", predicting)):
        runs = {f"TensorFlow {version}": one for version, one in stages(record)[place].items()}
        runs["this package"] = trained(target == "the next word", seed)
        for name, run in runs.items():
            losses = run["losses"]["loss"]
            answers = {f"after {word}": answer for word, answer in zip(WORDS, run["answers"], strict=True)}
            found[f"{target}, {name}"] = {"loss at first": losses[0], "at last": losses[-1], **answers}
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("target")
