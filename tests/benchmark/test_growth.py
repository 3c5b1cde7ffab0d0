"""The workload `growth`: corpora of a wanted size, the points, and that nothing stays on the disk."""

import pkgutil
import shutil
import sys
import tempfile
from collections import Counter, namedtuple
from pathlib import Path

import numpy as np
import pytest

from lmstudy.benchmark import grown_store, growth
from lmstudy.benchmark.growth import Growth, step_lines, steps_on_store, store_lines
from lmstudy.data import tables
from lmstudy.data.corpus import prepare
from lmstudy.data.store import TokenStore
from lmstudy.data.tokenizer import token_bytes
from lmstudy.errors import StudyError
from tests.benchmark.cases import SIZES, bench, tiny_data

SHAPE = {"rows": 2, "encoder_length": 16, "decoder_length": 32, "prefix_length": 8}
SETTINGS = {"store_megabytes": [], "store_steps": 2, "contexts": [], "widths": [], "processes": [], "steps": 2,
            "tokens": 32, "vocab_size": 60, "d_model": 64, **SHAPE}  # fmt: skip


@pytest.fixture(scope="module")
def corpus():
    return prepare(tiny_data())


@pytest.fixture(scope="module")
def documents(corpus):
    return grown_store.Model.of(corpus.splits["train"], token_bytes(corpus.tokenizer))


def test_documents_know_their_bytes(corpus, documents):
    assert documents.bytes.tolist() == [len(text.encode()) for text in corpus.splits["train"]["text"]]


def test_a_grown_corpus_is_the_same_documents_again_and_again(corpus, documents, tmp_path):
    size = int(2.5 * documents.bytes.sum())
    grown_store.write(tmp_path / "grown.arrow", documents, size, corpus.tokenizer.get_vocab_size())
    grown, real = TokenStore(tables.read(tmp_path / "grown.arrow")), TokenStore(corpus.splits["train"])
    held = sum(token_bytes(corpus.tokenizer)[grown.tokens(i)].sum() for i in range(len(grown)))
    assert size <= held < size + documents.bytes.max()
    one = [grown.tokens(i).tobytes() for i in range(len(real))]
    two = [grown.tokens(i).tobytes() for i in range(len(real), 2 * len(real))]
    assert Counter(one) == Counter(two) == Counter(real.tokens(i).tobytes() for i in range(len(real)))
    assert one != two  # in another order
    taken = (tmp_path / "grown.arrow").stat().st_size
    assert taken <= grown_store.MARGIN * documents.file_bytes(size) + 20_000  # a small file has a large schema


def test_a_full_disk_is_noticed_before_anything_is_written(monkeypatch, tmp_path):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(10**9, 0, 10**8))
    grown_store.check_room(tmp_path, 0.9 * 10**8)
    with pytest.raises(StudyError, match=r"has 100 MB free, and the largest corpus takes 110 MB.*store_megabytes"):
        grown_store.check_room(tmp_path, 10**8)


def test_a_point_on_a_store_reports_speed_and_memory(corpus, documents, tmp_path):
    file = tmp_path / "grown.arrow"
    vocab_size = corpus.tokenizer.get_vocab_size()
    grown_store.write(file, documents, 50_000, vocab_size)
    point = steps_on_store(file=str(file), shape=SHAPE, vocab_size=vocab_size, model=SIZES, steps=2)
    assert point["tokens_per_second"] > 0
    assert point["documents"] == len(tables.read(file))
    assert set(point["memory"]["end"]) == ({"VmHWM", "RssAnon", "RssFile"} if sys.platform == "linux" else {"VmHWM"})
    assert point["memory"]["end"]["VmHWM"] > 10


def test_lines_of_stores_and_steps():
    def point(megabytes, peak, own):
        memory = {"end": {"VmHWM": peak, "RssAnon": own, "RssFile": peak - own}}
        return {"megabytes": megabytes, "memory": memory, "tokens_per_second": 5.0, "first_batch_seconds": 0.1}

    found = {line.measure: line.value for line in store_lines([point(10, 400, 300), point(1000, 500, 330)])}
    assert next(iter(found)) == "memory_growth"
    assert found["memory_growth"] == pytest.approx(1.25)
    assert found["memory_growth_without_file_pages"] == pytest.approx(1.1)
    assert found["file_pages_1000_megabytes"] == pytest.approx(170)
    points = [{"context": context, "seconds": [context**0.5, 99, 0]} for context in (4, 16, 64)]
    steps = {line.measure: line.value for line in step_lines(points, "context")}
    assert steps["step_slope_context"] == pytest.approx(0.5)
    assert steps["seconds_per_step_context_64"] == pytest.approx(8)


def test_a_failure_leaves_nothing_on_the_disk(monkeypatch, tmp_path):
    def failing(function, settings, threads):
        assert Path(settings["file"]).stat().st_size > 20_000
        raise StudyError("the milk is sour")

    monkeypatch.setattr(growth, "measure", failing)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    told = []
    with pytest.raises(StudyError, match="the milk is sour"):
        Growth(**{**SETTINGS, "store_megabytes": [0.05]}).run(bench(told=told))
    assert "MB at once to" in told[0]
    assert not list(tmp_path.iterdir())


@pytest.fixture
def here(monkeypatch):
    """Points are measured in this process: a new one imports Lightning for each, which takes seconds."""
    run = lambda function, settings: pkgutil.resolve_name(function)(**settings)  # noqa: E731
    monkeypatch.setattr(growth, "measure", lambda function, settings, threads: run(function, settings))
    monkeypatch.setattr(
        growth, "measure_together", lambda function, settings, threads: [run(function, each) for each in settings]
    )


@pytest.mark.usefixtures("here")
def test_all_parts_of_a_small_run():
    points = {"store_megabytes": [0.05, 0.1], "contexts": [16, 32], "widths": [64], "processes": [1, 2]}
    found = Growth(**{**SETTINGS, **points}).run(bench())
    lines = {line.measure: line.value for line in found.lines}
    assert found.lines[0].measure == "memory_growth"
    assert 0.8 < lines["memory_growth"] < 1.2
    assert lines["parameters_width_64"] > 60 * 64
    assert [point["tokens"] for point in found.samples[1]["contexts"]] == [64, 64]  # 32 to read, 32 to write
    one, two = (lines[f"tokens_per_second_{count}_processes"] for count in (1, 2))
    assert lines["speed_up_2_over_1_processes"] == pytest.approx(two / one)
    assert {"step_slope_context", "seconds_per_step_context_32", "seconds_per_step_width_64"} <= set(lines)
    assert [len(point["each"]) for point in found.samples[-1]["processes"]] == [1, 2]
    finite = [value for measure, value in lines.items() if "slope" not in measure]  # two contexts: no interval
    assert np.isfinite(finite).all()
    assert [set(sample) for sample in found.samples] == [{"stores"}, {"contexts"}, {"widths"}, {"processes"}]
