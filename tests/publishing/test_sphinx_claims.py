import re

import pytest
import yaml
from sphinx.errors import SphinxWarning

from lmstudy.evaluation.statistics import Estimate
from lmstudy.publishing import sphinx_claims
from lmstudy.publishing.known_claims import check_claims
from lmstudy.show.claims import text
from lmstudy.study import claims, register
from lmstudy.study.verdicts import FAILS, UNDECIDED, above
from tests.claim_records import baseline, claims_of_the_study, record, study, write
from tests.conftest import write_files
from tests.publishing.sphinx_builds import build

CHAPTER = """# Chapter

The model is {claim}`first.below_kneser_ney` better, that is {claim}`first.below_kneser_ney|value`,
within {claim}`first.below_kneser_ney|interval`.

```{toctree}
appendix
```
"""
TABLE = "# Appendix\n\n```{claims-list}\n```\n"


@pytest.fixture(autouse=True)
def few_claims(monkeypatch):
    """Those for which there are made-up records, and what a test declares."""
    found = claims_of_the_study()
    monkeypatch.setattr(
        claims, "all_claims", lambda: [*found, *(c for c in claims.REGISTRY.values() if c.id.startswith("test."))]
    )


@pytest.fixture
def book(tmp_path):
    write(study(), tmp_path / "records")
    extensions = "extensions = ['myst_parser', 'lmstudy.publishing.sphinx_claims']\n"
    return write_files(tmp_path, {"conf.py": extensions, "index.md": CHAPTER, "appendix.md": TABLE})


def test_numbers_come_from_the_records_and_link_to_the_table(book):
    pages = build(book)
    shown = re.findall(r'<span class="claim" tabindex="0">(.+?)</span></a></span></span>', pages["index"], re.DOTALL)
    number = claims.evaluate_claims(study())[0]
    for part, variant in zip(shown, ("short", "value", "interval"), strict=True):
        seen, _, opened = part.partition('<span class="claim-more">')
        assert seen == f'<span class="claim-number">{text(number, variant)}</span>'
        assert f"95 % interval {text(number, 'interval')}, n = {number.estimate.n}." in opened
        assert number.claim.sentence in opened
        assert '<span class="claim-outcome claim-holds">Holds</span>' in opened
        assert 'href="appendix.html#claim-first-below-kneser-ney"' in opened
    cards = re.split(r'<div class="claim-card', pages["appendix"])[1:]
    assert len(cards) == len(claims.all_claims())
    (card,) = [card for card in cards if 'id="claim-first-below-kneser-ney"' in card]
    for said in ("first.below_kneser_ney", text(number, "interval"), "bits per byte", ">holds<", number.claim.sentence):
        assert said in card
    (folded,) = re.findall(r"<details class=.claim-records.>(.+?)</details>", card)
    assert folded.startswith(f"<summary>{len(number.records)} records</summary>")
    assert tuple(re.findall(r"<code>(.+?)</code>", folded)) == number.records
    assert {f"{name}.json" for name in number.records} <= {f"{one.name}-{one.id}.json" for one in study()}

    path = book / "records" / "baseline-8.json"
    path.unlink()
    baseline(8, "all", 2.32).write(path)
    assert build(book)["index"] != pages["index"]  # the page has not changed, its number has


def test_results_that_were_worked_out_before_are_taken_and_equal(tmp_path, monkeypatch):
    root, book = tmp_path, tmp_path / "book"
    write(study(), book / "records")
    extensions = "extensions = ['myst_parser', 'lmstudy.publishing.sphinx_claims']\n"
    write_files(book, {"conf.py": extensions, "index.md": CHAPTER, "appendix.md": TABLE})
    plain = build(book)
    check_claims(root)
    monkeypatch.setattr(sphinx_claims, "evaluate_claims", lambda *_: pytest.fail("worked out again"))
    kept = build(book)
    assert (kept["index"], kept["appendix"]) == (plain["index"], plain["appendix"])


def test_a_claim_without_a_table_is_shown_without_a_link(book):
    (book / "appendix.md").write_text("# Appendix\n")
    index = build(book)["index"]
    assert index.count('<span class="claim"') == 3
    assert "#claim-" not in index


@pytest.mark.parametrize(
    ("asked", "records", "message"),
    [
        ("{claim}`first.unknown`", "records", "no claim 'first.unknown'; there are first.below_kneser_ney"),
        ("{claim}`first.below_kneser_ney|low`", "records", "the variants are size, more, fewer, value, interval"),
        ("", "elsewhere", "elsewhere: no such folder"),
    ],
)
def test_what_cannot_be_shown_fails_the_build(book, asked, records, message):
    (book / "appendix.md").write_text(f"# Appendix\n\n{asked}\n")
    with pytest.raises(SphinxWarning, match=message):
        build(book, confoverrides={"claims_records": records})


@pytest.mark.parametrize("page", ["index.md", "appendix.md"])
@pytest.mark.parametrize(
    ("record", "message"),
    [(None, "no records"), (baseline(8, "all", 1.9), "fails, and its chapter says holds")],
    ids=["gone", "other"],
)
def test_a_claim_that_fails_or_lacks_records_fails_the_build_every_time(book, page, record, message):
    other = {"index.md": "appendix.md", "appendix.md": "index.md"}[page]
    (book / other).write_text("# Other\n\n```{toctree}\nappendix\n```\n" if other == "index.md" else "# Other\n")
    path = book / "records" / "baseline-8.json"
    path.unlink()
    if record:
        record.write(path)
    warned = build(book, strict=False).warnings  # keeps its pages: the second must not look clean
    assert f"claim first.below_kneser_ney: {message}" in warned
    with pytest.raises(SphinxWarning, match=rf"claim first\.below_kneser_ney: {message}"):
        build(book)


def test_an_open_question_is_shown_as_one_and_builds(book, monkeypatch):
    monkeypatch.setattr(claims, "REGISTRY", dict(claims.REGISTRY))
    told = {"chapter": "index", "unit": "points", "outcome": UNDECIDED}
    claims.claim("It helps.", "test.negative", lambda shelf: Estimate(0.1, -0.2, 0.4, 3), above(0), **told)
    (book / "index.md").write_text(CHAPTER.replace("first.below_kneser_ney", "test.negative"))
    pages = build(book)
    assert '<span class="claim-number">0.10 points</span>' in pages["index"]
    assert '<span class="claim-outcome claim-undecided">Undecided</span>' in pages["index"]
    assert "undecided" in pages["appendix"]


ALL_TABLES = """# Appendix

There are {claims-tally}`confirmatory`, {claims-tally}`exploratory`, and {claims-tally}`revised`.

```{claims-list}
```
```{predictions-list}
```
```{rewritten-table}
```
```{coverage-table}
```
```{verification-table}
```
"""
REWRITTEN = """
- {id: test.old, said: It grows., first: "abc, 2026", became: It shrinks., changed: "def, 2026", why: Failed.}
"""


@pytest.fixture
def predicted(book, monkeypatch):
    """Two predictions in the register, of which one failed, and claims of them."""
    monkeypatch.setattr(claims, "REGISTRY", dict(claims.REGISTRY))
    arms = [["experiment=encoder_decoder", f"budget={budget}"] for budget in ("brief", "quick")]
    draft = {
        "registered": "2026-01-01T00:00:00Z",
        "predictions": [
            {
                "id": f"test.{name}", "sentence": f"It is {name}.", "chapter": "index", "statistic": "more_bits",
                "first": {"train": arms[0]}, "second": {"train": arms[1]}, "seeds": [1, 2, 3], "split": "valid",
                "unit": "bits", "why": "Why.", "above": 0,
            }
            for name in ("right", "wrong")
        ],
    }  # fmt: skip
    found = {}
    for one in register.read_batch(yaml.safe_dump(draft), "draft").predictions:
        found[one.hash] = register.Entry(one, draft["registered"], "draft")
    monkeypatch.setattr(register, "read", lambda place=None: found)
    (book / "rewritten.yaml").write_text(REWRITTEN)
    (book / "appendix.md").write_text(ALL_TABLES)
    values = {"test.right": Estimate(0.5, 0.4, 0.6, 3, df=9.0), "test.wrong": Estimate(-0.5, -0.6, -0.4, 3, df=9.0)}
    monkeypatch.setattr(register.Prediction, "compute", lambda self, shelf: values[self.id])
    monkeypatch.setattr(register.Prediction, "trained", lambda self, shelf: [])
    return book, list(found)


def test_predictions_are_listed_failures_first_with_when_they_were_made(predicted):
    book, (right, wrong) = predicted
    claims.confirm(right)
    claims.confirm(wrong, outcome=FAILS)
    page = build(book)["appendix"]
    assert 0 < page.index("It is wrong.") < page.index("It is right.")
    assert f"2026-01-01 00:00 UTC, {wrong}" in page
    assert re.search(r"n = 3\. \(p (=|&lt;) 0\.0\d+ in its family\)", page)
    assert "It grows." in page
    assert 'id="claim-test-wrong"' in page
    assert re.search(r"2: (1 holds, 1 fails|1 fails, 1 holds)<", page)


def test_a_claim_that_was_changed_after_it_was_registered_fails_the_build_and_says_both(predicted):
    book, (right, wrong) = predicted
    claims.confirm(right, holds=above(-1))
    claims.confirm(wrong, sentence="It is not wrong.", outcome=FAILS)
    warned = build(book, strict=False)
    assert (
        "claim test.right: holds; revised (holds): as registered, it holds: register a new prediction"
        in warned.warnings
    )
    assert "claim test.wrong: fails; revised (sentence): as registered, it fails" in warned.warnings
    with pytest.raises(SphinxWarning, match="register a new prediction instead"):
        build(book)


def test_what_the_newest_simulation_and_the_newest_verification_found(predicted):
    book, (right, wrong) = predicted
    claims.confirm(right)
    claims.confirm(wrong, outcome=FAILS)
    row = {
        "name": "mle-x",
        "kind": "train",
        "numbers": 2,
        "worst": "valid",
        "published": 1.5,
        "again": 1.51,
        "share": 0.7,
    }
    made_again = [{**row, "verdict": "agrees", "problem": None}, {**row, "problem": "its data is gone", "again": None}]
    for number, (kind, samples) in enumerate(
        [
            ("coverage", [{"name": "a mean", "seeds": 3, "draws": 200, "held": 191}]),
            ("verification", made_again),
        ]
    ):
        record(700 + number, kind, {}, 1.0, samples=samples).write(book / "records" / f"{kind}-70{number}.json")
    page = build(book)["appendix"]
    assert "a mean" in page
    assert "95.5 %" in page
    assert "its data is gone" in page
    assert "1.5100" in page
