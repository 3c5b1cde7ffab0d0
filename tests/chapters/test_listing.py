"""The article's listing: each mending fits, what is missing is said in a line, the published record has its errors."""

import sys
from pathlib import Path

import pytest

from lmstudy.chapters.listing import listing, mending
from lmstudy.chapters.listing.driver import SENTENCES, WORDS
from lmstudy.chapters.listing.ours import trained
from lmstudy.chapters.listing.run import COMMAND, KIND, main
from lmstudy.errors import StudyError
from lmstudy.runs.records import load_folder, published_folder
from lmstudy.study.shelf import Shelf


@pytest.fixture(scope="module")
def record():
    return Shelf(load_folder(published_folder())).newest(KIND, COMMAND)


def with_tensorflow(folder: Path, version: str) -> str:
    """An interpreter that believes it has a TensorFlow."""
    known = folder / f"tensorflow-{version}.dist-info"
    known.mkdir()
    (known / "METADATA").write_text(f"Metadata-Version: 2.1\nName: tensorflow\nVersion: {version}\n")
    script = folder / "python"
    script.write_text(f'#!/bin/sh\nPYTHONPATH={folder} exec {sys.executable} "$@"\n')
    script.chmod(0o755)
    return str(script)


def test_the_listing_is_python_after_every_mending():
    for number in range(len(mending.MENDINGS) + 1):
        text = mending.mended(mending.MENDINGS[:number])
        compile(text, "listing.py", "exec")
        compile(mending.call_after(number), "call", "eval")
    assert mending.mended(()) == mending.as_printed()
    assert {one for m in mending.MENDINGS for one in m.errata} >= {11, 12, *range(30, 41)}


def test_a_mending_of_lines_that_are_not_there_is_refused():
    twice = mending.Mending((99,), "twice", (("tf.keras.layers.Dense", "Dense"),))
    with pytest.raises(StudyError, match=r"mending of E99: 'tf\.keras\.layers\.Dense' occurs 6 times, not once"):
        mending.mended([twice])


def test_the_difference_is_between_the_two_texts():
    lines = listing.difference().splitlines()[1:-1]
    assert [line[1:] for line in lines if line[0] in " -"] == mending.as_printed().splitlines()
    assert [line[1:] for line in lines if line[0] in " +"] == mending.mended().splitlines()


@pytest.mark.parametrize(
    ("version", "said"),
    [
        (None, "TensorFlow is not installed there: pip install 'lmstudy[tensorflow]'"),
        (
            "2.10.1",
            "it has TensorFlow 2.10.1, and the listing was mended for 2.7, the article's, and for 2.16 or later",
        ),
    ],
)
def test_a_missing_or_other_tensorflow_is_said_in_a_line(tmp_path, capsys, version, said):
    python = with_tensorflow(tmp_path, version) if version else sys.executable
    assert main(["--python", python, "--runs", str(tmp_path / "runs")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"python -m lmstudy.chapters.listing.run: --python {python}: {said}")
    assert not (tmp_path / "runs").exists()


def test_an_interpreter_that_is_none_is_said_in_a_line(tmp_path, capsys):
    assert main(["--python", str(tmp_path / "nothing")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("nothing: cannot be started (No such file or directory)")


def test_this_package_s_network_answers_with_the_word_itself_or_with_the_next():
    copier, predictor = trained(False, 1), trained(True, 1)
    assert copier["answers"] == WORDS
    assert copier["losses"]["loss"][-1] < 0.1 < predictor["losses"]["loss"][-1]
    answers = dict(zip(WORDS, predictor["answers"], strict=True))
    assert (answers["我"], answers["你"]) == ("爱", "爱")
    assert answers["爱"] in {"编程", "世界"}


def test_the_published_record_has_every_error_of_the_errata_under_both_versions(record):
    first, second = listing.versions(record)
    assert first.startswith("2.7.")
    assert int(second.split(".")[1]) >= 16
    stages = listing.stages(record)
    assert len(stages) == len(mending.MENDINGS) + 1
    for version in (first, second):
        kinds = [stages[number][version]["error"] for number in range(9)]
        assert kinds[:6] == ["TypeError", "NameError", "NameError", "TypeError", "NameError", kinds[5]]
        assert all(kinds[:8])
        assert kinds[8] is None
        assert not any(stages[number][version]["error"] for number in range(8, len(stages)))
        assert "ellipsis" in stages[0][version]["message"]
        assert "'vocab' is not defined" in stages[4][version]["message"]


def test_the_published_record_shows_a_copier_and_a_model_that_predicts(record):
    table = listing.beside_ours(record, 1)
    after = [f"after {word}" for word in WORDS]
    for name, row in table.iterrows():
        copies = name.startswith("what went in")
        assert (row[after].tolist() == WORDS) == copies, name
        assert row["at last"] < row["loss at first"]
    sentences = ["".join(WORDS[number] for number in row) for row in SENTENCES]
    for written in listing.sentences(record).to_numpy().T.tolist():
        assert sum(one == other for one, other in zip(written, sentences, strict=True)) == 1


def test_the_published_record_measures_what_gives_no_error(record):
    for row in listing.rows(record, "probes"):
        found = row["found"]
        assert found["two calls differ by"] > 0
        assert found["words without a vector differ by"] == found["another word before changes"] == 0
        assert found["mean of held-out rows of 0 to 9"] == 8.5
        for size in (5, 4096):
            right, wrong = (found[f"loss when sure and {how}, of {size} words"] for how in ("right", "wrong"))
            assert wrong - right == pytest.approx(1, abs=1e-4)
    shown = listing.probe_table(record)
    assert shown.loc["words as labels"].str.fullmatch(r"\w+Error").all()
