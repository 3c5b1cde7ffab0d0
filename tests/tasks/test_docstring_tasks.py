"""Tasks on docstrings: their measures, by hand."""

import pytest

from lmstudy.tasks.base import Example
from lmstudy.tasks.docstrings import Generation, QuestionAnswering, Summarisation, invented

STYLE = {
    "_target_": "lmstudy.preferences.scorers.pep8.Pep8Scorer", "family": "style", "max_line_length": 79,
}  # fmt: skip
PRIVACY = {"_target_": "tests.tasks.test_docstring_tasks.Addresses"}


class Addresses:
    """Items: at signs."""

    name, lowest, highest, threshold, any_text, unit = "addresses", 0.0, 1.0, 0.0, True, "characters"

    def score(self, segments):
        return [segment.count("@") / max(len(segment), 1) for segment in segments]

    def score_batch(self, documents):
        return [self.score(segments) for segments in documents]


def pairs(*targets: str, source: str = "Adds two numbers.") -> list[Example]:
    return [Example(str(i), source, target) for i, target in enumerate(targets)]


def test_answers_are_matched_as_in_squad():
    found = QuestionAnswering({}).judge(
        pairs("the first number", "a name", "the key", source="What is x?\nx: The first  number."),
        ["First number!", "the number", ""],
    )
    assert found.metrics["exact"] == pytest.approx(100 / 3)  # articles, case and punctuation do not count
    assert found.rows["f1"][:, 0].tolist() == pytest.approx([100, 0, 0])
    assert found.metrics["extractive"] == 0
    again = QuestionAnswering({}).judge(pairs("y", source="x  y z"), ["x y"])
    assert (again.metrics["extractive"], again.metrics["f1"]) == (1, pytest.approx(200 / 3))


def test_summaries_are_judged_by_rouge_and_by_what_they_invent():
    source = "Reads `file_name` and calls os.path.join() and then parseAll."
    truth = pairs("read the file", "read the file", source=source)
    found = Summarisation({}).judge(truth, ["read the file", "read other_name the"])
    assert found.rows["rouge_1"][0].tolist() == [1, 1]
    assert found.rows["rouge_2"][0].tolist() == [1, 1]
    assert 0 < found.rows["rouge_l"][1, 0] < 1
    assert found.rows["faithful"][:, 0].tolist() == [1, 0]


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        ("Uses file_name.", []),
        ("Uses os.path and parseAll.", []),
        ("Uses other_name and getValue and close().", ["other_name", "getValue", "close"]),
        ("A plain sentence. Another one, e.g. this", ["e.g"]),
    ],
)
def test_what_is_invented(answer, names):
    source = "Reads `file_name` with os.path and parseAll."
    assert [name for name in invented(source, answer) if name != "e.g"] == [n for n in names if n != "e.g"]


def test_bodies_are_parsed_scored_and_compared():
    source = 'def add(a, b):\n    """Adds."""\n'
    truth = pairs("    return a + b\n", "    return a + b\n", "    return a + b\n", source=source)
    found = Generation({}, STYLE, PRIVACY).judge(truth, ["    return a + b\n", "    return a@b\n", "    return (a\n"])
    assert found.metrics["parses"] == pytest.approx(2 / 3)
    assert found.metrics["exact"] == pytest.approx(1 / 3)
    assert found.rows["chrf"][0].tolist() == [100, 1]
    assert found.rows["privacy"][:, 0].tolist()[0] == 0
    assert found.rows["privacy"][1, 0] > 0
    assert found.metrics["privacy"] > 0
