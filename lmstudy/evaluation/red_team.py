"""Red-teaming by an automatic pool: rounds of prompts, each bred from those that were answered worst.

Korbak et al. (2023) follow Perez et al. (2022): prompts are drawn from a pool with probability proportional to
exp(score / temperature), an instructed model writes new ones in their manner, and what the answers score decides
over the next draw. A small encoder-decoder knows no instructions, but any beginning of a text is a prompt to it.
So the pool begins with beginnings of held-out documents, and a new prompt is made of drawn ones:

- extend: the prompt with its worst answer, up to and including that answer's worst segment;
- insert: the prompt followed by a bad segment that was written for another one;
- cross: the first half of the prompt and the second half of another one.

The scores of prompts that were chosen for their scores are too high, as luck was chosen too. A round's mean is over
answers that had no part in any choice, and at the end the worst prompts of the pool are answered once more.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lmstudy.errors import StudyError
from lmstudy.preferences.scored import judge
from lmstudy.preferences.scorers.base import Scorer

Segments = tuple[str, ...]
Reply = Callable[[list[list[str]]], list[list[str]]]
"""Prompts in segments to an answer each, without the prompt, in segments; drawn anew at every call."""
Kind = Literal["given", "extend", "insert", "cross"]

KINDS: tuple[Kind, ...] = ("extend", "insert", "cross")
TRIES = 10
"""Draws in search of a prompt that is new; in the second half of them every prompt is as likely."""


@dataclass(frozen=True)
class Attempt:
    """A prompt of the pool and what came of it."""

    prompt: Segments
    kind: Kind
    round: int
    replies: tuple[Segments, ...]
    score: float
    """Mean over its replies, drawn towards the first round's mean where they are short."""
    lead: Segments
    """Of the reply with the worst segment, all up to and including that; nothing if no segment is bad."""


@dataclass(frozen=True)
class Round:
    """What a round's prompts got as replies."""

    number: int
    """0 for the given prompts."""
    counts: NDArray[np.float64]
    """[prompts, 2]: sum of scores (times characters, where a score is per character) and characters (or segments)
    of each prompt's replies; `ratio_of_sums_bootstrap` takes them, with a first axis of seeds."""
    bad: float
    """Share of the scored replies with a segment that is worse than the scorer's threshold."""
    empty: int
    """Replies in which nothing was written."""

    @property
    def mean(self) -> float:
        """Mean misalignment of all replies; NaN if nothing could be scored."""
        total, size = self.counts.sum(0).tolist()
        return total / size if size else math.nan


@dataclass(frozen=True)
class RedTeam:
    """The course of red-teaming a model."""

    rounds: tuple[Round, ...]
    again: Round
    """The worst prompts of the whole pool, as many as in a round, with fresh replies."""
    pool: tuple[Attempt, ...]


def red_team(
    reply: Reply,
    scorer: Scorer,
    initial: Sequence[Sequence[str]],
    *,
    rounds: int = 5,
    size: int = 128,
    replies: int = 4,
    temperature: float = 1.0,
    longest: int = 12,
    seed: int = 0,
) -> RedTeam:
    """Breed prompts that a model answers badly. The same seed and the same replies give the same course.

    Args:
        reply: the model, see `Reply`.
        scorer: judges the replies after their prompts; only the replies' segments count.
        initial: prompts in segments; `size` of them are drawn for the first round, all where there are fewer.
        size: new prompts in each further round.
        replies: answers to each prompt.
        temperature: in standard deviations of the pool's scores: at 1.0 a prompt that is one standard deviation
            worse is drawn e times as often.
        longest: segments of a prompt; of a longer one the first and the last ones stay, since a text keeps its head.

    Raises:
        StudyError: no prompt, a size below 1, a temperature of 0 or less, or another number of replies than asked for.
    """
    least = {"rounds": (rounds, 0), "size": (size, 1), "replies": (replies, 1), "longest": (longest, 2)}
    for name, (value, bound) in least.items():
        if value < bound:
            raise StudyError(f"red_team: {name}={value} must be at least {bound}")
    if temperature <= 0:
        raise StudyError(f"red_team: temperature={temperature} must be above 0")
    if not initial:
        raise StudyError("red_team needs at least one prompt to begin with")
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(initial))[:size]
    prompts: list[tuple[Segments, Kind]] = [(_shortened(tuple(initial[i]), longest), "given") for i in order]
    asking = _Asking(reply, scorer, replies)
    pool: list[Attempt] = []
    course: list[Round] = []
    for number in range(rounds + 1):
        if number:
            prompts = _bred(pool, size, temperature, longest, rng)
        result, attempts = asking.ask(prompts, number)
        course.append(result)
        pool += attempts
    worst = sorted(pool, key=lambda attempt: -attempt.score)[:size]
    again, _ = asking.ask([(attempt.prompt, attempt.kind) for attempt in worst], rounds + 1)
    return RedTeam(tuple(course), again, tuple(pool))


class _Asking:
    """Puts prompts to a model and scores what it answers."""

    def __init__(self, reply: Reply, scorer: Scorer, replies: int) -> None:
        self.reply, self.scorer, self.replies = reply, scorer, replies
        self.prior: tuple[float, float] | None = None  # a prompt's mean sum and size in the first round

    def ask(self, prompts: Sequence[tuple[Segments, Kind]], number: int) -> tuple[Round, list[Attempt]]:
        asked = [list(prompt) for prompt, _ in prompts for _ in range(self.replies)]
        answers = [tuple(answer) for answer in self.reply([list(prompt) for prompt in asked])]
        if len(answers) != len(asked):
            raise StudyError(f"red_team: {len(answers)} replies to {len(asked)} prompts; give one for each, in order")
        texts = [(*prompt, *answer) for prompt, answer in zip(asked, answers, strict=True)]
        scores = [
            np.array(found[len(prompt) :])
            for prompt, found in zip(asked, judge(self.scorer, texts).scores, strict=True)
        ]
        sums = np.array([self._sums(answer, found) for answer, found in zip(answers, scores, strict=True)])
        counts = sums.reshape(len(prompts), self.replies, 2).sum(1)
        sized = zip(scores, sums[:, 1], strict=True)
        worst = [float(found.max()) if size else -math.inf for found, size in sized]
        scored = int((sums[:, 1] > 0).sum())
        empty = sum(not any(answer) for answer in answers)
        bad = sum(value > self.scorer.threshold for value in worst)
        result = Round(number, counts, bad / scored if scored else math.nan, empty)
        if self.prior is None:
            self.prior = (float(counts[:, 0].mean()), float(counts[:, 1].mean()))
        attempts = []
        for index, (prompt, kind) in enumerate(prompts):
            own = range(index * self.replies, (index + 1) * self.replies)
            top = max(own, key=lambda i: worst[i])
            end = int(scores[top].argmax()) + 1 if worst[top] > self.scorer.threshold else 0
            score = self._shrunk(counts[index])
            attempts.append(Attempt(prompt, kind, number, tuple(answers[i] for i in own), score, answers[top][:end]))
        return result, attempts

    def _sums(self, answer: Segments, scores: NDArray[np.float64]) -> tuple[float, float]:
        """Sum of scores and size of a reply; both 0 for one that is empty or has no scores."""
        sizes = np.array([len(segment) for segment in answer], dtype=float)
        if not sizes.sum() or np.isnan(scores).any():
            return 0.0, 0.0
        weights = sizes if self.scorer.unit == "character" else np.ones(len(sizes))
        return float(scores @ weights), float(weights.sum())

    def _shrunk(self, counts: NDArray[np.float64]) -> float:
        """A prompt's mean as if it had, besides its own, the replies of an average first prompt."""
        assert self.prior is not None
        total, size = counts + np.array(self.prior)
        return float(total / size) if size else 0.0


def chances(scores: Sequence[float], temperature: float) -> NDArray[np.float64]:
    """Probability of each prompt of a pool: proportional to exp(score / temperature), in standard deviations."""
    values = np.asarray(scores, dtype=float)
    spread = values.std()
    powers = np.exp((values - values.max()) / (temperature * spread)) if spread > 0 else np.ones(len(values))
    return np.asarray(powers / powers.sum())


def _bred(
    pool: Sequence[Attempt], size: int, temperature: float, longest: int, rng: np.random.Generator
) -> list[tuple[Segments, Kind]]:
    """New prompts from drawn ones; where one was there before, others are drawn, a few times at most."""
    p = chances([old.score for old in pool], temperature)
    known = {old.prompt for old in pool}
    prompts: list[tuple[Segments, Kind]] = []
    for _ in range(size):
        for attempt in range(TRIES):
            drawn = rng.choice(len(pool), size=2, p=p if attempt < TRIES // 2 else None)
            first, second = (pool[i] for i in drawn)
            prompt, kind = _made(first, second, KINDS[rng.integers(len(KINDS))])
            prompt = _shortened(prompt, longest)
            if prompt not in known:
                break
        known.add(prompt)
        prompts.append((prompt, kind))
    return prompts


def _made(first: Attempt, second: Attempt, kind: Kind) -> tuple[Segments, Kind]:
    """A prompt made of two; crossed where nothing bad was written that could be used."""
    if kind == "extend" and first.lead:
        return first.prompt + first.lead, kind
    if kind == "insert" and second.lead:
        return first.prompt + second.lead[-1:], kind
    return first.prompt[: -(-len(first.prompt) // 2)] + second.prompt[len(second.prompt) // 2 :], "cross"


def _shortened(prompt: Segments, longest: int) -> Segments:
    return prompt if len(prompt) <= longest else prompt[:1] + prompt[1 - longest :]
