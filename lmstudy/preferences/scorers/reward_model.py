"""What people would say of any text, as a reward model learned it from what they said of some.

A reward model is a folder that `lmstudy-reward` leaves: weights, a tokenizer, and a small file that says what class
they belong to and how rewards become ratings. It is named by that folder, by its id or the beginning of it, or by the
name where only one model has it.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

from lmstudy.atomic import write_text
from lmstudy.config import build
from lmstudy.data.text_rows import Reader, side_by_side
from lmstudy.errors import StudyError
from lmstudy.overrides import home
from lmstudy.preferences.scorers.base import Scorer

SETTINGS, WEIGHTS = "reward.json", "model.safetensors"
AT_ONCE = 128
"""Texts that are judged together."""


@dataclass(frozen=True)
class Scale:
    """From rewards r to what people say: slope r + offset, clipped to [lowest, highest]; or sigmoid(slope r + offset).

    The latter is, of a "label", the share of people who choose the upper of two; of a "comparison", the share who
    prefer a text to a typical one.
    """

    kind: Literal["rating", "label", "comparison"]
    slope: float
    offset: float
    lowest: float
    highest: float

    def __call__(self, rewards: NDArray[np.float64]) -> NDArray[np.float64]:
        linear = self.slope * rewards + self.offset
        if self.kind == "rating":
            return np.clip(linear, self.lowest, self.highest)
        return self.lowest + (self.highest - self.lowest) / (1 + np.exp(-linear))


@dataclass(frozen=True)
class Judge:
    """A trained reward model: texts in, rewards or expected ratings out."""

    id: str
    model: Any
    """Its `members` take `lmstudy.data.text_rows.Rows` and return [M, B]: the reward is their mean; for evaluation."""
    reader: Reader
    scale: Scale

    @torch.no_grad()
    def members(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """[members, texts]; texts of like length are judged together, which changes results by rounding alone."""
        rows = self.reader.read(texts)
        order = np.argsort([len(row.tokens) for row in rows], kind="stable")
        found = np.zeros((len(self.model.names), len(rows)))
        for start in range(0, len(rows), AT_ONCE):
            index = order[start : start + AT_ONCE]
            found[:, index] = self.model.members(side_by_side([rows[i] for i in index])).double().numpy()
        return found

    def rewards(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """[texts]"""
        return self.members(texts).mean(0)

    def ratings(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """[texts] what people would say on average."""
        return self.scale(self.rewards(texts))

    def save_settings(self, folder: Path, target: str, arguments: dict[str, Any]) -> None:
        """Write all but the weights; `target` and `arguments` build the model's class."""
        self.reader.save(folder)
        model = {"_target_": target, **arguments}
        content = {"id": self.id, "model": model, "scale": asdict(self.scale)}
        write_text(folder / SETTINGS, json.dumps(content, indent=1))

    @classmethod
    def load(cls, folder: Path) -> "Judge":
        """Raises StudyError where a file of the folder is missing or does not fit the others."""
        try:
            content = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
            model = build(content["model"], "reward model")
            model.load_state_dict(load_file(folder / WEIGHTS))
            return cls(content["id"], model.eval(), Reader.load(folder), Scale(**content["scale"]))
        except StudyError:
            raise
        except Exception as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise StudyError(
                f"{folder}: its reward model cannot be loaded ({reason}); train it again in another folder"
            ) from error


def find(model: str, runs: Path) -> Path:
    """The folder of the one finished reward model that is meant.

    Raises:
        StudyError: none or several fit; names those that exist.
    """
    if model and (folder := Path(home(model)) / SETTINGS).is_file():
        return folder.parent
    known = sorted(path.parent for path in runs.glob(f"*/{SETTINGS}") if (path.parent / "record.json").is_file())
    fitting = [folder for folder in known if _fits(folder.name, model)]
    if len(fitting) == 1:
        return fitting[0]
    problem = "several reward models fit" if fitting else f"no reward model in {runs} has that name or id"
    names = ", ".join(folder.name for folder in (fitting or known))
    advice = f"choose from {names}" if names else "lmstudy-reward trains one"
    raise StudyError(f"scorer.model={model}: {problem}; {advice}")


def _fits(folder: str, model: str) -> bool:
    name, _, number = folder.rpartition("-")
    return model in (folder, name) or (bool(model) and number.startswith(model))


class RewardModelScorer(Scorer):
    """s(segment) = -(rating that people would give the whole text), from -4 to 4; an empty segment scores 0.

    Args:
        model: folder, id or name of a reward model.
        runs: folder in which ids and names are looked up.
        threshold: a segment is good if it scores this or less.

    Raises:
        StudyError: when first asked for a score: none or several models fit, it cannot be loaded, or it learned
            another kind of judgement.
    """

    unit: ClassVar[Literal["character", "segment"]] = "segment"
    lowest: ClassVar[float] = -4.0
    highest: ClassVar[float] = 4.0
    processes: ClassVar[bool] = False
    kind: ClassVar[Literal["rating", "label", "comparison"]] = "rating"

    def __init__(self, model: str, runs: str = "runs", threshold: float = 0.0) -> None:
        self.model, self.runs, self.threshold = model, runs, threshold
        self.name = f"reward-model-{Path(model).name}"

    @cached_property
    def judge(self) -> Judge:
        """Loaded when it is first asked, so that a configuration can be looked at without any model."""
        judge = Judge.load(find(self.model, Path(self.runs)))
        if judge.scale.kind != self.kind:
            raise StudyError(
                f"scorer.model={self.model}: it learned {judge.scale.kind}s, this scorer wants {self.kind}s"
            )
        return judge

    def score(self, segments: Sequence[str]) -> list[float]:
        return self.score_batch([segments])[0]

    def score_batch(self, documents: Sequence[Sequence[str]]) -> list[list[float]]:
        misalignment = self.misalignment(self.judge.ratings(["".join(segments) for segments in documents]))
        pairs = zip(documents, misalignment.tolist(), strict=True)
        return [[score if segment else 0.0 for segment in segments] for segments, score in pairs]

    def misalignment(self, ratings: NDArray[np.float64]) -> NDArray[np.float64]:
        """[texts]: what people would say, turned round so that higher is worse."""
        return -ratings


class LabelModelScorer(RewardModelScorer):
    """s(segment) = share of people who would choose the lower of two labels for the whole text, from 0 to 1.

    Arguments as those of `RewardModelScorer`.
    """

    lowest: ClassVar[float] = 0.0
    highest: ClassVar[float] = 1.0
    kind: ClassVar[Literal["rating", "label", "comparison"]] = "label"

    def __init__(self, model: str, runs: str = "runs", threshold: float = 0.5) -> None:
        super().__init__(model, runs, threshold)

    def misalignment(self, ratings: NDArray[np.float64]) -> NDArray[np.float64]:
        return 1 - ratings


class ComparisonModelScorer(LabelModelScorer):
    """s(segment) = share of people who would prefer a typical text to the whole text, from 0 to 1.

    A typical text is one of the held-out pairs that the model was measured on. Arguments as those of
    `RewardModelScorer`.
    """

    kind: ClassVar[Literal["rating", "label", "comparison"]] = "comparison"
