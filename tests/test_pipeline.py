"""The commands one after the other, as a user types them: prepare, train, evaluate, baseline."""

import sys

import pytest

from lmstudy.commands import baseline, evaluate, prepare, train
from lmstudy.commands.command import Command


@pytest.fixture
def run(monkeypatch, capsys):
    def call(command: Command, *arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", [command.name, *arguments])
        command.main()
        return capsys.readouterr().out

    return call


def test_prepare_train_evaluate_baseline(tiny, run):
    data = [x for x in tiny if x.startswith("data")]
    (runs,) = [x for x in tiny if x.startswith("runs=")]
    prepared = run(prepare.COMMAND, *data)
    assert "train" in prepared
    assert "fingerprint" in prepared

    trained = run(train.COMMAND, *tiny)
    run_id, name, *_ = trained.split()
    assert name == "mle-transformer-smoke-s1"
    assert "valid/bits_per_byte" in trained

    evaluated = run(evaluate.COMMAND, f"run='{run_id[:8]}'", "split=test", "documents=5", runs)
    values = {line.split()[0]: float(line.split()[1]) for line in evaluated.splitlines()}
    assert set(values) == {f"test/{m}" for m in ("loss", "perplexity", "bits_per_byte", "accuracy", "recall", "f1")}
    assert 1 < values["test/bits_per_byte"] < 10

    fitted = run(baseline.COMMAND, *data, runs, "order=2")
    assert "kneser-ney-2-all" in fitted
    assert "valid/bits_per_byte" in fitted


def test_evaluate_without_a_run_says_what_is_missing(run, capsys):
    with pytest.raises(SystemExit):
        run(evaluate.COMMAND, "split=test")
    assert capsys.readouterr().err == "lmstudy-evaluate: run must be given: run=VALUE\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run=ab", "documents=many"], "documents='many': input should be a valid integer"),
        (["run=ab", "documents=-5"], "documents=-5: input should be greater than 0"),
        (["run=ab", "split=dev"], "split='dev': input should be 'valid', 'valid_files' or 'test'"),
        (["run=3e12"], "run=3e12: no finished run in"),
    ],
)
def test_evaluate_names_mistakes(run, capsys, arguments, message):
    with pytest.raises(SystemExit):
        run(evaluate.COMMAND, *arguments)
    assert message in capsys.readouterr().err
