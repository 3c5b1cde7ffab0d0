"""The YAML files of `lmstudy.conf`: what they offer, read at once for help, and composed into a configuration.

Composing takes a tenth of a second and more, and chapters and claims do it hundreds of times with the same overrides.
So what was composed is remembered in the process and, between processes, in the cache folder, for as long as the files
that it was composed from stay as they are.
"""

import atexit
import json
import os
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lmstudy.atomic import write_text
from lmstudy.errors import StudyError
from lmstudy.folders import cache_folder

_REMEMBERED = 2000
"""Most configurations that are kept on disk, some ten MB."""
_composed: dict[str, str] = {}
"""Configurations as JSON text, by `[root, *overrides]` as JSON text: of the files that `_state` tells."""
_state: dict[str, Any] = {"stamps": None, "fingerprint": None, "looked": -1.0, "registered": False}


def compose_config(root: str, overrides: Sequence[str]) -> dict[str, Any]:
    """The resolved configuration of a command line.

    Args:
        root: a YAML file of `conf`, such as "train", without its ending.
        overrides: as they are typed behind the command, such as "budget=short".

    Raises:
        StudyError: an unknown key or choice.
    """
    # A folder of the user's own may change at any time, and an interpolation may read what is no file.
    if any(override.lstrip("+~").startswith("hydra") or "${" in override for override in overrides):
        return _compose(root, overrides)
    _refresh()
    key = json.dumps([root, *overrides])
    if key not in _composed:
        config = _compose(root, overrides)
        text = json.dumps(config)
        if json.loads(text) != config:  # such as keys that are no text
            return config
        _composed[key] = text
        if not _state["registered"]:
            atexit.register(_write)
            _state["registered"] = True
    return json.loads(_composed[key])


def _compose(root: str, overrides: Sequence[str]) -> dict[str, Any]:
    from hydra import compose, initialize_config_module
    from hydra.core.global_hydra import GlobalHydra
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    GlobalHydra.instance().clear()
    try:
        with initialize_config_module("lmstudy.conf", version_base="1.3"):
            config = compose(root, list(overrides))
            OmegaConf.resolve(config)
            return OmegaConf.to_container(config)  # type: ignore[return-value]
    except (
        HydraException,
        OmegaConfBaseException,
        ValueError,
    ) as error:  # the last of GROUP=null: ~GROUP leaves it out
        raise StudyError(f"{' '.join(overrides)}: {' '.join(str(error).split())}") from error


def _refresh() -> None:
    """Forget what was composed from other files than there are now (seen within a second); take up what is on disk."""
    if time.monotonic() - _state["looked"] < 1:
        return
    _state["looked"] = time.monotonic()
    paths = sorted(_folder().glob("**/*.yaml"))
    stamps = [(str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in paths]
    if stamps == _state["stamps"]:
        return
    import hashlib
    from importlib.metadata import version

    content = hashlib.sha256(f"{version('hydra-core')} {version('omegaconf')}".encode())
    for path in paths:
        content.update(f"\0{path.parent.name}/{path.name}\0".encode() + path.read_bytes())
    _state.update(stamps=stamps, fingerprint=content.hexdigest())
    _composed.clear()
    _composed.update(_read())


def _folder() -> Path:
    """Of the YAML files: of a checkout or as installed."""
    spec = find_spec("lmstudy.conf")
    if spec is None or not spec.submodule_search_locations:
        raise StudyError("lmstudy.conf is missing: install the package again")
    return Path(spec.submodule_search_locations[0])


def _file() -> Path:
    return cache_folder() / "configurations.json"


def _read() -> dict[str, str]:
    """What other processes composed from the same files; nothing of a file that is missing, older, or damaged."""
    with suppress(OSError, ValueError):
        kept = json.loads(_file().read_text(encoding="utf-8"))
        if isinstance(kept, dict) and kept.get("fingerprint") == _state["fingerprint"]:
            return dict(kept.get("composed", {}))
    return {}


def _write() -> None:
    """Once, when the process ends; a cache folder that cannot be written to costs time only."""
    composed = dict([*(_read() | _composed).items()][-_REMEMBERED:])
    with suppress(OSError):
        write_text(_file(), json.dumps({"fingerprint": _state["fingerprint"], "composed": composed}))


def search_path(arguments: Sequence[str]) -> list[str]:
    """The folder of a user's own YAML files, from `--config-dir FOLDER`, as an override that Hydra composes with."""
    for position, argument in enumerate(arguments):
        option, equals, folder = argument.partition("=")
        if option == "hydra.searchpath":
            return [argument]
        if option in ("--config-dir", "-cd"):
            folder = folder if equals else arguments[position + 1]
            return [f"hydra.searchpath=[file://{os.path.realpath(folder)}]"]
    return []


def group_defaults(root: str) -> dict[str, str | None]:
    """Groups of a root configuration and their default choices."""
    pairs = re.findall(r"^ +- (\w+): (\w+)", _defaults(_text(root)), flags=re.MULTILINE)
    return {group: None if choice == "null" else choice for group, choice in pairs}


def group_choices(group: str) -> dict[str, str]:
    """Choices of a group and the sentence that each file opens with; files named _NAME are parts of others."""
    names = sorted(path.name for path in (_folder() / group).iterdir())
    choices = [name.removesuffix(".yaml") for name in names if name.endswith(".yaml") and not name.startswith("_")]
    return {choice: _sentence(_text(f"{group}/{choice}")) for choice in choices}


def _sentence(text: str) -> str:
    comments = [line[2:].strip() for line in text.splitlines()[:3] if line.startswith("# ")]
    return next((comment for comment in comments if not comment.startswith("@package")), "")


def documented_keys(name: str) -> dict[str, str]:
    """Keys of a YAML file, each as KEY=VALUE, and the comments above and behind it, read without a YAML library.

    Args:
        name: such as "train" or "measure/reading"; of a file that is based on another one of its group, both.
    """
    text = _text(name)
    found: dict[str, tuple[str, str]] = {}
    for base in re.findall(r"^ +- (\w+) *$", _defaults(text), flags=re.MULTILINE):
        if base not in ("_self_", "_hydra"):
            known = documented_keys(f"{name.rpartition('/')[0]}/{base}".lstrip("/"))
            found |= {key: (value, what) for one, what in known.items() for key, value in [one.split("=", 1)]}
    above: list[str] = []
    parents: list[tuple[int, str]] = []
    key = ""
    for line in text.replace(_defaults(text), "").splitlines()[1:]:
        comment = re.fullmatch(r"( *)# ?(.*)", line)
        match = re.fullmatch(r"( *)([\w-]+):(?: +(.*?))?(?: +# ?(.*))?", line)
        if comment and key and len(comment[1]) > 6:  # goes on behind the comment of the line before
            found[key] = (found[key][0], f"{found[key][1]} {comment[2]}")
        elif comment:
            above.append(comment[2])
        elif match:
            indent, last, value, behind = len(match[1]), match[2], match[3], match[4]
            parents = [(depth, parent) for depth, parent in parents if depth < indent]
            key = ".".join([*(parent for _, parent in parents), last])
            if value:
                what = " ".join([*above, *([behind] if behind else [])])
                found[key] = (value.strip(), what or found.get(key, ("", ""))[1])
            else:
                parents.append((indent, last))
            above, key = [], key if value else ""
        else:
            above, key = [], ""
    return {f"{key}={value}": what for key, (value, what) in found.items() if key != "_target_"}


def _text(name: str) -> str:
    return (_folder() / f"{name}.yaml").read_text(encoding="utf-8")


def _defaults(text: str) -> str:
    """The block `defaults:` of a YAML file with its name."""
    block = re.search(r"^defaults:.*\n(?:[ #-].*\n)+", text, flags=re.MULTILINE)
    return block[0] if block else ""
