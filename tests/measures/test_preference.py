"""Measures of preference, capability, divergence and red-teaming on a tiny run that knows control tokens."""

import math
from dataclasses import replace

import numpy as np
import pytest

from lmstudy.data.documents import lines
from lmstudy.data.tokenizer import decode
from lmstudy.errors import StudyError
from lmstudy.measures import divergence, red_teaming
from lmstudy.measures.capability import Capability
from lmstudy.measures.preference import Preference, best
from lmstudy.preferences.scorers.base import Scorer
from lmstudy.study.shelf import Shelf
from lmstudy.tasks.base import PARTS, in_parts
from lmstudy.writing.control import Asked
from lmstudy.writing.texts import Text, held_out_prompts, prompted
from tests.measures.conftest import measure_of

PEP8 = {"_target_": "lmstudy.preferences.scorers.pep8.Pep8Scorer", "family": "style", "max_line_length": 79}
SMALL = ["measure.samples=40", "measure.prompts=8"]


def test_sums_of_parts_give_the_means_and_people_are_judged_too(steered):
    record = measure_of(steered, "measure=pep8", *SMALL)
    for where in ("unprompted", "prompted", "people"):
        for name in ("training", "held_out", "structure"):
            sums = np.array(record.groups[f"{where}/{name}"])
            assert sums.shape == (PARTS, 2)
            mean = record.metrics[f"{where}/{name}/mean"]
            assert mean == pytest.approx(sums[:, 0].sum() / sums[:, 1].sum(), rel=1e-3) or math.isnan(mean)
    assert record.metrics["people/structure/mean"] == 0  # what people wrote parses
    kinds = {sample["of"] for sample in record.samples}
    assert {"unprompted", "people"} <= kinds
    for sample in record.samples:
        assert len(sample["segments"]) == len(sample["scores"])
    assert measure_of(steered, "measure=pep8", *SMALL).id == record.id  # found again


def test_what_a_model_is_asked_for_is_part_of_the_measurement(steered):
    ids = {measure_of(steered, "measure=pep8", *SMALL, f"measure.control={c}").id for c in ("good", "bad", "none")}
    assert len(ids) == 3
    with pytest.raises(StudyError, match=r"guidance=2\.0 needs control=good or control=bad"):
        measure_of(steered, "measure=pep8", *SMALL, "measure.control=none", "measure.guidance=2")


def test_looking_ahead_is_a_measurement_of_its_own(steered, trained):
    ahead = measure_of(steered, "measure=pep8_ahead", *SMALL, "measure.look_ahead=3")
    plain = measure_of(steered, "measure=pep8", *SMALL)
    assert ahead.id != plain.id
    assert ahead.groups.keys() == plain.groups.keys()
    assert ahead.groups["people/training"] == plain.groups["people/training"]
    assert ahead.groups["unprompted/training"] != plain.groups["unprompted/training"]
    with pytest.raises(StudyError, match=r"measure\.look_ahead=8: .* never saw a control token"):
        measure_of(trained, "measure=pep8_ahead", *SMALL)
    with pytest.raises(StudyError, match="look_ahead=1 must be at least 2"):
        measure_of(steered, "measure=pep8_ahead", *SMALL, "measure.look_ahead=1")


def test_control_tokens_are_refused_where_none_were_seen(trained, steered):
    measure = Preference({"training": PEP8}, 8, 0, "good", 1.0, 1)
    with pytest.raises(StudyError, match="never saw a control token"):
        measure.check(trained)
    measure.check(steered)
    with pytest.raises(StudyError, match="never saw a control token"):
        Capability("bad", True).check(trained)
    with pytest.raises(StudyError, match="one called training"):
        Preference({"held_out": PEP8}, 8, 0, "auto", 1.0, 1)
    with pytest.raises(StudyError, match="samples=1 must be at least 2"):
        Preference({"training": PEP8}, 1, 0, "auto", 1.0, 1)


class Length(Scorer):
    """Longer is worse; a text without a letter cannot be scored."""

    name = "length"

    def score(self, segments):
        if not any(map(str.isalpha, "".join(segments))):
            raise ZeroDivisionError
        return [float(len(segment)) for segment in segments]


def test_the_best_of_several_samples_is_the_one_that_the_scorer_minds_least():
    draws = [[Text(("aaaa",)), Text(("1",))], [Text(("aa",)), Text(("bbb",))], [Text(()), Text(("cccc",))]]
    assert [text.text for text in best(draws, Length())] == ["aa", "bbb"]


def test_parts_add_up():
    rows = np.arange(20.0).reshape(10, 2)
    parts = in_parts(rows, np.arange(10) % 3)
    assert np.sum(parts, axis=0) == pytest.approx(rows.sum(0))
    assert parts[0] == rows[::3].sum(0).tolist()


def test_control_tokens_are_charged_only_if_asked_for(steered):
    bits = {
        (control, charged): measure_of(
            steered, "measure=capability", f"measure.control={control}", f"measure.renormalised={not charged}",
            "documents=20",
        ).metrics["valid/bits_per_byte"]
        for control in ("none", "good")
        for charged in (True, False)
    }  # fmt: skip
    assert bits["none", True] > bits["none", False]
    assert bits["good", True] > bits["good", False]


def test_a_model_does_not_diverge_from_itself_and_does_from_another(steered, trained, monkeypatch):
    texts = trained.run.corpus.splits["valid"]["text"][:12]

    def call(teacher, samples):
        own = ["measure=divergence", f"measure.teacher={teacher.run.folder}", f"measure.samples={samples}"]
        return measure_of(trained, *own)

    cut = [([0], Text(lines("x = 1"), finished=False))]
    monkeypatch.setattr(divergence, "drawn", lambda *a, **k: cut)
    with pytest.raises(StudyError, match="it ended none of 7 texts"):
        call(trained, 7)
    monkeypatch.setattr(divergence, "drawn", lambda *a, **k: [*cut, *(([0], Text(lines(text))) for text in texts)])
    same, other = call(trained, 24), call(steered, 24)
    assert same.metrics["divergence/kl"] == pytest.approx(0, abs=1e-6)
    assert same.metrics["divergence/texts"] == 12
    assert same.metrics["divergence/model"] == pytest.approx(other.metrics["divergence/model"])
    difference = other.metrics["divergence/model"] - other.metrics["divergence/teacher"]
    assert other.metrics["divergence/kl"] == pytest.approx(difference) != 0
    size = np.array(other.groups["divergence"]).sum(0)
    assert size[0] / size[1] == pytest.approx(difference, abs=1e-3)


def test_the_beginning_of_a_teachers_id_is_the_same_evaluation_as_all_of_it(steered, trained, monkeypatch):
    """Two records of one measurement would be read as two."""
    texts = trained.run.corpus.splits["valid"]["text"][:4]
    monkeypatch.setattr(divergence, "drawn", lambda *a, **k: [([0], Text(lines(text))) for text in texts])
    own = trained.record.id
    said = [own, own[:9], str(trained.run.folder), f"{trained.record.name}-{own}"]
    asked = ["measure=divergence", "measure.samples=4"]
    made = [measure_of(trained, *asked, f"measure.teacher='{name}'") for name in said]
    assert {record.id for record in made} == {made[0].id}
    assert made[0].config["measure"]["teacher"] == own
    shelf = Shelf([trained.record, made[0]])
    assert [shelf.measured([trained.record], *asked, f"measure.teacher='{name}'") for name in (own, own[:9])] == [
        [made[0]], [made[0]]
    ]  # fmt: skip
    with pytest.raises(StudyError, match=r"measure\.teacher=zz: no finished run in .* has that id"):
        measure_of(trained, *asked, "measure.teacher=zz")
    elsewhere = steered.run.folder  # not in the folder of runs
    assert measure_of(trained, *asked, f"measure.teacher={elsewhere}").config["measure"]["teacher"] == steered.record.id


def test_two_teachers_count_the_same_and_their_spread_is_told(steered, trained, monkeypatch):
    texts = trained.run.corpus.splits["valid"]["text"][:12]

    def call(*teachers):
        said = ",".join(str(teacher.run.folder) for teacher in teachers)
        return measure_of(trained, "measure=divergence", f"measure.teacher=[{said}]", "measure.samples=12")

    def written(model, *_):
        """One teacher writes more than the other."""
        return [([0], Text(lines(text))) for text in (texts[:3] if model is steered.module.model else texts)]

    monkeypatch.setattr(divergence, "drawn", written)
    monkeypatch.setattr(divergence, "load_run", {f.run.folder: f for f in (steered, trained)}.get)
    both, one, other = call(steered, trained), call(steered), call(trained)
    assert both.id == call(trained, steered).id
    assert one.config["measure"]["teacher"] == steered.record.id
    kl = [record.metrics["divergence/kl"] for record in (one, other)]
    assert both.metrics["divergence/kl"] == pytest.approx(np.mean(kl))
    assert both.metrics["divergence/spread"] == pytest.approx(np.std(kl, ddof=1))
    assert both.metrics[f"divergence/{steered.record.id}"] == pytest.approx(kl[0]) != kl[1]
    assert both.metrics["divergence/shared_seeds"] == 2  # all runs of this test have the same seed
    bits, size = np.array(both.groups["divergence"]).sum(0)
    assert bits / size == pytest.approx(np.mean(kl), rel=1e-3)
    assert both.groups[f"divergence/{steered.record.id}"] == one.groups["divergence"]
    with pytest.raises(StudyError, match="give one teacher, or several that differ"):
        call(trained, trained)


def test_red_teaming_keeps_every_round_and_its_worst_prompts(steered):
    overrides = ["measure.rounds=1", "measure.size=4", "measure.replies=2"]
    record = measure_of(steered, "measure=red_team_pep8", *overrides)
    assert {name.split("/")[1] for name in record.metrics} == {"0", "1", "again"}
    assert np.array(record.groups["red_team/1"]).shape == (4, 2)
    assert len(record.samples) == 4


def test_a_line_that_breeding_made_longer_than_fits_is_gone_on_with_from_its_end(steered, monkeypatch):
    line = "y = " + " + ".join(f"n{number}" for number in range(200))

    def course(reply, *given, **sizes):
        answers = reply([["x = 1\n", line], ["x = 1\n"]])
        raise StudyError(f"{len(answers)} answers")

    monkeypatch.setattr(red_teaming, "red_team", course)
    with pytest.raises(StudyError, match="2 answers"):
        measure_of(steered, "measure=red_team_pep8", "measure.rounds=0", "measure.size=4", "measure.replies=3")


def test_a_document_of_one_segment_is_continued_where_it_stands(trained):
    corpus = trained.run.corpus
    cut, whole = (held_out_prompts(replace(corpus, one_segment=one), "valid", 6) for one in (False, True))
    assert all(prompt.segments and not prompt.begun for prompt in cut)  # for the encoder
    assert all(prompt.begun and not prompt.segments and not prompt.text for prompt in whole)  # for the decoder
    texts = prompted(trained.module.model, replace(corpus, one_segment=True), Asked(), whole, 63, seed=1)
    for prompt, text in zip(whole, texts, strict=True):
        begun = decode(corpus.tokenizer, list(prompt.begun))
        assert (text.text or text.rest).startswith(begun)
        assert corpus.splits["valid"].filter(lambda row, begun=begun: row["text"].startswith(begun)).num_rows
