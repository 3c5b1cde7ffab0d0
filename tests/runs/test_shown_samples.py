"""`lmstudy-generate`: what is printed is what the model wrote, with the scorer's own scores, and nothing private."""

import dataclasses
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lmstudy.commands.generate import literal, main
from lmstudy.compose import compose_config
from lmstudy.config import GenerateConfig, check
from lmstudy.data.tokenizer import BAD, EOS, GOOD
from lmstudy.errors import StudyError
from lmstudy.evaluation.misalignment import misalignment
from lmstudy.models import generation as samples
from lmstudy.preferences.scorers.base import Scorer
from lmstudy.preferences.scorers.pep8 import Pep8Scorer
from lmstudy.runs import shown_samples as generation
from lmstudy.runs.finished import Finished, load_run
from lmstudy.runs.pretraining import open_run, train
from lmstudy.runs.sample_lines import json_lines, printed, text_lines
from lmstudy.runs.shown_samples import Generated, Sample, judging, write
from lmstudy.writing.control import PLAIN, Asked
from lmstudy.writing.texts import Text, prompt_from


@pytest.fixture(scope="module")
def finished(small, tmp_path_factory) -> Finished:
    """A tiny run that knows control tokens: lines of more than 79 characters are bad ones."""
    own = ["objective=conditional", "scorer=pep8", "budget.samples=0", "budget.evaluate_every=12"]
    config = compose_config("train", [*small, *own, f"runs={tmp_path_factory.mktemp('conditional') / 'runs'}"])
    train(config)
    return load_run(open_run(config).folder)


@pytest.fixture
def config(finished, monkeypatch) -> Callable[..., dict[str, Any]]:
    """The configuration of a command line for that run, which is loaded once for all tests."""
    monkeypatch.setattr(generation, "load_run", lambda _, writes_only: finished)
    return lambda *overrides: compose_config("generate", [f"run={finished.run.folder}", *map(literal, overrides)])


@pytest.fixture
def calls(monkeypatch) -> list[tuple[list[list[int]], list[list[int]], list[list[int]]]]:
    """What was read, what was forced and what came out, by call of the sampler."""
    seen = []
    original = samples.generate

    def spy(model, prompts, sampling, *, forced, generator):
        written = original(model, prompts, sampling, forced=forced, generator=generator)
        seen.append(([list(p) for p in prompts], [list(f) for f in forced], written))
        return written

    monkeypatch.setattr(samples, "generate", spy)
    return seen


class Words(Scorer):
    """1 for a segment with the word bad."""

    name = "words"
    unit = "segment"

    def score(self, segments):
        return [float("bad" in segment) for segment in segments]


class Private(Words):
    """Masks names; `whole` covers the end of a line with them."""

    masks = True

    def __init__(self, whole: bool = False) -> None:
        self.whole = whole

    def masked(self, text):
        return text.replace("Eve\n", "{{NAME}}" if self.whole else "{{NAME}}\n")


def generated(*made: Sample, scorer: Scorer | None = None, asked: Asked = PLAIN) -> Generated:
    return Generated(list(made), asked, 1, scorer or Words())


TWO = Sample(("def f():\n", "    bad\n", "    no e"), (0.0, 1.0, None), 1.0, 1, False)


def test_scores_and_means_are_the_scorers_own(config):
    lines = list(json_lines(write(config("n=5", "temperature=1"))))
    scorer = Pep8Scorer()
    found = [json.loads(line) for line in lines]
    assert len(found) == 5
    assert {key for sample in found for key in sample} == {
        "text", "segments", "scores", "mean", "given", "finished", "control", "guidance", "look_ahead", "seed"
    }  # fmt: skip
    for sample in found:
        assert "".join(sample["segments"]) == sample["text"]
        whole = sample["segments"] if sample["finished"] else sample["segments"][:-1]
        assert sample["scores"] == scorer.score(whole) + [None] * (len(sample["segments"]) - len(whole))
        if whole:
            assert sample["mean"] == misalignment(scorer, [whole]).mean
    assert any(sample["mean"] for sample in found)
    assert {sample["control"] for sample in found} == {"good"}  # auto


@pytest.mark.parametrize(("control", "token", "other"), [("good", GOOD, BAD), ("bad", BAD, GOOD)])
def test_samples_begin_with_the_control_token_and_never_hold_the_other(config, calls, control, token, other):
    write(config("n=3", f"control={control}", "max_tokens=20"))
    [(read, forced, written)] = calls
    assert (read, forced) == ([[]] * 3, [[token]] * 3)
    assert all(ids[0] == token and other not in ids for ids in written)


def test_looking_ahead_writes_other_texts_from_the_same_beginning(config):
    asked = ("n=3", "control=good", "max_tokens=20", "temperature=1")
    plain, ahead = write(config(*asked)), write(config(*asked, "look_ahead=4"))
    assert [one.segments for one in ahead.samples] != [one.segments for one in plain.samples]
    assert write(config(*asked, "look_ahead=4")).samples == ahead.samples
    with pytest.raises(StudyError, match="look_ahead=4 needs control=good or control=bad"):
        write(config("control=none", "look_ahead=4"))
    with pytest.raises(StudyError, match="look_ahead=4 needs a temperature above 0"):
        write(config("look_ahead=4", "temperature=0"))
    with pytest.raises(StudyError, match="look_ahead=65"):
        write(config("look_ahead=65"))


def test_without_control_no_token_is_forced(config, calls):
    write(config("control=none", "max_tokens=5", "n=1"))
    [(_, forced, written)] = calls
    assert forced == [[]]
    assert not {GOOD, BAD} & {token for ids in written for token in ids}


def test_whole_lines_are_read_and_a_begun_one_is_gone_on_with(config, calls, finished):
    encode = finished.run.corpus.encode
    found = write(config("control=bad", "n=2", "prompt=def f(x):\n    y = 1\n    return", "max_tokens=30"))
    [(read, forced, written)] = calls
    assert read == [[BAD, *encode("def f(x):\n"), BAD, *encode("    y = 1\n")]] * 2
    assert forced == [[BAD, *encode("    return")]] * 2
    for sample, ids in zip(found.samples, written, strict=True):
        assert ids[: len(forced[0])] == forced[0]
        assert sample.given == 2
        assert sample.segments[:2] == ("def f(x):\n", "    y = 1\n")
        assert "".join(sample.segments[2:]).startswith("    return")


def test_a_prompt_of_whole_lines_does_not_count_in_the_mean(config):
    found = write(config("prompt=x=1\n", "n=4", "temperature=1"))
    for sample in found.samples:
        ended = sample.segments if sample.finished else sample.segments[:-1]
        assert sample.scores[0] > 0
        assert sample.mean == (misalignment(Pep8Scorer(), [ended], [1]).mean if ended[1:] else None)


def test_sentences_end_where_their_corpus_says(finished):
    from lmstudy.data.segmentation import sentences

    corpus = dataclasses.replace(finished.run.corpus, cut=sentences)
    assert prompt_from(corpus, "很好。不错").text == "很好。"
    assert prompt_from(corpus, "很好。不错！").text == "很好。不错！"
    assert prompt_from(corpus, "很好。不错！").begun == ()
    whole = prompt_from(dataclasses.replace(corpus, one_segment=True), "很好。")
    assert (whole.text, whole.segments, whole.begun) == ("", (), tuple(corpus.encode("很好。")))


def test_guidance_and_seed_change_what_is_written(config):
    first, again, guided, other = (
        [sample.segments for sample in write(config("n=3", "temperature=1", "max_tokens=30", *extra)).samples]
        for extra in ([], [], ["guidance=8"], ["seed=2"])
    )
    assert first == again
    assert guided not in (first, other)
    assert first != other


def test_a_reward_model_that_is_not_there_is_told_before_anything_is_written(config, monkeypatch, tmp_path):
    monkeypatch.setattr(generation, "drawn", lambda *_: pytest.fail("written"))
    with pytest.raises(StudyError, match=r"scorer\.model=nothing: no reward model in"):
        write(config("scorer=sentiment_reward", "scorer.model=nothing", f"scorer.runs={tmp_path}"))


@pytest.mark.parametrize("guidance", ["-1", "1e9"])
def test_guidance_that_leaves_nothing_sensible_is_refused(config, guidance):
    with pytest.raises(StudyError, match=rf"guidance={float(guidance):g} must be between 0 and 20".replace("+", r"\+")):
        write(config("n=1", f"guidance={guidance}"))


def test_a_long_prompt_is_read_at_its_end_and_that_is_said(config, calls, finished, capsys):
    longest = finished.run.typed.budget.encoder_length - 1
    write(config("n=1", "max_tokens=5", "prompt=" + "x = 1\n" * 50))
    [([read], _, _)] = calls
    assert len(read) == longest
    assert f"of which the encoder reads the last {longest}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["n=0"], "n=0: input should be greater than 0"),
        (["control=best"], "control='best': input should be 'auto', 'none', 'good' or 'bad'"),
        (["top_p=0"], "top_p=0: input should be greater than 0"),
        (["guidance=2", "control=none"], "guidance=2.0 needs control=good or control=bad"),
        (["run=nothing"], "run=nothing: no finished run in"),
        (["max_tokens=1000"], r"max_tokens=1000: pep8-conditional\S+ writes at most \d+ tokens"),
        (["max_tokens=4", "prompt=def area_of_it("], r"prompt: its last segment has \d+ tokens and no end"),
        (["scorer=sentiment"], "scorer: sentiment looks up known texts and judges no others; scorer=sentiment_reward"),
    ],
)
def test_mistakes_name_key_and_value(config, overrides, message, tmp_path):
    with pytest.raises(StudyError, match=message):
        write(config(f"runs={tmp_path}", *overrides))


@pytest.mark.parametrize(("key", "value"), [("control", "good"), ("control", "bad"), ("guidance", 2)])
def test_a_run_without_control_tokens_is_not_asked_by_them(config, finished, monkeypatch, key, value):
    plain = {**finished.record.config, "objective": compose_config("train", [])["objective"]}
    record = dataclasses.replace(finished.record, config=plain)
    monkeypatch.setattr(generation, "load", lambda _: record)
    assert write(config("n=1", "max_tokens=5")).asked == PLAIN
    with pytest.raises(StudyError, match=f"{key}={value}: {record.name} never saw a control token"):
        write(config(f"{key}={value}"))


def test_texts_nobody_rated_are_printed_without_scores(config, capsys):
    known = Words()
    known.any_text = False
    assert judging(check(GenerateConfig, config()), known) is None
    message = capsys.readouterr().err
    assert message.startswith("no scores: the run's scorer, words, looks up known texts")
    assert "scorer=sentiment_reward" in message
    shown = list(text_lines(dataclasses.replace(generated(TWO), scorer=None), colour=False))
    assert shown[1:-1] == [" > def f():", "       bad", "       no e"]


def test_bad_segments_are_marked_with_and_without_colour():
    plain, coloured = (list(text_lines(generated(TWO), colour=colour)) for colour in (False, True))
    assert [line[:2] for line in plain[1:-1]] == [" >", "! ", "  "]  # given, bad, not scored
    assert "1.0000" in plain[2]
    assert coloured[2] == f"\x1b[31m{plain[2]}\x1b[0m"
    assert coloured[1] == plain[1]


def test_colour_is_for_terminals(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    has = lambda colour, stream: "\x1b" in "".join(printed(generated(TWO), "text", colour, stream))  # noqa: E731
    assert has("auto", terminal)
    assert has("always", io.StringIO())
    assert not has("auto", io.StringIO())
    assert not has("never", terminal)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not has("auto", terminal)


def test_what_would_steer_a_terminal_is_spelled_out():
    sample = Sample(("a\x1b[2J\rb\tc 编\nd",), (0.0,), 0.0, 0, True)
    first, second = list(text_lines(generated(sample), colour=False))[1:3]
    assert (first.split("  ")[-1], second.strip()) == ("a\\x1b[2J\\rb\tc 编", "d")


def test_personal_data_are_masked_and_scored_unmasked(finished):
    corpus, text = finished.run.corpus, Text(("by bad Eve\n", "x\n"), 0, False, "Eve\n")
    [sample] = generation._samples([text], Private(), Private(), corpus)
    assert sample.segments == ("by bad {{NAME}}\n", "x\n", "{{NAME}}\n")
    assert sample.scores == (1.0, 0.0, None)
    [moved] = generation._samples([text], Private(), Private(whole=True), corpus)
    assert moved.segments == ("by bad {{NAME}}x\n", "{{NAME}}")
    assert moved.scores == (None, None)
    assert moved.mean == sample.mean == 0.5
    [unscored] = generation._samples([text], None, Private(), corpus)
    assert unscored.segments == sample.segments


def test_the_runs_own_scorer_masks_what_another_one_judges(config, finished, monkeypatch):
    own = {**finished.record.config, "scorer": {"_target_": "tests.runs.test_shown_samples.Private"}}
    record = dataclasses.replace(finished.record, config=own)
    monkeypatch.setattr(generation, "load", lambda _: record)
    monkeypatch.setattr(generation, "drawn", lambda *_: [([EOS], Text(("by Eve\n",)))])
    found = write(config("scorer=pep8"))
    assert isinstance(found.scorer, Pep8Scorer)
    assert found.samples[0].segments == ("by {{NAME}}\n",)


@pytest.mark.parametrize(
    "text",
    ["def area(", "a,b", "x: [1, {2}]", 'it\'s "so" \\', "${seed}", "3", "true", "line\n  two\n", "编程，好", '"""Doc'],
)
def test_a_prompt_is_taken_as_it_is_typed(text):
    assert compose_config("generate", ["run=1", literal(f"prompt={text}")])["prompt"] == text


@pytest.mark.parametrize("argument", ["prompt=null", "prompt='a b'", "run=3f2a(", "--help"])
def test_null_and_quotes_of_hydra_are_left_alone(argument):
    assert literal(argument) == argument


def test_the_command_prints_its_samples(finished, monkeypatch, capsys):
    folder: Path = finished.run.folder
    monkeypatch.setattr(
        sys, "argv", ["lmstudy-generate", f"run={folder}", "prompt=def area(", "n=2", "max_tokens=16", f"runs={folder}"]
    )
    main()
    shown = capsys.readouterr().out.splitlines()
    assert [line[:6] for line in shown if "control=good" in line] == ["1 of 2", "2 of 2"]
    assert sum("def area(" in line for line in shown) == 2
