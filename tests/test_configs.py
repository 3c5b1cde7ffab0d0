"""Every choice of every group composes, is typed, and builds; GPU budgets build without memory."""

import pytest
import torch
import yaml
from hydra.utils import get_object

from lmstudy.compose import compose_config, group_choices, group_defaults
from lmstudy.config import ROOTS, DPOConfig, RewardConfig, TrainConfig, TuneConfig, build, check, target_type
from lmstudy.data.batch import Seq2SeqBatch
from lmstudy.data.settings import parse
from lmstudy.errors import StudyError
from tests.conftest import ROOT

GROUPS = group_defaults("train")
FOLDERS = sorted(path.name for path in (ROOT / "conf").iterdir() if path.is_dir() and path.name.isalpha())
ALL = [(group, choice) for group in FOLDERS for choice in group_choices(group)]
CHOICES = [(group, choice) for group, choice in ALL if group in GROUPS]
OF_PAIRS = ("dpo", "ipo", "kto", "orpo")
OF_REWARDS = [(group, choice) for group, choice in ALL if group in ("encoder", "loss") and choice not in OF_PAIRS]
ALONE = [(group, choice) for group, choice in ALL if group in ("workload", "peer")]
"""Parts that build from their file alone."""
HUB = ["data.path=a/b", "data.revision=c"]
NEEDS_MORE = {"files": ["data.path=."], "hub": HUB, "preferences_at_scale": HUB, "pairs_reward": ["scorer.model=x"]}
OTHERS_GIVE = {"model": ("vocab_size", "max_positions"), "loss": ("beta",)}
NEWER = {
    "lmstudy.training.muon.Muon": {"apart"},
    "lmstudy.models.transformer.Seq2SeqTransformer": {"smear"},
}
"""Arguments that published runs do not name, so that their ids stay; a YAML may leave them at their defaults."""


def spells_out_every_argument(node, group):
    """So that --cfg job shows all there is to set, and the YAML's defaults are the ones used."""
    fields = target_type(get_object(node["_target_"]), OTHERS_GIVE.get(group, ())).model_fields
    return set(fields) - set(node) <= NEWER.get(node["_target_"], set()) and set(node) - set(fields) == {"_target_"}


@pytest.mark.parametrize(("group", "choice"), CHOICES, ids="=".join)
def test_every_choice_composes_and_checks_and_spells_out_every_argument(group, choice):
    config = compose_config("train", [f"{group}={choice}", *NEEDS_MORE.get(choice, [])])
    check(TrainConfig, config)
    node = config[group]
    if isinstance(node, dict) and "_target_" in node and group != "data":  # typed by lmstudy.data.settings
        assert spells_out_every_argument(node, group)


@pytest.mark.parametrize(("group", "choice"), OF_REWARDS, ids="=".join)
def test_every_part_of_a_reward_model_composes_and_spells_out_every_argument(group, choice):
    config = compose_config("reward", [f"{group}={choice}"])
    check(RewardConfig, config)
    assert spells_out_every_argument(config[group], group)


@pytest.mark.parametrize("loss", OF_PAIRS)
@pytest.mark.parametrize("comparisons", group_choices("comparisons"))
def test_every_loss_and_source_of_pairs_composes_and_spells_out_every_argument(loss, comparisons):
    asked = ["run=x", f"loss={loss}", f"comparisons={comparisons}", "comparisons.path=pairs.jsonl"]
    typed = check(DPOConfig, compose_config("dpo", asked))
    assert spells_out_every_argument(typed.loss, "loss")
    assert spells_out_every_argument(typed.comparisons, "comparisons")
    assert build(typed.loss, "loss", beta=typed.beta).name == loss
    build(typed.comparisons, "comparisons")
    assert check(RewardConfig, compose_config("reward", asked[2:])).comparisons == typed.comparisons


@pytest.mark.parametrize(("group", "choice"), ALONE, ids="=".join)
def test_parts_of_benchmarks_build_and_spell_out_every_argument(group, choice):
    text = (ROOT / "conf" / group / f"{choice}.yaml").read_text()
    node = yaml.safe_load(text)
    build(node, group)
    assert text.startswith("# ")
    assert spells_out_every_argument(node, group)
    with pytest.raises(StudyError, match=f"{group}.nothing: unknown key"):
        build({**node, "nothing": 1}, group)


@pytest.mark.parametrize("task", group_choices("task"))
def test_every_task_composes_and_builds(task):
    typed = check(TuneConfig, compose_config("finetune", [f"task={task}"]))
    assert build(typed.task, "task").name == task
    assert spells_out_every_argument(typed.task, "task")
    parse(typed.data)  # whose tokens are read


@pytest.mark.parametrize("budget", group_choices("budget"))
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


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ({}, r"pretraining\._target_ is missing"),
        ({"denoising": "x"}, "denoising='x': input should be a valid number"),
        ({"noise": 0.1}, "unknown key; choose from denoising"),
    ],
)
def test_build_refuses_what_is_missing_or_wrong(node, message):
    target = {"_target_": "lmstudy.data.examples.Mixture"} if node else {}
    with pytest.raises(StudyError, match=message):
        build(target | node, "pretraining")


@pytest.mark.parametrize(("root", "key"), [("train", "start"), ("evaluate", "run"), ("reward", "run"), ("dpo", "run")])
def test_what_names_a_run_is_text(root, key):
    config = compose_config(root, [f"{key}=12"])
    assert getattr(check(ROOTS[root], config), key) == "12"
    with pytest.raises(StudyError, match="reads as a number; give more digits of it"):
        check(ROOTS[root], config | {key: 3e7})


@pytest.mark.parametrize(
    ("root", "key"), [("generate", "temperature"), ("dpo", "temperature"), ("finetune", "decoding.temperature")]
)
def test_a_temperature_that_float32_has_no_room_for_is_refused(root, key):
    asked = ["task=translation"] if root == "finetune" else ["run=x"]
    check(ROOTS[root], compose_config(root, [*asked, f"{key}=0.001"]))
    for wrong in ("1e-40", "0.0009", "-1", "nan", "inf"):
        with pytest.raises(StudyError, match=rf"{key}=-?[\w.-]+: "):
            check(ROOTS[root], compose_config(root, [*asked, f"{key}={wrong}"]))


def test_an_export_into_no_folder_is_refused():
    with pytest.raises(StudyError, match="folder='': a folder is wanted, or null for the usual one"):
        check(ROOTS["export"], compose_config("export", ["run=3f2a", "folder="]))
    assert check(ROOTS["export"], compose_config("export", ["run=3f2a", "folder=12"])).folder == "12"
