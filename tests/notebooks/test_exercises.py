"""The exercises of chapters 4 to 10: enough of them, each with a folded answer, in both languages."""

import re

import nbformat
import pytest

from lmstudy.publishing.catalogues import folder, messages_of, read
from tests.conftest import ROOT

CHAPTERS = [path for path in sorted((ROOT / "notebooks").glob("*.ipynb")) if 4 <= int(path.stem[:2]) <= 10]
FORM = re.compile(
    r"^\*\*Exercise (\d+)\.(\d+)\*\* \(.+?\)\. .+?^:::\{dropdown\} Answer\n.+?^:::$", re.DOTALL | re.MULTILINE
)
each = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


def cells(path) -> list:
    return nbformat.read(path, as_version=4).cells


def section(path) -> str:
    """What stands under the heading of the exercises."""
    (found,) = re.findall(
        r"^## Exercises\n(.+?)^## Suggested experiments$", cells(path)[-1].source, re.DOTALL | re.MULTILINE
    )
    return found


def test_there_are_seven_chapters():
    assert len(CHAPTERS) == 7


@each
def test_a_chapter_has_numbered_exercises_each_with_a_folded_answer(path):
    numbers = [(int(chapter), int(number)) for chapter, number in FORM.findall(section(path))]
    assert 3 <= len(numbers) <= 5
    assert numbers == [(int(path.stem[:2]), place + 1) for place in range(len(numbers))]
    assert section(path).count("**Exercise ") == section(path).count("{dropdown}") == len(numbers)


@each
def test_one_is_by_hand_one_explains_and_one_changes_something(path):
    kinds = re.findall(r"^\*\*Exercise [\d.]+\*\* \((.+?)\)", section(path), re.MULTILINE)
    assert "by hand" in kinds
    assert any(kind.startswith("change") for kind in kinds)
    assert "explain" in kinds


@each
def test_both_editions_have_them(path):
    told = messages_of(read(folder(ROOT) / "notebooks" / f"{path.stem}.po"))
    assert (told["Exercises"].string, told["Answer"].string) == ("练习", "答案")
    for number in re.findall(r"\*\*Exercise ([\d.]+)\*\*", section(path)):
        (chinese,) = [message.string for id, message in told.items() if id.startswith(f"**Exercise {number}**")]
        assert chinese.startswith(f"**练习 {number}**（")
