"""What a reward model is taught and judged by: pairs of texts of which people prefer one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from lmstudy.data.comparisons import Comparison, Comparisons
from lmstudy.data.corpus import to_stderr
from lmstudy.data.text_rows import Reader
from lmstudy.errors import StudyError
from lmstudy.models.reward import RewardModel
from lmstudy.preferences.scorers.reward_model import Judge, Scale
from lmstudy.runs.records import Findings
from lmstudy.training.optimizers import AdamW
from lmstudy.training.reward_losses import RewardLoss
from lmstudy.training.reward_pairs import PairDataModule, PairRewardModule, PairTexts


@dataclass(frozen=True)
class ComparedLesson:
    """Pairs of texts; a text is read with its prompt before it.

    Args:
        place: how messages name where the pairs come from.
        pairs: to learn from, and held out.
    """

    place: str
    pairs: Comparisons

    @property
    def texts(self) -> Sequence[str]:
        return [text for two in self._both(self.pairs.train) for text in two]

    def batches(self, reader: Reader, size: int, seed: int) -> PairDataModule:
        """Pairs whose texts differ only behind where the reader cuts them are left out, and counted on stderr."""
        train, valid = (self._in_tokens(pairs, reader) for pairs in (self.pairs.train, self.pairs.held_out))
        for name, pairs in (("to learn from", train), ("held out", valid)):
            if not len(pairs):
                raise StudyError(
                    f"{self.place}: no pair is {name}: give more, or set comparisons.held_out (share of the prompts)"
                )
        return PairDataModule(train, valid, size, seed)

    def module(self, model: RewardModel, loss: RewardLoss, optimizer: AdamW, steps: int, seed: int) -> PairRewardModule:
        return PairRewardModule(model, optimizer, steps, seed)

    def scaled(self, judge: Judge) -> Judge:
        """sigmoid(slope (r - mean r)): the chance to be preferred to a typical text of the held-out pairs.

        The slope is that of a logistic regression of which text was chosen on the difference of rewards (Platt 1999),
        with a penalty of 1, so that few pairs that all are in order do not make the model certain.
        """
        chosen, rejected = self._rewards(judge)
        apart = chosen - rejected
        both = np.concatenate([apart, -apart])[:, None]
        fit = LogisticRegression(fit_intercept=False).fit(both, np.repeat([1, 0], len(apart)))
        slope = float(fit.coef_[0, 0])
        middle = float(np.concatenate([chosen, rejected]).mean())
        return replace(judge, scale=Scale("comparison", slope, -slope * middle, 0.0, 1.0))

    def findings(self, judge: Judge) -> Findings:
        """`held_out/pair_accuracy`: how often the chosen text has the higher reward; equal ones are half right.

        Groups `held_out/pairs` are [right, 1] of each pair; samples are [text, share who would prefer it].
        """
        chosen, rejected = self._rewards(judge)
        right = np.heaviside(chosen - rejected, 0.5)
        texts = [pair[1] for pair in self._both(self.pairs.held_out)]
        metrics = {
            "train/pairs": float(len(self.pairs.train)),
            "held_out/pairs": float(len(right)),
            "held_out/pair_accuracy": float(right.mean()),
        }
        shares = judge.scale(chosen).round(3).tolist()
        samples = [[one, share] for one, share in zip(texts, shares, strict=True)]
        return Findings(metrics, {"held_out/pairs": [[one, 1.0] for one in right.tolist()]}, samples)

    @staticmethod
    def _both(pairs: Sequence[Comparison]) -> list[tuple[str, str]]:
        return [(pair.prompt + pair.chosen, pair.prompt + pair.rejected) for pair in pairs]

    def _rewards(self, judge: Judge) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """[pairs] each: of the chosen and of the rejected text of held-out pairs."""
        texts = [text for two in self._both(self.pairs.held_out) for text in two]
        rewards = judge.rewards(texts)
        return rewards[0::2], rewards[1::2]

    def _in_tokens(self, pairs: Sequence[Comparison], reader: Reader) -> PairTexts:
        texts = [text for two in self._both(pairs) for text in two]
        rows, cut = reader.read(texts), reader.too_long(texts)
        couples = list(zip(rows[0::2], rows[1::2], strict=True))
        differ = [two for two in couples if not all(np.array_equal(a, b) for a, b in zip(*two, strict=True))]
        if cut:
            to_stderr(
                f"{self.place}: {cut:,} texts are cut to their first {reader.longest:,} tokens; left out, since their "
                f"texts differ only behind the cut: {len(couples) - len(differ):,} pairs"
            )
        return PairTexts(differ)
