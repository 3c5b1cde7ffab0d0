"""Python modules of pinned packages, read from their wheels or sdists, and the functions they hold."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import ClassVar, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from lmstudy.data.artefacts.archives import member_names, read_members
from lmstudy.data.artefacts.pins import Package, PackagesSource
from lmstudy.data.documents import Document, Progress, Reading, lines
from lmstudy.data.python_functions import decode_python, find_functions, is_generated


class Exclusion(BaseModel):
    """Files left out: a glob over the path inside the package, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    glob: str
    reason: str


class Part(NamedTuple):
    """Some files of one package."""

    package: str
    archive: Path
    members: frozenset[str]


class PackageModules(PackagesSource):
    """What sources have in common that read the modules of pinned packages, but for those excluded."""

    files_per_part: ClassVar[int]
    """Documents keep the order of the archive within a part, so that it is a part of what a corpus is."""
    packages: dict[str, Package] = Field(min_length=1)
    exclude: list[Exclusion] = Field(default=[])

    def parts(self, cache: Path, progress: Progress) -> Sequence[Part]:
        parts: list[Part] = []
        for package, archive in self.archives(cache, progress):
            modules = sorted(name for name in member_names(archive) if name.endswith(".py"))
            starts = range(0, len(modules), self.files_per_part)
            members = (frozenset(modules[start : start + self.files_per_part]) for start in starts)
            parts += [Part(package, archive, some) for some in members]
        return parts

    def read(self, part: Part) -> Reading:
        reading = Reading()
        for member, content in read_members(part.archive, part.members.__contains__):
            in_folder = self.packages[part.package].sdist  # an sdist's members lie in a folder named after it
            path = member.partition("/")[2] if in_folder else member
            reading.files[part.package] += 1
            excluded = [rule.reason for rule in self.exclude if fnmatchcase(path, rule.glob)]
            if excluded:
                reading.skipped[part.package, f"files: {excluded[0]}"] += 1
            else:
                self.read_module(reading, content, part.package, path)
        return reading

    def read_module(self, reading: Reading, content: bytes, package: str, path: str) -> None:
        """Add the documents of one module to a reading, or count why there is none."""
        raise NotImplementedError


class PythonFunctions(PackageModules):
    """The source (see `lmstudy.data.documents.Source`) of functions in pinned packages.

    Functions have `shortest` to `longest` lines: shorter ones are stubs, longer ones do not fit the context
    of a small model. Roles keep whole packages out of training; files that `exclude` names are left out.
    """

    files_per_part = 100
    shortest: PositiveInt = 3
    longest: PositiveInt = 60

    def read_module(self, reading: Reading, content: bytes, package: str, path: str) -> None:
        read_python(reading, content, package, path, self.shortest, self.longest)


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
