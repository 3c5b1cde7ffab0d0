"""This package's training step with the optimiser of an experiment instead of plain AdamW."""

from typing import Any

from lmstudy.benchmark.contenders.ours import Training
from lmstudy.config import build


class ConfiguredTraining(Training):
    """`Training` that updates its weights as `optimizer` says: a config group's node, such as that of Muon."""

    def __init__(self, optimizer: dict[str, Any], **given: Any) -> None:
        super().__init__(**given)
        self.optimizer = build(optimizer, "optimizer").build(self.model)  # the first one holds no state yet
