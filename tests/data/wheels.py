"""Small wheels and sdists, built on the spot."""

import gzip
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lmstudy.data.artefacts.fetching import Artefact, place


def build_wheel(folder: Path, name: str, files: Mapping[str, str | bytes], requires_python: str = ">=3.11") -> Path:
    """A wheel that pip accepts, of version 1.0; the same input gives the same bytes."""
    wheel = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nRequires-Python: {requires_python}\n"
    tags = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    content = {**files, f"{info}/METADATA": metadata, f"{info}/WHEEL": tags, f"{info}/RECORD": ""}
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in content.items():
            archive.writestr(zipfile.ZipInfo(path), text)
    return wheel


def tarball(files: Mapping[str, str | bytes]) -> bytes:
    """A gzipped tarball; the same input gives the same bytes."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as opened, tarfile.open(fileobj=opened, mode="w") as archive:
        for path, text in files.items():
            data = text.encode() if isinstance(text, str) else text
            info = tarfile.TarInfo(path)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return packed.getvalue()


def build_sdist(folder: Path, name: str, files: Mapping[str, str | bytes], version: str = "1.0") -> Path:
    """An sdist: a tarball of one folder."""
    sdist = folder / f"{name}-{version}.tar.gz"
    folder.mkdir(parents=True, exist_ok=True)
    content = {"PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", **files}
    sdist.write_bytes(tarball({f"{name}-{version}/{path}": text for path, text in content.items()}))
    return sdist


def pin_sdist(sdist: Path) -> Artefact:
    name, version = sdist.name.removesuffix(".tar.gz").split("-")
    return Artefact(name, version, hashlib.sha256(sdist.read_bytes()).hexdigest(), "MIT", sdist=sdist.name)


def pin(wheel: Path) -> Artefact:
    name, version = wheel.name.split("-")[:2]
    return Artefact(name, version, hashlib.sha256(wheel.read_bytes()).hexdigest(), "MIT", "train")


def put(wheel: Path, artefact: Artefact, cache: Path) -> Path:
    """Into the cache by hand."""
    target = place(artefact, cache)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(wheel.read_bytes())
    return target


def pinned_wheel(cache: Path, name: str, files: Mapping[str, str | bytes], **changes: Any) -> dict[str, Any]:
    """What a config says of a wheel that the cache now holds."""
    pinned = pin(wheel := build_wheel(cache, name, files))
    put(wheel, pinned, cache)
    return {"version": "1.0", "sha256": pinned.sha256, "licence": "MIT", **changes}


def pinned_sdist(cache: Path, name: str, files: Mapping[str, str | bytes]) -> dict[str, Any]:
    """What a config says of an sdist that the cache now holds."""
    pinned = pin_sdist(sdist := build_sdist(cache, name, files))
    put(sdist, pinned, cache)
    return {"name": name, "version": "1.0", "file": sdist.name, "sha256": pinned.sha256, "licence": "MIT"}
