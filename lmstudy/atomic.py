"""Files that are whole or absent, whenever the process dies."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Another name beside `path` to write a file under: flushed to disk and put in place once the block is done.

    A block that raises leaves nothing behind, and what was at `path` as it was. An OSError names `path`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())  # else a crash of the machine could leave the new name on an empty file
        temporary.replace(path)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and (error.filename is None or str(error.filename) == str(temporary)):
            error.filename = str(path)  # writing knows no name, and the temporary one means nothing
        raise


def sweep_up(folder: Path) -> None:
    """Remove what a process that was killed has left of `replacing` in a folder that nobody else works on."""
    for stale in folder.rglob(".*.tmp"):
        with suppress(OSError):
            stale.unlink()


def write_text(path: Path, text: str) -> None:
    """Write a whole file of text."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
