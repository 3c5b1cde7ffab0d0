"""A number and its % stay on one line, where it is text."""

import pytest

from lmstudy.publishing.sphinx_units import join


@pytest.mark.parametrize(
    ("html", "joined"),
    [
        ("<p>Lines are 95 % intervals.</p>", "<p>Lines are 95\xa0% intervals.</p>"),
        ("<td>1.5 %</td>", "<td>1.5\xa0%</td>"),
        ("<p>5 times, a % sign</p>", "<p>5 times, a % sign</p>"),
        ("<code>5 % 2</code>", "<code>5 % 2</code>"),
        ('<img alt="95 % intervals">', '<img alt="95 % intervals">'),
    ],
)
def test_a_number_keeps_its_unit(html, joined):
    assert join(html) == joined
    assert join(joined) == joined
