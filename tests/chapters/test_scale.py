"""The figures and tables of the chapter on scale."""

from types import SimpleNamespace

from lmstudy.chapters.scale import ladder
from lmstudy.chapters.scale.figures import lengths_apart
from lmstudy.study import register


def test_lengths_that_hardly_differ_share_a_tick():
    assert lengths_apart([0.30, 0.31, 0.61, 0.61, 1.22, 1.3]) == [0.30, 0.61, 1.22]
    assert lengths_apart([]) == []


def test_amounts_whose_best_size_is_beyond_the_ladder_are_left_out(monkeypatch):
    sizes = (1e6, 2e6, 4e6)
    rungs = {rung: {100: [SimpleNamespace(metrics={"parameters": size})]} for rung, size in enumerate(sizes, start=1)}
    monkeypatch.setattr(ladder, "operations", lambda record: record.metrics["parameters"] * 1e6)
    found = iter([(1e6, 2e6, 3.0), (1.5e6, 3e6, 2.5), (2e6, 4e6, 2.0), (3e6, 6e6, 1.5), (4e6, 8e6, 1.0)])
    monkeypatch.setattr(ladder, "frontier", lambda fit, own, amount: next(found))
    table = ladder.best_table(None, rungs)
    assert list(table["best size, million parameters"]) == [1.5, 2, 3]
    assert list(table["tokens a parameter"]) == [2, 2, 2]
    monkeypatch.setattr(ladder, "frontier", lambda fit, own, amount: (4e6, 8e6, 1.0))
    assert ladder.best_table(None, rungs).empty


def test_the_forecast_is_the_interval_that_was_registered():
    region = ladder.predicted()
    assert 1 < region.low < region.high < 2
    assert f"{region.low:g} and {region.high:g}" in register.read()[ladder.FORECAST].prediction.sentence
