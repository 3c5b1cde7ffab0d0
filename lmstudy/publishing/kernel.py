"""The kernel that notebooks run in: this interpreter, whatever kernels the user has installed."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ipykernel.kernelspec import KERNEL_NAME, write_kernel_spec
from traitlets.config import Config

from lmstudy.folders import cache_folder


@dataclass(frozen=True)
class Kernel:
    """What papermill needs to start a kernel."""

    name: str
    """Of its specification."""
    config: Config
    """Of its manager."""


@contextlib.contextmanager
def this_interpreter_as_kernel(**environment: str) -> Iterator[Kernel]:
    """A kernel specification that runs `sys.executable`, found before all others while in use.

    A `python3` specification in the user's folders may belong to another environment, and start-up files
    of the user's IPython profile could change results: the kernel gets an empty profile. Figures are drawn
    inline even where the caller's MPLBACKEND says otherwise. Variables of `environment` are set in the kernel.

    What Jupyter and Matplotlib keep beside goes into folders of this package: a home may be missing or read-only.

    Kernels are spoken to through sockets in a folder of their own: ports are looked up first and taken later, and two
    kernels that start at the same time could get the same.
    """
    with tempfile.TemporaryDirectory(prefix="lmstudy-kernel-") as folder:
        variables = {
            "IPYTHONDIR": str(Path(folder, "ipython")),
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
            "MPLCONFIGDIR": os.environ.get("MPLCONFIGDIR") or str(cache_folder() / "matplotlib"),
            **environment,
        }
        quiet = ["--log-level=CRITICAL"]  # it tells that it is interrupted when it is ended
        overrides = {"display_name": "Python 3", "env": variables}
        write_kernel_spec(Path(folder, "kernels", KERNEL_NAME), overrides, quiet)
        before = {name: os.environ.get(name) for name in ("JUPYTER_PATH", "JUPYTER_RUNTIME_DIR")}
        os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [folder, before["JUPYTER_PATH"]]))
        os.environ["JUPYTER_RUNTIME_DIR"] = str(Path(folder, "runtime"))
        try:
            sockets = {"transport": "ipc", "ip": str(Path(folder, "socket"))}
            yield Kernel(KERNEL_NAME, Config({"KernelManager": sockets}))
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
