"""DPO of a finished run, as a training run of its own: the base run's configuration, and what DPO changes in it.

So are the other losses of pairs, and pairs that people have given.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmstudy.config import DPOConfig, DPOSettings, PairSettings, build, check, target_of
from lmstudy.errors import StudyError
from lmstudy.runs.folders import find_folder
from lmstudy.runs.identity import PAIR_LOSS
from lmstudy.runs.records import Record, load

if TYPE_CHECKING:
    from lmstudy.preferences.objectives.base import Objective
    from lmstudy.preferences.scorers.base import Scorer


def train_dpo(config: Mapping[str, Any]) -> Record:
    """Train what a resolved `lmstudy-dpo` configuration describes, unless its record exists; return the record.

    Its kind is "train", so that whatever takes a training run takes it. A training that was stopped draws its texts
    again, the same ones, and goes on from its last checkpoint.

    Raises:
        StudyError: the configuration, the base run, the scorer or a checkpoint is at fault.
    """
    from lmstudy.runs.pretraining import train  # here, so that who only asks what it would train need not wait

    return train(training_config(config))


def training_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of the training run: that of the base run with `start`, `dpo` and the steps of DPO.

    Raises:
        StudyError: the base run was not trained on plain text, nothing judges what it writes, or the loss is none of
            pairs.
    """
    typed = check(DPOConfig, config)
    base = load(find_folder(typed.run, Path(typed.runs), kind="train") / "record.json")
    found = dpo_of(config, base)
    _check_loss(typed.loss)
    _check(typed.run, base, found)
    return found | ({"start": typed.run} if (Path(typed.run) / "record.json").exists() else {})


def dpo_of(config: Mapping[str, Any], base: Record) -> dict[str, Any]:
    """The same for the base run of a record, whatever run the configuration names; not checked."""
    typed = check(DPOConfig, config)
    trained: dict[str, Any] = dict(base.config)
    settings = DPOSettings if typed.comparisons is None else PairSettings
    return {
        **trained,
        "seed": base.seed if typed.seed is None else typed.seed,
        "start": base.id,
        "scorer": typed.scorer or trained.get("scorer"),
        "optimizer": typed.optimizer,
        "trainer": {**config["trainer"], "compile": False},  # rows of pairs have no fixed length
        "logger": config["logger"],
        "budget": {**trained["budget"], "steps": typed.steps},
        "dpo": {name: getattr(typed, name) for name in settings.model_fields},
        "loss": None if typed.loss == PAIR_LOSS else typed.loss,
        "comparisons": typed.comparisons,
        "measure": typed.measure,
        "runs": typed.runs,
    }


def _check_loss(settings: Mapping[str, Any]) -> None:
    from lmstudy.preferences.losses.base import PreferenceLoss  # torch, which who composes configurations need not

    target = target_of(settings, "loss")
    if not (isinstance(target, type) and issubclass(target, PreferenceLoss)):
        raise StudyError(
            f"loss._target_={settings['_target_']} is no loss of pairs: choose loss=dpo, ipo, kto or orpo, or name a "
            "class that extends lmstudy.preferences.losses.base.PreferenceLoss"
        )


def _check(run: str, base: Record, found: Mapping[str, Any]) -> None:
    objective: Objective = build(found["objective"], "objective")
    if objective.controlled:
        raise StudyError(
            f"run={run}: {base.name} writes behind control tokens; DPO starts from a run without them, such as "
            "one with objective=mle"
        )
    if found["comparisons"] is not None:
        return  # people have judged
    if found["scorer"] is None:
        raise StudyError(
            f"run={run}: {base.name} has no scorer; name one that judges its texts: scorer=pep8; "
            "or give pairs of your own: comparisons=file comparisons.path=FILE"
        )
    scorer: Scorer = build(found["scorer"], "scorer")
    if not scorer.any_text:
        raise StudyError(
            f"scorer={scorer.name} looks up known texts and judges no others; name one that does, such as "
            "scorer=sentiment_reward"
        )
