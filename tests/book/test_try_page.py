"""The page "Try the model" with its published models: what is typed, chosen and written is shown as promised."""

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lmstudy.data.segmentation import sentences
from lmstudy.data.tokenizer import BAD, BOS
from lmstudy.preferences.scorers.pep8 import Pep8Scorer
from lmstudy.publishing.page_model import model_script, rounded
from lmstudy.runs.finished import Finished, load_run
from lmstudy.writing.control import Asked
from lmstudy.writing.texts import prompt_from, prompt_tokens
from tests.book.browser import CHROMIUM, Browser
from tests.book.page_logits import compare_logits, random_tokens
from tests.conftest import ROOT, write_files
from tests.page_runs import flagship_folder, published

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH (apt-get install chromium)"),
]

STATIC = ROOT / "book" / "_static" / "try"


def as_on_the_page(folder: Path) -> Finished:
    """With weights as the page has them."""
    finished = load_run(folder, writes_only=True)
    finished.module.model.load_state_dict(rounded(finished.module.model.state_dict()))
    return finished


@pytest.fixture(scope="module")
def flagship() -> Finished:
    return as_on_the_page(flagship_folder())


@pytest.fixture(scope="module")
def reviews() -> Finished:
    return as_on_the_page(published("reviews"))


@pytest.fixture(scope="module")
def built(flagship, reviews, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the script that the book's build makes of the flagship; that of the reviews lies beside it."""
    folder = tmp_path_factory.mktemp("built")
    for name, finished in {"style": flagship, "reviews": reviews}.items():
        (folder / f"{name}-model.js").write_text(model_script(finished), encoding="utf-8")
    return (folder / "style-model.js").as_uri()


def fragment(flagship: str) -> str:
    """The page's own HTML, as the book's builder passes it on, with the address of the flagship's script."""
    text = (ROOT / "book" / "try.md").read_text(encoding="utf-8")
    html = text.split("```{raw} html\n")[1].split("```")[0]
    html = html.replace("_static/try/reviews-model.js", flagship.replace("style-model.js", "reviews-model.js"))
    return html.replace("_static/try/style-model.js", flagship).replace("_static", STATIC.parent.as_uri())


@pytest.fixture
def browser(tmp_path) -> Iterator[Browser]:
    with Browser(tmp_path / "profile") as browser:
        yield browser


def opened(browser: Browser, folder: Path, html: str) -> None:
    page = '<!doctype html><html lang="en"><meta charset="utf-8"><title>t</title>'
    write_files(folder, {"try.html": page + html})
    browser.open(folder / "try.html")


MODELS = ("style", "privacy")


def choose(browser: Browser, model: str) -> None:
    browser.evaluate(f"document.querySelector('input[value={model}]').click(); 0")


def asked(browser: Browser, control: str, **fields: Any) -> None:
    """Fill in the form and press the button."""
    values = "".join(f"document.getElementById('try-{name}').value = {json.dumps(fields[name])};" for name in fields)
    browser.evaluate(f"document.querySelector('input[value={control}]').click(); {values} 0")
    browser.evaluate("document.getElementById('try-write').click(); 0")


def status(browser: Browser) -> str:
    said = "document.getElementById('try-status').textContent"
    return browser.wait_for(f"/^(Written|Stopped)/.test({said}) && {said}", 30)


def newest(browser: Browser, part: str) -> list[str]:
    return browser.evaluate(
        f"[...document.querySelector('.try-text').querySelectorAll('{part}')].map((one) => one.textContent)"
    )


@pytest.mark.parametrize(("name", "read"), [("flagship", 126), ("reviews", 94)])
def test_logits_of_published_models_are_those_of_their_rounded_weights(name, read, built, browser, tmp_path, request):
    opened(browser, tmp_path, fragment(built))
    load(browser, built if name == "flagship" else built.replace("style-model.js", f"{name}-model.js"))
    model = request.getfixturevalue(name).module.model
    for some, written in ((0, 60), (read, 30)):
        source = [BOS, *random_tokens(model, some, 5)]
        compare_logits(model, browser, source, [BOS, BAD, *random_tokens(model, written, 6)])


def load(browser: Browser, script: str) -> None:
    """A model's script into a page, as `net` and `tokenizer`."""
    browser.evaluate(
        "new Promise((done) => { const tag = document.createElement('script'); document.head.append(tag);"
        " tag.onload = () => { window.net = new lmstudyTry.Transformer(lmstudyModel);"
        " window.tokenizer = new lmstudyTry.Tokenizer(lmstudyModel, lmstudyTry.SPECIAL); done(0); };"
        f" tag.src = {json.dumps(script)}; }})"
    )


CHINESE = (
    "房间",
    "很好。",
    "差！！",
    "“好吗？”",
    "\n",
    " ",
    "x",
    "…",
    "3.5元",
    "服务",
    "））",
    "！\n",
    "\n\n",
    "。",
    "😀",
)


@pytest.mark.parametrize("control", ["good", "none"])
def test_sentences_are_cut_read_and_gone_on_with_as_in_the_package(reviews, built, browser, tmp_path, control):
    opened(browser, tmp_path, fragment(built))
    load(browser, built.replace("style-model.js", "reviews-model.js"))
    rng, corpus, asked = random.Random(3), reviews.run.corpus, Asked(control)
    texts = ["", *("".join(rng.choice(CHINESE) for _ in range(rng.randrange(1, 9))) for _ in range(300))]
    listed = json.dumps(texts)
    assert browser.evaluate(f"{listed}.map(lmstudyTry.sentences)") == [list(sentences(text)) for text in texts]
    expected = []
    for text in texts:
        prompt = prompt_from(corpus, text)
        read = prompt_tokens(prompt, asked.before(), reviews.run.typed.budget.encoder_length - 1)
        expected.append([read, [*asked.before(), *prompt.begun]])
    found = browser.evaluate(
        f"{listed}.map((text) => lmstudyTry.prompt(tokenizer, text, '{control}', net.sizes, lmstudyTry.sentences))"
        ".map(({ read, forced }) => [read, forced])"
    )
    assert found == expected


def test_a_link_chooses_the_model_of_reviews_which_writes_what_it_is_asked_for(built, browser, tmp_path):
    opened(browser, tmp_path, fragment(built).replace("<form", "<a id='link' href='#try-reviews'></a><form", 1))
    browser.evaluate("document.getElementById('link').click(); location.reload(); 0")
    chosen = "document.querySelector('[name=model]:checked').value === 'reviews'"
    assert browser.wait_for(
        f"document.readyState === 'complete' && !document.getElementById('try-form').hidden && {chosen}"
    )
    written = {}
    for control in ("good", "bad"):
        written[control] = ""
        for seed in range(6):
            asked(browser, control, beginning="房间不大。", seed=seed, guidance=2)
            assert re.search(r"(Written|Stopped): \d+ sentences?\.", status(browser))
            rows = newest(browser, "li")
            assert rows[0] == "yours: 房间不大。"
            written[control] += "".join(rows[1:])
    praise = {control: len(re.findall("不错|很好|方便|舒服|干净", text)) for control, text in written.items()}
    blame = {control: len(re.findall("差|脏|根本|失望|吵", text)) for control, text in written.items()}
    assert praise["good"] > praise["bad"]
    assert blame["bad"] > blame["good"]
    assert "score" not in "".join(newest(browser, ".try-head"))
    assert browser.faults == []


def test_long_numbers_and_addresses_in_reviews_are_covered(built, browser, tmp_path):
    opened(browser, tmp_path, fragment(built))
    choose(browser, "reviews")
    asked(browser, "good", beginning="电话13812345678，邮箱li.lei@example.com。三百元，3000字。", seed=1)
    assert status(browser).startswith("Written")
    assert newest(browser, "li")[:2] == ["yours: 电话{{NUMBER}}，邮箱{{EMAIL}}。", "yours: 三百元，3000字。"]


@pytest.mark.parametrize("model", MODELS)
def test_a_model_writes_fast_and_worse_where_it_is_asked_to(built, browser, tmp_path, model):
    opened(browser, tmp_path, fragment(built))
    assert browser.wait_for("!document.getElementById('try-form').hidden")
    choose(browser, model)
    minded, total = {}, {}
    for control in ("good", "bad"):
        minded[control] = total[control] = 0
        for seed in range(8):
            asked(browser, control, seed=seed, guidance=1)
            lines, bad = map(int, [word for word in status(browser).replace(",", "").split() if word.isdigit()])
            assert lines == len(newest(browser, "li:not(.try-growing)"))
            minded[control] += bad
            total[control] += lines
        speed = int(newest(browser, ".try-head")[0].split()[-3].strip(","))
        assert speed >= 30
    assert minded["bad"] / total["bad"] > 4 * minded["good"] / total["good"]
    assert browser.faults == []


def test_a_model_is_loaded_when_it_is_chosen(built, browser, tmp_path):
    opened(browser, tmp_path, fragment(built))
    scripts = "[...document.scripts].map((one) => one.src.split('/').at(-1)).filter((one) => /model|names/.test(one))"
    assert browser.evaluate(scripts) == ["style-model.js"]
    for model in ("privacy", "style", "privacy"):
        choose(browser, model)
        asked(browser, "good", seed=1)
        assert status(browser).startswith("Written")
    assert browser.evaluate(scripts) == ["style-model.js", "names.js", "privacy-model.js"]
    heads = browser.evaluate("[...document.querySelectorAll('.try-head')].map((one) => one.textContent.split(',')[0])")
    assert heads == ["Privacy", "Flagship", "Privacy"]
    assert browser.faults == []


def test_every_line_of_style_has_the_score_that_the_study_gives_it(built, browser, tmp_path):
    opened(browser, tmp_path, fragment(built))
    scorer, beginning, seen = Pep8Scorer(), "def f(a,b):\n    x = a+b \n    return x\n", set()
    for seed in range(6):
        asked(browser, "bad", beginning=beginning, seed=seed, guidance=2)
        assert status(browser).startswith("Written")
        rows = browser.evaluate(
            "[...document.querySelector('.try-text').querySelectorAll('li:not(.try-growing)')].map((row) => ["
            "[...row.childNodes].filter((one) => one.nodeType === 3).map((one) => one.data).join('') + '\\n',"
            " row.querySelector('.try-found > span')?.textContent ?? '0.0000'])"
        )
        texts = [text for text, _ in rows]
        assert "".join(texts).startswith(beginning)
        assert [shown for _, shown in rows] == [f"{score:.4f}" for score in scorer.score(texts)]
        seen |= {shown for _, shown in rows}
    assert len(seen) > 3


@pytest.mark.parametrize("model", MODELS)
def test_the_same_seed_gives_the_same_text_and_another_one_another(built, browser, tmp_path, model):
    opened(browser, tmp_path, fragment(built))
    choose(browser, model)
    seen = []
    for seed in (5, 5, 6):
        asked(browser, "good", seed=seed, guidance=2.5)
        assert status(browser).startswith("Written")
        seen.append(newest(browser, "li"))
    assert seen[0] == seen[1] != seen[2]
    browser.evaluate("document.getElementById('try-next').click(); 0")
    assert status(browser).startswith("Written")
    assert browser.evaluate("document.getElementById('try-seed').value") == "7"


def test_what_is_typed_is_read_and_covered_and_cut_where_it_is_too_long(built, browser, tmp_path):
    opened(browser, tmp_path, fragment(built))
    choose(browser, "privacy")
    asked(browser, "none", beginning="# Karl Weber, karl@example.org\n# 中文 naïve\n")
    assert status(browser).startswith("Written")
    first, second = newest(browser, "li")[:2]
    assert first.startswith("personal data: ")
    assert "karl" not in first.lower()
    assert second == "yours: # 中文 naïve"
    assert newest(browser, ".try-note") in ([], ["The model cannot write a longer text."])
    assert browser.evaluate("document.getElementById('try-guidance').disabled")
    asked(browser, "bad", beginning="# word\n" * 3000 + "中文字" * 400)
    assert status(browser).startswith("Written")
    notes = newest(browser, ".try-note")
    assert "only its last 2000 characters" in notes[0]
    assert "only its end is used" in notes[1]
    assert "reads 95 tokens" in notes[2]
    choose(browser, "style")
    asked(browser, "good", beginning="def f():\n    x=1\n" * 3000 + "中文字" * 400)
    assert status(browser).startswith("Written")
    assert "reads 127 tokens" in newest(browser, ".try-note")[2]
    asked(browser, "none", beginning="# 中文 naïve😀\n")
    assert status(browser).startswith("Written")
    assert newest(browser, "li")[0] == "yours: # 中文 naïve😀"
    assert browser.faults == []


def test_writing_can_be_stopped(built, browser, tmp_path):
    opened(browser, tmp_path, fragment(built))
    browser.evaluate("document.getElementById('try-write').click(); document.getElementById('try-stop').click(); 0")
    assert status(browser).startswith("Stopped")
    assert browser.evaluate("document.getElementById('try-stop').disabled && document.activeElement.id") == "try-write"


def test_every_field_has_a_label(built, browser, tmp_path):
    opened(browser, tmp_path, fragment(built))
    assert browser.evaluate(
        "[...document.querySelectorAll('#try input, #try textarea')].every((field) => field.labels.length === 1)"
    )


def test_without_scripts_or_without_a_model_the_page_says_so(built, browser, tmp_path):
    missing = "document.getElementById('try-missing')"
    opened(browser, tmp_path, fragment("gone.js"))
    assert browser.wait_for(f"{missing}.checkVisibility() && {missing}.textContent.includes('(gone.js is missing')")
    asked(browser, "good", seed=1)
    assert browser.wait_for("document.getElementById('try-stop').disabled")
    assert browser.evaluate("document.getElementById('try-texts').children.length") == 0
    choose(browser, "privacy")
    asked(browser, "good", seed=1)
    assert status(browser).startswith("Written")
    assert not browser.evaluate(f"{missing}.checkVisibility()")
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    opened(browser, tmp_path, fragment(built))
    browser.call("Emulation.setScriptExecutionDisabled", value=False)
    assert browser.evaluate(f"{missing}.checkVisibility() && {missing}.textContent.includes('“Stored texts”')")
    assert browser.evaluate("document.getElementById('try-form').hidden")
    for name in ("privacy-good.txt", "privacy-bad.txt", "style-good.txt", "style-bad.txt", "reviews-bad.txt"):
        assert len((STATIC / name).read_text(encoding="utf-8")) > 100
