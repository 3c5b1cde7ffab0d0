"""A data set of a hub, at a pinned revision."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import datasets
from pydantic import BaseModel, ConfigDict

from lmstudy.data.cache import files_digest
from lmstudy.data.documents import Document, Progress, Reading, lines, universal_newlines
from lmstudy.data.hub import check_pinned, is_local, load_rows
from lmstudy.errors import StudyError
from lmstudy.overrides import home

ROWS_PER_PART = 5000


class Hub(BaseModel):
    """The source (see `lmstudy.data.documents.Source`) of the rows of a data set, one document each.

    `path` is a data set's name on the hub, or a local folder of Parquet or JSON-lines files; `revision` the
    commit hash, which is required, since a branch or tag can move under a published number (a local folder
    has none: its content is hashed instead). Texts are the `column` of the rows of one `subset` and of the split
    `split_name`; `name` and `licence` are what the report says of them. `datasets` runs no code of a data set.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    advice: ClassVar[Mapping[str, str]] = {"too_long": "data.cleaning.too_long.characters=N keeps longer ones"}
    """Keys that would keep what is left out, by why it is."""

    path: str
    revision: str | None = None
    subset: str | None = None
    split_name: str = "train"
    column: str = "text"
    name: str = "hub"
    licence: str = "not stated"

    def identity(self) -> Mapping[str, Any]:
        settings = self.model_dump(exclude={"path", "licence"})
        check_pinned("data", self.path, self.revision)
        if is_local(self.path):
            folder = Path(home(self.path))
            files = sorted(path for path in folder.rglob("*") if path.is_file())
            return {**settings, "content": files_digest(folder, files)}
        return {**settings, "path": self.path}

    def about(self) -> Mapping[str, Mapping[str, Any]]:
        return {self.name: {"version": self.revision, "licence": self.licence, "role": None}}

    def parts(self, cache: Path, progress: Progress) -> Sequence[tuple[int, datasets.Dataset]]:
        rows = load_rows("data", self.path, self.revision, self.subset, self.split_name, cache)
        if self.column not in rows.column_names:
            raise StudyError(
                f"data.column={self.column!r} is not in {self.path!r}; its columns are {sorted(rows.column_names)}"
            )
        if rows.features[self.column] not in (datasets.Value("string"), datasets.Value("large_string")):
            raise StudyError(
                f"data.column={self.column!r} of {self.path!r} holds {rows.features[self.column]}, not text"
            )
        # a slice of a memory-mapped table pickles as a reference to its file
        rows = rows.select_columns([self.column])
        starts = range(0, len(rows), ROWS_PER_PART)
        return [(start, rows.select(range(start, min(start + ROWS_PER_PART, len(rows))))) for start in starts]

    def read(self, part: tuple[int, datasets.Dataset]) -> Reading:
        first, rows = part
        reading = Reading()
        for number, text in enumerate(rows[self.column], start=first):
            reading.files[self.name] += 1
            if not text:
                reading.skipped[self.name, "rows without text"] += 1
                continue
            text = universal_newlines(text)
            reading.documents.append(Document(text, lines(text), self.name, f"{self.split_name}/{number}", "row"))
        return reading
