"""Columns of a table that are data: every edition shows them as they are."""

import pandas as pd
from pandas.io.formats.style import Styler

from lmstudy.errors import StudyError

CLASS = "verbatim"
"""Of cells whose text is what people or models wrote, or a name in code."""


def verbatim(table: Styler, *columns: object) -> Styler:
    """The table, with the cells of these columns marked as data.

    Raises:
        StudyError: a column that the table lacks.
    """
    if unknown := [column for column in columns if column not in table.columns]:
        raise StudyError(f"no column {unknown}: the table has {list(map(str, table.columns))}")
    marks = pd.DataFrame("", table.index, table.columns)
    marks[list(columns)] = CLASS
    return table.set_td_classes(marks)
