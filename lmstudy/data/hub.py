"""Rows of a hub's data set, or of a local folder of such files; errors that say what to do.

`datasets` runs no code of a data set. A revision is the hash of a commit, since a branch or tag can move under a
published number; a local folder has none.
"""

import re
from pathlib import Path

import datasets

from lmstudy.errors import StudyError
from lmstudy.overrides import home


def is_local(path: str, key: str = "") -> bool:
    """Whether a folder of that name is here; StudyError, which names the `key`, where it is in no known home."""
    return Path(home(path, key)).is_dir()


def check_pinned(group: str, path: str, revision: str | None) -> None:
    """Raises StudyError unless `path` is a folder here, or names a data set whose revision is the hash of a commit.

    Args:
        group: of the configuration that holds `path` and `revision`, such as "data".
        path: of a folder, or a name on the hub.
        revision: 40 hexadecimal digits.
    """
    if not path.strip():
        raise StudyError(f"{group}.path is empty: name a data set of the hub, as in {group}.path=owner/name")
    if not is_local(path, f"{group}.path") and not re.fullmatch("[0-9a-f]{40}", revision or ""):
        raise StudyError(
            f"{group}.revision={revision!r} does not pin {path!r}: give the 40-digit "
            "hash of a commit (the data set's page lists them under Files, History)"
        )


def load_rows(
    group: str, path: str, revision: str | None, subset: str | None, split_name: str, cache: Path
) -> datasets.Dataset:
    """The rows of one split, memory-mapped.

    Args:
        group, path, revision: as of `check_pinned`.
        subset: of the data set, if it has some.
        split_name: such as "train".
        cache: folder that downloads are kept in.

    Raises:
        StudyError: there is no such data set, subset or split, no connection, or a file is damaged.
    """
    local = is_local(path, f"{group}.path")
    where = home(path) if local else path
    what = f"the data set {group}.path={path!r}" + (f" at {revision}" if revision else "")
    datasets.disable_progress_bars()
    try:
        return datasets.load_dataset(
            where,
            subset,
            revision=None if local else revision,
            split=split_name,
            cache_dir=str(cache / "hub"),
            keep_in_memory=False,
        )
    except datasets.exceptions.DatasetNotFoundError as error:
        raise StudyError(f"{what} does not exist, or is private: {_first_line(error)}") from error
    except (ConnectionError, TimeoutError) as error:
        raise StudyError(f"cannot fetch {what}: no connection to the hub ({_first_line(error)})") from error
    except ValueError as error:  # an unknown split or subset; the message lists those that exist
        raise StudyError(f"cannot open {what}, {group}.split_name={split_name!r}: {_first_line(error)}") from error
    except (datasets.exceptions.DatasetGenerationError, FileNotFoundError) as error:
        raise StudyError(f"cannot read {what}: {_first_line(error.__cause__ or error)}") from error
    finally:
        datasets.enable_progress_bars()


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
