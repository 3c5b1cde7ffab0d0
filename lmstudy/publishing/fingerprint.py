"""Fingerprints of folders of files, by which a step sees whether anything it depends on has changed."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def files_under(folder: Path, *patterns: str, without: Iterable[str] = ()) -> list[Path]:
    """Files in `folder` that match a glob pattern, sorted; none inside a subfolder named in `without`."""
    skipped = set(without)
    found = {path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}
    return sorted(path for path in found if not skipped.intersection(path.relative_to(folder).parts[:-1]))


def fingerprint(root: Path, files: Iterable[Path], *texts: str) -> str:
    """SHA-256 over the names relative to `root` and the contents of `files`, and over `texts`.

    Names and lengths are part of it, so that moving a file, or text from one file to another, changes it.
    """
    digest = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    for text in texts:
        digest.update(f"\0text\0{len(text)}\0{text}".encode())
    return digest.hexdigest()
