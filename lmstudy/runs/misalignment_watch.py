"""How much people would mind what a model writes, while it is trained."""

from collections.abc import Callable
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback

from lmstudy.data.corpus import Corpus
from lmstudy.evaluation.misalignment import misalignment
from lmstudy.preferences.scorers.base import Scorer
from lmstudy.training.clock import Clock
from lmstudy.writing.control import Asked
from lmstudy.writing.texts import unprompted

WATCHED = 64
"""Samples drawn at each validation: enough to see a curve fall, few enough not to slow training."""


class WatchSamples(Callback):
    """Logs `valid/misalignment`: the mean score of a few unprompted samples, of what the model is asked for.

    Args:
        scorer: judges them.
        corpus: whose tokens and segments the model writes.
        network: a fresh model, since the one that is trained may be compiled for its batches.
        seed: of the samples, the same ones at every point of the curve.
        clock: of the run; what is written and judged here is its part "samples".
    """

    def __init__(self, scorer: Scorer, corpus: Corpus, network: Callable[[], Any], seed: int, clock: Clock) -> None:
        self.scorer, self.corpus, self.network, self.seed, self.clock = scorer, corpus, network, seed, clock

    @torch.no_grad()
    def on_validation_epoch_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        if trainer.state.fn != "fit" or trainer.world_size > 1:
            return
        with self.clock.within("samples"):
            self._judge(module)

    def _judge(self, module: L.LightningModule) -> None:
        trained: Any = module
        with torch.random.fork_rng():
            model = self.network()
        model.load_state_dict(trained.model.state_dict())
        asked = Asked("good" if trained.objective.controlled else "none")
        texts = unprompted(model.eval(), self.corpus, asked, WATCHED, self.seed)
        found = misalignment(self.scorer, [text.segments for text in texts])
        module.log("valid/misalignment", found.mean)
