"""Attribution in the chapter on what is inside: pairs per hundred, and what leaving out took, by hand."""

import json

import numpy as np
import pytest

from lmstudy.chapters.inside import attribution
from lmstudy.chapters.inside.attribution import CASES, LEFT_OUT, READER, SCORES, SEEDS
from lmstudy.errors import StudyError
from lmstudy.measures.evaluate import asked
from lmstudy.study.preferences import PLANTED, overrides_of
from lmstudy.study.shelf import NoRecordsError, Shelf
from tests.claim_records import composed, record, trained

WON = {"gradient": 90.0, "untrained": 70.0, "text": 100.0}
"""Of a hundred pairs, of each person; one less with an odd seed."""
LOST = {1: [1.0, 2.0], 16: [4.0, 8.0, 3.0, 9.0]}
"""Bits that leaving out takes of each person, by how many documents hold the line."""
EXPOSURE = ("measure=exposure", "measure.control=none")


def evaluation(run, number, overrides, **found):
    settings = asked(composed("evaluate", "run=any", *overrides, "split=test"))[1]
    config = {"run": {"id": run.id, "name": run.name, "config": run.config}}
    config |= {"measure": json.loads(json.dumps(settings)), "data": None}
    return record(number, "evaluation", config, 2.0, seed=run.seed, **found)


def records(seeds=SEEDS):
    found = []
    for seed in seeds:
        reader = trained(100 + seed, *PLANTED, *overrides_of(READER), seed=seed)
        other = trained(200 + seed, *PLANTED, *overrides_of(LEFT_OUT), seed=seed)
        pairs = {
            attribution.key(score, case, repeats): [[won - seed % 2, 100.0]] * len(own)
            for score, won in WON.items() for case in CASES for repeats, own in LOST.items()
        }  # fmt: skip
        samples = [
            {"repeats": repeats, "influence": x**2, "cosine": -x} for repeats, own in LOST.items() for x in own
        ]  # fmt: skip
        known = {f"exposure/{repeats}": [[x + 0.5, 1.0] for x in own] for repeats, own in LOST.items()}
        nothing = {f"exposure/{repeats}": [[0.5, 1.0]] * len(own) for repeats, own in LOST.items()}
        found += [reader, other, evaluation(reader, 300 + seed, ["measure=attribution"], groups=pairs, samples=samples)]
        found += [evaluation(reader, 400 + seed, EXPOSURE, groups=known)]
        found += [evaluation(other, 500 + seed, EXPOSURE, groups=nothing)]
    return found


@pytest.fixture
def shelf() -> Shelf:
    return Shelf(records())


def test_pairs_are_counted_by_score_and_case(shelf):
    own = attribution.attributed(shelf)
    table = attribution.rankings(own)
    assert list(table) == list(SCORES.values())
    for score, words in SCORES.items():
        assert [e.n for e in table[words].values()] == [3] * len(CASES)
        assert [e.value for e in table[words].values()] == pytest.approx([WON[score] - 2 / 3] * len(CASES))
    more = attribution.more_won(own, ("gradient", "read"), ("untrained", "read"))
    assert (more.value, more.low, more.high) == pytest.approx((20, 20, 20))


def test_a_share_of_pairs_is_a_share():
    own = attribution.attributed(Shelf(records()))
    for number, one in enumerate(own):
        one.groups[attribution.key("gradient", "read")] = [[100.0 - 9 * number, 100.0]] * 4
        one.groups[attribution.key("gradient", "cut")] = [[9.0 * number, 100.0]] * 4
    top, bottom = (attribution.pairs_won(own, "gradient", case) for case in ("read", "cut"))
    assert top.value == pytest.approx(91)
    assert top.high == 100
    assert bottom.value == pytest.approx(9)
    assert bottom.low == 0


def test_leaving_out_is_the_exposure_that_is_missing(shelf):
    tables = attribution.by_seed(shelf)
    assert len(tables) == len(SEEDS)
    assert tables[0]["lost"].tolist() == [x for own in LOST.values() for x in own]
    lost = attribution.lost(tables)
    assert {name: e.value for name, e in lost.items()} == pytest.approx(
        {"1 document left out": 1.5, "16 documents left out": 6.0}
    )
    assert attribution.agreement(tables, "influence").value == pytest.approx(1)
    assert attribution.agreement(tables, "cosine").value == pytest.approx(-1)
    assert attribution.between_seeds(tables) == pytest.approx([1, 1, 1])
    ranks = np.corrcoef([1.5, 1.5, 4.5, 4.5, 4.5, 4.5], [1, 2, 4, 5, 3, 6])[0, 1]
    shown = attribution.agreement_table(tables)
    assert shown.loc["the number of documents", "all persons"].value == pytest.approx(ranks)
    assert attribution.more_agreement(tables, "influence", "repeats").value == pytest.approx(1 - ranks)
    assert shown.loc["the number of documents", "persons in 16 documents"] is None
    assert shown.loc["cosine of gradients", "all persons"].value == pytest.approx(-1)


def test_rank_correlation_is_spearmans():
    assert attribution.rank_correlation([1, 2, 3, 4], [10, 30, 20, 40]) == pytest.approx(1 - 6 * 2 / (4 * 15))
    assert attribution.rank_correlation([1, 1, 2], [5, 5, 9]) == pytest.approx(1)


def test_missing_records_and_other_persons_are_told(shelf):
    with pytest.raises(NoRecordsError):
        attribution.attributed(Shelf(records(seeds=SEEDS[:2])))
    without = [one for one in records() if not (one.kind == "evaluation" and one.seed == 43)]
    with pytest.raises(NoRecordsError, match=r"of measure=attribution of 'MLE' for all of seeds \(41, 42, 43\)"):
        attribution.attributed(Shelf(without))
    gradients = attribution.attributed(shelf)[0]
    reader = shelf.records[3]
    fewer = evaluation(
        shelf.records[0], 600, EXPOSURE, groups={"exposure/1": [[0.5, 1.0]] * 2, "exposure/16": [[1, 1]]}
    )
    with pytest.raises(StudyError, match=r"has 4 persons in 16 documents, .* they must be the same persons"):
        attribution.left_out(gradients, reader, fewer)
