from copy import deepcopy
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
    """The configuration of a corpus, changed (see `changed`)."""
    return changed(compose_config("prepare", [f"data={name}"])["data"], **changes)


def changed(settings: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A copy with other values; `split__by` stands for the key `by` of `split`."""
    copy = deepcopy(settings)
    for key, value in changes.items():
        place = copy
        *parents, last = key.split("__")
        for parent in parents:
            place = place[parent]
        place[last] = value
    return copy


@pytest.mark.parametrize("name", ["python_functions", "files", "hub", "chinese_reviews"])
def test_every_config_parses_and_says_what_it_is(name):
    assert (CONF / f"{name}.yaml").read_text(encoding="utf-8").startswith("# ")
    changes = {"path": "somewhere"} if name in ("files", "hub") else {}
    parse(load(name, **changes))


def test_packages_are_permissive_and_split_by_role():
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
        (
            {"deduplication": False},
            r"data\.deduplication=False: keys with values are wanted, as in data\.deduplication\.",
        ),
        ({"tokenizer": None}, r"data\.tokenizer=null: keys with values are wanted"),
        ({"deduplication__threshold": 1.4}, r"data\.deduplication\.threshold=1\.4: .*less than or equal to 1"),
        ({"deduplication__treshold": 0.4}, r"data\.deduplication\.treshold is no key; choose from .*'threshold'"),
        ({"tokenizer__vocab_size": 100}, r"data\.tokenizer\.vocab_size=100: .*greater than or equal to 293"),
        ({"tokenizer__segmentation": "moses"}, r"data\.tokenizer\.segmentation='moses': .*'jieba'"),
        ({"split__by": "moon"}, r"data\.split\.by=moon: choose from package, file, document"),
        ({"split__valid": 0.1}, r"data\.split\.valid is no key; choose from .*'valid_files'"),
        ({"cleaning__too_shrt": {}}, r"data\.cleaning\.too_shrt is no cleaning step"),
        ({"packages__sympy__role": "dev"}, r"data\.packages\.sympy\.role='dev': .*'train', 'valid' or 'test'"),
        ({"packages__sympy__hash": "12"}, r"data\.packages\.sympy\.hash is no key; choose from .*'sha256'"),
        ({"packages": {}}, r"data\.packages=\{\}"),
        ({"exclude": [{"glob": "*"}]}, r"data\.exclude\.0\.reason: Field required"),
        ({"_target_": "lmstudy.nothing.Source"}, r"data\._target_='lmstudy\.nothing\.Source' names no source"),
        ({"_target_": "pathlib.Path"}, r"data\._target_='pathlib\.Path' is no source"),
    ],
)
def test_wrong_settings(changes, said):
    with pytest.raises(StudyError, match=said):
        parse(load("python_functions", **changes))


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"deduplication__unit": "character"}, False),
        ({"deduplication": None}, False),
        ({"cleaning": None}, False),
        ({"cleaning__stop_words": {"language": "en"}}, False),
        ({"tokenizer__segmentation": "jieba"}, False),
    ],
)
def test_the_default_corpus_keeps_its_fingerprint(changes, same):
    """Of the published runs; a key added to a model of settings must enter it only where it is not at its default."""
    settings = load("python_functions", **changes)
    assert (_keys(settings["_target_"], *parse(settings))["tokens"] == "2352f71a446d5067") == same


OTHERS = ["~data.cleaning.markup", "~data.cleaning.few_letters", "~data.cleaning.too_long"]


@pytest.mark.parametrize(
    ("overrides", "cleaning", "deduplication", "segmentation"),
    [
        (["~data.cleaning", "data.deduplication=null"], "", False, None),
        (["data.cleaning=null"], "", True, None),
        ([*OTHERS, "+data.cleaning.stop_words={language: zh}"], "unreadable too_short stop_words", True, None),
        (["~data.cleaning", "data.tokenizer.segmentation=jieba"], "", True, "jieba"),
    ],
)
def test_steps_are_switched_on_the_command_line(overrides, cleaning, deduplication, segmentation):
    with initialize_config_module("lmstudy.conf", version_base="1.3"):
        settings = OmegaConf.to_container(compose("prepare", ["data=chinese_reviews", *overrides])["data"])
    _, pipeline = parse(settings)
    assert list(pipeline.cleaning) == cleaning.split()
    assert bool(pipeline.deduplication) == deduplication
    assert pipeline.tokenizer.segmentation == segmentation


def test_what_is_missing_is_named():
    assert parse(load("python_functions", deduplication=None))[1].deduplication is None  # null, and nothing else
    for group in ("deduplication", "split"):
        settings = load("files", path="somewhere")
        del settings[group]
        with pytest.raises(StudyError, match=rf"data\.{group}: Field required"):
            parse(settings)
