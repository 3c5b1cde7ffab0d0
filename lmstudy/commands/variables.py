"""Variables of the environment that libraries read while they are imported, and stop at if they are not as expected."""

import os
import sys
from pathlib import Path

RANKS = ("RANK", "LOCAL_RANK", "SLURM_PROCID", "JSM_NAMESPACE_RANK")
"""Lightning takes the first that there is for a number."""


def settle_variables() -> None:
    """What a command does not need is as libraries expect it: figures are drawn in notebooks, which say how."""
    if "MPLBACKEND" in os.environ:
        os.environ["MPLBACKEND"] = "Agg"
    for name in RANKS:
        value = os.environ.get(name)
        if value is not None and not value.strip().isdecimal():
            del os.environ[name]
            command = Path(sys.argv[0]).name
            print(f"{command}: {name}={value!r} is no number of a process, and is passed over", file=sys.stderr)
