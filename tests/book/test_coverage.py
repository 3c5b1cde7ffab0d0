"""The pages on the article: every section has a verdict, every erratum its evidence, every link what is said of it.

A row of coverage.md ends in a comment with a word for each of its links, in their order: where the link leads to, that
word must stand. So a row is stale as soon as the section that it names is gone, or no longer treats the thing.
"""

import json
import re
from functools import cache
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
ROW = re.compile(r"^\| (\d.*?) \| (.*) \| (.*) \| (.*?) <!-- (.*) --> \|$", re.MULTILINE)
TARGET = re.compile(r"^\((\S+)\)=$", re.MULTILINE)
HEADING = re.compile(r"^(#+) ")
LINK = re.compile(r"{(ref|term|cite:t)}`([^`]+)`")
SEVERITIES = ("fatal", "serious", "slight")
PUT_OFF = re.compile(r"\bnot yet\b|\b(?:a|in) later chapters?\b|\blater chapters\b", re.IGNORECASE)
CHINESE = re.compile(r"[\u4e00-\u9fff]")


class Row(NamedTuple):
    """One line of the tables of coverage.md."""

    section: str
    says: str
    where: str
    verdict: str
    words: str


def page(name: str) -> str:
    return (BOOK / f"{name}.md").read_text(encoding="utf-8")


def links(role: str, text: str) -> list[str]:
    """What `{role}`...`` in a text points at, titles left out."""
    found = re.findall(rf"{{{role}}}`([^`]+)`", text)
    return [re.sub(r"^.*<(.*)>$", r"\1", one, flags=re.DOTALL) for one in found]


ROWS = [Row(*cells) for cells in ROW.findall(page("coverage"))]
CONTENTS = yaml.safe_load((BOOK / "_toc.yml").read_text())
CHAPTERS = {entry["file"] for part in CONTENTS["parts"] for entry in part["chapters"]} | {CONTENTS["root"]}


def written(chapter: str) -> str:
    """A chapter's text, as it is written: of a notebook the cells one after another, code set off from headings."""
    if not chapter.startswith("notebooks/"):
        return page(chapter)
    cells = json.loads((ROOT / f"{chapter}.ipynb").read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells]
    code = [cell["cell_type"] == "code" for cell in cells]
    return "\n\n".join(re.sub("^", "    ", s, flags=re.M) if c else s for s, c in zip(sources, code, strict=True))


def section(lines: list[str]) -> str:
    """What follows a target: a heading with all below it, or without one what stands before the next target."""
    depth = HEADING.match(lines[0])
    end = len(lines)
    for number, line in enumerate(lines[1:], start=1):
        found = HEADING.match(line)
        if (found and (not depth or len(found[1]) <= len(depth[1]))) or (not depth and TARGET.match(line)):
            end = number
            break
    return "\n".join(lines[:end])


@cache
def sections() -> dict[str, str]:
    """Target -> what stands there, of all chapters."""
    found: dict[str, str] = {}
    for chapter in sorted(CHAPTERS):
        lines = written(chapter).splitlines()
        for number, line in enumerate(lines):
            if target := TARGET.match(line):
                assert target[1] not in found, f"{target[1]}: two places of one name"
                found[target[1]] = section(lines[number + 1 :])
    return found


@cache
def terms() -> dict[str, str]:
    """English term -> its entry in the glossary."""
    blocks = re.findall(r"^```{glossary}\n(.*?)^```", page("glossary"), re.MULTILINE | re.DOTALL)
    entries = [entry for block in blocks for entry in re.split(r"\n\n(?=\S)", block.strip())]
    return {entry.partition("\n")[0]: entry for entry in entries}


@cache
def works() -> dict[str, str]:
    """Key -> entry of the bibliography."""
    entries = re.split(r"^(?=@)", (BOOK / "references.bib").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return {re.match(r"@\w+{(.*),", entry)[1]: entry for entry in entries}  # type: ignore[index]


def linked(role: str, target: str) -> str:
    """What a link leads to."""
    target = re.sub(r"^.*<(.*)>$", r"\1", target)
    places = {"ref": sections, "term": terms, "cite:t": works}[role]()
    assert target in places, f"{role} {target}: there is no such place"
    return places[target]


def errata() -> dict[str, str]:
    """Label -> entry, of each erratum."""
    parts = re.split(r"^\((erratum-\d+)\)=$", page("errata"), flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_every_section_of_the_article_has_a_row_and_none_is_lost_by_its_form():
    assert set(SECTIONS) <= {number for row in ROWS for number in re.findall(r"\d+(?:\.\d+)*", row.section)}
    lines = [line for line in page("coverage").splitlines() if re.match(r"\|\s*\d", line)]
    assert len(lines) == len(ROWS) >= len(SECTIONS)
    assert all(line.count(" | ") == 3 for line in lines), "a row needs four cells, and words in a comment"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.section}: {row.says[:30]}")
def test_every_row_has_a_verdict_and_a_place(row):
    verdict, _, why = row.verdict.partition(":")
    assert verdict in VERDICTS
    assert bool(why.strip()) == (verdict != "holds"), "a condition or a fault has to be said"
    assert re.sub(LINK, "", row.where).strip(", ") == "", "sections, terms and papers alone, and no whole pages"
    if verdict == "wrong":
        assert links("ref", row.verdict), "what is wrong is explained in the errata"
    assert max(map(len, (row.says, row.where))) < 130, "a table of long cells cannot be read"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.section}: {row.says[:30]}")
def test_every_row_leads_to_a_place_that_treats_it(row):
    places, words = LINK.findall(row.where), row.words.split("; ")
    assert len(places) == len(words) > 0, "a word for each link"
    for (role, target), word in zip(places, words, strict=True):
        assert word.casefold() in linked(role, target).casefold(), f"{target} does not hold the word {word!r}"


def test_a_section_ends_where_the_next_one_begins():
    lines = "## A\nof a\n### B\nof b\n## C\nof c".splitlines()
    assert section(lines) == "## A\nof a\n### B\nof b"
    assert section(lines[2:]) == "### B\nof b"
    assert section(["E1. x", ": y", "(erratum-2)=", "E2."]) == "E1. x\n: y"
    with pytest.raises(AssertionError, match="no such place"):
        linked("ref", "nowhere")


@pytest.mark.parametrize("chapter", sorted(CHAPTERS))
def test_no_page_puts_anything_off(chapter):
    found = [line for line in written(chapter).splitlines() if PUT_OFF.search(line)]
    assert not found, "say what there is, or nothing"


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_to_pages_of_the_book(name):
    text = page(name)
    assert set(links("doc", text)) <= CHAPTERS
    for chapter in set(links("doc", text)):
        source = "" if chapter.startswith("notebooks/") else "book/"
        assert (ROOT / f"{source}{chapter}{'.md' if source else '.ipynb'}").exists(), chapter
    assert set(links("ref", text)) <= sections().keys()


def test_errata_are_numbered_and_complete():
    found = errata()
    assert list(found) == [f"erratum-{number}" for number in range(1, len(found) + 1)]
    assert len(found) >= 40
    for label, text in found.items():
        assert text.lstrip().startswith(f"E{label.removeprefix('erratum-')}. "), label
        parts = re.findall(r"^: \*(The article|Right|Should read|How we know|Severity):\*", text, re.MULTILINE)
        assert parts == ["The article", "Right", "Should read", "How we know", "Severity"], label
        assert CHINESE.search(text[text.index("*The article:*") : text.index("*Right:*")]), (
            f"{label}: quote the article"
        )
        severity = re.search(r"^: \*Severity:\* (\w+)\.$", text, re.MULTILINE)
        assert severity, label
        assert severity[1] in SEVERITIES, label
        evidence = text[text.index("*How we know:*") :]
        assert re.search(r"computed|[Rr]un: |seen|by reading|by the (documentation|literature)", evidence), label
        if "computed" in evidence:
            computing = [
                links("ref", evidence),
                [t for c in CHAPTERS if "notebooks/" in c for t in TARGET.findall(written(c))],
            ]
            assert set(computing[0]) & set(computing[1]), f"{label}: link the section that computes it"
        if "by the literature" in evidence and label != "erratum-42":
            assert re.search(r"{cite:[tp]}`", text), label


def test_severities_are_explained_once_and_all_used():
    text = page("errata")
    for word in SEVERITIES:
        assert len(re.findall(rf"^- \*{word}\*: ", text, re.MULTILINE)) == 1
        assert f"*Severity:* {word}." in text


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
    assert len(answers) >= 10
    for answer in answers:
        question, _, text = answer.partition("\n")
        assert 15 < len(text.split()) < 140, question
    rows = re.findall(r"^\| (.*\?) \| (.*) \| (.*) \|$", page("questions"), re.MULTILINE)
    assert len(rows) >= 40
    for question, text, evidence in rows:
        assert 4 < len(text.split()) < 80, question
        assert re.search(r"{(doc|ref)}`", evidence), question
