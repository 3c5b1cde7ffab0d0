"""The longest shared run is exact, wherever it lies and however the training text is cut into chunks."""

import numpy as np
import pytest

from lmstudy.evaluation.memorisation import WIDTHS, Match, longest_matches, normalised


def search(texts: list[str], training: list[str], chunk: int = 10**6) -> list[Match]:
    """Matches after the last chunk; documents are named by their numbers."""
    *_, (searched, matches) = longest_matches(texts, [(str(i), text) for i, text in enumerate(training)], chunk)
    assert searched == len(training)
    return matches


def by_hand(text: str, training: list[str]) -> int:
    """Every run of the text, longest first."""
    text, documents = normalised(text), [normalised(document) for document in training]
    for length in range(len(text), 0, -1):
        runs = {text[i : i + length] for i in range(len(text) - length + 1)}
        if any(run in document for run in runs for document in documents):
            return length
    return 0


def random_texts(count: int, letters: str, rng: np.random.Generator) -> list[str]:
    return ["".join(rng.choice(list(letters), rng.integers(0, 60))) for _ in range(count)]


@pytest.mark.parametrize("letters", ["ab", "ab 编\U0001f600", "abcdefghijklmnopqrstuvwxyz"])
@pytest.mark.parametrize("chunk", [1, 40, 10**6])
def test_equal_to_trying_every_run(letters, chunk):
    rng = np.random.default_rng(len(letters))
    texts, training = random_texts(12, letters, rng), random_texts(20, letters, rng)
    texts += [training[3], "x" + training[4] + "y", "", "?"]
    matches = search(texts, training, chunk)
    assert [match.length for match in matches] == [by_hand(text, training) for text in texts]
    for match in matches:
        assert len(match.run) == match.length
        assert not match.length or match.run in normalised(training[int(match.document)])


@pytest.mark.parametrize("length", [1, 2, 3, 15, 16, 17, 31, 32, 49, 50, 51, 200])
def test_a_planted_run_has_its_length(length):
    rng = np.random.default_rng(length)
    training = "".join(rng.choice(list("abcdefgh"), 1000))
    planted = "XY" + training[300 : 300 + length] + "ZW"
    (match,) = search([planted], ["no such character, 123", training])
    expected = by_hand(planted, [training])
    assert match.length == expected
    assert length < 15 or match == Match(length, training[300 : 300 + length], "1")


def test_a_run_does_not_go_from_one_document_or_text_into_the_next():
    lengths = [match.length for match in search(["one two", "three"], ["zz one", " two three"])]
    assert lengths == [3, 5]
    assert [match.length for match in search(["ab", "cd"], ["abcd"])] == [2, 2]


def test_a_stretch_of_white_space_is_one_character():
    training = ["def f(x):\n        return [\n            x,\n        ]\n"]
    (match,) = search(["if a:\n    def f(x):\n                return [ x, ]"], training)
    assert match.run == "def f(x): return [ x, ]"
    (indented,) = search(["q" + " " * 200], ["p" + " " * 300 + "p"])
    assert indented.length == 0


def test_nothing_to_search_for_or_in():
    assert search(["", "abc"], ["   "]) == [Match(0, "", ""), Match(0, "", "")]
    assert WIDTHS[-1] == 16
