"""Tables of the book: cells stay numbers until they are shown."""

import re
from math import nan

import pandas as pd
import pytest

from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate
from lmstudy.show.tables import cells, differences, shown

LONG = "a reason that is told in so many words that it cannot stand on one line of a table"


def mixed():
    rows = {
        "a": {"files": 700, "loss": 0.5, "bits": Estimate(1.732, 1.701, 1.763, 3), "why": LONG, "licence": "MIT"},
        "b": {"files": 699, "loss": nan, "bits": Estimate(nan, nan, nan, 1), "why": "x < 1", "licence": "BSD"},
        "all": {"files": 1399, "loss": 12.25, "bits": "not run", "why": None, "licence": ""},
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("package")


def test_cells_are_written_by_what_they_are():
    written = cells(mixed())
    assert list(written["files"]) == ["700", "699", "1,399"]
    assert list(written["loss"]) == ["0.50", "–", "12.25"]
    assert list(written["bits"]) == ["1.732 (1.701 to 1.763)", "–", "not run"]
    assert list(cells(mixed(), decimals={"loss": 1}, missing="")["loss"]) == ["0.5", "", "12.2"]
    assert list(cells(pd.DataFrame({"x": [True, False]}))["x"]) == ["yes", "no"]


@pytest.mark.parametrize("transposed", [False, True])
def test_a_total_reads_whole_whatever_the_type_of_its_column(transposed):
    table = pd.DataFrame({"files": [700, 699], "used for": ["", "tests"]}, index=["a", "b"])
    table.loc["all"] = {"files": 1399, "used for": ""}
    if transposed:
        table = table.T.T  # object
    html = shown(table).to_html()
    assert re.search(r'<td class="[^"]*col0[^"]*" *>1,399</td>', html)
    assert re.search(r"\.col0 \{\s*text-align: right;", html)
    assert re.search(r"td\.col0 \{\s*white-space: nowrap;", html)  # a number is not cut in two


def test_estimates_of_a_column_have_like_digits_and_differences_their_sign():
    halves = (0.031, 0.0098, 0.034, 1.1)
    table = pd.DataFrame({"gap": [Estimate(0.5, 0.5 - half, 0.5 + half, 3) for half in halves]})
    assert [text.split()[0] for text in cells(table, signed=True)["gap"]] == ["+0.500", "+0.500", "+0.500", "+0.5"]
    assert cells(table, decimals=1, signed=["gap"])["gap"].iloc[0] == "+0.5 (+0.5 to +0.5)"


def test_a_number_keeps_the_digits_that_its_interval_allows_where_its_column_would_leave_one():
    wide = [Estimate(110, 47, 257, 5), Estimate(57, 21, 158, 3), Estimate(14.6, 5.2, 40.2, 5)]
    table = pd.DataFrame({"ratio": [*wide, Estimate(7.54, 3.49, 16.3, 5)]})
    assert list(cells(table)["ratio"])[-2:] == ["15 (5 to 40)", "7.5 (3.5 to 16.3)"]


def test_a_table_has_a_caption_classes_and_one_row_of_heads():
    html = shown(mixed(), "What is in the corpus").to_html()
    assert "What is in the corpus</caption>" in html
    assert 'class="dataframe study-table"' in html
    assert html.count("<tr>") == 4
    assert re.search(r'<th class="[^"]*index_name[^"]*" *>package</th>', html)
    assert "x &lt; 1" in html
    assert re.search(r'<td class="[^"]*prose[^"]*" *>a reason', html)
    assert not re.search(r'<td class="[^"]*prose[^"]*" *>MIT', html)
    assert shown(mixed(), "What is in the corpus").to_html() == html
    assert "package" not in shown(mixed(), index=False).to_html()


def test_what_cannot_be_shown_is_told():
    with pytest.raises(StudyError, match=r"row names \['a'\]: more than once"):
        shown(pd.DataFrame({"x": [1, 2]}, index=["a", "a"]))
    with pytest.raises(StudyError, match=r"no column \['gap'\]: the table has \['x'\]"):
        shown(pd.DataFrame({"x": [1]}), signed=["gap"])


def test_differences_say_what_they_allow():
    found = {"a": Estimate(1, 0.5, 2, 3), "b": Estimate(-1, -2, -0.5, 3), "c": Estimate(1, -1, 3, 3)}
    table = differences(found, "bits")
    assert table.loc["a", "difference, bits"] is found["a"]
    assert list(table["says"]) == ["worse", "better", "undecided"]
    assert list(differences(found, "F1", "worse")["says"])[:2] == ["better", "worse"]
    assert list(table["seeds"]) == [3, 3, 3]


def test_a_line_breaks_before_an_interval_and_not_within_it():
    html = shown(pd.DataFrame({"a": ["2.42 (1.87 to 3.13) *", "not (yet) known, so to say"]})).to_html()
    assert "2.42 (1.87\xa0to\xa03.13)\xa0*<" in html
    assert "not (yet) known, so to say<" in html
