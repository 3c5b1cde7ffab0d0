from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_module
from omegaconf import OmegaConf

from lmstudy.compose import compose_config
from lmstudy.data.corpus import _keys
from lmstudy.data.settings import parse
from lmstudy.data.source_packages import PythonFunctions
from lmstudy.errors import StudyError

CONF = Path(__file__).parents[2] / "conf" / "data"
PERMISSIVE = {"MIT", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0"}


def load(name: str, **changes: Any) -> dict[str, Any]:
    settings = compose_config("prepare", [f"data={name}"])["data"]
    for key, value in changes.items():
        place = settings
        *parents, last = key.split("__")
        for parent in parents:
            place = place[parent]
        place[last] = value
    return settings


@pytest.mark.parametrize("name", ["python_functions", "files", "hub", "chinese_reviews"])
def test_every_config_parses_and_says_what_it_is(name: str) -> None:
    assert (CONF / f"{name}.yaml").read_text(encoding="utf-8").startswith("# ")
    changes = {"path": "somewhere"} if name in ("files", "hub") else {}
    parse(load(name, **changes))


def test_packages_are_permissive_and_split_by_role() -> None:
    source, _ = parse(load("python_functions"))
    assert isinstance(source, PythonFunctions)
    packages = list(source.packages.values())
    assert {package.licence for package in packages} <= PERMISSIVE
    assert sum(package.role == "train" for package in packages) >= 8
    assert {package.role for package in packages} == {"train", "valid", "test"}
    # so that a package added to evaluate on cannot take documents from training
    assert sorted(packages, key=lambda package: package.role != "train") == packages


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"colour": 1}, r"data\.colour is no key of PythonFunctions; choose from \['cleaning'.*'packages'"),
        ({"deduplication__threshold": 1.4}, r"data\.deduplication\.threshold=1\.4: .*less than or equal to 1"),
        ({"deduplication__treshold": 0.4}, r"data\.deduplication\.treshold is no key; choose from .*'threshold'"),
        ({"tokenizer__vocab_size": 100}, r"data\.tokenizer\.vocab_size=100: .*greater than or equal to 293"),
        ({"tokenizer__segmentation": "moses"}, r"data\.tokenizer\.segmentation='moses': .*'jieba'"),
        ({"deduplication__unit": "line"}, r"data\.deduplication\.unit='line': .*'word' or 'character'"),
        ({"tokenizer__vocab_size": "many"}, r"data\.tokenizer\.vocab_size='many': .*integer"),
        ({"split__by": "moon"}, r"data\.split=.*'moon'.*'package', 'file', 'document'"),
        ({"split__valid": 0.1}, r"data\.split\.valid is no key; choose from .*'valid_files'"),
        ({"cleaning__too_shrt": {}}, r"data\.cleaning\.too_shrt is no cleaning step"),
        ({"packages__sympy__role": "dev"}, r"data\.packages\.sympy\.role='dev': .*'train', 'valid' or 'test'"),
        ({"packages__sympy__sha256": "12"}, r"data\.packages\.sympy\.sha256='12'"),
        ({"packages__sympy__hash": "12"}, r"data\.packages\.sympy\.hash is no key; choose from .*'sha256'"),
        ({"packages": {}}, r"data\.packages=\{\}"),
        ({"exclude": [{"glob": "*"}]}, r"data\.exclude\.0\.reason: Field required"),
        (
            {"_target_": "lmstudy.data.nothing.Source"},
            r"data\._target_='lmstudy\.data\.nothing\.Source' names no source",
        ),
        ({"_target_": "pathlib.Path"}, r"data\._target_='pathlib\.Path' is no source"),
    ],
)
def test_wrong_settings(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(StudyError, match=said):
        parse(load("python_functions", **changes))


def test_the_default_corpus_keeps_its_fingerprint() -> None:
    """Of the published runs; a key added to a model of settings must not enter it at its default."""
    settings = load("python_functions")
    assert _keys(settings["_target_"], *parse(settings))["tokens"] == "2352f71a446d5067"


@pytest.mark.parametrize(
    "changes",
    [
        {"deduplication__unit": "character"},
        {"deduplication": None},
        {"cleaning": None},
        {"cleaning__stop_words": {"language": "en"}},
        {"tokenizer__segmentation": "jieba"},
    ],
)
def test_every_new_setting_changes_the_fingerprint(changes: dict[str, Any]) -> None:
    settings = load("python_functions", **changes)
    assert _keys(settings["_target_"], *parse(settings))["tokens"] != "2352f71a446d5067"


def test_cleaning_can_be_left_out_empty_or_null() -> None:
    without = load("python_functions")
    del without["cleaning"]
    for settings in (without, load("python_functions", cleaning={}), load("python_functions", cleaning=None)):
        assert parse(settings)[1].cleaning == {}


@pytest.mark.parametrize(
    ("overrides", "cleaning", "deduplication", "segmentation"),
    [
        (["~data.cleaning", "data.deduplication=null"], [], False, None),
        (["data.cleaning=null"], [], True, None),
        (
            ["~data.cleaning.markup", "~data.cleaning.few_letters", "+data.cleaning.stop_words={language: zh}"],
            ["unreadable", "too_short", "too_long", "stop_words"],
            True,
            None,
        ),
        (["~data.cleaning", "data.tokenizer.segmentation=jieba"], [], True, "jieba"),
    ],
)
def test_steps_are_switched_on_the_command_line(
    overrides: list[str], cleaning: list[str], deduplication: bool, segmentation: str | None
) -> None:
    with initialize_config_module("lmstudy.conf", version_base="1.3"):
        config = compose("prepare", ["data=chinese_reviews", *overrides])
    settings = OmegaConf.to_container(config["data"])
    assert isinstance(settings, dict)
    _, pipeline = parse({str(key): value for key, value in settings.items()})
    assert list(pipeline.cleaning) == cleaning
    assert bool(pipeline.deduplication) == deduplication
    assert pipeline.tokenizer.segmentation == segmentation


def test_deduplication_is_switched_off_by_null_only() -> None:
    assert parse(load("python_functions", deduplication=None))[1].deduplication is None
    settings = load("python_functions")
    del settings["deduplication"]
    with pytest.raises(StudyError, match=r"data\.deduplication: Field required"):
        parse(settings)


def test_a_missing_group_is_named() -> None:
    settings = load("files", path="somewhere")
    del settings["split"]
    with pytest.raises(StudyError, match=r"data\.split: Field required"):
        parse(settings)
