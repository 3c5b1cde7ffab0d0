"""The answers that records keep: side by side, and by what is wrong with them."""

import pytest

from lmstudy.chapters.applications.answers import answers, body, broken_rules, kinds, message, span
from lmstudy.chapters.applications.data import examples
from tests.claim_records import record


def tuned(number, *given):
    samples = [
        {"id": str(i), "source": f"<b>{i}</b>", "target": target, "answer": answer}
        for i, (target, answer) in enumerate(given)
    ]
    return record(number, "tuning", {}, 2.0, seed=1, samples=samples)


FIRST = tuned(1, ("a", "a"), ("a b", "c"), ("x", ""))
SECOND = tuned(2, ("a", "b"), ("a b", "a  b"), ("x", "x\n\n\n"))
RULES = record(
    3, "baseline", {}, 2.0,
    samples=[{"id": i, "source": f"<b>{i}</b>", "target": "t", "answers": {"rule": "r", "no": "n"}} for i in "01"],
)  # fmt: skip


def test_answers_stand_side_by_side():
    found = answers({"first": FIRST, "second": SECOND}, RULES, ["rule"])
    assert list(found) == ["asked", "people", "rule", "first", "second"]
    assert found["rule"] == ["r", "r", ""]
    assert found["second"] == ["b", "a  b", "x"]
    assert len(answers({"first": FIRST}, count=2)["asked"]) == 2


def test_mistakes_are_those_of_the_first():
    assert answers({"a": FIRST, "b": SECOND}, wrong=True)["b"] == ["a  b", "x"]
    assert answers({"b": SECOND, "a": FIRST}, wrong=True)["a"] == ["a"]


def test_examples_are_those_of_the_test():
    assert examples(RULES, 1) == {"read": ["<b>0</b>"], "to be written": ["t"]}


def sample(target, answer, source=""):
    return {"id": "a", "source": source, "target": target, "answer": answer}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("The value  to keep.", "exactly the right words"),
        ("value to", "a part of the right words"),
        ("It is this: The value to keep. And", "the right words and more"),
        ("keep. Another", "some right words, and others"),
        ("Nothing", "no right word"),
    ],
)
def test_spans_lie_to_each_other_in_five_ways(answer, kind):
    assert span(sample("The value to keep.", answer)) == kind


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("打开文件", "as people wrote it"),
        ("Open", "no Chinese character"),
        ("打开书", "at least half of its characters"),
        ("文章", "some of its characters"),
        ("保存", "none of its characters"),
    ],
)
def test_messages_by_the_characters_they_share(answer, kind):
    assert message(sample("打开文件", answer)) == kind


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("    return a\n", "parses"),
        ("    return (a\n", "a bracket or a string is not closed"),
        ("    return 'a\n", "a bracket or a string is not closed"),
        ("    return (a]\n", "a bracket too many, or of another kind"),
        ("return a\n", "a wrong indentation, or no body"),
        ("    return a a\n", "another fault"),
    ],
)
def test_bodies_by_what_the_grammar_minds(answer, kind):
    assert body(sample("", answer, "def f(a):\n")) == kind


def test_kinds_are_shares_of_the_answers_of_all_seeds():
    first = record(1, "tuning", {}, 2.0, samples=[sample("a b", "a b"), sample("a b", "c")])
    second = record(2, "tuning", {}, 2.0, samples=[sample("a b", "a b"), sample("a b", "a b")])
    table = kinds({"one": [first, second], "two": [second]}, span)
    assert table["one, 4 answers"].to_dict() == {"exactly the right words": 75, "no right word": 25}
    assert table["two, 2 answers"].to_dict() == {"exactly the right words": 100, "no right word": 0}


def test_broken_rules_are_those_of_bodies_and_of_people_once():
    long = f"    return '{'x' * 99}'\n"
    samples = [
        sample("    return a\n", long, "def f(a=1 ):\n"),
        sample("    return a+1 ;\n", "    return a\n", "def f(a):\n"),
    ]
    records = [record(number, "tuning", {}, 2.0, samples=samples) for number in (1, 2)]
    table = broken_rules({"network": records})
    assert table.loc["E501 line too long"].to_dict() == {"people, 2 bodies": 0, "network, 4 bodies": 2}
    assert set(table.index) >= {"E501 line too long", "E203 whitespace before ';'"}
