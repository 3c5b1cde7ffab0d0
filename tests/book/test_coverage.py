"""The pages on the article: every section has a verdict, every erratum its evidence, and their links lead somewhere."""

import re
from typing import NamedTuple

import pytest
import yaml

from tests.conftest import ROOT

BOOK = ROOT / "book"
SECTIONS = re.findall(
    r"\S+",
    """
1.1 1.2 1.3 1.4.1 1.4.2 1.4.3 2.1 2.2 2.2.1 2.2.2 2.3 2.4.1 2.4.2 2.4.3 3.1 3.2 4.1.1 4.1.2 4.1.3 4.1.4 4.2
5.1 5.2 5.3.1 5.3.2 5.3.3 5.3.4 5.3.5 6 7.1.1 7.1.2 7.1.3 7.2.1 7.2.2 7.2.3 7.3.1 7.3.2 7.3.3 8 9.1 9.2 9.3 10
""",
)
"""The article's sections that have text of their own."""
VERDICTS = ("holds", "holds with a condition", "wrong")
PAGES = ("coverage", "errata", "questions")
ROW = re.compile(r"^\| (\d.*?) \| (.*) \| (.*) \| (.*) \|$", re.MULTILINE)
TARGET = re.compile(r"^\((\S+)\)=$", re.MULTILINE)


class Row(NamedTuple):
    """One line of the tables of coverage.md."""

    section: str
    says: str
    where: str
    verdict: str


def page(name: str) -> str:
    return (BOOK / f"{name}.md").read_text(encoding="utf-8")


def links(role: str, text: str) -> list[str]:
    """What `{role}`...`` in a text points at, titles left out."""
    found = re.findall(rf"{{{role}}}`([^`]+)`", text)
    return [re.sub(r"^.*<(.*)>$", r"\1", one, flags=re.DOTALL) for one in found]


ROWS = [Row(*cells) for cells in ROW.findall(page("coverage"))]
CONTENTS = yaml.safe_load((BOOK / "_toc.yml").read_text())
CHAPTERS = {entry["file"] for part in CONTENTS["parts"] for entry in part["chapters"]} | {CONTENTS["root"]}


def errata() -> dict[str, str]:
    """Label -> entry, of each erratum."""
    parts = re.split(r"^\((erratum-\d+)\)=$", page("errata"), flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_every_section_of_the_article_has_a_row_and_none_is_lost_by_its_form():
    assert set(SECTIONS) <= {number for row in ROWS for number in re.findall(r"\d+(?:\.\d+)*", row.section)}
    lines = [line for line in page("coverage").splitlines() if re.match(r"\|\s*\d", line)]
    assert len(lines) == len(ROWS) >= len(SECTIONS)
    assert all(line.count(" | ") == 3 for line in lines)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.section}: {row.says[:30]}")
def test_every_row_has_a_verdict_and_a_place(row):
    verdict, _, why = row.verdict.partition(":")
    assert verdict in VERDICTS
    assert bool(why.strip()) == (verdict != "holds"), "a condition or a fault has to be said"
    assert links("doc", row.where) or row.where == "this page"
    if verdict == "wrong":
        assert links("ref", row.verdict), "what is wrong is explained in the errata"
    assert max(map(len, (row.says, row.where))) < 130, "a table of long cells cannot be read"


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_to_pages_of_the_book(name):
    text = page(name)
    assert links("doc", text)
    assert set(links("doc", text)) <= CHAPTERS
    for chapter in set(links("doc", text)):
        source = "" if chapter.startswith("notebooks/") else "book/"
        assert (ROOT / f"{source}{chapter}{'.md' if source else '.ipynb'}").exists(), chapter
    targets = {
        target for name in (*PAGES, "errata", "forty_lines", "reproduce") for target in TARGET.findall(page(name))
    }
    assert set(links("ref", text)) <= targets


def test_errata_are_numbered_and_complete():
    found = errata()
    assert list(found) == [f"erratum-{number}" for number in range(1, len(found) + 1)]
    assert len(found) >= 40
    for label, text in found.items():
        assert text.lstrip().startswith(f"E{label.removeprefix('erratum-')}. "), label
        parts = re.findall(r"^: \*(The article|Right|How we know):\*", text, re.MULTILINE)
        assert parts == ["The article", "Right", "How we know"], label
        evidence = text[text.index("*How we know:*") :]
        assert re.search(r"computed|seen|by reading|by the (documentation|literature)", evidence), label
        if "computed" in evidence:
            assert any(link.startswith("notebooks/") for link in links("doc", evidence)), label
        if "by the literature" in evidence and label != "erratum-42":
            assert re.search(r"{cite:[tp]}`", text), label


def test_every_erratum_is_met_on_the_way_through_the_article():
    told = set(links("ref", page("coverage")))
    assert set(errata()) <= told


def test_works_cited_are_in_the_bibliography():
    known = set(re.findall(r"^@\w+{(.*),$", (BOOK / "references.bib").read_text(encoding="utf-8"), re.MULTILINE))
    for name in PAGES:
        for keys in re.findall(r"{cite:[tp]}`([^`]+)`", page(name)):
            assert set(keys.split(",")) <= known, f"{name}: {keys}"


def test_the_questions_of_the_article_are_answered():
    for section in ("9.1", "9.2", "9.3"):
        assert re.search(rf"^### .*\({section}\)$", page("questions"), re.MULTILINE)
    answers = re.split(r"^### ", page("questions"), flags=re.MULTILINE)[1:]
    assert len(answers) >= 15
    for answer in answers:
        question, _, text = answer.partition("\n")
        assert 15 < len(text.split()) < 140, question
