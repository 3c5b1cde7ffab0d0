import re

import pytest
from sphinx.errors import SphinxWarning

from lmstudy.evaluation.statistics import Estimate
from lmstudy.publishing import sphinx_claims
from lmstudy.publishing.known_claims import check_claims
from lmstudy.show.claims import text
from lmstudy.study import claims
from lmstudy.study.verdicts import UNDECIDED, above
from tests.claim_records import baseline, claims_of_the_study, study, write
from tests.conftest import write_files
from tests.publishing.sphinx_builds import build

CHAPTER = """# Chapter

The model is {claim}`first.below_kneser_ney` better, that is {claim}`first.below_kneser_ney|value`,
within {claim}`first.below_kneser_ney|interval`.

```{toctree}
appendix
```
"""
TABLE = "# Appendix\n\n```{claims-table}\n```\n"


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
    shown = re.findall(r'<span class="claim" title="[^"]+">(.+?)</span></a></span>', pages["index"], re.DOTALL)
    number = claims.evaluate_claims(study())[0]
    for part, variant in zip(shown, ("full", "value", "interval"), strict=True):
        assert text(number, variant) in part
        assert 'href="appendix.html#claim-first-below-kneser-ney"' in part
    row = re.search(r'<tr[^>]* id="claim-first-below-kneser-ney".*?</tr>', pages["appendix"], re.DOTALL)[0]
    for cell in ("first.below_kneser_ney", text(number, "interval"), "bits per byte", "holds"):
        assert cell in row
    assert pages["appendix"].count("<tr") == 1 + len(claims.all_claims())

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
        ("{claim}`first.below_kneser_ney|low`", "records", "the variants are value and interval"),
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
    assert "0.10 points (95 % CI −0.20 to 0.40, n = 3)" in pages["index"]
    assert 'title="It helps. Undecided."' in pages["index"]
    assert "undecided" in pages["appendix"]
