"""Documents repaired before training: what is taken, what is left and why, what is counted, and what is kept."""

from collections import Counter

import numpy as np
import pytest

from lmstudy.compose import compose_config
from lmstudy.config import build
from lmstudy.data import parallel
from lmstudy.data.corpus import Corpus, prepare
from lmstudy.data.tokenizer import decode
from lmstudy.errors import StudyError
from lmstudy.preferences.rewriters.base import Rewriter
from lmstudy.preferences.rewritten import LEFT, REPAIRED, rewrite, rewrite_split, rewriter_of, scorers_with_rewriters
from lmstudy.preferences.scorers.base import Scorer

BY = "objective=rewriting"


class Shouts(Scorer):
    """s(segment) = its capitals / its characters; it raises on a text that says so."""

    name = "shouts"

    def __init__(self, threshold: float = 0.0) -> None:
        self.threshold = threshold

    def score(self, segments):
        if "!" in "".join(segments):
            raise ValueError("too loud\nto score")
        return [sum(map(str.isupper, segment)) / max(len(segment), 1) for segment in segments]

    def rewriter(self) -> Rewriter:
        return Softly()


class Softly(Rewriter):
    """Does to a text what its first letter says."""

    name = "softly"

    def rewrite(self, segments, bad):
        return {
            "L": lambda: [segment.lower() for segment in segments],
            "S": lambda: [*segments[:-1], *segments[-1].lower().split("|")],
            "E": lambda: [" ", "\n"],
            "N": lambda: list(segments),
            "M": lambda: ["M" + segment for segment in segments],
            "T": lambda: [segment.title() + " and more" for segment in segments],
            "X": lambda: ["!"],
        }[segments[0][0]]()


def outcome(*segments: str):
    scorer = Shouts()
    return rewrite(scorer, Softly(), 0.0, segments, np.array(scorer.score(segments), np.float32))


def test_a_better_text_is_taken_with_its_new_scores():
    assert outcome("Loud\n", "QUITE", "so") == (REPAIRED, ["loud\n", "quite", "so"], [0, 0, 0], "")
    found = outcome("Some", "A|Bc")
    assert found.segments == ["Some", "a", "bc"]  # more segments than before
    assert found.scores == [0.25, 0, 0]


@pytest.mark.parametrize(
    ("segments", "why"), [(["Empty"], "empty"), (["None"], "unchanged"), (["More"], "no_better"), (["Xo"], "failed"),
                          (["Unknown"], "failed"), (["The"], "no_better")]
)  # fmt: skip
def test_any_other_text_is_left_as_it_was(segments, why):
    found = outcome(*segments)
    assert (found.what, found.segments, found.scores) == (why, [], [])
    assert why in LEFT
    assert (why == "failed") == bool(found.failure)


def test_failures_are_told_in_a_line():
    assert outcome("Xo").failure == "ValueError: too loud"
    assert outcome("Unknown").failure == "KeyError: 'U'"


def test_better_is_fewer_violations_and_not_a_longer_text():
    """Two capitals in nine characters, then two in seventeen: less per character, and as many as before."""
    assert outcome("The Other").what == "no_better"


def test_scorers_without_a_rewriter_are_refused_in_one_line():
    class Plain(Shouts):
        name = "plain"
        rewriter = Scorer.rewriter

    with pytest.raises(
        StudyError,
        match=r"objective=rewriting: nothing repairs what scorer plain minds; scorers with a "
        "rewriter: pep8, privacy, privacy_held_out, privacy_released, privacy_zh$",
    ):
        rewriter_of(Plain(), BY)


def test_the_scorers_that_are_named_have_rewriters():
    for name in scorers_with_rewriters():
        settings = compose_config("train", [f"scorer={name}"])["scorer"]
        assert rewriter_of(build(settings, "scorer"), BY).name in ("black", "placeholders")


PEP8 = {"_target_": "lmstudy.preferences.scorers.pep8.Pep8Scorer", "family": "style", "max_line_length": 79}


@pytest.fixture
def corpus(small: list[str], monkeypatch: pytest.MonkeyPatch) -> Corpus:
    """Functions of this package, whose lines may be longer than PEP 8 says."""
    monkeypatch.setattr(parallel, "processors", lambda: 1)
    return prepare(compose_config("train", small)["data"])


def test_the_training_split_is_repaired_and_counted(corpus: Corpus, tmp_path):
    said: list[str] = []
    found = rewrite_split(corpus, "train", PEP8, BY, cache=tmp_path, progress=said.append)
    assert found.repaired is not None
    after, index, counts = found.repaired.scored, found.repaired.index, found.repaired.counts
    texts = corpus.splits["train"]["text"]
    bad = found.scores > found.threshold
    with_bad = {int(n) for n in np.repeat(np.arange(len(texts)), np.diff(found.offsets))[bad]}
    assert 0 < len(index) <= len(with_bad) < len(texts)
    assert set(index.tolist()) <= with_bad
    assert index.tolist() == sorted(index.tolist())

    scorer = build(PEP8, "scorer")
    outcomes = Counter[str]()
    for n in sorted(with_bad):
        segments = corpus.cut(texts[n])
        outcomes[rewrite(scorer, scorer.rewriter(), 0.0, segments, found.segment_scores(n)).what] += 1
    assert counts["rewriting/documents"] == len(texts)
    assert counts["rewriting/with_bad"] == len(with_bad)
    assert counts["rewriting/rewritten"] == len(index) == outcomes[REPAIRED]
    assert {why: counts[f"rewriting/left_{why}"] for why in LEFT} == {why: outcomes[why] for why in LEFT}
    assert counts["rewriting/segments"] == len(found.scores)
    assert counts["rewriting/bad_segments"] == bad.sum()

    all_segments = all_bad = 0
    for n, text in enumerate(texts):
        if n in set(index.tolist()):
            place = index.tolist().index(n)
            text = decode(corpus.tokenizer, after.store.tokens(place))
            assert after.segment_scores(place) == pytest.approx(scorer.score(corpus.cut(text)))
            assert len(after.store.starts(place)) == len(corpus.cut(text))
        scores = scorer.score(corpus.cut(text))
        all_segments += len(scores)
        all_bad += sum(score > 0 for score in scores)
    assert counts["rewriting/segments_after"] == all_segments
    assert counts["rewriting/bad_segments_after"] == all_bad < bad.sum() / 2
    assert sum("black on" in line for line in said) == 1

    said.clear()
    again = rewrite_split(corpus, "train", PEP8, BY, cache=tmp_path, progress=said.append)
    assert again.repaired is not None
    assert said == []
    assert again.repaired.counts == counts
    assert after.scores.tolist() == again.repaired.scored.scores.tolist()


def test_the_threshold_says_what_is_repaired(corpus: Corpus, tmp_path):
    counts = {}
    for threshold in (0.0, 1.0):
        settings = {"_target_": "tests.preferences.test_rewritten.Shouts", "threshold": threshold}
        found = rewrite_split(corpus, "train", settings, BY, cache=tmp_path, progress=lambda line: None)
        assert found.repaired is not None
        counts[threshold] = found.repaired.counts
        assert len(found.repaired.index) == len(found.repaired.scored.store) == 0
    assert counts[0.0]["rewriting/left_failed"] == counts[0.0]["rewriting/with_bad"] > 0  # no function begins with L
    assert counts[1.0]["rewriting/with_bad"] == 0  # no line is so loud, and nothing is repaired
    assert counts[1.0]["rewriting/segments_after"] == counts[1.0]["rewriting/segments"]


def test_documents_of_other_splits_are_as_they_were(corpus: Corpus, tmp_path):
    before = {name: rows["tokens"] for name, rows in corpus.splits.items()}
    rewrite_split(corpus, "train", PEP8, BY, cache=tmp_path, progress=lambda line: None)
    assert {name: rows["tokens"] for name, rows in corpus.splits.items()} == before
