"""Stages in the cache folder (`lmstudy.folders`) that are complete or absent.

A stage is a folder `corpora/<name>-<hash>`, named by the hash of everything that determines its content:
its settings, the version of its code, and the key of the stage before it. A changed setting therefore
rebuilds exactly what depends on it.
"""

import errno
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lmstudy.errors import StudyError
from lmstudy.waiting import alone

_STORAGE = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.ENOTDIR,
    errno.EEXIST,
}


def digest(content: Mapping[str, Any]) -> str:
    """16 hexadecimal digits that stand for a JSON-able value, whatever the order of its keys."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def file_digest(file: Path) -> str:
    """SHA-256 of a file, as 64 hexadecimal digits."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def files_digest(folder: Path, files: Iterable[Path]) -> str:
    """SHA-256 of some files of a folder, by their names in it and what they hold: moving the folder changes nothing."""
    listed = (f"{file.relative_to(folder).as_posix()}\n{file_digest(file)}\n" for file in files)
    return hashlib.sha256("".join(listed).encode("utf-8", "surrogateescape")).hexdigest()


def stage(cache: Path, name: str, key: str, build: Callable[[Path], None]) -> Path:
    """The folder of a stage, built when it does not exist.

    `build` fills a temporary folder beside it, renamed when finished: a kill at any moment leaves the stage
    absent, and what it left is removed by the next attempt. Processes that want the same stage wait for the
    first one, and say so; a complete stage needs no lock, so that a read-only cache can be read.

    Raises:
        StudyError: the cache is full or cannot be written.
    """
    folder = cache / "corpora" / f"{name}-{key}"
    if folder.is_dir():
        return folder
    with explained(cache):
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(cache, error.strerror or str(error)) from error
        with alone(folder.with_name(f".{folder.name}.lock"), f"{name} in {folder.parent}"):
            if folder.is_dir():
                return folder
            partial = folder.with_name(f".{folder.name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            try:
                build(partial)
                partial.replace(folder)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
    return folder


@contextmanager
def intact(file: Path) -> Iterator[None]:
    """Say what to do where a file of a complete stage is missing or cut, as after a loss of power.

    Raises:
        StudyError: names the file, and the folder to delete.
    """
    try:
        yield
    except (StudyError, MemoryError):
        raise
    except Exception as error:  # each format has exceptions of its own
        why = (error.strerror if isinstance(error, OSError) else "") or next(iter(str(error).splitlines()), "")
        raise StudyError(f"{file} is damaged ({why}): delete the folder {file.parent}, and it is made again") from error


@contextmanager
def explained(cache: Path) -> Iterator[None]:
    """Say what a failed write means: which folder, why, and how to choose another one."""
    try:
        yield
    except StudyError:
        raise
    except Exception as error:
        if (why := _why_not_stored(error)) is None:
            raise
        raise _unwritable(cache, why) from error


def _why_not_stored(error: BaseException | None) -> str | None:
    """What the operating system said, if it refused to store something, whatever a library made of it."""
    while error is not None:
        told = re.search(r"\(os error (\d+)\)", str(error))  # libraries in Rust have exceptions of their own
        number = error.errno if isinstance(error, OSError) else int(told[1]) if told else None
        if number in _STORAGE:
            return os.strerror(number)
        error = error.__cause__ or error.__context__
    return None


def _unwritable(cache: Path, why: str) -> StudyError:
    return StudyError(
        f"cannot write to the cache folder {cache}: {why}; free some space, make it "
        "writable, or set LMSTUDY_CACHE to another folder"
    )
