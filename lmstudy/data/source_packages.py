"""Functions and methods of pinned Python packages, read from their wheels or sdists."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from lmstudy.data.archives import member_names, read_members
from lmstudy.data.artefacts import Artefact, fetch_all
from lmstudy.data.documents import Document, Progress, Reading, lines
from lmstudy.data.functions import decode_python, find_functions, is_generated

FILES_PER_PART = 100

_Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Exclusion(BaseModel):
    """Files left out: a glob over the path inside the wheel, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    glob: str
    reason: str


class Package(BaseModel):
    """A wheel of the package index, or the sdist named; `licence` is an SPDX expression, `role` the split."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    version: str
    sha256: _Sha256
    licence: str
    role: Literal["train", "valid", "test"]
    sdist: str | None = None


class Part(NamedTuple):
    """Some files of one wheel."""

    package: str
    wheel: Path
    members: frozenset[str]


class PythonFunctions(BaseModel):
    """The source (see `lmstudy.data.documents.Source`) of functions in pinned packages.

    Functions have `shortest` to `longest` lines: shorter ones are stubs, longer ones do not fit the context
    of a small model. Roles keep whole packages out of training.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    packages: dict[str, Package] = Field(min_length=1)
    exclude: list[Exclusion] = []
    shortest: PositiveInt = 3
    longest: PositiveInt = 60

    def identity(self) -> Mapping[str, Any]:
        """The files read and how; a list, since the first of two duplicate documents is the one kept."""
        packages = [[name, package.version, package.sha256] for name, package in self.packages.items()]
        return {**self.model_dump(exclude={"packages"}), "packages": packages}

    def about(self) -> Mapping[str, Mapping[str, Any]]:
        return {
            name: {"version": package.version, "licence": package.licence, "role": package.role}
            for name, package in self.packages.items()
        }

    def parts(self, cache: Path, progress: Progress) -> Sequence[Part]:
        artefacts = [Artefact(name=name, **package.model_dump()) for name, package in self.packages.items()]
        parts = []
        for artefact, wheel in zip(artefacts, fetch_all(artefacts, cache, progress), strict=True):
            modules = sorted(name for name in member_names(wheel) if name.endswith(".py"))
            for start in range(0, len(modules), FILES_PER_PART):
                members = frozenset(modules[start : start + FILES_PER_PART])
                parts.append(Part(artefact.name, wheel, members))
        return parts

    def read(self, part: Part) -> Reading:
        reading = Reading()
        for member, content in read_members(part.wheel, part.members.__contains__):
            in_folder = self.packages[part.package].sdist  # an sdist's members lie in a folder named after it
            path = member.partition("/")[2] if in_folder else member
            reading.files[part.package] += 1
            excluded = [rule.reason for rule in self.exclude if fnmatchcase(path, rule.glob)]
            if excluded:
                reading.skipped[part.package, f"files: {excluded[0]}"] += 1
            else:
                read_python(reading, content, part.package, path, self.shortest, self.longest)
        return reading


def read_python(reading: Reading, content: bytes, source: str, path: str, shortest: int, longest: int) -> None:
    """Add the functions of one file to a reading, and count what is left out."""
    try:
        text = decode_python(content)
        generated = is_generated(text)
        found = find_functions(text, shortest, longest)
    except SyntaxError:
        reading.skipped[source, "files that do not parse"] += 1
        return
    except ValueError:
        reading.skipped[source, "files that do not decode"] += 1
        return
    if generated:
        reading.skipped[source, "files: their header says that a program wrote them"] += 1
        return
    for reason, count in found.skipped.items():
        reading.skipped[source, reason] += count
    reading.documents += [Document(text, lines(text), source, path, name) for name, text in found.functions]
