"""The YAML files of `lmstudy.conf`: what they offer, read at once for help, and composed into a configuration.

Composing takes a tenth of a second and more, and chapters and claims do it hundreds of times with the same overrides.
So what was composed is remembered in the process and, between processes, in the cache folder, for as long as the files
that it was composed from stay as they are.
"""

import atexit
import difflib
import json
import os
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

from lmstudy.atomic import write_text
from lmstudy.errors import KEYS_WANTED, StudyError
from lmstudy.folders import cache_folder
from lmstudy.overrides import NONE, as_typed, home, quoted

_REMEMBERED = 2000
"""Most configurations that are kept on disk, some ten MB."""
_composed: dict[str, str] = {}
"""Configurations as JSON text, by `[root, *overrides]` as JSON text: of the files that `_state` tells."""
_usual: dict[str, Mapping[str, Any]] = {}
"""What choices of groups alone give, by `[root, *choices]` as JSON text."""
SETTLES = ("compose.py", "config.py", "overrides.py", "settling.py")
"""Modules of this package that have a say in what is composed."""
_state: dict[str, Any] = {"stamps": None, "fingerprint": None, "looked": -1.0, "registered": False}


def compose_config(root: str, overrides: Sequence[str]) -> dict[str, Any]:
    """The resolved configuration of a command line.

    Args:
        root: a YAML file of `conf`, such as "train", without its ending.
        overrides: as they are typed behind the command, such as "budget=short"; those that are made of values, by
            `lmstudy.overrides.override`.

    Raises:
        StudyError: an unknown key or choice.
    """
    if wrong := [one for one in overrides if "=" not in one and not one.startswith("~")]:
        raise StudyError(f"{wrong[0]}: KEY=VALUE is wanted, as in seed=1")
    overrides = [none_as_choice(root, as_typed(argument)) for argument in overrides]
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
    offer_none(root)
    try:
        with initialize_config_module("lmstudy.conf", version_base="1.3"):
            config = compose(root, list(overrides))
            OmegaConf.resolve(config)
            composed: dict[str, Any] = OmegaConf.to_container(config)  # type: ignore[assignment]
    except (HydraException, OmegaConfBaseException) as error:
        typed = " ".join(override.replace(f"={NONE}", "=null") for override in overrides)
        raise StudyError(f"{typed}: {_told(error, root)}") from error
    return settled_as_typed(root, composed, overrides)


def _told(error: Exception, root: str) -> str:
    """A message of Hydra's in a line, with what there is in the place of what there is not."""
    text = " ".join(str(error).split())
    if line := no_such_choice(text) or of_another_kind(error):
        return line
    if (key := unknown_key(error)) is None:
        return text
    fields = documented_keys(root)
    close = difflib.get_close_matches(key, [field.partition("=")[0] for field in fields], 1)
    return f"{key}: unknown key" + "".join(f"; did you mean {one}?" for one in close)


def no_such_choice(text: str) -> str | None:
    """GROUP=NAME and the choices that there are, where a message of Hydra's says that there is no such file."""
    if not (choice := re.search(r"Could not find '([^']+)/([^']*)'", text)):
        return None
    group, name = choice.groups()
    known = re.search(r"Available options in '[^']+': (.*?) Config search path", text)  # --config-dir's too
    choices = known[1].split() if known else group_choices(group)
    return f"{group}={name}: no such choice; choose from {', '.join(one for one in choices if one[0] != '_')}"


def unknown_key(error: Exception) -> str | None:
    """The key that there is not, where an error of Hydra's says so of an override or of a part of its value."""
    named = re.search(r"Could not (?:override|delete from config\.) '([^']+)'(?!.* is .* and not )", str(error))
    inside = re.search(r"is not in struct\s+full_key: (\S+)", str(error.__cause__))
    return inside[1] if named and inside else named[1] if named else None


def of_another_kind(error: Exception) -> str | None:
    """KEY=VALUE and what would be right, where a list was given for keys with values, or the other way round."""
    cause = re.match(r"Cannot merge \w+ with \w+\s+full_key: (\S+)\s+object_type=(list|dict)", str(error.__cause__))
    if cause is None:
        return None
    right = f"a list is wanted, as in {cause[1]}=[A,B]" if cause[2] == "list" else KEYS_WANTED.format(cause[1])
    return f"{' '.join(str(error).split()).removeprefix('Error merging override ')}: {right}"


def settled_as_typed(
    root: str, composed: dict[str, Any], overrides: Sequence[str], folders: Sequence[str] = ()
) -> dict[str, Any]:
    """What Hydra composed, without the groups that `GROUP=null` leaves out, and with values of the types of their keys
    (see `lmstudy.settling`).

    Args:
        root: the YAML file of the command, such as "train".
        composed: the resolved configuration; it is changed.
        overrides: what was typed.
        folders: of YAML files that are not the package's, as addresses ("file:///...").

    Raises:
        StudyError: a key of a group that is left out was typed, or a value has no such type.
    """
    _leave_out(root, composed, overrides)
    groups = [override for override in overrides if _chooses(root, override)]
    if len(groups) == len(overrides):
        return composed
    from lmstudy.settling import settled

    searched = [f"hydra.searchpath=[{','.join(map(quoted, folders))}]"] if folders else []
    return settled(root, composed, overrides, _partial(root, [*searched, *groups]))


def _leave_out(root: str, composed: dict[str, Any], overrides: Sequence[str]) -> None:
    """A group that `none_as_choice` leaves out has no keys, not even those that an experiment sets in it.

    Raises:
        StudyError: one of its keys was typed.
    """
    for group in _optional(root):
        if f"{group}={NONE}" in overrides:
            if typed := [override for override in overrides if override.lstrip("+~").startswith(f"{group}.")]:
                raise StudyError(f"{typed[0]}: {group}=null leaves out {group} and all of its keys")
            composed[group] = None


def none_as_choice(root: str, argument: str) -> str:
    """GROUP=null as the choice that leaves a group out, over an experiment, too, and in sweeps.

    Raises:
        StudyError: this group cannot be left out.
    """
    key, _, value = argument.partition("=")
    if key not in group_defaults(root) or "null" not in value.split(","):
        return argument
    if key not in _optional(root):
        raise StudyError(f"{argument}: {key} cannot be left out; choose from {', '.join(group_choices(key))}")
    return f"{key}={','.join(NONE if part == 'null' else part for part in value.split(','))}"


def offer_none(root: str) -> None:
    """Let Hydra know the choice that `none_as_choice` speaks of."""
    from hydra.core.config_store import ConfigStore

    for group in _optional(root):
        ConfigStore.instance().store(group=group, name=NONE, node={group: None}, package="_global_")


def _optional(root: str) -> list[str]:
    """Groups that a command can do without."""
    from lmstudy.config import ROOTS

    fields = ROOTS[root].model_fields if root in ROOTS else {}
    return [group for group in group_defaults(root) if group in fields and _admits_none(fields[group].annotation)]


def _admits_none(annotation: Any) -> bool:
    return type(None) in get_args(annotation)


def _chooses(root: str, override: str) -> bool:
    """Whether an override chooses of a group, or says where choices are."""
    key = override.partition("=")[0].lstrip("+~")
    return key.startswith("hydra.") or "@" in key or key in group_defaults(root)


def _partial(root: str, groups: Sequence[str]) -> Mapping[str, Any]:
    """A configuration as choices of groups alone make it, in which values may be missing."""
    from hydra import compose, initialize_config_module
    from hydra.core.global_hydra import GlobalHydra
    from omegaconf import OmegaConf

    _refresh()
    key = json.dumps([root, *groups])
    own = any(group.startswith("hydra.") for group in groups)  # a folder of the user's own may change at any time
    if own or key not in _usual:
        GlobalHydra.instance().clear()
        with initialize_config_module("lmstudy.conf", version_base="1.3"):
            _usual[key] = OmegaConf.to_container(compose(root, list(groups)))  # type: ignore[assignment]
    return _usual[key]


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
    for name in SETTLES:
        content.update((Path(__file__).parent / name).read_bytes())
    for path in paths:
        content.update(f"\0{path.parent.name}/{path.name}\0".encode() + path.read_bytes())
    _state.update(stamps=stamps, fingerprint=content.hexdigest())
    _usual.clear()
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
    with suppress(OSError, StudyError):
        write_text(_file(), json.dumps({"fingerprint": _state["fingerprint"], "composed": composed}))


def search_path(arguments: Sequence[str]) -> list[str]:
    """The folder of a user's own YAML files, from `--config-dir FOLDER`, as an override that Hydra composes with."""
    for position, argument in enumerate(arguments):
        option, equals, folder = argument.partition("=")
        if option == "hydra.searchpath":
            return [argument]
        if option in ("--config-dir", "-cd"):
            folder = folder if equals else arguments[position + 1]
            return [f"hydra.searchpath=[{quoted(f'file://{os.path.realpath(home(folder))}')}]"]
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


def check_budget(budget: str) -> None:
    """Raises StudyError unless an option --budget names a choice of the group."""
    if budget not in (choices := group_choices("budget")):
        raise StudyError(f"--budget {budget}: choose from {', '.join(choices)}")


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
