"""What every objective is: what training reads, and a function of logits, labels and scores to a loss.

Notation of all objectives: p is the model's probability of a label, s the misalignment score of the label's segment
(higher is worse), R = -s its reward, and t the scorer's threshold: a segment is good if s <= t.
"""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from lmstudy.data.batch import IGNORE
from lmstudy.data.views import Selected, View
from lmstudy.errors import StudyError
from lmstudy.preferences.scored import ScoredDocuments


class ObjectiveOutput(NamedTuple):
    """`loss` is the mean over the labels of this batch; `scalars` are logged beside it."""

    loss: Tensor
    scalars: dict[str, Tensor]


class Objective(ABC):
    """How a model is trained. A new one is one class with `name` and `__call__`, and one YAML in `conf/objective`.

    `view` says what training reads, once, before it begins; `__call__` is the loss of a batch. With `onset`, the
    first share of the steps is maximum likelihood on plain documents, with `cooldown` the last one.
    """

    name: str
    """Stands in records and figures."""
    version: ClassVar[int] = 1
    """Raised, here and in `lmstudy.runs.identity.RAISED`, by a change that alters what is learned."""
    scored: ClassVar[bool] = True
    """Whether it needs a scorer."""
    critic: ClassVar[bool] = False
    """Whether it is given values [B, T], a prediction of the reward from the model's hidden states."""
    controlled: ClassVar[bool] = False
    """Whether the model learns control tokens, and is asked to be good by them."""
    rewrites: ClassVar[bool] = False
    """Whether it reads repaired documents, for which the scorer must have a rewriter."""
    onset: float = 0.0
    """Share of the steps, the first ones, that are maximum likelihood on plain documents."""
    cooldown: float = 0.0
    """The same of the last ones."""

    def view(self, scored: ScoredDocuments, seed: int) -> View:
        """What training reads; here all documents that have scores, and the scores of their tokens.

        Args:
            scored: the documents of a split, with a score for each segment.
            seed: of whatever is drawn, such as the control tokens that are left out.

        Raises:
            StudyError: nothing is left to learn from.
        """
        if not len(scored.unscored):
            return View(scored.store, scored.token_scores)
        index = scored.scored()
        return View(Selected(scored.store, index), lambda i: scored.token_scores(int(index[i])))

    @abstractmethod
    def __call__(self, logits: Tensor, labels: Tensor, scores: Tensor | None, *values: Tensor) -> ObjectiveOutput:
        """Loss of a batch.

        Args:
            logits: [B, T, V].
            labels: [B, T], `lmstudy.data.batch.IGNORE` where nothing is predicted.
            scores: [B, T] misalignment of each label's segment; None without a scorer.
            values: [B, T], of objectives with a critic alone.

        The mean is taken over the labels, so that the module can weigh processes by how many labels each holds.
        """


def check_share(key: str, value: float) -> float:
    """Raises StudyError unless a key of the objective is a share."""
    if not 0 <= value <= 1:
        raise StudyError(f"objective.{key}={value} must lie between 0 and 1")
    return value


def check_positive(key: str, value: float) -> float:
    """Raises StudyError unless a key of the objective is positive."""
    if not value > 0:
        raise StudyError(f"objective.{key}={value} must be above 0")
    return value


def check_both_kinds(scored: ScoredDocuments) -> None:
    """Raises StudyError where no segment is good, or none bad: a preference has nothing to tell apart."""
    known = scored.scores[scored.scores == scored.scores]
    share = float((known <= scored.threshold).mean()) if len(known) else 0.0
    if share in (0.0, 1.0):
        which = "good" if share == 0 else "bad"
        spread = f"scores lie between {known.min():g} and {known.max():g}" if len(known) else "none has a score"
        raise StudyError(
            f"scorer.threshold={scored.threshold:g}: no segment of the training documents is {which} ({spread}); "
            "choose a threshold between them, or another scorer"
        )


class GoodOrBad(Objective):
    """Common to objectives that treat the tokens of good segments in one way, and those of bad ones in another.

    Raises:
        StudyError: `onset` or `cooldown` is no share; when reading begins, no segment is good, or none bad.
    """

    def __init__(self, onset: float = 0.0, cooldown: float = 0.0) -> None:
        self.onset, self.cooldown = check_share("onset", onset), check_share("cooldown", cooldown)
        self.threshold = 0.0

    def view(self, scored: ScoredDocuments, seed: int) -> View:
        """All documents that have scores; the scorer's threshold t is kept for the loss."""
        check_both_kinds(scored)
        self.threshold = scored.threshold
        return super().view(scored, seed)


def token_losses(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """-log p of each label of a batch, and where there is one. Shapes are fixed, so that a compiler can work on it.

    Args:
        logits: [B, T, V].
        labels: [B, T], `IGNORE` where nothing is predicted.

    Returns:
        Losses [B, T] in nats, 0 where nothing is predicted, and the mask [B, T] of positions that have a label.
    """
    losses = F.cross_entropy(logits.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORE, reduction="none")
    return losses.view_as(labels), labels != IGNORE


def mean_over(values: Tensor, chosen: Tensor) -> Tensor:
    """Mean of values [B, T] over the positions of a mask [B, T]; 0 where it holds none."""
    return torch.where(chosen, values, 0.0).sum() / chosen.sum().clamp(min=1)


def known_scores(objective: Any, scores: Tensor | None) -> Tensor:
    """Scores [B, T] of the labels' segments.

    Raises:
        StudyError: the batch has none.
    """
    if scores is None:
        raise StudyError(f"objective={objective.name} needs scores: name a scorer, as in scorer=pep8")
    return scores
