"""What the page "Try the model" loads: written from a run alone, and the published files have the form of today."""

import base64
import dataclasses
import json
import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from lmstudy.data.tokenizer import SPECIAL_TOKENS
from lmstudy.errors import StudyError
from lmstudy.publishing.page_model import in_steps, main, model_script, names_script, rounded, sample, write
from lmstudy.runs.finished import Finished, load_run
from tests.conftest import ROOT
from tests.page_runs import conditional_run, flagship_folder, published

STATIC = ROOT / "book" / "_static" / "try"
MOST_BYTES = 6_000_000


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Finished:
    return conditional_run(tmp_path_factory.mktemp("run"))


def content(script: str, name: str) -> dict[str, Any]:
    """The object that a script gives to a global."""
    found = re.search(rf"^window\.{name} = (.*);$", script, re.MULTILINE)
    assert found is not None
    return json.loads(found[1])


def weights(model: dict[str, Any]) -> dict[str, np.ndarray]:
    """Its tensors by name."""
    flat = np.frombuffer(base64.b64decode(model["weights"]), "<f2")
    steps = np.frombuffer(base64.b64decode(model.get("steps", "")), np.int8)
    found, start, at = {}, 0, 0
    for name, shape in model["tensors"]:
        size = int(np.prod(shape))
        if len(steps) and len(shape) == 2:
            lengths = flat[start : start + shape[0]].astype(np.float32)
            found[name] = steps[at : at + size].reshape(shape) * lengths[:, None]
            start, at = start + shape[0], at + size
        else:
            found[name] = flat[start : start + size].reshape(shape)
            start += size
    assert (start, at) == (len(flat), len(steps))
    return found


@pytest.mark.slow
def test_the_script_holds_the_run_and_the_same_run_gives_the_same_script(finished):
    script = model_script(finished)
    assert script == model_script(finished)
    first_line = script.splitlines()[0]
    assert first_line.startswith(f"// The model of run {finished.record.id} ({finished.record.name})")
    model = content(script, "lmstudyModel")
    for name, weight in finished.module.model.state_dict().items():
        np.testing.assert_array_equal(weights(model)[name], weight.half().numpy())
    tokenizer = finished.run.corpus.tokenizer
    assert model["tokens"] == [tokenizer.id_to_token(i) for i in range(tokenizer.get_vocab_size())]
    known = set(model["tokens"])
    assert all(left + right in known for left, right in model["merges"])
    assert model["sizes"]["positions"] == finished.module.model.max_positions
    assert model["sizes"]["read"] == finished.run.typed.budget.encoder_length - 1


@pytest.mark.slow
def test_the_command_writes_all_files_and_samples_follow_from_the_seed(finished, tmp_path, capsys):
    assert main([str(finished.run.folder), str(tmp_path)]) == 0
    names = ["names.js", "privacy-bad.txt", "privacy-good.txt", "privacy-model.js"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert (tmp_path / "privacy-model.js").read_text(encoding="utf-8") == model_script(finished)
    assert (
        (tmp_path / "privacy-bad.txt").read_text(encoding="utf-8")
        == sample(finished, "bad")
        != sample(finished, "bad", 2)
    )
    assert capsys.readouterr().out.count("bytes") == 4


def test_the_command_says_how_it_is_called_and_what_is_wrong(tmp_path, capsys):
    assert main([]) == 2
    assert "RUN is the folder of a finished run" in capsys.readouterr().out
    assert main([str(tmp_path / "gone")]) == 1
    assert "gone" in capsys.readouterr().err


@pytest.mark.slow
def test_a_run_of_another_kind_is_refused(finished):
    def with_module(**parts: Any) -> Finished:
        known = {"model": finished.module.model, "objective": finished.module.objective}
        return dataclasses.replace(finished, module=SimpleNamespace(**{**known, **parts}))

    def with_corpus(**parts: Any) -> Finished:
        known = {"one_segment": False, "segmentation": None, "tokenizer": finished.run.corpus.tokenizer}
        run = SimpleNamespace(corpus=SimpleNamespace(**{**known, **parts}), typed=finished.run.typed)
        return dataclasses.replace(finished, run=run)

    with pytest.raises(StudyError, match="transformer alone, not a Linear"):
        model_script(with_module(model=torch.nn.Linear(2, 2)))
    with pytest.raises(StudyError, match="objective=conditional"):
        model_script(with_module(objective=SimpleNamespace(controlled=False)))
    with pytest.raises(StudyError, match="not whole texts or Chinese words"):
        model_script(with_corpus(one_segment=True))
    with pytest.raises(StudyError, match="not whole texts or Chinese words"):
        model_script(with_corpus(segmentation="jieba"))
    for scorer in ({"_target_": "a.Lexicon"}, {"_target_": "a.Pep8Scorer", "family": "structure"}):
        other = dataclasses.replace(finished.record, config={**finished.record.config, "scorer": scorer})
        with pytest.raises(StudyError, match="scorer=privacy, pep8 and sentiment_zh"):
            model_script(dataclasses.replace(finished, record=other))


@pytest.mark.slow
def test_weights_that_half_precision_cannot_hold_are_refused(finished, monkeypatch):
    state = {name: weight.clone() for name, weight in finished.module.model.state_dict().items()}
    state["decoder_norm.weight"][0] = 1e5
    monkeypatch.setattr(finished.module.model, "state_dict", lambda: state)
    with pytest.raises(StudyError, match="does not fit half precision"):
        model_script(finished)


@pytest.mark.slow
def test_the_published_model_has_the_form_that_is_written_today(finished):
    published, written = (STATIC / "privacy-model.js").read_text(encoding="utf-8"), model_script(finished)
    assert len(published.encode()) < MOST_BYTES
    model, now = content(published, "lmstudyModel"), content(written, "lmstudyModel")
    assert published.splitlines()[0].startswith(f"// The model of run {model['run']} ({model['name']})")
    assert published.splitlines()[1] == written.splitlines()[1]
    assert list(model) == list(now)
    assert list(model["sizes"]) == list(now["sizes"])
    assert model["tokens"][: len(SPECIAL_TOKENS)] == list(SPECIAL_TOKENS)
    assert len(model["tokens"]) == model["sizes"]["vocabulary"]
    assert all(np.isfinite(weight).all() for weight in weights(model).values())


def test_a_row_is_cut_into_equal_steps_of_its_largest_weight():
    count, length = in_steps(torch.tensor([[0.0, 127.0, -63.4], [0.0, 0.0, 0.0], [-2.0, 1.0, 0.001]]))
    assert count.tolist() == [[0, 127, -63], [0, 0, 0], [-127, 64, 0]]
    assert length.tolist() == [1.0, 0.0, torch.tensor(2 / 127).half().item()]


@pytest.fixture(scope="module")
def flagship() -> Finished:
    return load_run(flagship_folder(), writes_only=True)


@pytest.mark.slow
def test_the_flagship_is_light_and_near_its_stored_weights(flagship):
    script = model_script(flagship)
    assert script == model_script(flagship)
    assert len(script.encode()) < MOST_BYTES
    model = content(script, "lmstudyModel")
    assert (model["scorer"], model["longest"]) == ("style", 79)
    assert model["sizes"]["positions"] == flagship.module.model.max_positions
    stored = flagship.module.model.state_dict()
    wanted, found = rounded(stored), weights(model)
    assert list(found) == list(stored)
    for name, weight in stored.items():
        np.testing.assert_array_equal(found[name].astype(np.float32), wanted[name].numpy())
        if weight.dim() == 2:
            error, largest = (wanted[name] - weight).abs().amax(1), weight.abs().amax(1)
            length_is_rounded = 127 * 2**-25  # to half precision, of which the least number is 2^-24
            assert (error <= largest * 0.57 / 127 + length_is_rounded).all()


@pytest.mark.slow
def test_the_model_of_reviews_is_small_enough_to_be_sent():
    finished = load_run(published("reviews"), writes_only=True)
    script = model_script(finished)
    assert len(script.encode()) < 2_000_000
    model = content(script, "lmstudyModel")
    assert model["scorer"] == "reviews"
    assert sample(finished, "bad") == (STATIC / "reviews-bad.txt").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_script_of_a_published_model_is_left_to_the_build_of_the_pages(tmp_path, monkeypatch):
    monkeypatch.setattr("lmstudy.publishing.page_model.sample", lambda _, control: f"{control}\n")
    written = write(flagship_folder(), tmp_path)
    assert [path.name for path in written] == ["style-good.txt", "style-bad.txt"]
    assert (tmp_path / "style-bad.txt").read_text() == "bad\n"


def test_the_published_names_are_those_of_the_installed_packages():
    assert (STATIC / "names.js").read_text(encoding="utf-8") == names_script()
