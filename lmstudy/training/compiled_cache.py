"""Compiled graphs are kept on this machine: PyTorch's own cache, in a folder of this package.

By itself PyTorch keeps them below /tmp, which a restart empties. A folder that cannot be used or that is damaged costs
a line and compiling, never a run.
"""

import hashlib
import os
import platform
import shlex
import shutil
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from lmstudy.folders import cache_folder

VARIABLE = "TORCHINDUCTOR_CACHE_DIR"
"""Where PyTorch keeps compiled graphs; who sets it has chosen a folder."""

BEING_WRITTEN = 600
"""Seconds in which another process may still be writing a file."""

_temporary: list[tempfile.TemporaryDirectory[str]] = []  # removed when Python ends


def graphs_folder() -> Path:
    """Of this version of PyTorch and this processor: graphs of others may not run here."""
    processor = [platform.machine(), torch.backends.cpu.get_cpu_capability()]
    information = Path("/proc/cpuinfo")
    if information.is_file():
        lines = information.read_text(errors="replace").splitlines()
        processor += sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))})
    digest = hashlib.sha256("\n".join(processor).encode()).hexdigest()[:8]
    return cache_folder() / "compiled" / f"torch-{torch.__version__}-{platform.machine()}-{digest}"


def keep_compiled_graphs() -> None:
    """From now on PyTorch keeps its graphs in `graphs_folder`, unless the environment names another folder.

    A folder that cannot be written to is said in a line, and a temporary one takes its place.
    """
    from torch._inductor.runtime.cache_dir_utils import default_cache_dir

    _quote_library_folders()
    # PyTorch itself sets the variable to its default as soon as it has compiled anything.
    if os.environ.get(VARIABLE, default_cache_dir()) != default_cache_dir():
        return
    folder = graphs_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        _temporary.append(tempfile.TemporaryDirectory(prefix="lmstudy-compiled-"))
        print(f"compiled graphs are not kept: {folder} cannot be written to ({error.strerror})", file=sys.stderr)
        folder = Path(_temporary[-1].name)
    if damaged := [path for path in folder.rglob("*.so") if not _whole(path)]:
        print(f"{len(damaged)} compiled graphs in {folder} are damaged: they are compiled again", file=sys.stderr)
        for path in damaged:
            path.unlink(missing_ok=True)
    os.environ[VARIABLE] = str(_without_spaces(folder))


def _without_spaces(folder: Path) -> Path:
    """The folder, or another name of it: PyTorch writes names of files into a compiler's command line as they are."""
    if shlex.quote(str(folder)) == str(folder):
        return folder
    _temporary.append(tempfile.TemporaryDirectory(prefix="lmstudy-compiled-"))
    other = Path(_temporary[-1].name, "graphs")
    other.symlink_to(folder.resolve(), target_is_directory=True)
    return other


def _quote_library_folders() -> None:
    """In a virtual environment below a folder such as `my study`, PyTorch's own libraries must be found, too.

    PyTorch 2.13 quotes folders of headers and not those of libraries. Other names stay as they are.
    """
    from torch._inductor.cpp_builder import BuildOptionsBase

    usual = BuildOptionsBase.get_libraries_dirs
    if getattr(usual, "quotes", False):
        return

    def quoted(options: BuildOptionsBase) -> list[str]:
        return [shlex.quote(folder) if Path(folder).is_dir() else folder for folder in usual(options)]

    quoted.quotes = True  # type: ignore[attr-defined]
    BuildOptionsBase.get_libraries_dirs = quoted  # type: ignore[method-assign,assignment]


def _whole(path: Path) -> bool:
    """Whether a shared library is as long as its header says; one that may still be written counts as whole.

    PyTorch would take a library that it cannot load for a processor without vectors, and compile slow code.
    """
    if sys.platform != "linux" or time.time() - path.stat().st_mtime < BEING_WRITTEN:
        return True
    with path.open("rb") as stream:
        header = stream.read(64)
    if len(header) < 64 or not header.startswith(b"\x7fELF"):
        return False
    (sections,), (size, count) = struct.unpack_from("<Q", header, 40), struct.unpack_from("<HH", header, 58)
    return path.stat().st_size >= sections + size * count


def recovering(compiled: Callable[..., Any], failed: Callable[[Exception], Any]) -> Callable[..., Any]:
    """The same function; where graphs that were kept turn out damaged, they are deleted and it is compiled again.

    In a folder that the environment names, nothing is deleted: the error is raised.

    Args:
        compiled: by PyTorch, at its first call.
        failed: whether an error is one of compiling.
    """
    folder = Path(os.environ[VARIABLE]).resolve()
    kept = [folder] if folder == graphs_folder().resolve() and any(folder.iterdir()) else []

    def call(*arguments: Any) -> Any:
        try:
            return compiled(*arguments)
        except Exception as error:
            if not kept or not failed(error):
                raise
            print(f"compiled graphs in {kept.pop()} seem damaged: they are compiled again", file=sys.stderr)
        _forget(folder)
        return compiled(*arguments)

    return call


def _forget(folder: Path) -> None:
    """Nothing that was compiled is left, on the disk or in this process."""
    from torch._inductor.utils import clear_caches

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    clear_caches()
    torch._dynamo.reset()
