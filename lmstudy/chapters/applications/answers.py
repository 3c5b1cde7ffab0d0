"""Answers to look at: what was asked, what people say, and what was answered, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from pandas.io.formats.style import Styler

from lmstudy.runs.records import Record

LONGEST = 320
"""Characters of a text that are shown."""


def shortened(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST].rstrip() + " …"


def answers(
    columns: Mapping[str, Record],
    baselines: Record | None = None,
    also: Sequence[str] = (),
    count: int = 6,
    wrong: bool | None = None,
) -> pd.DataFrame:
    """A row a test example: source, people's answer, and that of every model and baseline, in the records' order.

    Args:
        columns: fine-tunings by the name of their column; the first decides what is wrong.
        baselines: a record of baselines.
        also: those of the baselines that are shown.
        count: rows.
        wrong: True: examples that the first column gets wrong; False: those it gets right; None: all.
    """
    own: dict[str, dict[str, Any]] = {
        name: {sample["id"]: sample for sample in _samples(record)} for name, record in columns.items()
    }
    theirs = {sample["id"]: sample["answers"] for sample in _samples(baselines)} if baselines else {}
    first = next(iter(own.values()))
    rows = []
    for name, sample in first.items():
        right = sample["answer"].split() == sample["target"].split()
        if (wrong is not None and right == wrong) or not all(name in column for column in own.values()):
            continue
        row = {"asked": shortened(sample["source"]), "people": shortened(sample["target"])}
        row |= {title: shortened(theirs[name][title]) or "(nothing)" for title in also if name in theirs}
        row |= {title: shortened(column[name]["answer"]) or "(nothing)" for title, column in own.items()}
        rows.append(row)
    return pd.DataFrame(rows[:count])


def _samples(record: Record) -> Sequence[Any]:
    return record.samples


def questions(baselines: Record, count: int = 4) -> pd.DataFrame:
    """Test examples as they are, from a record of baselines."""
    rows = [{"read": shortened(s["source"]), "to be written": shortened(s["target"])} for s in _samples(baselines)]
    return pd.DataFrame(rows[:count])


def show(table: pd.DataFrame, code: bool = False) -> Styler:
    """Texts in cells, their lines kept; `code` in a font of equal widths."""
    font = {"font-family": "monospace", "font-size": "0.78em"} if code else {"font-size": "0.85em"}
    return (
        table.style.hide(axis="index")
        .format(escape="html")
        .set_table_attributes('class="dataframe" style="table-layout: fixed; width: 100%"')
        .set_properties(
            **{"text-align": "left", "vertical-align": "top", "white-space": "pre-wrap", "overflow-wrap": "anywhere"},
            **font,
        )
        .set_table_styles([{"selector": "th", "props": "text-align: left; font-size: 0.85em; padding: 0.25em 0.45em"}])
    )
