"""Documents as objectives read them: some of them, or behind control tokens; whatever is asked of a view agrees."""

import numpy as np
import pytest

from lmstudy.data.tokenizer import BAD, GOOD
from lmstudy.data.views import NONE, Controlled, Selected, control_tokens, uniformly_controlled
from tests.data.fake_documents import FakeDocuments, random_documents


def counts(documents: FakeDocuments) -> np.ndarray:
    return np.array([len(documents.starts(i)) for i in range(len(documents))])


def controlled(documents: FakeDocuments, drop: float) -> tuple[Controlled, np.ndarray]:
    rng = np.random.default_rng(0)
    offsets = np.concatenate([[0], np.cumsum(counts(documents))])
    control = control_tokens(rng.random(offsets[-1]) < 0.7, drop, rng)
    return Controlled(documents, control, offsets), control


def test_selected_documents_are_the_chosen_ones_in_order():
    documents = random_documents(20)
    view = Selected(documents, np.array([7, 3, 12]))
    assert len(view) == 3
    assert (view.tokens(1) == documents.tokens(3)).all()
    assert (view.starts(2) == documents.starts(12)).all()
    assert (view.lengths(np.array([2, 0])) == documents.lengths(np.array([12, 7]))).all()


@pytest.mark.parametrize("drop", [0.0, 0.3, 1.0])
def test_lengths_starts_and_tokens_of_a_controlled_document_agree(drop):
    documents = random_documents(60)
    view, control = controlled(documents, drop)
    place = 0
    for i in range(len(view)):
        tokens, starts = view.tokens(i), view.starts(i)
        assert len(tokens) == view.lengths(np.array([i]))[0]
        assert (tokens[tokens >= 100] == documents.tokens(i)).all()  # nothing is lost, and nothing moved
        plain = documents.starts(i)
        assert starts[0] == 0
        for start, own in zip(starts, plain, strict=True):
            token = control[place]
            at = start + (token != NONE)
            if token != NONE:
                assert tokens[start] == token
            if own < len(documents.tokens(i)):
                assert tokens[at] == documents.tokens(i)[own]
            place += 1
        assert (tokens < 100).sum() == (control[place - len(plain) : place] != NONE).sum()
    assert place == len(control)


def test_control_tokens_follow_the_verdict_and_are_left_out_at_the_rate_asked_for():
    good = np.arange(20_000) % 3 > 0
    tokens = control_tokens(good, 0.1, np.random.default_rng(0))
    left_out = tokens == NONE
    assert left_out.mean() == pytest.approx(0.1, abs=0.01)
    assert left_out[good].mean() == pytest.approx(left_out[~good].mean(), abs=0.02)  # whatever the verdict
    assert (tokens[good & ~left_out] == GOOD).all()
    assert (tokens[~good & ~left_out] == BAD).all()


def test_asking_for_one_kind_puts_the_same_token_before_every_segment():
    documents = FakeDocuments([12, 5, 9])
    view = uniformly_controlled(documents, counts(documents), GOOD)
    for i in range(3):
        tokens = view.tokens(i)
        assert (tokens[view.starts(i)] == GOOD).all()
        assert len(tokens) == len(documents.tokens(i)) + len(documents.starts(i))
