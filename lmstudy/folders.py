"""Where this package keeps what it can make again."""

import os
from pathlib import Path

from lmstudy.errors import StudyError


def cache_folder() -> Path:
    """`LMSTUDY_CACHE`, or `lmstudy` in the user's cache folder.

    Raises:
        StudyError: there is no such folder, as for a user without a home.
    """
    from platformdirs import user_cache_path

    named = os.environ.get("LMSTUDY_CACHE")
    try:
        return Path(named).expanduser().resolve() if named else user_cache_path("lmstudy")
    except (RuntimeError, KeyError) as error:
        what = f"LMSTUDY_CACHE={named}" if named else "this user has no home folder for data to be kept in"
        raise StudyError(f"{what} ({error}): set LMSTUDY_CACHE=FOLDER") from error
