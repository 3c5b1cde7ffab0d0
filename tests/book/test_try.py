"""The programs of the page "Try the model" compute what the package does."""

import json
import random
from collections.abc import Iterator

import pytest
import torch

from lmstudy.data.tokenizer import BAD, BOS, GOOD, decode
from lmstudy.models.generation import Sampling, generate, probabilities
from lmstudy.models.guidance import Guided
from lmstudy.preferences.scorers import masking
from lmstudy.preferences.scorers.personal_data import STEERING, held_out_items, steering_items
from lmstudy.preferences.scorers.personal_names import Names, census_names
from lmstudy.publishing.page_model import model_script, names_script
from lmstudy.runs.finished import Finished
from lmstudy.writing.control import Asked, sampling_for
from lmstudy.writing.texts import prompt_from, prompt_tokens
from tests.book.browser import CHROMIUM, Browser
from tests.book.page_logits import compare_logits, random_tokens
from tests.conftest import ROOT, write_files
from tests.page_runs import conditional_run, headers

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH (apt-get install chromium)"),
]

STATIC = ROOT / "book" / "_static" / "try"
PROGRAMS = ("tokenizer.js", "transformer.js", "writing.js", "privacy.js")
PIECES = (
    *"aAbBzZ@.-_+'’\n#()<>[]{}:;,\"0123456789éÉßłЯяΩ中文😀\t \r\u00a0\u3000\u0301\ufeff",
    *("Anna ", "Karl Müller", "login: root pw: x", " at ", " dot ", "Author: ", "Copyright (c) ", "+1 (555) 123-4567"),
    *("4111111111111111", "123-45-6789", "J. R. ", "van der ", "    ", "\n\n", "<pad>", "</s>"),
    *("__author__ = '", "def f"),
)


def odd_texts(count: int, seed: int) -> list[str]:
    """Texts of pieces that tokenizers and detectors may stumble over."""
    rng = random.Random(seed)
    return ["".join(rng.choice(PIECES) for _ in range(rng.randrange(40))) for _ in range(count)]


@pytest.fixture(scope="module", params=["transformer", "transformer_smear"])
def finished(request, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """A tiny run whose weights are drawn anew, so that every path counts."""
    finished = conditional_run(tmp_path_factory.mktemp("run"), request.param)
    generator = torch.Generator().manual_seed(0)
    weights = {
        # in half precision already, so that Python and the page know the same numbers
        name: (torch.randn(weight.shape, generator=generator) * 0.3 + (weight.dim() == 1)).half().float()
        for name, weight in finished.module.model.state_dict().items()
    }
    finished.module.model.load_state_dict(weights)
    return finished


@pytest.fixture(scope="module")
def tiny(finished, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A page with the programs and the tiny model, as `net`, `tokenizer` and `privacy`."""
    folder = tmp_path_factory.mktemp("page")
    write_files(folder, {"model.js": model_script(finished), "names.js": names_script()})
    sources = [*(folder / name for name in ("model.js", "names.js")), *(STATIC / name for name in PROGRAMS)]
    scripts = "".join(f'<script src="{path.as_uri()}"></script>' for path in sources)
    write_files(folder, {"page.html": f'<!doctype html><meta charset="utf-8"><title>t</title>{scripts}'})
    with Browser(folder / "profile") as browser:
        browser.open(folder / "page.html")
        browser.evaluate(
            "window.net = new lmstudyTry.Transformer(lmstudyModel);"
            "window.tokenizer = new lmstudyTry.Tokenizer(lmstudyModel, lmstudyTry.SPECIAL);"
            "window.privacy = new lmstudyTry.Privacy(lmstudyNames); 0"
        )
        assert browser.faults == []
        yield browser


@pytest.mark.parametrize(("read", "written"), [(1, 3), (9, 20), (31, 47)])
@pytest.mark.parametrize("control", [GOOD, BAD])
def test_logits_are_those_of_the_package(finished, tiny, read, written, control):
    model = finished.module.model
    source = [BOS, control, *random_tokens(model, read, 1)]
    target = [BOS, control, *random_tokens(model, written, 2)]
    compare_logits(model, tiny, source, target)


@pytest.mark.parametrize(
    ("control", "guidance", "beginning"),
    [("none", 1, ""), ("good", 1, "# Ein Anfang\n"), ("bad", 2.5, "# zwei\n# Auth"), ("good", 4, "中文\n")],
)
def test_the_most_probable_tokens_are_those_of_the_package(finished, tiny, control, guidance, beginning):
    model, corpus, asked = finished.module.model, finished.run.corpus, Asked(control, guidance)
    prompt, longest = prompt_from(corpus, beginning), finished.run.typed.budget.encoder_length - 1
    read, forced = prompt_tokens(prompt, asked.before(), longest), [*asked.before(), *prompt.begun]
    sampling = sampling_for(asked, model.max_positions - 1, temperature=0)
    expected = generate(asked.writer(model), [read], sampling, forced=[forced])[0]
    found = tiny.evaluate(
        f"(() => {{ const {{ read, forced }} = lmstudyTry.prompt(tokenizer, {json.dumps(beginning)}, '{control}',"
        f" net.sizes); return [read, [...lmstudyTry.write(net, {{ read, forced, control: '{control}',"
        f" guidance: {guidance}, temperature: 0 }})]]; }})()"
    )
    assert found == [read, expected]
    assert len(expected) > len(forced)


def test_guided_logits_are_those_of_the_package(finished, tiny):
    model = finished.module.model
    source, target = [GOOD, *random_tokens(model, 6, 3)], [BOS, GOOD, *random_tokens(model, 8, 4)]
    guided = Guided(model, 3.0, {GOOD: BAD})
    rows = torch.tensor([[BOS, *source]])
    with torch.inference_mode():
        cache = guided.start(rows, torch.ones_like(rows), 16)
        expected = torch.stack([guided.step(torch.tensor([token]), cache)[0] for token in target])
    found = tiny.evaluate(
        f"(() => {{ const reader = new lmstudyTry.Reader(net, 'good', 3); reader.start({source});"
        f"return {target}.map((token) => [...reader.step(token)]); }})()"
    )
    torch.testing.assert_close(torch.tensor(found), expected, atol=3e-3, rtol=0)


def test_tokens_are_drawn_in_proportion_to_the_same_numbers(tiny):
    logits = torch.randn(1, 300, generator=torch.manual_seed(5)) * 3
    expected = probabilities(logits.clone(), Sampling(0.7, 0.9))[0]
    found = torch.tensor(tiny.evaluate(f"[...lmstudyTry.probabilities({logits[0].tolist()}, 0.7, 0.9)]"))
    assert (found > 0).tolist() == (expected > 0).tolist()
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)
    for number in (1e-9, 0.2, 0.5, 0.999, 1.0):
        first = int(torch.searchsorted(expected.cumsum(0), number * expected.sum()))
        drawing = f"{{ temperature: 0.7, topP: 0.9, number: {number} }}"
        last = int(expected.nonzero()[-1])
        assert tiny.evaluate(f"lmstudyTry.draw({logits[0].tolist()}, {drawing})") == min(first, last), number


def test_no_control_token_but_the_one_asked_for_is_written(tiny):
    for control, allowed in (("good", {GOOD}), ("bad", {BAD}), ("none", set())):
        asked = f"{{ control: '{control}', temperature: 3, topP: 1, most: 31, seed: 9 }}"
        written = tiny.evaluate(f"[...lmstudyTry.write(net, {asked})]")
        assert {token for token in written if token < 37} <= allowed


def test_the_tokenizer_cuts_and_joins_as_the_package(finished, tiny):
    corpus, texts = finished.run.corpus, [*odd_texts(200, 1), "a" * 3000, "中文字" * 400]
    expected = [corpus.encode(text) for text in texts]
    found = tiny.evaluate(f"{json.dumps(texts)}.map((text) => tokenizer.encode(text))")
    assert found == [list(map(int, ids)) for ids in expected]
    assert tiny.evaluate(f"{json.dumps(found)}.map((ids) => tokenizer.decode(ids))") == texts
    cut = [[GOOD, *ids[1:-1], BAD] for ids in found]  # in the middle of characters
    decoded = [decode(corpus.tokenizer, ids) for ids in cut]
    assert tiny.evaluate(f"{json.dumps(cut)}.map((ids) => tokenizer.decode(ids))") == decoded


def test_the_same_is_found_and_covered_as_in_the_study(tiny, monkeypatch):
    loose = Names(census_names().given, None)  # the page has no family names, and covers any capitalised word
    monkeypatch.setattr(masking, "census_names", lambda: loose)
    texts = [*odd_texts(400, 2), *headers(100).values()]
    kinds = [kind for kind in STEERING if kind != "phone"]
    items = [masking.merged([*steering_items(text, kinds), *held_out_items(text, ["phone"])]) for text in texts]
    more = [held_out_items(text, ["phone", "ssn", "credit_card"]) for text in texts]
    masked = [masking.mask(text, [*a, *b]) for text, a, b in zip(texts, items, more, strict=True)]
    found = tiny.evaluate(
        f"{json.dumps(texts)}.map((text) => [privacy.items(text).map(([a, b, kind]) => [text.slice(a, b), kind]),"
        " privacy.mask(text)])"
    )
    assert len({kind for some in items for *_, kind in some}) >= 5
    for text, own, cover, (theirs, covered) in zip(texts, items, masked, found, strict=True):
        assert theirs == [[text[start:end], kind] for start, end, kind in own]
        assert covered == cover
