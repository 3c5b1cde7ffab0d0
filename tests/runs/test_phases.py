"""What a run reads, phase by phase, from its configuration."""

from typing import Any

import pytest

from lmstudy.compose import compose_config
from lmstudy.config import TrainConfig, build, check
from lmstudy.data import parallel
from lmstudy.data.corpus import Corpus, prepare
from lmstudy.data.store import TokenStore
from lmstudy.data.tokenizer import BAD, GOOD
from lmstudy.errors import StudyError
from lmstudy.runs.phases import PhasedData, check_scorer, what_is_read
from tests.preferences.conftest import rated, rated_cache  # noqa: F401

STEPS = 40


def configured(rated: dict[str, Any], *overrides: str, threshold: float = 0.0) -> TrainConfig:  # noqa: F811
    config = compose_config("train", ["budget=smoke", f"budget.steps={STEPS}", *overrides])
    target = "lmstudy.preferences.scorers.human_ratings.HumanRatingsScorer"
    return check(TrainConfig, {**config, "scorer": {"_target_": target, "source": rated, "threshold": threshold}})


@pytest.fixture
def corpus(rated: dict[str, Any]) -> Corpus:  # noqa: F811
    return prepare(rated)


def reading(typed: TrainConfig, corpus: Corpus) -> PhasedData:
    return what_is_read(typed, corpus, build(typed.objective, "objective"))


def has_control(phase: Any) -> bool:
    return any(phase.documents.tokens(i)[0] in (GOOD, BAD) for i in range(len(phase.documents)))


def test_maximum_likelihood_reads_plain_documents_and_needs_no_scores(rated, corpus):  # noqa: F811
    found = reading(check(TrainConfig, compose_config("train", ["budget=smoke"])), corpus)
    assert [phase.first_step for phase in found.phases] == [0]
    assert isinstance(found.phases[0].documents, TokenStore)
    assert found == PhasedData(found.phases, None, ())


@pytest.mark.parametrize(
    ("overrides", "first_steps", "controlled", "scored"),
    [
        (["objective=conditional"], [0], [True], [False]),
        (["objective=conditional", "objective.onset=0.25", "objective.cooldown=0.1"], [0, 10, 36], [False, True, False],
         [False] * 3),
        (["objective=conditional_cooldown"], [0, 36], [True, False], [False] * 2),
        (["objective=unlikelihood", "objective.onset=0.5"], [0, 20], [False] * 2, [False, True]),
    ],
)  # fmt: skip
def test_between_onset_and_cooldown_the_objective_has_its_own(
    rated, corpus, overrides, first_steps, controlled, scored,  # noqa: F811
):  # fmt: skip
    found = reading(configured(rated, *overrides), corpus)
    assert [phase.first_step for phase in found.phases] == first_steps
    assert [has_control(phase) for phase in found.phases] == controlled
    assert [phase.token_scores is not None for phase in found.phases] == scored
    assert found.control == (GOOD if any(controlled) else None)


@pytest.mark.parametrize(("onset", "cooldown"), [(1.0, 0.0), (0.0, 1.0), (0.5, 0.5)])
def test_where_no_step_is_left_the_run_says_so(rated, corpus, onset, cooldown):  # noqa: F811
    typed = configured(rated, "objective=rwr", f"objective.onset={onset}", f"objective.cooldown={cooldown}")
    found = reading(typed, corpus)
    assert [phase.token_scores for phase in found.phases] == [None]
    assert "no step is left for objective=rwr, this run is maximum likelihood" in found.notes[-1]


def test_notes_of_the_objective_are_passed_on(rated, corpus):  # noqa: F811
    found = reading(configured(rated, "objective=conditional", "objective.drop=1"), corpus)
    assert "no control token is left" in found.notes[0]


def test_what_cannot_be_read_is_refused_before_the_data(rated):  # noqa: F811
    with pytest.raises(StudyError, match="objective=conditional needs to know what people mind: name a scorer"):
        check_scorer(check(TrainConfig, compose_config("train", ["budget=smoke", "objective=conditional"])))
    with pytest.raises(StudyError, match="add up to more than 1"):
        check_scorer(configured(rated, "objective=rwr", "objective.onset=0.7", "objective.cooldown=0.7"))


@pytest.mark.parametrize("objective", ["rewriting", "conditional_rewriting"])
def test_what_nothing_repairs_is_refused_before_the_data(rated, objective):  # noqa: F811
    message = f"objective={objective}: nothing repairs what scorer sentiment minds; scorers with a rewriter: pep8, priv"
    with pytest.raises(StudyError, match=message):
        check_scorer(configured(rated, f"objective={objective}"))


@pytest.mark.parametrize(("objective", "copies"), [("rewriting", False), ("conditional_rewriting", True)])
def test_repaired_text_is_read_between_onset_and_cooldown(small, monkeypatch, objective, copies):
    monkeypatch.setattr(parallel, "processors", lambda: 1)
    overrides = [*small, "scorer=pep8", f"objective={objective}", "objective.onset=0.25", "objective.cooldown=0.25"]
    typed = check(TrainConfig, compose_config("train", overrides))
    corpus = prepare(typed.data)
    found = reading(typed, corpus)
    plain = TokenStore(corpus.splits["train"])
    assert [phase.first_step for phase in found.phases] == [0, 3, 9]
    first, own, last = (phase.documents for phase in found.phases)
    repaired = int(found.metrics["rewriting/rewritten"])
    assert 0 < repaired < len(plain)
    assert len(first) == len(last) == len(plain)
    assert len(own) == len(plain) + (repaired if copies else 0)
    assert found.control == (GOOD if copies else None)
    texts = [[own.tokens(i)[own.tokens(i) > BAD].tolist() for i in range(len(own))], *([[
        documents.tokens(i).tolist() for i in range(len(plain))] for documents in (plain, first, last)])]  # fmt: skip
    assert texts[1] == texts[2] == texts[3]
    differ = sum(ours != theirs for ours, theirs in zip(texts[0], texts[1], strict=False))
    assert differ == (0 if copies else repaired)
    assert f"rewriting: {repaired:,} of " in found.notes[0]


def test_a_threshold_beyond_all_scores_is_refused(rated, corpus):  # noqa: F811
    with pytest.raises(StudyError, match="no segment of the training documents is bad"):
        reading(configured(rated, "objective=selective", threshold=4.0), corpus)
