"""The runs behind chapters: those that are published are found by the tables, and the others are known."""

import pytest

from lmstudy.commands import runs as runs_cli
from lmstudy.compose import compose_config
from lmstudy.errors import StudyError
from lmstudy.runs.records import load_folder
from lmstudy.study.chapter_runs import ChapterRun, chapter_runs, declared, find, of_chapters
from lmstudy.study.shelf import COMMANDS, Shelf
from tests.claim_records import record
from tests.conftest import ROOT

ALONE = {
    "tuned-s": "fine-tunings from post-trained weights start from an id that a record tells",
    "dpo": "as do those by DPO",
    "-sitting-": "the model of the thirty-minute path, which comes with the book",
    "-ipo-": "and by the other losses of pairs",
    "-kto-": "as those by IPO",
    "-orpo-": "as those by IPO",
    "-short-s1": "earlier budgets of three tasks, and the teacher of privacy, which reads four times as long",
    "head-1000": "decoder heads and balanced labels, for a section of a notebook each",
    "tuned-generation": "drawn answers, and weights kept by answers",
    "tuned-question_answering": "answers in words, and weights kept by answers",
    "tuned-translation": "the peer, weights kept by answers, and all examples",
}
"""Parts of names of published runs that no chapter's table holds, and what they are."""


@pytest.mark.slow
def test_every_published_run_is_in_a_chapters_table_or_known_to_be_alone():
    published = load_folder(ROOT / "book" / "records")
    shelf = Shelf(published)
    found = {chapter: [find(shelf, run) for run in runs] for chapter, runs in declared().items()}
    assert {state for states in found.values() for state, _ in states} == {"published"}
    reached = {record.id for states in found.values() for _, record in states}
    rest = [r for r in published if r.kind in {kind for kind, _ in COMMANDS.values()} and r.id not in reached]
    assert not [r.name for r in rest if not any(part in r.name for part in ALONE)]
    assert len(rest) < 160 < 500 < len(reached)


def test_a_run_is_found_by_its_configuration_and_by_that_of_its_start():
    base = ChapterRun("train", ("budget=smoke",), 2)
    first = record(1, "train", compose_config("train", ["budget=smoke", "seed=2"]), 1.0, seed=2)
    run = ChapterRun("finetune", ("task=sentiment",), 2, base)
    tuned = record(2, "tuning", run.config(first), 1.0, seed=2)
    shelf = Shelf([first, tuned])
    assert find(shelf, base) == ("published", first)
    assert find(shelf, run) == ("published", tuned)
    assert find(shelf, run.changed(["seed=3"])) == ("missing", None)
    assert find(Shelf([tuned]), run) == ("missing", None)
    assert str(run.changed(["steps=5"])) == "lmstudy-finetune task=sentiment steps=5 seed=2 run=ID"


def test_what_is_missing_is_made_by_the_command_that_it_stands_for(tmp_path, monkeypatch, capsys):
    made = []
    table = {"topic": chapter_runs(("experiment=first_model", "budget=brief"), seeds=[1, 77])}
    monkeypatch.setattr("lmstudy.study.chapter_runs.declared", lambda: table)

    def train(config):
        made.append((config["seed"], config["runs"]))
        return record(3, "train", config, 1.0, seed=77)

    monkeypatch.setattr("lmstudy.runs.pretraining.train", train)
    call = ["--runs", str(tmp_path), "--train", "topic"]
    runs_cli.main([*call, "--dry-run"])
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("published  356546eb0f6eac0b")
    assert second.endswith("lmstudy-train experiment=first_model budget=brief seed=77")
    assert made == []
    runs_cli.main(call)
    assert made == [(77, str(tmp_path))]
    assert "2 runs: 1 exist, 1 are made now" in capsys.readouterr().err


def test_mistakes_are_named(capsys):
    with pytest.raises(StudyError, match="cooking: no chapter with runs of its own; choose from applications, "):
        of_chapters(["cooking"])
    with pytest.raises(SystemExit):
        runs_cli.main(["--dry-run"])
    assert "--dry-run and --set go with --train CHAPTER" in capsys.readouterr().err
