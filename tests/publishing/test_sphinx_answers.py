"""The box of a page shows claims as they are in the records, or the build fails with what is wrong."""

import pytest
from sphinx.errors import SphinxWarning

from lmstudy.show.claims import text
from lmstudy.study import claims
from tests.claim_records import claims_of_the_study, study, write
from tests.conftest import write_files
from tests.publishing.sphinx_builds import build

PAGE = """# Page

:::{{answer}}
{options}

It needs {{claim}}`first.below_kneser_ney` less.
:::
"""
RIGHT = ":show: the model = first.below_kneser_ney\n:unit: bits per byte\n:null: 0 = no difference"


@pytest.fixture
def book(tmp_path, monkeypatch):
    found = claims_of_the_study()
    monkeypatch.setattr(claims, "all_claims", lambda: found)
    write(study(), tmp_path / "records")
    extensions = "['myst_parser', 'lmstudy.publishing.sphinx_claims', 'lmstudy.publishing.sphinx_answers']"
    return write_files(tmp_path, {"conf.py": f"extensions = {extensions}\nmyst_enable_extensions = ['colon_fence']\n"})


def test_the_box_has_the_sentence_and_the_strip(book):
    write_files(book, {"index.md": PAGE.format(options=RIGHT)})
    page = build(book)["index"]
    box = page[page.index('<div class="answer') :]
    number = claims.evaluate_claims(study())[0]
    assert "What we found" in box
    assert f'<span class="claim-number">{text(number, "short")}</span>' in box
    assert f'<span class="strip-value">{text(number, "value")}</span>' in box
    assert ">no difference<" in box


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (RIGHT.replace("first.below", "first.none"), "answer: show: no claim 'first.none_kneser_ney' for 'the model'"),
        (RIGHT.replace(":unit: bits per byte\n", ""), "answer: unit is missing"),
        (RIGHT.replace("0 = no", "zero = no"), "answer: null: 'zero' is no number"),
        (RIGHT.replace("the model = ", ""), "answer: show: no claim '' for 'first.below_kneser_ney'"),
    ],
)
def test_a_box_that_cannot_be_drawn_fails_the_build(book, options, message):
    write_files(book, {"index.md": PAGE.format(options=options)})
    with pytest.raises(SphinxWarning, match=message):
        build(book)


def test_a_box_of_a_claim_without_records_fails_the_build(book):
    (book / "records" / "baseline-8.json").unlink()
    write_files(book, {"index.md": PAGE.format(options=RIGHT).replace("{claim}`first.below_kneser_ney`", "nothing")})
    with pytest.raises(SphinxWarning, match=r"answer: show: claim first\.below_kneser_ney: no records"):
        build(book)
