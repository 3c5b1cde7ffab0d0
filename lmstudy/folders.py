"""Where this package keeps what it can make again."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """`LMSTUDY_CACHE`, or `lmstudy` in the user's cache folder."""
    from platformdirs import user_cache_path

    named = os.environ.get("LMSTUDY_CACHE")
    return Path(named).expanduser().resolve() if named else user_cache_path("lmstudy")
