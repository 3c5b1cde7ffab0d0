"""Pairs that docstrings hold."""

import ast

import pytest

from lmstudy.data.source_docstrings import Docstrings, bodies, parameters, summaries
from tests.data.wheels import pinned_wheel

NUMPYDOC = """Add two numbers.

The numbers may be of
any kind.

Parameters
----------
a : int
    The first
    number.
b
    The second one.
c : int
"""
GOOGLE = """Add.

Args:
    a: The first number.
    b (int): The second one.
"""
REST = """Add.

:param a: The first number.
:param int b: The second one.
"""


@pytest.mark.parametrize("docstring", [NUMPYDOC, GOOGLE, REST])
def test_parameters_of_every_style(docstring):
    found = dict(parameters(docstring))
    assert list(found) == ["a", "b"]
    asked, answer = found["a"]
    assert (answer, found["b"][1]) == ("The first number.", "The second one.")
    assert asked.startswith("What is a?\nAdd")
    assert "The second one." in asked  # the whole docstring is read


def test_a_summary_needs_something_to_sum_up():
    assert summaries(NUMPYDOC) == [("The numbers may be of\nany kind.", "Add two numbers.")]
    folded = "Add two numbers\nand no more.\n\nThe numbers may be of any kind, and of any size.\n\nMore."
    assert summaries(folded) == [(folded.partition("\n\n")[2], "Add two numbers and no more.")]
    longer_than_what_it_sums_up = "Add two numbers.\n\nOf any kind."
    for none in ("Add two numbers.", "Add two numbers\nand no more.", longer_than_what_it_sums_up, ""):
        assert summaries(none) == []


def test_a_body_is_what_stands_behind_the_docstring():
    text = 'def add(a,\n        b):\n    """Add.\n\n    """\n    # a comment\n    return a + b\n'
    begin = text.index("    #")
    assert bodies(text, ast.parse(text).body[0]) == [(text[:begin], text[begin:])]
    stub = 'def f():\n    """Nothing."""\n'
    assert bodies(stub, ast.parse(stub).body[0]) == []


MODULE = f'''
def add(a, b):
    """{NUMPYDOC}"""
    return a + b


def plain(a, b):
    """Add."""
    return a + b


def silent(a, b):
    c = a + b
    return c
'''


@pytest.mark.parametrize(
    ("of", "names"), [("summary", ["add"]), ("parameter", ["add:a", "add:b"]), ("body", ["add", "plain"])]
)
def test_functions_without_a_pair_are_counted(tmp_path, of, names):
    release = pinned_wheel(tmp_path, "alpha", {"alpha/a.py": MODULE}, role="train")
    source = Docstrings(packages={"alpha": release}, of=of)
    (part,) = source.parts(tmp_path, print)
    reading = source.read(part)
    assert [document.name for document in reading.documents] == names
    assert all(len(document.segments) == 2 for document in reading.documents)
    without = 3 - len({name.partition(":")[0] for name in names})
    assert reading.skipped["alpha", f"functions without a pair of {of}"] == without
    short = Docstrings(packages={"alpha": release}, of=of, longest_source=5)
    assert short.read(part).skipped["alpha", "pairs that are longer than wanted"] == len(names)
    assert short.identity() != source.identity()
