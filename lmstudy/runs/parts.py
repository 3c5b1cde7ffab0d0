"""Large parts of configurations that published records share, such as some hundred packages: each is one file.

In a record's file stands `{"part": NAME}` in the place of such a part, which is `parts/NAME.json` beside it. NAME is
the hash of what it holds. Who reads the record sees the part again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lmstudy.atomic import write_text
from lmstudy.data.cache import digest
from lmstudy.errors import StudyError

FOLDER, KEY = "parts", "part"
LEAST = 20_000
"""Characters of JSON from which a mapping is kept apart, if none within it is as large."""


def apart(config: Any, folder: Path) -> Any:
    """A configuration with names in the place of its large parts, which are written to `folder`/parts."""
    if not isinstance(config, dict) or len(json.dumps(config)) < LEAST:
        return config
    found = {key: apart(value, folder) for key, value in config.items()}
    if found != config:
        return found
    name = digest(config)
    write_text(folder / FOLDER / f"{name}.json", json.dumps(config, ensure_ascii=False, indent=0))
    return {KEY: name}


def whole(config: Any, folder: Path) -> Any:
    """The opposite of `apart`.

    Raises:
        StudyError: a part is missing, or its file holds something else than its name says.
    """
    if not isinstance(config, dict):
        return config
    if set(config) == {KEY}:
        return _read(folder / FOLDER / f"{config[KEY]}.json")
    return {key: whole(value, folder) for key, value in config.items()}


def _read(path: Path) -> Any:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StudyError(f"{path}: a part of a record's configuration cannot be read ({error}); restore it") from error
    if digest(found) != path.stem:
        raise StudyError(f"{path}: this part of a record's configuration was changed; restore it")
    return found
