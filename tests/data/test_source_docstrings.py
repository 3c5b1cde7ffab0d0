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
    assert {name: answer for name, (_, answer) in found.items()} == {
        "a": "The first number.", "b": "The second one.",
    }  # fmt: skip
    asked = found["a"][0]
    assert asked.startswith("What is a?\nAdd")
    assert "The second one." in asked  # the whole docstring is read


def test_a_summary_needs_something_to_sum_up():
    assert summaries(NUMPYDOC) == [("The numbers may be of\nany kind.", "Add two numbers.")]
    folded = "Add two numbers\nand no more.\n\nThe numbers may be of any kind, and of any size.\n\nMore."
    assert summaries(folded) == [
        ("The numbers may be of any kind, and of any size.\n\nMore.", "Add two numbers and no more.")
    ]
    assert summaries("Add two numbers.") == []
    assert summaries("Add two numbers\nand no more.") == []
    assert summaries("Add two numbers.\n\nOf any kind.") == []  # longer than what it sums up
    assert summaries("") == []


def test_a_body_is_what_stands_behind_the_docstring():
    text = 'def add(a,\n        b):\n    """Add.\n\n    """\n    # a comment\n    return a + b\n'
    assert bodies(text, ast.parse(text).body[0]) == [
        (text[: text.index("    #")], "    # a comment\n    return a + b\n")
    ]
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
