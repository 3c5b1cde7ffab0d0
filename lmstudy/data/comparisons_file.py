"""Pairs of one file: JSON lines, a JSON list, or a table of comma- or tab-separated values with a header."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lmstudy.data.comparisons import ComparisonSource
from lmstudy.errors import StudyError
from lmstudy.overrides import home

LONGEST_FIELD = 2**31 - 1
"""Characters of a table's field; Python's own limit is 131,072."""


def _json_lines(text: str) -> Iterator[Any]:
    for line in text.split("\n"):
        if line.strip():
            try:
                yield json.loads(line)
            except ValueError:  # counted as a row that is no object
                yield None


def _json(text: str) -> Iterator[Any]:
    """Rows of a list or of lines: many files have the ending of the other."""
    listed = re.match(r"\s*\[\s*(\{|\Z)", text) or (text.lstrip().startswith("[") and "\n" not in text.strip())
    try:
        yield from json.loads(text) if listed else _json_lines(text)
    except RecursionError:
        raise ValueError("its brackets are nested too deeply") from None


def _table(separator: str) -> Callable[[str], Iterator[Any]]:
    def rows(text: str) -> Iterator[Any]:
        header = text.partition("\n")[0]
        others = [other for other in ",;\t" if other in header and separator not in header]
        if others:
            raise ValueError(f"its values stand between {others[0]!r}, and {separator!r} is wanted")
        csv.field_size_limit(LONGEST_FIELD)
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        begun = 1
        try:
            for row in reader:
                begun = reader.line_num + 1
                yield {key: value for key, value in row.items() if key is not None}  # fields without a header
        except csv.Error as error:  # such as a quotation mark that nothing closes, which takes in the rows behind it
            raise ValueError(f"the row that begins in line {begun}: {error}") from error

    return rows


FORMATS: dict[str, Callable[[str], Iterator[Any]]] = {
    ".jsonl": _json,
    ".json": _json,
    ".csv": _table(","),
    ".tsv": _table("\t"),
}
"""By how the name of a file ends."""


@dataclass(frozen=True, kw_only=True)
class ComparisonFile(ComparisonSource):
    """Pairs of a UTF-8 file; other arguments as of `ComparisonSource`.

    path: of the file, which ends in one of `FORMATS`. It has no part in a run's identity; the pairs have.
    """

    path: str

    @property
    def place(self) -> str:
        return f"comparisons.path={self.path}"

    def rows(self) -> Iterator[Any]:
        path = Path(home(self.path, "comparisons.path"))
        read = FORMATS.get(path.suffix.lower())
        if not self.path.strip() or read is None:
            raise StudyError(
                f"comparisons.path={self.path!r}: name a file that ends in {', '.join(FORMATS)} (comparisons=hub reads "
                "a folder of Parquet files)"
            )
        try:
            yield from read(path.read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise StudyError(f"{self.place}: cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise StudyError(f"{self.place}: is not UTF-8 (byte {error.start}): save it as UTF-8") from error
        except ValueError as error:
            raise StudyError(f"{self.place}: is no {path.suffix[1:].upper()} file: {error}") from error
