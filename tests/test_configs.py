"""Every choice of every group composes, is typed, and builds; GPU budgets build without memory."""

import re

import pytest
import torch
import yaml
from hydra.utils import get_object

from lmstudy.compose import compose_config, group_defaults
from lmstudy.config import TrainConfig, TuneConfig, build, check, target_type
from lmstudy.data.batch import Seq2SeqBatch
from lmstudy.data.settings import parse
from lmstudy.errors import StudyError
from tests.conftest import ROOT

GROUPS = group_defaults("train")
ALL = sorted((path.parent.name, path.stem) for path in (ROOT / "conf").glob("*/*.yaml"))
CHOICES = [(group, choice) for group, choice in ALL if group in GROUPS]
SWEEPS = [choice for group, choice in ALL if group == "sweep"]
ALONE = [(group, choice) for group, choice in ALL if group not in (*GROUPS, "sweep", "task")]
"""Parts that no root configuration composes; they build from their file alone."""
HUB = ["data.path=a/b", "data.revision=c"]
NEEDS_MORE = {"files": ["data.path=."], "hub": HUB, "preferences_at_scale": HUB}


@pytest.mark.parametrize(("group", "choice"), CHOICES, ids="=".join)
def test_every_choice_composes_and_checks(group, choice):
    config = compose_config("train", [f"{group}={choice}", *NEEDS_MORE.get(choice, [])])
    check(TrainConfig, config)


@pytest.mark.parametrize(("group", "choice"), CHOICES, ids="=".join)
def test_yaml_spells_out_every_argument_of_its_target(group, choice):
    """So that --cfg job shows all there is to set, and the YAML's defaults are the ones used."""
    node = compose_config("train", [f"{group}={choice}", *NEEDS_MORE.get(choice, [])]).get(group)
    if not isinstance(node, dict) or "_target_" not in node or group == "data":
        pytest.skip("typed by lmstudy.config or lmstudy.data.settings")
    given = ("vocab_size", "max_positions") if group == "model" else ()
    assert set(target_type(get_object(node["_target_"]), given).model_fields) == set(node) - {"_target_"}


@pytest.mark.parametrize("sweep", SWEEPS)
def test_every_value_of_a_sweep_composes(sweep):
    text = (ROOT / "conf" / "sweep" / f"{sweep}.yaml").read_text()
    root = re.search(r"lmstudy-(\w+) -m \+sweep=", text).group(1)
    parameters = yaml.safe_load(text)["hydra"]["sweeper"]["params"]
    values = {key: [f"{key}={value}" for value in str(given).split(",")] for key, given in parameters.items()}
    first = {key: choices[0] for key, choices in values.items()}
    # Each value once, the others at their first: composing every combination would tell no more of the files.
    varied = [tuple((first | {key: choice}).values()) for key, choices in values.items() for choice in choices]
    for overrides in dict.fromkeys(varied):
        config = compose_config(root, [f"+sweep={sweep}", *overrides])
        {"train": check_root, "evaluate": check_evaluate, "reward": check_reward}[root](config)
        if "experiment" in parameters:
            assert f"experiment={config['experiment']}" in overrides
    assert len(parameters["seed"].split(",")) >= 3


@pytest.mark.parametrize(("group", "choice"), ALONE, ids="=".join)
def test_parts_outside_the_training_command_build_and_spell_out_every_argument(group, choice):
    text = (ROOT / "conf" / group / f"{choice}.yaml").read_text()
    node = yaml.safe_load(text)
    part = build(node, group)
    assert text.startswith("# ")
    assert set(target_type(type(part)).model_fields) == set(node) - {"_target_"}
    with pytest.raises(StudyError, match=f"{group}.nothing: unknown key"):
        build({**node, "nothing": 1}, group)


@pytest.mark.parametrize("task", [choice for group, choice in ALL if group == "task"])
def test_every_task_composes_and_builds(task):
    config = compose_config("finetune", [f"task={task}"])
    typed = check(TuneConfig, config)
    part = build(typed.task, "task")
    assert set(target_type(type(part)).model_fields) == set(typed.task) - {"_target_"}
    assert part.name == task
    parse(typed.data)  # whose tokens are read


@pytest.mark.parametrize("budget", [choice for group, choice in CHOICES if group == "budget"])
def test_models_of_every_budget_build_on_the_meta_device(budget):
    config = compose_config("train", [f"budget={budget}"])
    positions = max(config["budget"]["encoder_length"], config["budget"]["decoder_length"])
    with torch.device("meta"):
        model = build(config["model"], "model", vocab_size=4096, max_positions=positions)
    rows, S, T = 2, config["budget"]["encoder_length"], config["budget"]["decoder_length"]
    shapes = [(rows, S)] * 2 + [(rows, T)] * 3 + [()] + [(rows, T)]
    batch = Seq2SeqBatch(*(torch.ones(shape, dtype=torch.int64, device="meta") for shape in shapes))
    assert model(batch).shape == (rows, T, 4096)
    if budget == "paper":
        assert 2e8 < sum(p.numel() for p in model.parameters()) < 3e8


def test_build_refuses_what_is_missing():
    with pytest.raises(StudyError, match=r"model\._target_ is missing"):
        build({}, "model")
    with pytest.raises(StudyError, match="denoising='x': input should be a valid number"):
        build({"_target_": "lmstudy.data.examples.Mixture", "denoising": "x"}, "pretraining")
    with pytest.raises(StudyError, match="unknown key; choose from denoising"):
        build({"_target_": "lmstudy.data.examples.Mixture", "noise": 0.1}, "pretraining")
    with pytest.raises(StudyError, match=r"compose|choose|Could not find"):
        compose_config("train", ["model=none"])
