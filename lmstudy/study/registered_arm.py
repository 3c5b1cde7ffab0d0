"""One side of a registered comparison: how its runs are trained and measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from lmstudy.compose import compose_config
from lmstudy.config import DPOConfig, TrainConfig, check
from lmstudy.errors import StudyError
from lmstudy.measures.evaluate import asked
from lmstudy.places import as_first
from lmstudy.runs.dpo import dpo_of
from lmstudy.runs.identity import digest, kept
from lmstudy.runs.named_models import published_graders
from lmstudy.runs.records import Record
from lmstudy.study.shelf import Shelf

Words = Annotated[str, Field(min_length=1)]
Overrides = list[Words]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Arm:
    """Runs of `lmstudy-train` with these overrides, or what `lmstudy-dpo` makes of them; measured.

    Args:
        train: of `lmstudy-train`, without a seed.
        configuration: digests of what they composed to when they were registered, TRAINING-MEASURE: defaults may
            change later. The first entries of the register have that of the training alone.
        measure: of `lmstudy-evaluate`, without a split.
        dpo: of `lmstudy-dpo`, without a run and a seed; null: the runs of `lmstudy-train` are compared as they are.
    """

    train: Annotated[Overrides, Field(min_length=1)]
    configuration: str = ""
    measure: Overrides = Field(default_factory=lambda: ["measure=likelihood"])
    dpo: Overrides | None = None

    @property
    def composed(self) -> str:
        """Digests of what the overrides compose to today; a StudyError where they do not, or are no training."""
        if own := [one for one in (*self.train, *(self.dpo or [])) if one.startswith(("seed=", "run="))]:
            raise StudyError(f"{own[0]} is no part of an arm: its seeds and runs are those of the prediction")
        config = compose_config("train", self.train)
        check(TrainConfig, config)
        measured = compose_config("evaluate", ["run=any", *self.measure])
        settings = {key: value for key, value in asked(measured)[1].items() if key != "split"}
        named = {"data": measured["data"], "graders": published_graders(measured["measure"])}
        trained = {key: value for key, value in kept(config).items() if key != "seed"}
        if self.dpo is None:
            training = digest(trained)
        else:
            after = kept(self._after())
            training = digest(trained, {key: value for key, value in after.items() if key not in ("run", "seed")})
        return f"{training}-{digest(as_first(settings), as_first(named))}"

    def _after(self) -> dict[str, Any]:
        """What `lmstudy-dpo` is to do, of any run."""
        config = compose_config("dpo", ["run=any", *(self.dpo or [])])
        check(DPOConfig, config)
        return config

    def runs(self, shelf: Shelf, seeds: Sequence[int]) -> list[Record]:
        """Its runs, one a seed; NoRecordsError where one is missing and the shelf makes none."""
        trained = shelf.trained(*self.train, seeds=seeds)
        if self.dpo is None:
            return trained
        asked = self._after()
        return [run for base in trained for run in shelf.of("train", dpo_of(asked, base), [base.seed or 0])]

    @property
    def changed(self) -> str | None:
        """Which overrides compose to something else than they did when they were registered: train or measure."""
        then, now = self.configuration.split("-"), self.composed.split("-")
        differ = [key for key, old, new in zip(("train", "measure"), then, now, strict=False) if old != new]
        return differ[0] if differ else None
