"""A data set of a hub, at a pinned revision."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import datasets
from pydantic import BaseModel, ConfigDict

from lmstudy.data.cache import files_digest
from lmstudy.data.documents import Document, Progress, Reading, lines, universal_newlines
from lmstudy.errors import StudyError

ROWS_PER_PART = 5000


class Hub(BaseModel):
    """The source (see `lmstudy.data.documents.Source`) of the rows of a data set, one document each.

    `path` is a data set's name on the hub, or a local folder of Parquet or JSON-lines files; `revision` the
    commit hash, which is required, since a branch or tag can move under a published number (a local folder
    has none: its content is hashed instead). Texts are the `column` of the rows of one `subset` and of the split
    `split_name`; `name` and `licence` are what the report says of them. `datasets` runs no code of a data set.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    path: str
    revision: str | None = None
    subset: str | None = None
    split_name: str = "train"
    column: str = "text"
    name: str = "hub"
    licence: str = "not stated"

    def identity(self) -> Mapping[str, Any]:
        settings = self.model_dump(exclude={"path", "licence"})
        if not self.path.strip():
            raise StudyError("data.path is empty: name a data set of the hub, as in data.path=owner/name")
        if self._local():
            folder = Path(self.path).expanduser()
            files = sorted(path for path in folder.rglob("*") if path.is_file())
            return {**settings, "content": files_digest(folder, files)}
        if not re.fullmatch("[0-9a-f]{40}", self.revision or ""):
            raise StudyError(
                f"data.revision={self.revision!r} does not pin {self.path!r}: give the 40-digit "
                "hash of a commit (the data set's page lists them under Files, History)"
            )
        return {**settings, "path": self.path}

    def about(self) -> Mapping[str, Mapping[str, Any]]:
        return {self.name: {"version": self.revision, "licence": self.licence, "role": None}}

    def parts(self, cache: Path, progress: Progress) -> Sequence[tuple[int, datasets.Dataset]]:
        rows = self._load(cache)
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

    def _local(self) -> bool:
        return Path(self.path).expanduser().is_dir()

    def _load(self, cache: Path) -> datasets.Dataset:
        where = str(Path(self.path).expanduser()) if self._local() else self.path
        what = f"the data set data.path={self.path!r}" + (f" at {self.revision}" if self.revision else "")
        datasets.disable_progress_bars()
        try:
            loaded = datasets.load_dataset(
                where,
                self.subset,
                revision=None if self._local() else self.revision,
                split=self.split_name,
                cache_dir=str(cache / "hub"),
                keep_in_memory=False,
            )
        except datasets.exceptions.DatasetNotFoundError as error:
            raise StudyError(f"{what} does not exist, or is private: {_first_line(error)}") from error
        except (ConnectionError, TimeoutError) as error:
            raise StudyError(f"cannot fetch {what}: no connection to the hub ({_first_line(error)})") from error
        except ValueError as error:  # an unknown split or subset; the message lists those that exist
            raise StudyError(
                f"cannot open {what}, data.split_name={self.split_name!r}: {_first_line(error)}"
            ) from error
        except (datasets.exceptions.DatasetGenerationError, FileNotFoundError) as error:
            raise StudyError(f"cannot read {what}: {_first_line(error.__cause__ or error)}") from error
        finally:
            datasets.enable_progress_bars()
        return loaded


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
