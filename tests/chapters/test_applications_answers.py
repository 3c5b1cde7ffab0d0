"""Answers side by side."""

from lmstudy.chapters.applications.answers import answers, questions, show
from tests.claim_records import record


def tuned(number, *given):
    samples = [
        {"id": str(i), "source": f"<b>{i}</b>", "target": target, "answer": answer}
        for i, (target, answer) in enumerate(given)
    ]
    return record(number, "tuning", {}, 2.0, seed=1, samples=samples)


FIRST = tuned(1, ("a", "a"), ("a b", "c"), ("x" * 400, ""))
SECOND = tuned(2, ("a", "b"), ("a b", "a  b"), ("x" * 400, "x"))
RULES = record(
    3, "baseline", {}, 2.0,
    samples=[{"id": i, "source": f"<b>{i}</b>", "target": "t", "answers": {"rule": "r", "no": "n"}} for i in "01"],
)  # fmt: skip


def test_answers_stand_side_by_side():
    table = answers({"first": FIRST, "second": SECOND}, RULES, ["rule"])
    assert list(table.columns) == ["asked", "people", "rule", "first", "second"]
    assert table.loc[2, "first"] == "(nothing)"
    assert table.loc[2, "people"].endswith(" …")
    assert len(answers({"first": FIRST}, count=2)) == 2


def test_mistakes_are_those_of_the_first():
    assert list(answers({"a": FIRST, "b": SECOND}, wrong=True)["b"]) == ["a  b", "x"]
    assert list(answers({"b": SECOND, "a": FIRST}, wrong=False)["a"]) == ["c"]


def test_texts_are_shown_as_text():
    assert "&lt;b&gt;0&lt;/b&gt;" in show(questions(RULES)).to_html()
    assert "monospace" in show(questions(RULES), code=True).to_html()
