"""The chapter on tools: event files, a debugger's transcript, shares of a step, and texts cut by two programs."""

import re
import sys

import numpy as np
import pytest

from lmstudy.chapters.tools import events, profiled, segmented, stopped
from lmstudy.data.batches.packing import decoder_input
from lmstudy.errors import StudyError
from lmstudy.runs.records import load_folder, published_folder
from lmstudy.study.shelf import Shelf
from lmstudy.training.pretraining import PretrainingModule
from tests.claim_records import record

LINE = "return np.concatenate([[BOS], target[:-1]]) if shifted else target"
CURVES = {
    "train/loss": {"step": [10, 20], "value": [8.5, 0.25]},
    "valid/bits_per_byte": {"step": [20], "value": [28.0]},
}


@pytest.fixture
def run():
    return record(7, "train", {}, 2.0, seed=1, curves=CURVES)


def test_tensorboard_reads_what_was_written_of_a_record(tmp_path, run):
    folder = events.write(run, tmp_path / "run")
    found = events.read(folder, tuple(CURVES), run.id)
    assert found == {"train/loss": {10: 8.5, 20: 0.25}, "valid/bits_per_byte": {20: 28.0}}


def test_a_folder_without_events_or_of_another_run_is_said_in_a_line(tmp_path, run):
    with pytest.raises(
        StudyError, match=r"empty: no event file of TensorBoard in it; lmstudy-train logger=tensorboard"
    ):
        events.read(tmp_path / "empty", ("train/loss",))
    folder = events.write(run, tmp_path / "run")
    with pytest.raises(StudyError, match=rf"run: its events are of run {run.id}, not of {'f' * 16}$"):
        events.read(folder, ("train/loss",), "f" * 16)
    with pytest.raises(StudyError, match=r"run: no scalar valid/loss in its events; it has train/loss, valid/bits_per"):
        events.read(folder, ("valid/loss",), run.id)


def test_a_missing_tensorboard_or_spacy_is_said_in_a_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tensorboard.backend.event_processing.event_accumulator", None)
    with pytest.raises(StudyError, match=r"TensorBoard is not installed: pip install 'lmstudy\[tensorboard\]'"):
        events.read(tmp_path, ("train/loss",))
    monkeypatch.setitem(sys.modules, "spacy", None)
    assert segmented.main(["--runs", str(tmp_path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"{segmented.COMMAND}: spaCy is not installed: pip install 'lmstudy[spacy]'"


def test_a_debugger_stops_at_a_line_and_answers():
    text = stopped.transcript(decoder_input, LINE, lambda: decoder_input(np.arange(3), False), ["p target.tolist()"])
    stop, code, *answers = text.splitlines()
    assert re.fullmatch(r"> lmstudy/data/batches/packing\.py\(\d+\)decoder_input\(\)", stop)
    assert code == f"-> {LINE}"
    assert answers == ["(Pdb) p target.tolist()", "[0, 1, 2]"]


def test_a_debugger_that_cannot_stop_says_so():
    with pytest.raises(StudyError, match=r"decoder_input: 'return 1' is 0 of its lines, not one"):
        stopped.transcript(decoder_input, "return 1", lambda: None, ["p 1"])
    with pytest.raises(StudyError, match="the work never came to"):
        stopped.transcript(decoder_input, LINE, lambda: None, ["p 1"])


def test_in_the_article_s_run_input_and_target_are_the_same_and_a_step_has_its_operations(small):
    equal = stopped.ASKED[3]
    line = "hidden = model.hidden(batch)"
    for experiment, same in (("article", True), ("article_predict", False)):
        step = stopped.one_step(stopped.small_run(experiment, small))
        text = stopped.transcript(PretrainingModule.training_step, line, step, [equal])
        assert (text.splitlines()[3] == "tensor(1.)") == same, text
    table = profiled.shares(stopped.small_run("article", small), 5)
    assert len(table) == 6
    assert table["% of the step"].sum() == pytest.approx(100)
    assert "aten::addmm" in table.index


def test_the_published_cuts_are_of_these_texts():
    table = segmented.table(Shelf(load_folder(published_folder())).newest(segmented.KIND, segmented.COMMAND))
    spacy, rjieba = table.columns
    assert spacy.startswith("spaCy ")
    assert table.loc["我爱编程", spacy] == "我 | 爱 | 编 | 程"
    assert table.loc["我爱编程", rjieba] == "我 | 爱 | 编程"
    assert table.loc["乒乓球拍卖完了", rjieba] == "乒乓球 | 拍卖 | 完 | 了"
    assert table.loc["研究生命的起源", rjieba] == "研究 | 生命 | 的 | 起源"
    assert table.iloc[-1][spacy].startswith("I | do | n't | love | U.S.-made")
    for text, row in table.iterrows():
        for cut in row:
            assert cut.replace(" | ", "").replace(" ", "") == text.replace(" ", "")
