"""Small wheels and sdists, built on the spot."""

import gzip
import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

from lmstudy.data.artefacts.fetching import Artefact, place


def build_wheel(folder: Path, name: str, files: dict[str, str], requires_python: str = ">=3.11") -> Path:
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


def build_sdist(folder: Path, name: str, files: dict[str, str | bytes], version: str = "1.0") -> Path:
    """An sdist; the same input gives the same bytes."""
    sdist = folder / f"{name}-{version}.tar.gz"
    folder.mkdir(parents=True, exist_ok=True)
    content = {"PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", **files}
    with gzip.GzipFile(sdist, "wb", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as archive:
        for path, text in content.items():
            data = text.encode() if isinstance(text, str) else text
            info = tarfile.TarInfo(f"{name}-{version}/{path}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return sdist


def pin_sdist(sdist: Path, licence: str = "MIT") -> Artefact:
    name, version = sdist.name.removesuffix(".tar.gz").split("-")
    return Artefact(name, version, hashlib.sha256(sdist.read_bytes()).hexdigest(), licence, sdist=sdist.name)


def pin(wheel: Path, role: str = "train", licence: str = "MIT") -> Artefact:
    name, version = wheel.name.split("-")[:2]
    return Artefact(name, version, hashlib.sha256(wheel.read_bytes()).hexdigest(), licence, role)


def put(wheel: Path, artefact: Artefact, cache: Path) -> Path:
    """Into the cache by hand."""
    target = place(artefact, cache)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(wheel.read_bytes())
    return target
