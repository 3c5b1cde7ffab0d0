"""Files that are whole or absent, whenever the process dies."""

import os
from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """Write a file under another name beside it, flush it to disk, then put it in place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
