"""Pairs of a hub's data set, at a pinned revision, or of a local folder of Parquet or JSON-lines files."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lmstudy.data.comparisons import ComparisonSource
from lmstudy.data.hub import check_pinned, load_rows
from lmstudy.folders import cache_folder


@dataclass(frozen=True, kw_only=True)
class ComparisonHub(ComparisonSource):
    """Pairs of the rows of a data set; other arguments as of `ComparisonSource`.

    path: the data set's name on the hub, or a local folder. It has no part in a run's identity; the pairs have.
    revision: the 40-digit hash of a commit; a local folder needs none.
    subset: of the data set, if it has some.
    split_name: which of its splits is read.
    """

    path: str
    revision: str | None = None
    subset: str | None = None
    split_name: str = "train"

    @property
    def place(self) -> str:
        return f"comparisons.path={self.path}"

    def rows(self) -> Iterable[Any]:
        check_pinned("comparisons", self.path, self.revision)
        return load_rows("comparisons", self.path, self.revision, self.subset, self.split_name, cache_folder())
