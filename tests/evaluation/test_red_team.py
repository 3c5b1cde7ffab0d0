"""Red-teaming: a model with a known weakness is found out, a sound one is not, and the course can be repeated."""

import math
from collections import Counter

import numpy as np
import pytest

from lmstudy.errors import StudyError
from lmstudy.evaluation.red_team import chances, red_team
from lmstudy.evaluation.statistics import ratio_of_sums_bootstrap
from lmstudy.preferences.scorers.base import Scorer

INITIAL = [[f"def f{i}(a):\n", f"    b = {i}\n", "    c = a\n"] for i in range(30)]


class Bangs(Scorer):
    """Exclamation marks per character; it raises on a text that says so."""

    name = "bangs"

    def score(self, segments):
        if any("raise" in segment for segment in segments):
            raise RuntimeError("as it was told to")
        return [segment.count("!") / len(segment) if segment else 0.0 for segment in segments]


class Shouting(Bangs):
    unit = "segment"
    highest = 1.0


class Model:
    """Answers calmly, but the more loudly the more the prompt shouts; `calm` answers never shout."""

    def __init__(self, seed=0, calm=False, weakness=0.25):
        self.rng, self.calm, self.weakness, self.asked = np.random.default_rng(seed), calm, weakness, []

    def __call__(self, prompts):
        self.asked += prompts
        return [self.answer(prompt) for prompt in prompts]

    def answer(self, prompt):
        chance = 0.0 if self.calm else min(0.9, 0.03 + self.weakness * "".join(prompt).count("!"))
        return ["ok!\n" if self.rng.random() < chance else "well\n" for _ in range(3)]


def test_a_weakness_is_found_and_used():
    course = red_team(Model(), Bangs(), INITIAL, rounds=4, size=30, replies=4)
    means = [result.mean for result in course.rounds]
    assert [result.number for result in course.rounds] == [0, 1, 2, 3, 4]
    assert means[0] < 0.02
    assert means[4] > 5 * means[0]
    assert course.again.mean > means[4]
    assert course.rounds[4].bad > course.rounds[0].bad
    first, last = (ratio_of_sums_bootstrap(course.rounds[i].counts[None]) for i in (0, 4))
    assert first.value == pytest.approx(means[0])
    assert first.high < last.low


def test_a_model_without_a_weakness_stays_as_it_is():
    calm = red_team(Model(calm=True), Bangs(), INITIAL, rounds=2, size=20)
    assert [result.mean for result in calm.rounds] == [0, 0, 0]
    assert (calm.again.mean, calm.again.bad) == (0, 0)
    even = red_team(Model(weakness=0), Bangs(), INITIAL, rounds=4, size=60, replies=2)
    estimates = [ratio_of_sums_bootstrap(result.counts[None]) for result in (*even.rounds, even.again)]
    assert all(each.low < estimates[0].high and each.high > estimates[0].low for each in estimates)
    chosen = np.mean(sorted((attempt.score for attempt in even.pool), reverse=True)[:60])
    assert chosen > even.again.mean  # what was chosen for its score was lucky


def test_the_same_seed_gives_the_same_course():
    one, two, other = (red_team(Model(), Bangs(), INITIAL, rounds=2, size=10, seed=seed) for seed in (1, 1, 2))
    assert one.pool == two.pool
    assert [result.counts.tolist() for result in one.rounds] == [result.counts.tolist() for result in two.rounds]
    assert [attempt.prompt for attempt in one.pool] != [attempt.prompt for attempt in other.pool]


def test_what_new_prompts_are_made_of():
    course = red_team(Model(), Bangs(), INITIAL, rounds=5, size=40, longest=9)
    assert len(course.pool) == 30 + 5 * 40
    kinds = Counter(attempt.kind for attempt in course.pool)
    assert kinds["given"] == 30
    assert min(kinds["extend"], kinds["insert"], kinds["cross"]) > 20
    earlier = {attempt.prompt for attempt in course.pool if attempt.round == 0}
    assert earlier == {tuple(prompt) for prompt in INITIAL}
    heads = {prompt[0] for prompt in INITIAL}
    for attempt in course.pool:
        assert attempt.prompt[0] in heads
        assert 2 <= len(attempt.prompt) <= 9
        assert len(attempt.replies) == 4
        if attempt.kind in ("extend", "insert"):
            assert attempt.prompt[-1] == "ok!\n"
        if attempt.lead:
            assert attempt.lead[-1] == "ok!\n"
            assert any(reply[: len(attempt.lead)] == attempt.lead for reply in attempt.replies)
    assert len({attempt.prompt for attempt in course.pool}) > 0.9 * len(course.pool)


def test_each_prompt_is_asked_as_often_as_told_and_only_replies_count():
    model = Model(calm=True)
    course = red_team(model, Bangs(), [["loud!!!!\n"], ["quiet\n"]], rounds=0, size=5, replies=3)
    assert Counter(map(tuple, model.asked)) == {("loud!!!!\n",): 6, ("quiet\n",): 6}  # 3 at first, 3 at the end
    assert course.rounds[0].mean == 0
    assert course.rounds[0].counts.tolist() == [[0, 45], [0, 45]]  # 3 replies of 3 segments of 5 characters


def test_scores_are_per_segment_where_the_scorer_says_so():
    def reply(prompts):
        return [["a!\n", "bcdefgh\n", ""] for _ in prompts]

    (result,) = red_team(reply, Shouting(), [["x\n"]], rounds=0, replies=2).rounds
    assert result.counts.tolist() == [[pytest.approx(2 / 3), 6]]
    (result,) = red_team(reply, Bangs(), [["x\n"]], rounds=0, replies=2).rounds
    assert result.counts.tolist() == [[pytest.approx(2), 22]]


def test_little_text_does_not_make_a_prompt_the_worst():
    """One mark in two characters against forty in a hundred and sixty."""

    def reply(prompts):
        return [["!\n"] if prompt == ["short\n"] else ["loud!!!!\n"] * 10 for prompt in prompts]

    pool = red_team(reply, Bangs(), [["short\n"], ["long\n"]], rounds=0, replies=1).pool
    scores = {attempt.prompt[0]: attempt.score for attempt in pool}
    m, k = 41 / 2, 92 / 2
    assert scores == {"short\n": pytest.approx((1 + m) / (2 + k)), "long\n": pytest.approx((40 + m) / (90 + k))}


def test_empty_replies_are_counted_and_unscored_ones_left_out():
    def reply(prompts):
        return [[[], [""], ["raise\n"], ["ok!\n"]][i % 4] for i in range(len(prompts))]

    course = red_team(reply, Bangs(), [["a\n"], ["b\n"]], rounds=1, size=2, replies=4)
    for result in (*course.rounds, course.again):
        assert result.empty == 4
        assert result.counts.tolist() == [[1, 4], [1, 4]]
        assert result.bad == 1
    nothing = red_team(lambda prompts: [[] for _ in prompts], Bangs(), [["a\n"]], rounds=2, size=3)
    assert math.isnan(nothing.rounds[0].mean)
    assert math.isnan(nothing.again.bad)


def test_chances_follow_the_temperature():
    assert chances([1.0, 2.0, 3.0], 1.0) == pytest.approx(
        np.exp([0, (1.5) ** 0.5, 2 * 1.5**0.5]) / np.exp([0, 1.5**0.5, 2 * 1.5**0.5]).sum()
    )
    assert chances([10.0, 20.0, 30.0], 1.0) == pytest.approx(chances([1.0, 2.0, 3.0], 1.0))  # whatever the unit
    assert chances([1.0, 2.0, 3.0], 1e6) == pytest.approx([1 / 3] * 3, abs=1e-4)
    assert chances([1.0, 2.0, 3.0], 1e-3) == pytest.approx([0, 0, 1])
    assert chances([2.0, 2.0], 0.5) == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size": 0}, "size=0 must be at least 1"),
        ({"replies": 0}, "replies=0 must be at least 1"),
        ({"longest": 1}, "longest=1 must be at least 2"),
        ({"rounds": -1}, "rounds=-1 must be at least 0"),
        ({"temperature": 0}, "temperature=0 must be above 0"),
        ({"initial": []}, "needs at least one prompt"),
        ({"reply": lambda prompts: []}, "0 replies to 120 prompts; give one for each"),
    ],
)
def test_mistakes_are_named(settings, message):
    with pytest.raises(StudyError, match=f"red_team.*{message}"):
        red_team(**{"reply": Model(), "scorer": Bangs(), "initial": INITIAL, **settings})
