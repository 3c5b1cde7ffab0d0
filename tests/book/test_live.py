"""The parts of the pages that answer to the reader: what they show is what Python computes, by pointer and by key."""

import itertools
import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lmstudy.chapters.concepts.ngram_surprisal import Surprisal, surprisal_strip
from lmstudy.chapters.metrics.style_detector import Detection, Lines, live_threshold, verdicts
from lmstudy.chapters.objectives import live as chapter
from lmstudy.chapters.objectives import toy
from lmstudy.chapters.results import figures
from lmstudy.chapters.results.results import cost, level, results, single
from lmstudy.data.tokenizer import BAD
from lmstudy.preferences.objectives.base import Objective
from lmstudy.preferences.objectives.rwr import RWR
from lmstudy.preferences.objectives.unlikelihood import Unlikelihood
from lmstudy.show.live import STATIC
from lmstudy.show.numbers import number, written
from lmstudy.study.shelf import Shelf
from tests.book.browser import CHROMIUM, Browser
from tests.chapters.result_records import of_task
from tests.conftest import ROOT, write_files

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH (apt-get install chromium)"),
]

BOOK = ROOT / "book" / "_static"
CELL = '<div class="cell"><div class="cell_output">{}</div></div>'
DRAWN = CELL.format(
    '<figure><a href="#"><img alt="drawn" src="data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22/%3E"></a>'
    "<figcaption>caption</figcaption></figure>"
)
TASKS = ("pep8", "sentiment")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser
        assert browser.faults == []


def opened(browser: Browser, folder: Path, html: str, *, scripts: bool = True) -> None:
    """A page with a drawn figure and one part below it, as the book's builder writes them."""
    body = DRAWN + CELL.format(html.replace(STATIC, (BOOK / "live").as_uri()))
    style = f'<link rel="stylesheet" href="{(BOOK / "custom.css").as_uri()}">'
    page = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>t</title>{style}<div class="bd-article">{body}'
    write_files(folder, {"live.html": page})
    browser.call("Emulation.setScriptExecutionDisabled", value=not scripts)
    browser.call("Emulation.setEmulatedMedia", media="screen")
    browser.open(folder / "live.html")


def set_value(browser: Browser, label: str, value: Any) -> None:
    """Move the control of this label, as a reader does."""
    own = f"[...document.querySelectorAll('label')].find((one) => one.textContent === {json.dumps(label)}).control"
    changed = browser.evaluate(
        f"(() => {{ const own = {own}; own.value = {json.dumps(str(value))};"
        "for (const kind of ['input', 'change']) own.dispatchEvent(new Event(kind, { bubbles: true }));"
        "return own.value; })()"
    )
    assert float(changed) == pytest.approx(float(value))


def click(browser: Browser, text: str) -> None:
    """The label or button that reads so."""
    found = f"[...document.querySelectorAll('label, button')].find((one) => one.textContent === {json.dumps(text)})"
    browser.evaluate(f"{found}.click(); new Promise((done) => setTimeout(done, 20))")


def press(browser: Browser, *keys: str) -> None:
    codes = {"Tab": 9, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
    for key in keys:
        for kind in ("keyDown", "keyUp"):
            browser.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=codes[key])


def told(browser: Browser) -> dict[str, float]:
    """Every number that the part shows, by what it is of."""
    found = browser.evaluate(
        "Object.fromEntries([...document.querySelectorAll('data')].map((one) => [one.dataset.of, one.value]))"
    )
    return {name: float(value) for name, value in found.items()}


def shown(browser: Browser, selector: str) -> list[str]:
    """Elements that can be seen: what is read aloud of each."""
    return browser.evaluate(
        f"[...document.querySelectorAll({json.dumps(selector)})].filter((one) => one.checkVisibility())"
        ".map((one) => one.getAttribute('aria-label') ?? one.textContent)"
    )


def focused(browser: Browser) -> str:
    return browser.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent")


@pytest.fixture(scope="module")
def found():
    records = [record for task in TASKS for record in of_task(task)]
    return {task: results(Shelf(records), task) for task in TASKS}


def detection() -> Detection:
    rng = np.random.default_rng(1)
    bad = rng.random(500) < 0.1
    score = np.clip(rng.normal(0.2 + 0.4 * bad, 0.2), 0.001, 0.95)
    return Detection(Lines([""] * 500, bad), score, {"above 0.5": 0.5, "best F1": 0.43217654321, "recall 0.9": 0.3})


STRIP = surprisal_strip(
    [Surprisal("if ", 0.5, "if", 0.7), Surprisal("<b>", 30.0, "x", 0.25), Surprisal("", 2.0, "a", 0.1)]
)
PARTS = {
    "plane": lambda found: figures.live_plane(found),
    "pulls": lambda _: chapter.pulls(toy.shown_names()),
    "threshold": lambda _: live_threshold(detection()),
    "strip": lambda _: STRIP,
}


@pytest.mark.parametrize("kind", PARTS)
def test_without_scripts_and_in_print_the_static_figure_stands_alone(browser, tmp_path, found, kind):
    html = PARTS[kind](found)
    opened(browser, tmp_path, html, scripts=False)
    assert shown(browser, "input, select, button, .live-said") == []
    assert len(shown(browser, "img")) == 1
    assert bool(shown(browser, ".live")) == (kind == "strip")
    opened(browser, tmp_path, html)
    assert len(shown(browser, ".live")) == 1
    assert len(shown(browser, "img")) == (kind != "plane")
    browser.call("Emulation.setEmulatedMedia", media="print")
    assert shown(browser, "input, select, button, .live-said") == []
    assert len(shown(browser, "img")) == 1


@pytest.mark.parametrize("kind", PARTS)
def test_every_control_has_a_name_and_its_place_in_the_order(browser, tmp_path, found, kind):
    opened(browser, tmp_path, PARTS[kind](found))
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    controls = [
        node
        for node in nodes
        if any(p["name"] == "focusable" and p["value"]["value"] for p in node.get("properties", ()))
        and node["role"]["value"] != "RootWebArea"
    ]
    assert len(controls) >= 3
    assert [node["role"]["value"] for node in controls if not node["name"]["value"].strip()] == []
    assert browser.evaluate("[...document.querySelectorAll('[tabindex]')].every((one) => one.tabIndex <= 0)")
    order = "[...document.querySelectorAll('input, select, button, [tabindex=\"0\"]')].indexOf(document.activeElement)"
    browser.evaluate("document.querySelector('a')?.focus(); 0")
    places = []
    for _ in range(3):
        press(browser, "Tab")
        places.append(browser.evaluate(order))
    reached = [place for place in places if place >= 0]
    assert reached
    assert reached == sorted(reached)


@pytest.mark.parametrize("kind", PARTS)
def test_it_fits_a_telephone(browser, tmp_path, found, kind):
    browser.call("Emulation.setDeviceMetricsOverride", width=390, height=900, deviceScaleFactor=1, mobile=False)
    try:
        opened(browser, tmp_path, PARTS[kind](found))
        wide = (
            "[...document.querySelectorAll('.live, .live *')].filter((one) => one.checkVisibility()"
            " && one.getBoundingClientRect().right > 391).map((one) => one.outerHTML.slice(0, 80))"
        )
        assert browser.evaluate(wide) == []
    finally:
        browser.call("Emulation.clearDeviceMetricsOverride")


def test_points_tell_what_is_estimated_and_filters_hide_the_others(browser, tmp_path, found):
    opened(browser, tmp_path, figures.live_plane(found))
    names = {task: list(own.judged) for task, own in found.items()}
    points = shown(browser, ".plane-point")
    expected = []
    for task, own in found.items():
        for name in names[task]:
            x = "0 (no spread)" if name == "MLE" else written(cost(own, name), signed=True)
            expected.append((name, x, written(level(task, own.judged[name])), f"{len(own.judged[name])} seeds"))
    assert len(points) == len(expected)
    for point, words in zip(points, expected, strict=True):
        assert all(word in point for word in words), (point, words)
        assert "seed 1" not in point
    click(browser, "Sentiment")
    assert shown(browser, ".live-panel-title") == ["Sentiment"]
    click(browser, "filtering")
    assert [point.split(";")[0] for point in shown(browser, ".plane-point")] == [
        name for name in names["sentiment"] if name != "filtering"
    ]
    assert "filtering" not in shown(browser, ".plane-label")
    click(browser, "filtering")
    click(browser, "all tasks")
    assert len(shown(browser, ".plane-point")) == len(expected)


def test_single_seeds_are_those_behind_the_point(browser, tmp_path, found):
    opened(browser, tmp_path, figures.live_plane(found))
    assert shown(browser, ".plane-seed") == []
    click(browser, "Show the single seeds")
    runs = [single(own, name) for own in found.values() for name in own.judged]
    assert len(shown(browser, ".plane-seed")) == sum(map(len, runs))
    for point, seeds in zip(shown(browser, ".plane-point"), runs, strict=True):
        assert len(seeds) == 3
        for seed, (x, y) in seeds.items():
            assert f"seed {seed}: {number(x, signed=True)}; {number(y)}" in point
    click(browser, "conditional")
    assert len(shown(browser, ".plane-seed")) == sum(map(len, runs)) - 6


def test_a_single_seed_is_its_own_run_paired_with_mle(found):
    own = found["pep8"]
    runs = {name: {r.seed: r for r in records} for name, records in own.trained.items()}
    for name in own.judged:
        for seed, (x, y) in single(own, name).items():
            bits = [sum(b for b, _ in runs[one][seed].groups["valid"]) for one in (name, "MLE")]
            assert x == pytest.approx(100 * (bits[0] / bits[1] - 1), abs=0.01)
            judged = next(r for r in own.judged[name] if r.seed == seed)
            counts, sizes = zip(*judged.groups["unprompted/training"], strict=True)
            assert y == pytest.approx(1000 * (sum(counts) + 0.5) / sum(sizes))  # half an event, as in all levels
    alone = replace(own, trained=own.trained | {"MLE": own.trained["MLE"][:1]})
    assert list(single(alone, "conditional")) == [1]


def test_arrows_lead_from_point_to_point(browser, tmp_path, found):
    opened(browser, tmp_path, figures.live_plane(found))
    click(browser, "Sentiment")
    names = list(found["sentiment"].judged)
    browser.evaluate("[...document.querySelectorAll('.plane-point')].find((one) => one.checkVisibility()).focus(); 0")
    press(browser, "ArrowRight")
    assert focused(browser).startswith(names[1])
    assert shown(browser, ".plane-more strong") == [names[1]]
    press(browser, "End", "ArrowRight")
    assert focused(browser).startswith(names[-1])
    press(browser, "Home")
    assert focused(browser).startswith(names[0])


def pull(objective: Objective, place: int, chance: float) -> float:
    """What descent adds to the logit of a token of this probability, by the objective itself, in double precision."""
    given = toy.read(objective)
    if given is None:
        return 0.0
    own = given.at([at for at, token in enumerate(given.labels[0]) if token > BAD][place])
    token = int(own.labels)
    row = torch.full_like(own.logits, (1 - chance) / (own.logits.shape[-1] - 1), dtype=torch.float64)
    row[0, 0, token] = chance
    exact = own._replace(logits=row.log(), scores=own.scores.double(), values=own.values.double())
    return float(toy.outcome(objective, exact).push[0, 0, token])


@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 1.0), (0.35, 0.5), (2.0, 3.8)])
def test_pulls_are_those_of_the_objectives(browser, tmp_path, monkeypatch, alpha, beta):
    objectives = toy.shown_names()
    opened(browser, tmp_path, chapter.pulls(objectives))
    set_value(browser, "α of unlikelihood", alpha)
    set_value(browser, "β of RWR and AWR", beta)
    for objective in objectives.values():
        if isinstance(objective, Unlikelihood):
            objective.alpha = alpha
        if isinstance(objective, RWR):
            objective.beta = beta
    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)  # losses are taken in single precision
    for token, chance in itertools.product((0, 3, 4, 7), (0.01, 0.3, 0.62, 0.99)):
        set_value(browser, "Token", token)
        set_value(browser, "Its probability p", chance)
        page = told(browser)
        assert set(page) == {objective.name for objective in objectives.values()}
        for objective in objectives.values():
            expected = pull(objective, token, chance)
            assert page[objective.name] == pytest.approx(expected, abs=1e-6), (objective.name, token, chance)


def test_a_token_brings_its_probability_and_the_chapter_can_be_had_back(browser, tmp_path):
    objectives = toy.shown_names()
    opened(browser, tmp_path, chapter.pulls(objectives))
    start = told(browser)
    effects = {objective.name: toy.effects(objective) for objective in objectives.values()}
    set_value(browser, "Token", 5)
    for name, pull in told(browser).items():
        own = [one.pull for one in effects[name] if one.place == 5]
        assert pull == pytest.approx(own[0] if own else 0, abs=1e-6), name
    browser.evaluate("document.querySelectorAll('input')[0].focus(); 0")
    press(browser, "ArrowRight")
    assert told(browser)["mle"] == pytest.approx(1 - toy.CHANCES[5] - 0.01)
    assert shown(browser, "output")[0] == number(toy.CHANCES[5] + 0.01, decimals=2)
    click(browser, "As in the chapter")
    assert told(browser) == start


def test_the_threshold_counts_what_python_counts(browser, tmp_path):
    own = detection()
    bad = own.lines.bad
    opened(browser, tmp_path, live_threshold(own))
    steps = int(browser.evaluate("document.querySelector('input').max"))
    cuts = sorted({0, 1, *own.score[bad], *own.cuts.values()})
    assert steps == len(cuts) - 1
    for at in (*range(0, steps, 7), steps):
        set_value(browser, "Threshold", at)
        check(told(browser), own.score >= cuts[at], bad)
        assert shown(browser, "output") == [number(float(cuts[at]), decimals=4)]
    assert told(browser)["found"] == 0  # nothing is flagged at 1
    assert "0 of 0" in shown(browser, "data")
    for name, cut in own.cuts.items():
        click(browser, name)
        check(told(browser), own.score >= cut, bad)
        assert shown(browser, "button[aria-pressed=true]") == [name]
    browser.evaluate("document.querySelector('input').focus(); 0")
    press(browser, "ArrowRight")
    check(told(browser), own.score >= cuts[cuts.index(own.cuts["recall 0.9"]) + 1], bad)


def check(page: dict[str, float], said: np.ndarray, bad: np.ndarray) -> None:
    row = verdicts(bad, {"own": said}).loc["own"]
    for name in ("precision", "recall", "F1", "accuracy"):
        assert page[name] == pytest.approx(row[name], abs=1e-12, nan_ok=True), name
    counts = {"found": said & bad, "missed": ~said & bad, "alarms": said & ~bad, "passed": ~said & ~bad}
    assert {name: page[name] for name in counts} == {name: rows.sum() for name, rows in counts.items()}
    assert math.isclose(sum(page[name] for name in counts), len(bad))


def test_the_point_lies_on_the_curve(browser, tmp_path):
    opened(browser, tmp_path, live_threshold(detection()))
    on = (
        "(() => { const own = document.querySelector('circle'); const at = (name) => own.getAttribute(name);"
        "return Math.min(...[...document.querySelector('polyline').points].map(({ x, y }) =>"
        "Math.hypot(x - at('cx'), y - at('cy')))); })()"
    )
    places = set()
    for at in (5, 25, 45):
        set_value(browser, "Threshold", at)
        assert browser.evaluate(on) < 0.1
        places.add(browser.evaluate("document.querySelector('circle').getAttribute('cx')"))
    assert len(places) == 3


def test_tokens_tell_their_costs_to_keys_fingers_and_pointers(browser, tmp_path):
    opened(browser, tmp_path, STRIP)
    said = [
        "if 0.5 bits; expected if with 70 %",
        "<b> 30.0 bits; expected x with 25 %",
        "end 2.0 bits; expected a with 10 %",
    ]
    assert shown(browser, ".live-said") == said[:1]
    browser.evaluate("document.body.focus(); 0")
    press(browser, "Tab")  # the link of the figure
    press(browser, "Tab")
    press(browser, "ArrowRight")
    assert focused(browser) == "<b>: 30.0 bits; expected x with 25 %"
    assert shown(browser, ".live-said") == said[1:2]
    press(browser, "ArrowRight", "ArrowRight")
    assert shown(browser, ".live-said") == said[2:]
    box = browser.evaluate(
        "(({ x, y }) => [x + 3, y + 5])(document.querySelector('[role=option]').getBoundingClientRect())"
    )
    touch = {"x": box[0], "y": box[1]}
    browser.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[touch])
    browser.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
    assert browser.wait_for(f"document.querySelector('.live-said').textContent === {json.dumps(said[0])}", 3)
    assert len(browser.evaluate("[...document.querySelectorAll('[tabindex=\"0\"]')].map(() => 1)")) == 1
