"""The kernel that notebooks run in: this interpreter, whatever kernels the user has installed."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ipykernel.kernelspec import KERNEL_NAME, write_kernel_spec


@contextlib.contextmanager
def this_interpreter_as_kernel(**environment: str) -> Iterator[str]:
    """Name of a kernel specification that runs `sys.executable`, found before all others while in use.

    A `python3` specification in the user's folders may belong to another environment, and start-up files
    of the user's IPython profile could change results: the kernel gets an empty profile. Figures are drawn
    inline even where the caller's MPLBACKEND says otherwise. Variables of `environment` are set in the kernel.
    """
    with tempfile.TemporaryDirectory(prefix="lmstudy-kernel-") as folder:
        variables = {
            "IPYTHONDIR": str(Path(folder, "ipython")),
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
            **environment,
        }
        quiet = ["--log-level=ERROR"]  # it warns that it talks over the loopback interface
        overrides = {"display_name": "Python 3", "env": variables}
        write_kernel_spec(Path(folder, "kernels", KERNEL_NAME), overrides, quiet)
        before = os.environ.get("JUPYTER_PATH")
        os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [folder, before]))
        try:
            yield KERNEL_NAME
        finally:
            if before is None:
                del os.environ["JUPYTER_PATH"]
            else:
                os.environ["JUPYTER_PATH"] = before
