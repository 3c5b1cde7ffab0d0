"""The same texts cut by spaCy and by rjieba.

    python -m lmstudy.chapters.tools.segmented [--runs FOLDER]

lets the spaCy that is installed cut them, and keeps that as a record: the chapter needs no spaCy.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from lmstudy.errors import StudyError
from lmstudy.overrides import home
from lmstudy.runs import provenance
from lmstudy.runs.identity import NUMERICS, digest
from lmstudy.runs.records import Record, note_read
from lmstudy.study.shelf import NoRecordsError, Shelf

COMMAND = "python -m lmstudy.chapters.tools.segmented"
KIND = "segmentation"
TEXTS = {
    "我爱编程": "zh",
    "研究生命的起源": "zh",
    "乒乓球拍卖完了": "zh",
    "大语言模型学习人类的偏好": "zh",
    "用Python训练模型": "zh",
    "I don't love U.S.-made models.": "en",
}
"""Texts and their languages: the article's sentence, two with words that could begin elsewhere, one of this study's
subject, one in two scripts, and one in English."""
SEPARATOR = " | "


def by_spacy() -> dict[str, Any]:
    """How spaCy cuts each text, with the settings that it has for a language without a trained pipeline.

    Raises:
        StudyError: it is not installed.
    """
    try:
        import spacy
    except ImportError:
        raise StudyError("spaCy is not installed: pip install 'lmstudy[spacy]'") from None
    cutters = {language: spacy.blank(language) for language in set(TEXTS.values())}
    cut = {text: [token.text for token in cutters[language](text)] for text, language in TEXTS.items()}
    return {"spacy": spacy.__version__, "cut": cut}


def newest(shelf: Shelf) -> Record:
    """The newest record of spaCy's cuts; a NoRecordsError if there is none of these texts."""
    found = [one for one in shelf.records if one.kind == KIND and set(TEXTS) <= set(_sample(one)["cut"])]
    if not found:
        raise NoRecordsError(f"of spaCy's segmentation: {COMMAND}")
    record = max(found, key=lambda one: one.started)
    note_read([record])
    return record


def table(record: Record) -> pd.DataFrame:
    """Each text as both cut it."""
    import rjieba

    rows = {
        text: {
            f"spaCy {_sample(record)['spacy']}": SEPARATOR.join(_sample(record)["cut"][text]),
            "rjieba": SEPARATOR.join(word for word in rjieba.cut(text) if word.strip()),
        }
        for text in TEXTS
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("text")


def _sample(record: Record) -> dict[str, Any]:
    (sample,) = record.samples
    assert isinstance(sample, dict)
    return sample


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status is 1 without spaCy, which one line says."""
    parser = argparse.ArgumentParser(prog=COMMAND, description="Let spaCy cut the texts of the chapter on tools.")
    parser.add_argument("--runs", default="runs", type=home, metavar="FOLDER", help="where the record is kept")
    given = parser.parse_args(argv)
    clock = provenance.Clock()
    try:
        found = by_spacy()
    except StudyError as error:
        print(f"{COMMAND}: {error}", file=sys.stderr)
        return 1
    stamp = clock.started.replace("-", "").replace(":", "").replace("T", "-").rstrip("Z")
    record = Record(
        id=digest(found, clock.started), kind=KIND, name=f"{KIND}-{stamp}", config={"texts": list(TEXTS)}, seed=None,
        data="none", numerics=NUMERICS, samples=[found], **provenance.circumstances(clock),
    )  # fmt: skip
    path = Path(given.runs) / f"{record.name}-{record.id}" / "record.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    print(f"kept as {record.write(path)}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
