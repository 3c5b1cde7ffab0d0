"""Memory that a training step frees is kept for the next one, and what is said where there is too little of it."""

import ctypes
import platform
import re

import torch

from lmstudy.errors import StudyError

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # from glibc's malloc.h


def keep_freed_memory() -> bool:
    """Tell glibc to keep freed memory instead of giving it back to the kernel; whether it was told.

    A step on a CPU allocates and frees the same large tensors again and again. By default each of them is mapped
    anew, and the kernel clears every page on first touch: a tenth of the time of a step. Results do not change.
    Other systems and C libraries are left as they are.
    """
    if platform.system() != "Linux" or platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    limit = 2**31 - 1  # mallopt takes an int
    return bool(mallopt(M_MMAP_THRESHOLD, 2**30)) and bool(mallopt(M_TRIM_THRESHOLD, limit))


def memory_error(error: Exception, what: str = "a training step") -> StudyError | None:
    """What to do, in a line, if an error of a training, or of `what` else, is one of too little memory."""
    told = str(error)
    if not isinstance(error, MemoryError | torch.OutOfMemoryError) and "can't allocate memory" not in told:
        return None
    asked = re.search(r"tried to allocate ([\d.]+ ?\w+)", told, re.IGNORECASE)
    size = f" (it asked for {asked[1]} more)" if asked else ""
    return StudyError(
        f"{what} needs more memory than there is{size}: lower budget.rows, or the lengths and widths of the "
        "budget; what was trained until the last checkpoint is kept"
    )
