"""Losses of all objectives in closed form on two labels, their limits, and where their gradients point."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from lmstudy.data.batch import IGNORE, Shape
from lmstudy.data.datamodule import Phase, TrainingBatches
from lmstudy.data.examples import Documents, PrefixLM
from lmstudy.data.tokenizer import BAD, GOOD
from lmstudy.errors import StudyError
from lmstudy.preferences.objectives.awr import AWR
from lmstudy.preferences.objectives.base import Objective
from lmstudy.preferences.objectives.conditional import Conditional
from lmstudy.preferences.objectives.conditional_known import ConditionalKnown
from lmstudy.preferences.objectives.conditional_rewriting import ConditionalRewriting
from lmstudy.preferences.objectives.filtering import Filtering
from lmstudy.preferences.objectives.mle import MLE
from lmstudy.preferences.objectives.rewriting import Rewriting
from lmstudy.preferences.objectives.rwr import RWR
from lmstudy.preferences.objectives.selective import Selective
from lmstudy.preferences.objectives.unlikelihood import Unlikelihood
from lmstudy.preferences.scored import ScoredDocuments
from tests.preferences.made_scores import NAN, made, repaired

P = torch.tensor([[[0.5, 0.25, 0.125, 0.125], [0.1, 0.2, 0.3, 0.4], [0.7, 0.1, 0.1, 0.1]]])
"""[1, 3, 4]: a distribution at each of three places."""
LABELS = torch.tensor([[1, 3, IGNORE]])
"""A good token with p = 1/4, a bad one with p = .4, and a place where nothing is predicted."""
SCORES = torch.tensor([[0.0, 1.0, 1.0]])
GOOD_LOSS, BAD_LOSS = math.log(4), math.log(2.5)
PLAIN = (GOOD_LOSS + BAD_LOSS) / 2
TRAINING = made([0.0, 0.0], [0.0, 1.0])
"""Segments: three good ones, a bad one. Rewards: mean -1/4, deviation sqrt(3)/4."""
DEVIATION = math.sqrt(3) / 4


def prepared(objective: Objective, scored: ScoredDocuments = TRAINING) -> Objective:
    objective.view(scored, seed=1)
    return objective


def loss(objective: Objective, scores: Tensor | None = SCORES, *values: Tensor) -> float:
    return float(objective(P.log(), LABELS, scores, *values).loss)


def gradient(objective: Objective, *values: Tensor, scores: Tensor = SCORES) -> Tensor:
    """[1, 3, 4] dL / dlogits."""
    logits = P.log().requires_grad_()
    objective(logits, LABELS, scores, *values).loss.backward()
    assert logits.grad is not None
    return logits.grad


def test_maximum_likelihood_is_cross_entropy_whatever_the_scores():
    assert loss(MLE()) == pytest.approx(PLAIN)
    assert loss(MLE(), None) == pytest.approx(PLAIN)
    assert loss(Filtering()) == loss(Conditional()) == loss(MLE())  # they differ in what is read
    assert loss(Rewriting()) == loss(ConditionalRewriting()) == loss(MLE())
    chosen = LABELS != IGNORE
    assert loss(MLE()) == pytest.approx(float(F.cross_entropy(P.log()[chosen], LABELS[chosen])))


def test_unlikelihood_in_closed_form():
    expected = (GOOD_LOSS - math.log(1 - 0.4)) / 2
    assert loss(prepared(Unlikelihood())) == pytest.approx(expected)
    halved = (GOOD_LOSS - 0.5 * math.log(1 - 0.4)) / 2
    assert loss(prepared(Unlikelihood(alpha=0.5))) == pytest.approx(halved)
    assert loss(prepared(Unlikelihood(alpha=0.0))) == pytest.approx(loss(prepared(Selective())))


def test_unlikelihood_of_a_certain_token_is_finite():
    logits = torch.tensor([[[100.0, 0.0]]], requires_grad=True)
    objective = prepared(Unlikelihood())
    found = objective(logits, torch.tensor([[0]]), torch.tensor([[1.0]])).loss
    found.backward()
    assert 5 < found.item() < 50
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


def test_the_released_unlikelihood_weighs_by_scores_where_t_is_zero():
    per_character = torch.tensor([[0.0, 0.02, 1.0]])
    expected = (GOOD_LOSS + 0.98 * BAD_LOSS - 0.02 * math.log(1 - 0.4)) / 2
    released = prepared(Unlikelihood(released=True))
    assert loss(released, per_character) == pytest.approx(expected)
    assert loss(released, per_character) == pytest.approx(PLAIN, rel=0.01)
    assert loss(prepared(Unlikelihood()), per_character) < 0.9 * PLAIN
    with_threshold = made([0.1, 0.9], threshold=0.5)
    assert loss(prepared(Unlikelihood(released=True), with_threshold)) == loss(prepared(Unlikelihood(), with_threshold))


def test_reward_weighted_in_closed_form():
    good, bad = (math.exp((0.25 - s) / DEVIATION) for s in (0, 1))
    assert loss(prepared(RWR())) == pytest.approx((good * GOOD_LOSS + bad * BAD_LOSS) / 2, rel=1e-5)
    raw = (GOOD_LOSS + math.exp(-0.5) * BAD_LOSS) / 2
    assert loss(prepared(RWR(beta=2.0, normalise=False))) == pytest.approx(raw)
    clipped = (1.5 * GOOD_LOSS + bad * BAD_LOSS) / 2
    assert loss(prepared(RWR(clip=1.5))) == pytest.approx(clipped, rel=1e-5)


def test_advantage_weighted_in_closed_form():
    values = torch.tensor([[0.2, -0.4, 9.0]])
    good, bad = 0.25 / DEVIATION - 0.2, -0.75 / DEVIATION + 0.4
    written = (math.exp(good / 2) * GOOD_LOSS + math.exp(bad / 2) * BAD_LOSS) / 2
    judged = (good**2 + bad**2) / 2
    objective = prepared(AWR(alpha=0.3, beta=2.0))
    assert loss(objective, SCORES, values) == pytest.approx(0.3 * written + 0.7 * judged, rel=1e-5)


def test_the_critic_learns_from_its_own_error_alone():
    values = torch.tensor([[0.2, -0.4, 9.0]], requires_grad=True)
    objective = prepared(AWR(alpha=0.3))
    objective(P.log(), LABELS, SCORES, values).loss.backward()
    rewards = (0.25 - SCORES) / DEVIATION
    expected = 0.7 * 2 * (values.detach() - rewards) / 2
    assert values.grad is not None
    torch.testing.assert_close(values.grad[:, :2], expected[:, :2])
    assert values.grad[0, 2] == 0


def test_selective_in_closed_form():
    assert loss(prepared(Selective())) == pytest.approx(GOOD_LOSS / 2)


@pytest.mark.parametrize("beta", [1e3, 1e6, math.inf])
def test_reward_weighted_with_a_high_temperature_is_maximum_likelihood(beta):
    assert loss(prepared(RWR(beta=beta))) == pytest.approx(PLAIN, rel=3 / beta + 1e-6)


def test_advantage_weighted_without_a_critic_is_reward_weighted():
    zero = torch.zeros(1, 3)
    assert loss(prepared(AWR(alpha=1.0)), SCORES, zero) == pytest.approx(loss(prepared(RWR())))
    torch.testing.assert_close(gradient(prepared(AWR(alpha=1.0)), zero), gradient(prepared(RWR())))


@pytest.mark.parametrize("objective", [Selective(), Unlikelihood(), Unlikelihood(released=True)])
def test_where_no_token_is_bad_the_rest_is_maximum_likelihood(objective):
    nothing_bad = torch.zeros(1, 3)
    assert loss(prepared(objective), nothing_bad) == pytest.approx(PLAIN)
    torch.testing.assert_close(gradient(objective, scores=nothing_bad), gradient(MLE()))


@pytest.mark.parametrize(
    ("objective", "bad"),
    [(MLE(), "up"), (Selective(), "none"), (Unlikelihood(), "down"), (RWR(), "less"), (Unlikelihood(alpha=0), "none")],
)
def test_where_gradients_pull_a_good_and_a_bad_token(objective, bad):
    found = gradient(prepared(objective))
    plain = gradient(MLE())
    pull = [-float(found[0, place, LABELS[0, place]]) for place in (0, 1)]  # what descent adds to the label's logit
    likely = [-float(plain[0, place, LABELS[0, place]]) for place in (0, 1)]
    assert pull[0] > 0
    if bad == "up":
        assert pull == pytest.approx(likely)
    elif bad == "less":
        assert 0 < pull[1] < likely[1]
        assert pull[0] > likely[0]
    elif bad == "none":
        assert pull[1] == 0
    else:
        assert pull[1] < 0
        assert pull[1] == pytest.approx(-0.4 / 2)  # d/dz of -log(1 - p) is p, over two labels
    assert found[0, 2].abs().max() == 0
    assert found.sum(-1).abs().max() < 1e-6


def test_scalars_are_of_the_labels():
    found = prepared(Unlikelihood())(P.log(), LABELS, SCORES).scalars
    assert float(found["bad_tokens"]) == 0.5
    assert float(found["cross_entropy"]) == pytest.approx(PLAIN)
    weights = prepared(RWR())(P.log(), LABELS, SCORES).scalars["weight"]
    assert float(weights) == pytest.approx((math.exp(0.25 / DEVIATION) + math.exp(-0.75 / DEVIATION)) / 2, rel=1e-5)


@pytest.mark.parametrize("objective", [Selective(), Unlikelihood(), RWR(), AWR()])
def test_scores_are_needed(objective):
    with pytest.raises(StudyError, match=f"objective={objective.name} needs scores"):
        objective(P.log(), LABELS, None, torch.zeros(1, 3))


def test_filtering_and_good_draw_the_line_at_the_same_place():
    scored = made([-1.3], [-1.2], [-1.4], threshold=-1.3)  # -1.3 is no 32-bit number
    assert scored.good().tolist() == [True, False, True]
    assert Filtering().view(scored, 1).documents.index.tolist() == [0, 2]


def test_filtering_keeps_the_documents_whose_mean_is_low_enough():
    scored = made([0.0, 0.0], [0.0, 0.5], [NAN], [1.0], [0.25], threshold=0.25)
    assert Filtering().view(scored, 1).documents.index.tolist() == [0, 1, 4]  # means 0, .25, -, 1, .25
    assert Filtering(threshold=0.1).view(scored, 1).documents.index.tolist() == [0]
    assert Filtering(keep=0.25).view(scored, 1).documents.index.tolist() == [0]
    assert Filtering(threshold=5.0).view(scored, 1).documents.index.tolist() == [0, 1, 3, 4]
    assert Filtering().view(scored, 1).notes == ()
    whole = Filtering(threshold=5.0).view(made([0.0], [1.0]), 1)
    assert "drops no document" in whole.notes[0]
    with pytest.raises(StudyError, match=r"objective\.threshold=-1: filtering leaves no document \(.*0 to 1\)"):
        Filtering(threshold=-1.0).view(scored, 1)
    with pytest.raises(StudyError, match="there are none"):
        Filtering().view(made([NAN]), 1)


def test_control_tokens_stand_before_their_segments():
    scored = made([0.0, 1.0], [1.0], length=2)
    view = Conditional(drop=0.0).view(scored, seed=1)
    assert view.documents.tokens(0).tolist() == [GOOD, 100, 101, BAD, 102, 103]
    assert view.documents.tokens(1).tolist() == [BAD, 100, 101]
    assert view.documents.starts(0).tolist() == [0, 3]
    assert view.notes == ()


def test_without_control_tokens_conditional_says_that_it_is_maximum_likelihood():
    scored = made([0.0, 1.0], [1.0], length=2)
    view = Conditional(drop=1.0).view(scored, seed=1)
    assert view.documents.tokens(0).tolist() == [100, 101, 102, 103]
    assert view.notes == ("drop=1: no control token is left, this run is maximum likelihood",)


def test_some_control_tokens_are_left_out_by_the_seed():
    scored = made(*[[0.0, 1.0, 0.0, 1.0]] * 500)
    first, again, other = (Conditional(drop=0.1).view(scored, seed) for seed in (1, 1, 2))
    counts = np.array([[(view.documents.tokens(i) < 5).sum() for i in range(500)] for view in (first, again, other)])
    assert (counts[0] == counts[1]).all()
    assert (counts[0] != counts[2]).any()
    assert counts[0].mean() / 4 == pytest.approx(0.9, abs=0.02)


def test_documents_that_nobody_judged_may_stay_without_control_tokens():
    scored = made([0.0], [NAN], [1.0], [NAN], length=1)
    view = ConditionalKnown(drop=0.0).view(scored, seed=1)
    assert [view.documents.tokens(i).tolist() for i in range(4)] == [[GOOD, 100], [100], [BAD, 100], [100]]
    assert view.notes == ("control tokens stand before 2 of 4 segments; 2 have no score and are read without",)
    with pytest.raises(StudyError, match="no segment of the training documents is bad"):
        ConditionalKnown().view(made([0.0], [NAN]), seed=1)


def test_where_all_are_judged_both_kinds_of_conditional_training_read_the_same():
    scored = made(*[[float(x)] for x in np.random.default_rng(0).integers(2, size=400)], length=1)
    first, second = (kind(drop=0.3).view(scored, seed=7).documents for kind in (Conditional, ConditionalKnown))
    assert [first.tokens(i).tolist() for i in range(400)] == [second.tokens(i).tolist() for i in range(400)]


def test_rewriting_reads_repaired_documents_in_the_place_of_bad_ones():
    scored = repaired(made([0.0], [1.0, 0.0], [NAN], [0.0], [1.0], length=2), {1: [0.0]}, length=2)
    view = Rewriting().view(scored, seed=1)
    read = [view.documents.tokens(i).tolist() for i in range(len(view.documents))]
    assert read == [[100, 101], [500, 501], [100, 101], [100, 101]]  # the last has a bad segment that nobody mended
    assert view.documents.lengths(np.arange(4)).tolist() == [2, 2, 2, 2]
    assert view.token_scores is None
    assert view.notes == (
        "rewriting: 1 of 0 documents with a bad segment were repaired (left as they were: 2 failed, 3 empty, "
        "4 unchanged, 5 no better); bad segments: 7 of 6 before, 9 of 8 after",
    )


def first_batches(documents: Documents, count: int = 3) -> list[Tensor]:
    batches = iter(TrainingBatches([Phase(0, documents)], PrefixLM(), Shape(2, 16, 24, 12), seed=5))
    return [field for _ in range(count) for field in next(batches)]


def test_where_nothing_is_repaired_rewriting_has_the_examples_of_maximum_likelihood():
    scored = repaired(made(*[[0.0] * (1 + i % 4) for i in range(50)]), {})
    view = Rewriting().view(scored, seed=1)
    assert view.notes == ("rewriting changes no document: this run is maximum likelihood",)
    for ours, plain in zip(first_batches(view.documents), first_batches(scored.store), strict=True):
        torch.testing.assert_close(ours, plain, rtol=0, atol=0)


def test_both_sides_of_a_repair_stand_behind_their_control_tokens():
    scored = made([0.0, 1.0], [0.0], [NAN], [1.0], length=1)
    view = ConditionalRewriting(drop=0.0).view(repaired(scored, {0: [0.0, 0.0, 1.0]}, length=1), seed=1)
    read = [view.documents.tokens(i).tolist() for i in range(len(view.documents))]
    assert read == [
        [GOOD, 100, BAD, 101],  # as it was
        [GOOD, 100],
        [BAD, 100],  # which nobody mended
        [GOOD, 500, GOOD, 501, BAD, 502],  # repaired but for its last segment
    ]
    assert view.documents.starts(3).tolist() == [0, 2, 4]
    assert view.documents.lengths(np.array([3, 0, 1])).tolist() == [6, 4, 2]


def test_with_repaired_copies_the_same_control_tokens_are_left_out_of_what_people_wrote():
    scored = made(*[[0.0, 1.0]] * 200)
    own = ConditionalRewriting(drop=0.3).view(repaired(scored, {i: [0.0, 0.0] for i in range(0, 200, 2)}), seed=7)
    plain = Conditional(drop=0.3).view(scored, seed=7)
    assert len(own.documents) == 300
    assert all(own.documents.tokens(i).tolist() == plain.documents.tokens(i).tolist() for i in range(200))
    copies = np.concatenate([own.documents.tokens(i) for i in range(200, 300)])
    assert BAD not in copies
    assert (copies == GOOD).mean() == pytest.approx(0.7 * 2 / (6 + 1.4), abs=0.03)


def test_a_larger_pool_makes_no_step_larger():
    scored = made(*[[0.0, 1.0, 0.0]] * 40)
    own = ConditionalRewriting().view(repaired(scored, {i: [0.0] * 3 for i in range(40)}), seed=1)
    plain = Conditional().view(scored, seed=1)
    shapes = [[field.shape for field in first_batches(view.documents)] for view in (own, plain)]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("objective", [Rewriting(), ConditionalRewriting()])
def test_repaired_documents_are_needed(objective):
    with pytest.raises(StudyError, match=f"objective={objective.name} needs repaired documents"):
        objective.view(made([0.0, 1.0]), 1)


@pytest.mark.parametrize("objective", [Conditional(), Selective(), Unlikelihood(), RWR()])
def test_unscored_documents_are_left_out(objective):
    scored = made([0.0, 1.0], [NAN, NAN], [1.0])
    view = objective.view(scored, 1)
    assert len(view.documents) == 2
    if view.token_scores is not None:
        assert view.token_scores(1).tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("objective", [Conditional(), Selective(), Unlikelihood(), RWR(), AWR()])
@pytest.mark.parametrize(("threshold", "which"), [(-1.0, "good"), (2.0, "bad")])
def test_a_threshold_that_tells_nothing_apart_is_refused(objective, threshold, which):
    with pytest.raises(StudyError, match=rf"no segment of the training documents is {which} \(.*between 0 and 1"):
        objective.view(made([0.0, 1.0], threshold=threshold), 1)


def test_weights_that_hardly_differ_are_told():
    assert prepared(RWR()).view(TRAINING, 1).notes == ()
    notes = RWR(beta=10.0, normalise=False).view(TRAINING, 1).notes
    assert notes == ("rwr: good segments weigh 1.11 times bad ones: in effect maximum likelihood",)
    assert AWR(beta=math.inf).view(TRAINING, 1).notes[0].startswith("awr: good segments weigh 1.00 times")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Conditional(drop=1.5), r"objective\.drop=1\.5 must lie between 0 and 1"),
        (lambda: Conditional(onset=-0.1), r"objective\.onset=-0\.1"),
        (lambda: RWR(beta=0.0), r"objective\.beta=0\.0 must be above 0"),
        (lambda: RWR(clip=-1.0), r"objective\.clip=-1\.0"),
        (lambda: AWR(alpha=2.0), r"objective\.alpha=2\.0"),
        (lambda: Filtering(keep=2.0), r"objective\.keep=2\.0"),
        (lambda: Selective(cooldown=2.0), r"objective\.cooldown=2\.0"),
        (lambda: Rewriting(onset=2.0), r"objective\.onset=2\.0"),
    ],
)
def test_settings_out_of_range_are_refused(make, message):
    with pytest.raises(StudyError, match=message):
        make()
