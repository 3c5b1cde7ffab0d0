"""The same texts cut by spaCy and by rjieba.

    python -m lmstudy.chapters.tools.segmented [--runs FOLDER]

lets the spaCy that is installed cut them, and keeps that as a record: the chapter needs no spaCy.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

import pandas as pd

from lmstudy.errors import StudyError
from lmstudy.runs.own_record import keep
from lmstudy.runs.provenance import Clock
from lmstudy.runs.records import Record
from lmstudy.terminal import check_room, guarded, path_typed

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
    help_ = "where the record is kept (default: runs)"
    parser.add_argument("--runs", default="runs", type=path_typed, metavar="FOLDER", help=help_)
    given = parser.parse_args(argv)

    def act() -> None:
        check_room(given.runs)
        clock = Clock()
        keep(KIND, [by_spacy()], given.runs, clock, config={"texts": list(TEXTS)})

    return guarded(COMMAND, act)


if __name__ == "__main__":
    sys.exit(main())
