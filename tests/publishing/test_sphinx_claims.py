import re

import pytest
from claim_records import baseline, claims_of_the_study, study, write
from sphinx.application import Sphinx
from sphinx.errors import SphinxWarning
from sphinx.util.docutils import docutils_namespace, patch_docutils

from lmstudy.evaluation.statistics import Estimate
from lmstudy.study import claims

CHAPTER = """# Chapter

The model is {claim}`first.below_kneser_ney` better, that is {claim}`first.below_kneser_ney|value`,
within {claim}`first.below_kneser_ney|interval`.
"""
APPENDIX = """# Appendix

```{claims-table}
```
"""


@pytest.fixture(autouse=True)
def few_claims(monkeypatch):
    """Those for which there are made-up records, and what a test declares."""
    found = claims_of_the_study()
    monkeypatch.setattr(
        claims, "all_claims", lambda: [*found, *(c for c in claims.REGISTRY.values() if c.id.startswith("test."))]
    )


@pytest.fixture
def book(tmp_path):
    (tmp_path / "conf.py").write_text("extensions = ['myst_parser', 'lmstudy.publishing.sphinx_claims']\n")
    (tmp_path / "index.md").write_text(CHAPTER + "\n```{toctree}\nappendix\n```\n")
    (tmp_path / "appendix.md").write_text(APPENDIX)
    write(study(), tmp_path / "records")
    return tmp_path


def build(book, strict=True, **options):
    """Build with every cross-reference checked; the names of the pages read, and the HTML of both pages."""
    out = book / "_build"
    with docutils_namespace(), patch_docutils():
        app = Sphinx(book, book, out, out / "trees", "html", status=None, warningiserror=strict, **options)
        app.config.nitpicky = True
        read = []
        app.connect("env-before-read-docs", lambda app, env, names: read.extend(names))
        app.build()
    assert strict or app._warncount >= 2
    return read, (out / "index.html").read_text(), (out / "appendix.html").read_text()


def test_numbers_come_from_the_records_and_link_to_the_table(book):
    read, index, appendix = build(book)
    assert sorted(read) == ["appendix", "index"]
    shown = re.findall(r'<span class="claim" title="([^"]+)">(.+?)</span></a></span>', index, re.DOTALL)
    full, value, interval = shown
    number = claims.evaluate_claims(study())[0]
    assert number.text() in full[1]
    assert f">{number.text('value')}" in value[1]
    assert f">{number.text('interval')}" in interval[1]
    assert 'href="appendix.html#claim-first-below-kneser-ney"' in full[1]
    row = re.search(r'<tr[^>]* id="claim-first-below-kneser-ney".*?</tr>', appendix, re.DOTALL)[0]
    for cell in ("first.below_kneser_ney", number.text("interval"), "bits per byte", "yes"):
        assert cell in row
    assert appendix.count("<tr") == 1 + len(claims.all_claims())


def test_pages_are_read_again_when_their_numbers_may_have_changed(book):
    _, before, _ = build(book)
    assert build(book)[0] == []
    path = book / "records" / "baseline-8.json"
    path.unlink()
    baseline(8, "all", 2.5).write(path)
    read, after, _ = build(book)
    assert sorted(read) == ["appendix", "index"]
    assert after != before


def test_a_claim_without_a_table_is_shown_without_a_link(book):
    (book / "appendix.md").write_text("# Appendix\n")
    _, index, _ = build(book)
    assert index.count('<span class="claim"') == 3
    assert "#claim-" not in index


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{claim}`first.unknown`", "no claim 'first.unknown'; there are first.below_kneser_ney"),
        ("{claim}`first.below_kneser_ney|low`", "the variants are value and interval"),
    ],
)
def test_a_role_that_cannot_be_shown_fails_the_build(book, text, message):
    (book / "index.md").write_text(f"# Chapter\n\n{text}\n\n```{{toctree}}\nappendix\n```\n")
    with pytest.raises(SphinxWarning, match=message):
        build(book)


@pytest.mark.parametrize("page", ["index.md", "appendix.md"])
def test_a_claim_that_fails_or_lacks_records_fails_the_build_every_time(book, page):
    other = {"index.md": "appendix.md", "appendix.md": "index.md"}[page]
    (book / other).write_text("# Other\n\n```{toctree}\nappendix\n```\n" if other == "index.md" else "# Other\n")
    path = book / "records" / "baseline-8.json"
    path.unlink()
    for _ in range(2):
        with pytest.raises(SphinxWarning, match=r"claim first\.below_kneser_ney: no records"):
            build(book)
    baseline(8, "all", 1.9).write(path)
    with pytest.raises(SphinxWarning, match=r"claim first\.below_kneser_ney: does not hold"):
        build(book)
    path.unlink()
    baseline(8, "all").write(path)
    build(book)


def test_a_warning_is_repeated_though_nothing_changed(book):
    (book / "records" / "baseline-8.json").unlink()
    build(book, strict=False)  # without -W the first build keeps its pages; the second must not look clean
    assert sorted(build(book, strict=False)[0]) == ["appendix", "index"]


def test_a_missing_folder_is_told(book):
    with pytest.raises(SphinxWarning, match="elsewhere: no such folder"):
        build(book, confoverrides={"claims_records": "elsewhere"})


def test_a_negative_result_is_shown_as_one_and_builds(book, monkeypatch):
    claims.all_claims()
    monkeypatch.setattr(claims, "REGISTRY", dict(claims.REGISTRY))
    declared = claims.claim(
        id="test.negative",
        chapter="index",
        unit="points",
        sentence="It helps.",
        holds=lambda e: e.low > 0,
        expected=False,
    )
    declared(lambda records: Estimate(0.1, -0.2, 0.4, 3))
    (book / "index.md").write_text("# Chapter\n\n{claim}`test.negative`\n\n```{toctree}\nappendix\n```\n")
    _, index, appendix = build(book)
    assert "0.100 points (95 % CI -0.200 to 0.400, n = 3)" in index
    assert 'title="It helps. (does not hold)"' in index
    assert "no, as reported" in appendix
