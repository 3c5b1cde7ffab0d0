"""The whole way from wheels to tokens, on packages made up with planted near duplicates."""

import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lmstudy.data.corpus import Corpus, prepare
from lmstudy.data.tokenizer import decode, token_bytes
from lmstudy.errors import StudyError
from tests.data.test_deduplication import true_jaccard
from tests.data.test_settings import changed, load
from tests.data.wheels import pinned_wheel

ROLES = {"alpha": "train", "beta": "train", "gamma": "valid", "delta": "test"}
NAMES = [f"{a}_{b}" for a in ("read", "write", "find", "merge") for b in ("row", "node", "file", "key", "edge", "map")]


def function(rng: random.Random, name: str) -> str:
    body = [f"    {rng.choice(NAMES)} = {rng.choice(NAMES)}({rng.choice(NAMES)})" for _ in range(12)]
    return "\n".join([f"def {name}({rng.choice(NAMES)}):", *body, f"    return {rng.choice(NAMES)}"]) + "\n"


def packages(rng: random.Random) -> dict[str, dict[str, str]]:
    """Each package: 12 files of 4 functions, of which the last is a planted near or exact duplicate."""
    pool = [function(rng, f"planted_{n}") for n in range(6)]
    files: dict[str, dict[str, str]] = {}
    for name in ROLES:
        files[name] = {"broken.py": "def f(:\n", f"{name}/vendor/copy.py": pool[0]}
        for number in range(12):
            planted = rng.choice(pool).replace("return", rng.choice(["return", "return  ", "yield", "return not"]))
            text = "\n\n".join([*(function(rng, f"f{number}_{n}") for n in range(3)), planted])
            files[name][f"{name}/m{number}.py"] = text
    return files


@pytest.fixture(scope="module")
def settings_and_cache(tmp_path_factory) -> tuple[dict[str, Any], Path]:
    folder = tmp_path_factory.mktemp("corpus")
    made = packages(random.Random(0))
    pins = {name: pinned_wheel(folder, name, files, role=ROLES[name]) for name, files in made.items()}
    settings = load(
        "python_functions",
        packages=pins,
        exclude=[{"glob": "*/vendor/*", "reason": "copies"}],
        cleaning={"too_short": {"characters": 20}},
        split={"by": "package", "valid_files": 0.1},
        tokenizer={"vocab_size": 400, "sample_bytes": 10**6},
    )
    return settings, folder


@pytest.fixture(scope="module")
def corpus(settings_and_cache: tuple[dict[str, Any], Path]) -> Corpus:
    return prepare(*settings_and_cache, progress=lambda _: None)


def rows(corpus: Corpus) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, split in corpus.splits.items():
        for row in split:
            yield name, row


def test_no_near_duplicate_stays_in_any_two_places(corpus):
    texts = [row["text"] for _, row in rows(corpus)]
    assert len(texts) > 100
    assert max(true_jaccard(a, b) for n, a in enumerate(texts) for b in texts[:n]) < 0.8
    removed = [source["removed"] for source in corpus.report["sources"].values()]
    for step in ("exact_duplicate", "near_duplicate"):  # the planted ones were there, of both kinds
        assert sum(steps.get(step, {"documents": 0})["documents"] for steps in removed) > 3


def test_splits_follow_packages_and_files(corpus):
    assert list(corpus.splits) == ["train", "valid", "valid_files", "test"]
    places: dict[tuple[str, str], set[str]] = {}
    for name, row in rows(corpus):
        places.setdefault((row["source"], row["path"]), set()).add(name)
        assert name == ROLES[row["source"]] or (name, ROLES[row["source"]]) == ("valid_files", "train")
    assert all(len(splits) == 1 for splits in places.values())
    held_out = [source for (source, _), splits in places.items() if splits == {"valid_files"}]
    assert sorted(held_out) == ["alpha", "alpha", "beta", "beta"]  # a tenth of 12 files, rounded up


def test_columns(corpus):
    ids = []
    for _, row in rows(corpus):
        ids.append(row["id"])
        assert row["id"].startswith(f"{row['source']}/{row['path']}::{row['name']}")
        tokens, lines = np.array(row["tokens"]), row["text"].splitlines(keepends=True)
        assert decode(corpus.tokenizer, tokens) == row["text"]
        assert token_bytes(corpus.tokenizer)[tokens].sum() == len(row["text"].encode())
        assert row["starts"][0] == 0
        assert [decode(corpus.tokenizer, piece) for piece in np.split(tokens, row["starts"][1:])] == lines
    assert len(set(ids)) == len(ids)
    for split in corpus.splits.values():
        assert str(split.features["tokens"].feature.dtype) == "uint16"
        assert split.cache_files  # memory-mapped


def test_report_adds_up(corpus):
    report = json.loads(json.dumps(corpus.report))
    for name, source in report["sources"].items():
        assert (source["version"], source["licence"], source["role"]) == ("1.0", "MIT", ROLES[name])
        assert source["files"] == 14
        assert source["skipped"] == {"files that do not parse": 1, "files: copies": 1}
        assert source["documents"] == 48
        gone = sum(step["documents"] for step in source["removed"].values())
        assert source["kept"]["documents"] == 48 - gone == sum(source["splits"].values())
    assert set(report["steps"]) == {"exact_duplicate", "near_duplicate"}
    for name, split in corpus.splits.items():
        size = report["splits"][name]
        assert size["documents"] == len(split)
        assert size["tokens"] == sum(map(len, split["tokens"]))
        assert size["bytes"] == sum(len(text.encode()) for text in split["text"])
        assert report["tokenizer"]["bytes_per_token"][name] == size["bytes"] / size["tokens"]
    assert report["tokenizer"]["vocab_size"] == 400


def stages(cache: Path) -> set[str]:
    return {path.name.split("-")[0] + path.name[-4:] for path in (cache / "corpora").iterdir() if path.is_dir()}


@pytest.mark.usefixtures("corpus", "one_process")
@pytest.mark.parametrize(
    ("key", "value", "rebuilt"),
    [
        ("tokenizer__vocab_size", 390, ["tokenizer", "tokens"]),
        ("deduplication__threshold", 0.9, ["selection", "tokenizer", "tokens"]),
        ("cleaning__too_short", {"characters": 21}, ["selection", "tokenizer", "tokens"]),
        ("split__valid_files", 0.2, ["selection", "tokenizer", "tokens"]),
        ("packages__delta__role", "valid", ["selection", "tokenizer", "tokens"]),
        ("shortest", 4, ["documents", "selection", "tokenizer", "tokens"]),
        ("packages__delta__licence", "BSD-3-Clause", []),
    ],
)
def test_a_change_rebuilds_what_depends_on_it(settings_and_cache, corpus, key, value, rebuilt):
    settings, cache = settings_and_cache
    before = stages(cache)
    other = prepare(changed(settings, **{key: value}), cache, progress=lambda _: None)
    assert sorted(name[:-4] for name in stages(cache) - before) == rebuilt
    assert (other.fingerprint == corpus.fingerprint) == (not rebuilt)


def test_the_second_time_takes_no_time(settings_and_cache, corpus):
    start = time.perf_counter()
    again = prepare(*settings_and_cache, progress=lambda line: pytest.fail(line))
    assert time.perf_counter() - start < 1
    assert again.fingerprint == corpus.fingerprint
    assert again.report == corpus.report


@pytest.mark.usefixtures("corpus")
@pytest.mark.parametrize(
    ("stage", "file", "left"),
    [("tokenizer", "tokenizer.json", 0), ("tokens", "train.arrow", 100), ("tokens", "counts.json", 1)],
)
def test_a_file_of_the_cache_that_is_cut_or_gone_is_named_and_made_again(
    settings_and_cache, tmp_path, stage, file, left
):
    settings, whole = settings_and_cache
    cache = tmp_path / "cache"
    shutil.copytree(whole, cache)
    for path in cache.glob(f"corpora/{stage}-*/{file}"):
        path.write_bytes(path.read_bytes()[:left])
        if not left:
            path.unlink()
    with pytest.raises(
        StudyError, match=rf"{file} is damaged \(.+\): delete the folder .*{stage}-\w+, and it"
    ) as error:
        prepare(settings, cache, progress=lambda _: None)
    assert "\n" not in str(error.value)
    for folder in cache.glob(f"corpora/{stage}-*"):
        shutil.rmtree(folder)
    assert prepare(settings, cache, progress=lambda _: None).fingerprint == prepare(*settings_and_cache).fingerprint


@pytest.mark.usefixtures("one_process")
def test_one_process_gives_the_same(settings_and_cache, corpus, tmp_path):
    settings, cache = settings_and_cache
    (tmp_path / "artefacts").symlink_to(cache / "artefacts")
    alone = prepare(settings, tmp_path, progress=lambda _: None)
    assert alone.fingerprint == corpus.fingerprint
    for name, split in corpus.splits.items():
        assert alone.splits[name].to_dict() == split.to_dict()


def test_two_processes_at_once(settings_and_cache, corpus, tmp_path):
    settings, cache = settings_and_cache
    (tmp_path / "artefacts").symlink_to(cache / "artefacts")
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    code = (
        "import json, pathlib, sys; from lmstudy.data.corpus import prepare; folder = pathlib.Path(sys.argv[1]);"
        "print(prepare(json.loads((folder / 'settings.json').read_text()), folder).fingerprint)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate(timeout=60) for process in both]
    assert [out.strip() for out, _ in outputs] == [corpus.fingerprint] * 2
    told = [line for _, err in outputs for line in err.splitlines() if not line.endswith("waits for it")]
    built = [line.split(":")[0] for line in told]
    assert sorted(built) == ["documents", "selection", "tokenizer", "tokens"]  # each stage once


@pytest.mark.usefixtures("one_process")
def test_nothing_left_says_which_step(settings_and_cache):
    settings, cache = settings_and_cache
    before = stages(cache)
    with pytest.raises(StudyError, match=r"no document is left of 192: data\.cleaning\.too_short removed 192"):
        prepare({**settings, "cleaning": {"too_short": {"characters": 10**6}}}, cache, progress=lambda _: None)
    assert stages(cache) == before


@pytest.mark.usefixtures("one_process")
def test_no_document_at_all_says_what_was_left_out_and_what_would_keep_it(tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_bytes(b"\xff\xfe\xfa")
    settings = load("files", path=str(tmp_path / "texts"))
    with pytest.raises(StudyError, match=r"data\.path='.*texts' gave no document; left out: 1 files .*UTF-8 \(data\."):
        prepare(settings, tmp_path / "cache", print)


@pytest.mark.usefixtures("one_process")
def test_a_folder_of_text(tmp_path):
    rng = random.Random(0)
    (tmp_path / "texts").mkdir()
    for number in range(9):
        text = "\n\n".join(function(rng, "f") for _ in range(5)) + "编程\n"
        (tmp_path / "texts" / f"{number}.txt").write_text(text, encoding="utf-8")
    settings = load("files", path=str(tmp_path / "texts"), characters=300, tokenizer={"vocab_size": 300})
    settings |= {"cleaning": {}, "deduplication": {}, "split": {"by": "file", "valid": 0.1, "test": 0.2}}
    corpus = prepare(settings, tmp_path / "cache", progress=lambda _: None)
    files = {name: len(set(split["path"])) for name, split in corpus.splits.items()}
    assert files == {"train": 6, "valid": 1, "test": 2}
    assert any("编程" in row["text"] for _, row in rows(corpus))
