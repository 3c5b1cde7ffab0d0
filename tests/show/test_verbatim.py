import pandas as pd
import pytest

from lmstudy.errors import StudyError
from lmstudy.publishing.outputs import html
from lmstudy.show.tables import shown
from lmstudy.show.verbatim import verbatim


def test_data_stay_as_they_are_in_another_edition():
    table = pd.DataFrame({"token": ["positive", "name"], "kind": ["positive", "name"]}, index=["first", "name"])
    told = html(verbatim(shown(table), "token").to_html(), str.upper)
    assert told.count(">positive<") == told.count(">POSITIVE<") == 1
    assert (told.count(">name<"), told.count(">NAME<")) == (1, 2)
    with pytest.raises(StudyError, match=r"no column \['word'\]: the table has \['token', 'kind'\]"):
        verbatim(shown(table), "word")
