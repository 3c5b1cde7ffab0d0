"""What a reward model is taught and judged by: texts that people rated or labelled."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from lmstudy.data.text_rows import Reader
from lmstudy.models.reward import RewardModel
from lmstudy.preferences.ratings import Ratings
from lmstudy.preferences.scorers.reward_model import Judge, Scale
from lmstudy.runs.records import Findings
from lmstudy.runs.reward_examples import Rated, fitted
from lmstudy.runs.reward_metrics import measured, predictions
from lmstudy.training.batches import ExampleData
from lmstudy.training.optimised import Optimised
from lmstudy.training.optimizers import AdamW
from lmstudy.training.reward import RewardDataModule, RewardModule, RewardTexts
from lmstudy.training.reward_losses import RewardLoss


class Lesson(Protocol):
    """What people said of texts: learned from, and held out."""

    @property
    def texts(self) -> Sequence[str]:
        """What is learned from."""
        ...

    def batches(self, reader: Reader, size: int, seed: int) -> ExampleData:
        """In the tokens of a reader; a StudyError where there is too little to learn from or to validate on."""
        ...

    def module(self, model: RewardModel, loss: RewardLoss, optimizer: AdamW, steps: int, seed: int) -> Optimised:
        """What learns from a batch; arguments as of `lmstudy.training.reward.RewardModule`."""
        ...

    def scaled(self, judge: Judge) -> Judge:
        """The judge, its rewards brought onto the scale of what people said, by texts that it has not seen."""
        ...

    def findings(self, judge: Judge) -> Findings:
        """How good a scaled judge is on texts that it has not seen."""
        ...


@dataclass(frozen=True)
class RatedLesson:
    """Texts with single ratings or labels.

    Args:
        rated: all splits.
        taken: what of the training split is learned from.
    """

    rated: Rated
    taken: Ratings

    @property
    def texts(self) -> Sequence[str]:
        return self.taken.texts

    def batches(self, reader: Reader, size: int, seed: int) -> RewardDataModule:
        train, valid = (_in_tokens(texts, reader) for texts in (self.taken, self.rated.splits["valid"]))
        return RewardDataModule(train, valid, size, seed)

    def module(self, model: RewardModel, loss: RewardLoss, optimizer: AdamW, steps: int, seed: int) -> RewardModule:
        return RewardModule(model, loss, optimizer, steps, self.rated.levels, seed)

    def scaled(self, judge: Judge) -> Judge:
        rated = self.rated
        unseen = rated.splits["valid"]
        slope, offset = fitted(rated, judge.rewards(unseen.texts), unseen)
        return replace(judge, scale=Scale(rated.kind, slope, offset, rated.levels[0], rated.levels[-1]))

    def findings(self, judge: Judge) -> Findings:
        metrics = {"train/texts": float(len(self.taken)), "train/ratings": float(self.taken.counts.sum())}
        groups: dict[str, list[list[float]]] = {}
        for split in ("valid", "test"):
            found = measured(split, self.rated, judge)
            metrics |= found.metrics
            groups |= found.groups if split == "test" else {}
        return Findings(metrics, groups, predictions("test", self.rated, judge))


def _in_tokens(ratings: Ratings, reader: Reader) -> RewardTexts:
    return RewardTexts(reader.read(ratings.texts), ratings.counts.astype(np.float32))
