"""Tables of the book: frames whose cells are estimates and numbers until they are shown."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from pandas.io.formats.style import Styler

from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate
from lmstudy.runs.records import Record
from lmstudy.show import numbers
from lmstudy.show.numbers import is_interval
from lmstudy.study.estimates import bits_per_byte, mean_metric

PROSE = 32
"""Characters from which a cell makes its column one of prose, whose lines wrap."""
NUMBER = re.compile(rf"[+{numbers.MINUS}-]?[\d,]*\.?\d+( ?%)?( \(.* to .*\))?")
INTERVAL = re.compile(r"\([^()]+ to [^()]+\)( \*)?")
MISSING = "–"


def shown(
    frame: pd.DataFrame,
    caption: str = "",
    *,
    decimals: int | Mapping[Any, int] | None = None,
    signed: bool | Collection[Any] = False,
    missing: str = MISSING,
    index: bool = True,
) -> Styler:
    """A table as the book shows it; see `cells` for how a cell is written.

    Numbers stand on the right and do not wrap, text on the left; a column of long text (class "prose") wraps, but not
    within an interval. The index's name, if it has one, stands in the corner. The table has the class "study-table".

    Args:
        frame: a row a thing, with unique names of rows and columns; cells are estimates, numbers or text.
        caption: what the table shows, without its number.
        decimals: of floats and estimates, for all columns or by column; else by what is known.
        signed: columns of differences, or True for all: floats and estimates have a plus above zero.
        missing: for None and NaN.
        index: whether the names of the rows are shown.

    Raises:
        StudyError: names of rows or columns that are not unique; a column that the table lacks.
    """
    for axis, names in (("row", frame.index), ("column", frame.columns)):
        if not names.is_unique:
            twice = names[names.duplicated()].unique().tolist()
            raise StudyError(f"{axis} names {twice}: more than once in one table; name each differently")
    written = cells(frame, decimals=decimals, signed=signed, missing=missing)
    classes, styles = pd.DataFrame("", written.index, written.columns), []
    for place, column in enumerate(written):
        numeric = is_numeric(frame[column])
        styles.append({"selector": f".col{place}", "props": f"text-align: {'right' if numeric else 'left'}"})
        if numeric:
            styles.append({"selector": f"td.col{place}", "props": "white-space: nowrap"})
        elif max(map(len, written[column]), default=0) >= PROSE:
            classes[column] = "prose"
            styles.append({"selector": f"td.col{place}", "props": "max-width: 26em; white-space: normal"})
    styles.append({"selector": "th.row_heading, th.index_name, th.blank", "props": "text-align: left"})
    corner = frame.index.name or frame.columns.name
    written = written.rename_axis(index=None, columns=corner)
    digest = hashlib.sha256(f"{caption}{written.to_json()}".encode()).hexdigest()[:8]  # the same table is the same HTML
    style = Styler(written.map(_whole_intervals), uuid=digest, cell_ids=False, escape="html")
    style.format_index(escape="html", axis=0).format_index(escape="html", axis=1)
    style.set_table_attributes('class="dataframe study-table"').set_table_styles(styles)
    style.set_td_classes(classes.rename_axis(index=None, columns=corner))
    if not index:
        style.hide(axis="index")
    return style.set_caption(caption) if caption else style


def _whole_intervals(cell: str) -> str:
    """A cell whose line breaks before an interval, and not within it or before its star."""
    return INTERVAL.sub(lambda found: found[0].replace(" ", "\N{NO-BREAK SPACE}"), cell)


def cells(
    frame: pd.DataFrame,
    *,
    decimals: int | Mapping[Any, int] | None = None,
    signed: bool | Collection[Any] = False,
    missing: str = MISSING,
) -> pd.DataFrame:
    """The text of every cell: estimates with intervals, whole numbers whole, floats of a column with like decimals.

    Estimates have the digits of their intervals; in a column, those one digit off the usual have the usual, unless a
    single digit of the value were left. True and False are "yes" and "no". Arguments are those of `shown`.
    """
    named = {*(decimals if isinstance(decimals, Mapping) else ()), *(() if isinstance(signed, bool) else signed)}
    if unknown := named - set(frame.columns):
        raise StudyError(f"no column {sorted(map(str, unknown))}: the table has {list(map(str, frame.columns))}")
    found = {}
    for column in frame:
        plus = signed if isinstance(signed, bool) else column in signed
        given = decimals.get(column) if isinstance(decimals, Mapping) else decimals
        usual = _usual_decimals(frame[column])
        found[column] = [missing if is_missing(cell) else _text(cell, plus, given, *usual) for cell in frame[column]]
    return pd.DataFrame(found, index=frame.index, columns=frame.columns, dtype=object)


def _text(cell: Any, plus: bool, given: int | None, of_estimates: int, of_floats: int) -> str:
    if isinstance(cell, bool | np.bool_):
        return "yes" if cell else "no"
    if is_interval(cell):
        own = numbers.decimals(cell)
        too_few = own > of_estimates and abs(cell.value) * 10**of_estimates < 10
        odd = numbers.is_skewed(cell) or abs(own - of_estimates) > 1 or too_few
        return numbers.written(cell, plus, decimals=given if given is not None else None if odd else of_estimates)
    if isinstance(cell, int | np.integer):
        return numbers.number(int(cell))
    if isinstance(cell, float | np.floating):
        return numbers.number(float(cell), decimals=of_floats if given is None else given, signed=plus)
    return str(cell)


def _usual_decimals(column: pd.Series) -> tuple[int, int]:
    """Of the estimates of a column, and of its floats: none if all are whole, else three digits of the middle one."""
    estimates = [numbers.decimals(cell) for cell in column if is_interval(cell) and not is_missing(cell)]
    floats = [abs(float(cell)) for cell in column if isinstance(cell, float | np.floating) and np.isfinite(cell)]
    of_estimates = int(np.ceil(np.median(estimates))) if estimates else 0
    if all(x.is_integer() for x in floats):
        return of_estimates, 0
    middle = float(np.median([x for x in floats if x]))
    return of_estimates, min(numbers.FINEST, max(0, 2 - int(np.floor(np.log10(middle)))))


def is_missing(cell: Any) -> bool:
    """None, NaN, or an estimate without a value."""
    x = cell.value if is_interval(cell) else cell
    return x is None or (isinstance(x, float | np.floating) and bool(np.isnan(x)))


def is_numeric(column: pd.Series) -> bool:
    """Whether at least half of the cells that are there are numbers or estimates, or all are numbers in texts."""
    there = [cell for cell in column if not is_missing(cell)]
    real = [is_interval(c) or (isinstance(c, int | float | np.number) and not isinstance(c, bool)) for c in there]
    return bool(there) and (sum(real) >= len(real) / 2 or all(NUMBER.fullmatch(str(cell)) for cell in there))


def differences(found: Mapping[str, Estimate], unit: str, lower: Literal["better", "worse"] = "better") -> pd.DataFrame:
    """A row a difference: with its interval, the seeds behind it, and what it allows to say.

    Args:
        found: differences by name.
        unit: as "bits per byte"; the column is called "difference, bits per byte".
        lower: what a negative difference means.
    """
    rows = {name: {f"difference, {unit}": e, "seeds": e.n, "says": numbers.says(e, lower)} for name, e in found.items()}
    return pd.DataFrame.from_dict(rows, orient="index", dtype=object)


def parameter_table(model: Any) -> pd.DataFrame:
    """Parameters of each part of a model, in the order data flows through it."""
    parts: Counter[str] = Counter()
    for name, parameter in model.named_parameters():
        parts[name.partition(".")[0].replace("_", " ")] += parameter.numel()
    return pd.DataFrame({"parameters": {**parts, "all": parts.total()}})


def quality_table(arms: Mapping[str, Sequence[Record]], split: str = "valid") -> pd.DataFrame:
    """Bits per byte with its interval, and the classification metrics, of each arm on a split; means over seeds."""
    columns = {"token accuracy": "accuracy", "macro recall": "recall", "macro F1": "f1"}
    rows = {
        name: {
            "bits per byte (95 % interval)": bits_per_byte(records, split),
            **{title: mean_metric(records, f"{split}/{key}") for title, key in columns.items()},
            "seeds": len(records),
        }
        for name, records in arms.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def reason_table(report: Mapping[str, Any]) -> pd.DataFrame:
    """One row a cleaning step of a corpus' report: its reason, and the documents and characters it removed."""
    removed = [source["removed"] for source in report["sources"].values()]
    rows = {
        step: {
            "why": reason,
            "documents": sum(counts.get(step, {}).get("documents", 0) for counts in removed),
            "characters": sum(counts.get(step, {}).get("characters", 0) for counts in removed),
        }
        for step, reason in report["steps"].items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")
