"""A search over learning rates: the chosen rate is the best that was tried, and none is the last of them."""

import dataclasses

import pytest

from lmstudy.chapters.architectures import architectures
from lmstudy.chapters.embeddings import claims as embeddings
from lmstudy.chapters.scale import ladder
from lmstudy.compose import compose_config
from lmstudy.errors import StudyError
from lmstudy.runs.records import load_folder, published_folder
from lmstudy.study.rates import rate_table
from lmstudy.study.shelf import NoRecordsError, Shelf

RATES = ("3.0e-3", "1.0e-2", "3.0e-2")


def tried(rates=RATES):
    return {"arm": {rate: ("experiment=first_model", f"optimizer.lr={rate}") for rate in rates}}


@pytest.fixture(scope="module")
def some():
    """Published records, one of which has a number that is searched for."""
    return load_folder(published_folder())


def shelf(some, bits):
    """A record a rate, with these bits per byte."""
    like = next(record for record in some if record.kind == "train")
    records = [
        dataclasses.replace(
            like, id=rate, seed=1, config=compose_config("train", [*tried()["arm"][rate], "seed=1"]),
            metrics={"valid/bits_per_byte": each},
        )
        for rate, each in zip(RATES, bits, strict=False)
    ]  # fmt: skip
    return Shelf(records)


def test_the_table_has_a_row_a_rate_in_order(some):
    table = rate_table(shelf(some, (2.0, 1.8, 1.9)), tried(RATES[::-1]), {"arm": "1.0e-2"})
    assert table["arm"].to_dict() == {"0.003": 2.0, "0.01": 1.8, "0.03": 1.9}


def test_a_rate_that_is_not_the_best_is_refused(some):
    with pytest.raises(StudyError, match=r"arm: it is compared at the rate 3\.0e-2, and 0\.01 is better"):
        rate_table(shelf(some, (2.0, 1.8, 1.9)), tried(), {"arm": "3.0e-2"})


@pytest.mark.parametrize(("bits", "last"), [((1.7, 1.8, 1.9), "3.0e-3"), ((2.0, 1.8, 1.7), "3.0e-2")])
def test_a_best_rate_at_the_end_of_a_search_is_refused(some, bits, last):
    with pytest.raises(StudyError, match=f"arm: {float(last):g} is best, and the last rate that was tried"):
        rate_table(shelf(some, bits), tried(), {"arm": last})


def test_a_rate_that_nobody_ran_is_missing(some):
    with pytest.raises(NoRecordsError):
        rate_table(shelf(some, (2.0, 1.8)), tried(), {"arm": "1.0e-2"})


def test_every_search_of_the_book_has_its_best_rate_inside(some):
    published = Shelf(some)
    for module in (architectures, embeddings):
        table = rate_table(published, module.TRIED, module.BEST)
        assert list(table) == list(module.BEST)
    assert list(ladder.rate_table(published)) == [f"rung {rung}" for rung in ladder.RUNGS]
