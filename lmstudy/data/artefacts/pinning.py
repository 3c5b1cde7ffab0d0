"""Finds a release in the package index, looks at its licence, and says how a config pins it."""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from email.message import Message
from email.parser import Parser
from functools import partial
from pathlib import Path, PurePosixPath

from httpx2 import HTTPError, InvalidURL
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from unearth import Package, PackageFinder, UnpackError

from lmstudy.data.artefacts.archives import read_members
from lmstudy.data.artefacts.fetching import Artefact, files_of, place, retried
from lmstudy.data.artefacts.licences import PERMISSIVE, find_licence
from lmstudy.data.artefacts.package_index import client, finders, unreachable, without_addresses
from lmstudy.data.cache import explained, file_digest
from lmstudy.errors import StudyError

_SDISTS = (".tar.gz", ".tgz", ".zip", ".tar.bz2", ".tar.xz")


def pin(
    name: str, version: str | None, role: str, cache: Path, settings: Mapping[str, str], sdist: bool = False
) -> Artefact:
    """The newest release of a package that is final and not yanked, or the one given, put into the cache.

    Args:
        name: of the package; it is written as the index compares names.
        version: of the release; none for the newest.
        role: what its documents are for: "train", "valid" or "test".
        cache: where its file is kept, as if it had been fetched for a corpus.
        settings: pip's own, which say where to look (`pip_settings`).
        sdist: whether an sdist will do where the release has no wheel for every platform.

    Raises:
        StudyError: there is no such release or file, it cannot be fetched, or its licence is not permissive.
    """
    name = canonicalize_name(name)
    offers: list[tuple[PackageFinder, Package]] = []
    failures: list[str] = []
    with client(settings) as session:
        for finder in finders(settings, session):
            try:
                offers += [(finder, package) for package in retried(partial(files_of, finder, name))]
            except (HTTPError, InvalidURL, OSError) as error:
                failures.append(without_addresses(str(error).split("\n")[0]) or type(error).__name__)
        if failures:  # a place that is silent may hold the newest
            raise StudyError(f"{name}: the package index cannot be asked ({failures[0]}); {unreachable(settings)}")
        release = _release(name, version, [package for _, package in offers])
        good = [offer for offer in offers if offer[1].version == release and not offer[1].link.is_yanked]
        finder, package = _file(name, good, sdist)
        with explained(cache):
            (cache / "artefacts").mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=cache / "artefacts", prefix=".pin-") as folder:
                try:
                    saved = retried(partial(finder.download, package.link, folder))
                except (HTTPError, InvalidURL, UnpackError) as error:
                    why = without_addresses(str(error).split("\n")[0]) or type(error).__name__
                    raise StudyError(f"{name}=={release}: {package.link.filename} cannot be fetched ({why})") from error
                pinned = Artefact(
                    name, release, file_digest(saved), licence(name, release, saved), role, _sdist_name(package)
                )
                target = place(pinned, cache)
                target.parent.mkdir(exist_ok=True)
                copy = Path(folder) / ".kept"
                shutil.copyfile(saved, copy)  # a file of this machine stays where it lies
                copy.replace(target)
    return pinned


def licence(name: str, version: str, archive: Path) -> str:
    """The permissive licence that an artefact's metadata state, as an SPDX expression.

    Raises:
        StudyError: there is none; with what the metadata say and what would do.
    """
    said = find_licence(*_metadata(archive))
    if said.licence is None:
        raise StudyError(
            f"{name}=={version}: its metadata say {said.said}; right would be one of {', '.join(PERMISSIVE)}"
        )
    return said.licence


def _release(name: str, version: str | None, packages: Sequence[Package]) -> str:
    if not packages:
        raise StudyError(f"{name}: the package index has no such package")
    releases: dict[str, list[Package]] = {}
    for package in packages:
        releases.setdefault(str(package.version), []).append(package)
    if version is not None:
        same = [one for one in releases if _version(one) == _version(version)]
        if not same:
            newest = sorted(releases, key=_version)[-5:]
            raise StudyError(f"{name}=={version}: there is no such version; the newest are {', '.join(newest)}")
        reasons = [package.link.yank_reason for package in releases[same[0]]]
        if None not in reasons:
            why = f": {reasons[0]}" if reasons[0] else ""
            raise StudyError(f"{name}=={version}: this version was yanked by its authors{why}")
        return same[0]
    final = [one for one, files in releases.items() if not _version(one).is_prerelease and not _yanked(files)]
    if not final:
        raise StudyError(f"{name}: every version is a pre-release or yanked; name one as {name}==VERSION")
    return max(final, key=_version)


def _version(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion:
        return Version("0.dev0")


def _yanked(files: Sequence[Package]) -> bool:
    return all(package.link.is_yanked for package in files)


def _file(name: str, offers: Sequence[tuple[PackageFinder, Package]], sdist: bool) -> tuple[PackageFinder, Package]:
    """The wheel for every platform, or the sdist if that will do."""
    wheels = {offer[1].link.filename: offer for offer in reversed(offers) if _is_pure(offer[1].link.filename)}
    if wheels:
        return wheels[min(wheels)]
    sources = [offer for offer in offers if offer[1].link.filename.endswith(_SDISTS)]
    if sources and sdist:
        return sources[0]
    version = offers[0][1].version
    other = "it has an sdist, which --sdist takes" if sources else "nor an sdist"
    raise StudyError(f"{name}=={version}: no wheel of pure Python, for every platform; {other}")


def _is_pure(filename: str) -> bool:
    return filename.endswith("-none-any.whl") and "py3" in filename.rsplit("-", 3)[1]


def _sdist_name(package: Package) -> str | None:
    return None if package.link.is_wheel else package.link.filename


def _metadata(archive: Path) -> tuple[Message, list[str]]:
    """METADATA or PKG-INFO, and the texts of the licence files that belong to the whole of an artefact."""
    metadata, texts = Message(), []
    for member, content in read_members(archive, _tells):
        text = content.decode("utf-8", "replace")
        if PurePosixPath(member).name in ("METADATA", "PKG-INFO"):
            metadata = Parser().parsestr(text, headersonly=True)
        else:
            texts.append(text)
    return metadata, texts


def _tells(member: str) -> bool:
    folder, _, name = member.partition("/")
    name = name.removeprefix("licenses/") if folder.endswith(".dist-info") else name
    if "/" in name or (name == "METADATA" and not folder.endswith(".dist-info")):
        return False
    return name in ("METADATA", "PKG-INFO") or PurePosixPath(name).stem.upper() in ("LICENSE", "LICENCE", "COPYING")
