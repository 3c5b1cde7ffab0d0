"""Which documents train, and which only evaluate.

A split is a function of the hash of a unit (a file, or a document) among all units, never of the order of
reading. Since duplicates are dropped over the whole corpus before it is split, no near duplicate crosses.
"""

import hashlib
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from lmstudy.errors import StudyError

NAMES = ("train", "valid", "valid_files", "test")
"""Packages trained on; packages never trained on; unseen files of trained packages; other packages never
trained on. Corpora without packages have no "valid_files"."""

_TRAIN, _VALID, _VALID_FILES, _TEST = range(len(NAMES))


class ByPackage(BaseModel):
    """Roles of packages decide; a share of the files of each trained package is held out too."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    by: Literal["package"] = "package"
    valid_files: Annotated[float, Field(ge=0, lt=1)] = 0.02


class ByHash(BaseModel):
    """The files (or documents) with the lowest hashes validate, the next ones test, the others train."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    by: Literal["file", "document"]
    valid: Annotated[float, Field(gt=0, lt=1)] = 0.05
    test: Annotated[float, Field(gt=0, lt=1)] = 0.05


def unit_hash(*names: str) -> int:
    """64 bits for a file (source, path) or a document (source, path, name)."""
    return int.from_bytes(hashlib.blake2b("\0".join(names).encode(), digest_size=8).digest(), "big")


def assign(
    units: NDArray[np.uint64],
    sources: Sequence[str],
    settings: ByPackage | ByHash,
    roles: Mapping[str, str | None],
) -> NDArray[np.int8]:
    """The index in `NAMES` of each document's split, from its unit's hash and its source.

    Shares are of units and rounded up, so that each part has at least one unit.

    Raises:
        StudyError: too few units to split, or a split by package of sources without roles.
    """
    if isinstance(settings, ByHash):
        return _by_hash(units, settings)
    split = np.zeros(len(units), dtype=np.int8)
    of_source = np.array(sources)
    for source in dict.fromkeys(sources):
        role = roles[source]
        if role is None:
            raise StudyError(f"data.split.by=package: source {source!r} has no role; choose file or document")
        here = of_source == source
        if role != "train":
            split[here] = NAMES.index(role)
            continue
        files = np.unique(units[here])
        held_out = files[: ceil(settings.valid_files * len(files))] if len(files) > 1 else files[:0]
        split[here & np.isin(units, held_out)] = _VALID_FILES
    return split


def _by_hash(units: NDArray[np.uint64], settings: ByHash) -> NDArray[np.int8]:
    distinct = np.unique(units)
    valid, test = (ceil(share * len(distinct)) for share in (settings.valid, settings.test))
    if valid + test >= len(distinct):
        advice = ", use data.split.by=document" if settings.by == "file" else ""
        counted = f"{len(distinct)} {settings.by}s" + (" with documents" if settings.by == "file" else "")
        raise StudyError(
            f"data.split: {counted} are too few for data.split.valid="
            f"{settings.valid} and data.split.test={settings.test} "
            f"(at least one {settings.by} each) and training; add some{advice} or lower the shares"
        )
    rank = np.searchsorted(distinct, units)
    split = np.full(len(units), _TRAIN, dtype=np.int8)
    split[rank < valid + test] = _TEST
    split[rank < valid] = _VALID
    return split
