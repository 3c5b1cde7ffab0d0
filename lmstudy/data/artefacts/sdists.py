"""One sdist from the package index: downloaded, and nothing else.

`pip download` would run a package's build only to read its name and version. `unearth` finds the file where pip
would find it and stops there, so nothing that was downloaded is executed.
"""

import logging
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from httpx2 import HTTPError, InvalidURL, TransportError
from unearth import HashMismatchError, Package, PackageFinder, UnpackError

from lmstudy.data.artefacts.package_index import client, finders, pip_settings
from lmstudy.data.artefacts.wheels import RETRIES, PinMismatchError, without_addresses
from lmstudy.errors import StudyError

Result = TypeVar("Result")

logging.getLogger("unearth").addHandler(logging.NullHandler())  # that an index lacks a package is no news


def download_sdist(name: str, version: str, file: str, sha256: str, folder: Path) -> Path:
    """Put the file of exactly this name and hash into an empty folder.

    Raises:
        StudyError: no place offers the file, those that do offer another one, or they cannot be reached.
    """
    settings = pip_settings()
    offered: set[str] = set()
    others: list[str] = []
    failures: list[str] = []
    with client(settings) as session:
        for finder in finders(settings, session):
            try:
                packages = _retried(partial(_found, finder, name))
                offered |= {package.link.filename for package in packages}
                for package in packages:
                    if package.link.filename != file:
                        continue
                    got = _retried(partial(_save, finder, package, sha256, folder))
                    if got == sha256:
                        return folder / file
                    others.append(got)
            except (HTTPError, InvalidURL, UnpackError, OSError) as error:
                failures.append(without_addresses(str(error).split("\n")[0]) or type(error).__name__)
    if others:
        raise PinMismatchError(name, version, sha256, others[0])
    if failures:
        raise StudyError(f"could not fetch {file} of {name}=={version} ({failures[0]}); is there a network?")
    listed = f"the sdists there are {sorted(offered)}" if offered else f"there is no sdist of {name} at all"
    raise StudyError(f"the package index holds no file {file} of {name}=={version}; {listed}.")


def _retried(attempt: Callable[[], Result]) -> Result:
    """The result of an attempt; one whose connection failed is repeated."""
    for _ in range(RETRIES):
        try:
            return attempt()
        except TransportError:
            continue
    return attempt()


def _found(finder: PackageFinder, name: str) -> list[Package]:
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
