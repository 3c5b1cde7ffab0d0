"""The chapter on objectives: two lines of code, what every objective does to each of their tokens, and its limits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from lmstudy.compose import compose_config
from lmstudy.config import build
from lmstudy.data.tokenizer import BAD, GOOD, SPECIAL_TOKENS
from lmstudy.errors import StudyError
from lmstudy.preferences.objectives.awr import AWR
from lmstudy.preferences.objectives.base import Objective
from lmstudy.preferences.objectives.conditional import Conditional
from lmstudy.preferences.objectives.filtering import Filtering
from lmstudy.preferences.objectives.mle import MLE
from lmstudy.preferences.objectives.rwr import RWR
from lmstudy.preferences.objectives.selective import Selective
from lmstudy.preferences.objectives.unlikelihood import Unlikelihood
from lmstudy.preferences.scored import ScoredDocuments
from lmstudy.preferences.scorers.pep8 import Pep8Scorer
from lmstudy.show.numbers import number

Ints = NDArray[np.int64]
DOCUMENTS = ((("x", " =", " 1", "⏎"), ("y", "=", "2", "⏎")), (("z", " =", " 3", "⏎"),))
"""The training set of the chapter: one document of a good and a bad line, one of a good line."""
TOKENS = (*SPECIAL_TOKENS[: BAD + 1], "x", "y", "z", " =", "=", " 1", "2", " 3", "⏎")
CHANCES = (0.3, 0.6, 0.4, 0.9, 0.3, 0.2, 0.2, 0.9)
"""What a half-trained model gives to the tokens of the first document, each behind those before it."""
OF_CONTROL = 0.5
"""... and to a control token."""
CRITIC = 0.0
"""What the critic of AWR expects of every segment, in standard deviations of the reward."""
NAMES = ("mle", "filtering", "conditional", "selective", "unlikelihood", "rwr", "awr")


class Toy:
    """`DOCUMENTS` as a store (see `lmstudy.data.examples.Documents`)."""

    def __len__(self) -> int:
        return len(DOCUMENTS)

    def tokens(self, index: int) -> Ints:
        return np.array([TOKENS.index(token) for line in DOCUMENTS[index] for token in line])

    def starts(self, index: int) -> Ints:
        return np.cumsum([0, *map(len, DOCUMENTS[index][:-1])])

    def lengths(self, index: Ints) -> Ints:
        return np.array([len(self.tokens(int(i))) for i in np.atleast_1d(index)])


def toy(threshold: float = 0.0) -> ScoredDocuments:
    """The documents with what pycodestyle says of each of their lines."""
    scorer = Pep8Scorer()
    texts = [["".join(line).replace("⏎", "\n") for line in document] for document in DOCUMENTS]
    scores = np.array([score for lines in texts for score in scorer.score(lines)], dtype=np.float32)
    offsets = np.cumsum([0, *map(len, DOCUMENTS)])
    return ScoredDocuments(Toy(), scores, offsets, threshold, np.array([], dtype=np.int64))  # type: ignore[arg-type]


class Given(NamedTuple):
    """What an objective gets of the first document: logits [1, T, V]; labels, scores and values [1, T]."""

    logits: Tensor
    labels: Tensor
    scores: Tensor
    values: Tensor

    def at(self, place: int) -> Given:
        """A single token of it."""
        return Given(*(field[:, place : place + 1] for field in self))


def read(objective: Objective, scored: ScoredDocuments | None = None) -> Given | None:
    """The first document as the objective reads it; None where it drops the document.

    Raises:
        StudyError: the objective refuses the scores.
    """
    scored = scored or toy()
    plain = scored.store.tokens(0)
    if not objective.scored:
        return _given(plain, scored.token_scores(0))
    view = objective.view(scored, seed=1)
    for index in range(len(view.documents)):
        tokens = view.documents.tokens(index)
        if np.array_equal(tokens[tokens > BAD], plain):
            scores = view.token_scores(index) if view.token_scores else np.zeros(len(tokens))
            return _given(tokens, scores)
    return None


def _given(tokens: Ints, scores: NDArray[Any]) -> Given:
    chances = iter(CHANCES)
    rows = [_distribution(int(token), OF_CONTROL if token in (GOOD, BAD) else next(chances)) for token in tokens]
    logits = torch.tensor(np.log(rows), dtype=torch.float32)[None]
    values = torch.full((1, len(tokens)), CRITIC)
    return Given(logits, torch.tensor(tokens)[None], torch.tensor(np.array(scores), dtype=torch.float32)[None], values)


def _distribution(token: int, chance: float) -> NDArray[np.float64]:
    """[V]: this chance for the token, and of the rest as much for all others."""
    row = np.full(len(TOKENS), (1 - chance) / (len(TOKENS) - 1))
    row[token] = chance
    return row


class Outcome(NamedTuple):
    """The loss, and what a step of gradient descent adds to the logits, -dL/dz: [1, T, V]."""

    loss: float
    push: Tensor


def outcome(objective: Objective, given: Given) -> Outcome:
    """One evaluation of an objective."""
    logits = given.logits.clone().requires_grad_()
    loss = objective(logits, given.labels, given.scores, given.values).loss
    (gradient,) = torch.autograd.grad(loss, logits)
    return Outcome(float(loss.detach()), -gradient)


@dataclass(frozen=True)
class Effect:
    """What an objective does to one token of the document as it reads it."""

    token: str
    place: float
    """Number of the token in the document; of a control token, half a place before the token that follows."""
    bad: bool
    chance: float
    loss: float
    pull: float
    """What descent adds to the token's own logit: above 0 it becomes more probable, below 0 less."""


def effects(objective: Objective) -> list[Effect]:
    """The loss of each token alone and its pull, in the order read; nothing for a document that is dropped."""
    given = read(objective)
    if given is None:
        return []
    found, place = [], 0
    for at, token in enumerate(given.labels[0].tolist()):
        alone = outcome(objective, given.at(at))
        control = token in (GOOD, BAD)
        chance = float(given.logits[0, at, token].exp())
        where = place - 0.5 if control else float(place)
        found.append(Effect(TOKENS[token], where, place >= 4, chance, alone.loss, float(alone.push[0, 0, token])))
        place += not control
    return found


def rewarded(weighted: Sequence[Effect], beta: float) -> tuple[str, str]:
    """The reward and the weight of the good and of the bad line, in words, from the losses that RWR gives them."""
    weights = {one.bad: one.loss / -math.log(one.chance) for one in weighted}
    good, bad = (
        f"{number(beta * math.log(weights[side]), decimals=2, signed=True)} and a weight of {number(weights[side], 2)}"
        for side in (False, True)
    )
    return good, bad


def shipped(name: str) -> Objective:
    """The objective of a YAML of `conf/objective`."""
    return build(compose_config("train", [f"objective={name}"])["objective"], "objective")


def loss_table(all_effects: dict[str, list[Effect]]) -> pd.DataFrame:
    """Loss of every token by objective, with the tokens' probabilities in the first column; NaN: not read."""
    places = sorted({effect.place for effects in all_effects.values() for effect in effects})
    rows: dict[str, dict[str, float]] = {}
    for place in places:
        own = {name: one for name, effects in all_effects.items() for one in effects if one.place == place}
        first = next(iter(own.values()))
        losses = {name: own[name].loss if name in own else math.nan for name in all_effects}
        rows[f"{'bad' if first.bad else 'good'}: {first.token.replace(' ', '␣')}"] = {"p": first.chance, **losses}
    return pd.DataFrame.from_dict(rows, orient="index")


def limit_table() -> pd.DataFrame:
    """Settings in which an objective becomes another one: both losses, how far gradients differ, and what is said."""
    scored = toy()
    rows = [
        _limit("RWR, β = 1", RWR(beta=1), "MLE", MLE(), scored),
        _limit("RWR, β = 10", RWR(beta=10), "MLE", MLE(), scored),
        _limit("RWR, β = 1000", RWR(beta=1000), "MLE", MLE(), scored),
        _limit("RWR, β = ∞", RWR(beta=math.inf), "MLE", MLE(), scored),
        _limit("AWR, α = 1, V = 0", AWR(alpha=1), "RWR", RWR(), scored),
        _limit("AWR, α = 0", AWR(alpha=0), "nothing", None, scored),
        _limit("unlikelihood, α = 0", Unlikelihood(alpha=0), "selective", Selective(), scored),
        _limit("filtering, t = 1", Filtering(threshold=1), "MLE", MLE(), scored),
        _limit("conditional, drop = 1", Conditional(drop=1), "MLE", MLE(), scored),
    ]
    rows += [
        _limit(f"{name}, t = 1", objective, "MLE", MLE(), toy(threshold=1.0))
        for name, objective in (("selective", Selective()), ("conditional", Conditional()))
    ]
    return pd.DataFrame(rows).set_index("setting").rename_axis(None)


def _limit(setting: str, objective: Objective, name: str, other: Objective | None, scored: ScoredDocuments) -> dict:
    row = {"setting": setting, "compared with": name, **dict.fromkeys(("its loss", "the other", "gradients differ by"))}
    try:
        given = read(objective, scored)
        notes = objective.view(scored, 1).notes if objective.scored else ()
    except StudyError as error:
        return {**row, "the program says": f"refused: {str(error).split('; choose')[0]}"}
    assert given is not None
    ours = outcome(objective, given)
    against = Outcome(0.0, torch.zeros_like(ours.push)) if other is None else outcome(other, read(other) or given)
    gap = float((ours.push - against.push).abs().max())
    losses = {"its loss": ours.loss, "the other": None if other is None else against.loss}
    return {**row, **losses, "gradients differ by": number(gap, 1), "the program says": "; ".join(notes)}


def shown_names(names: Sequence[str] = NAMES) -> dict[str, Objective]:
    """Objectives as they ship, by the names that the book shows."""
    usual = {"mle": "MLE", "rwr": "RWR", "awr": "AWR"}
    return {usual.get(name, name): shipped(name) for name in names}
