"""Claims that were worked out before, kept with what they were worked out from; only such as may be published."""

import json
import sys
from dataclasses import astuple
from importlib import metadata
from pathlib import Path
from typing import Any

from lmstudy.atomic import write_text
from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate
from lmstudy.publishing.fingerprint import files_under, fingerprint
from lmstudy.publishing.imports import Imports
from lmstudy.runs.records import load_folder
from lmstudy.show.claims import problem
from lmstudy.study import claims
from lmstudy.study.claims import ClaimResult

Results = dict[str, list[Any]]
"""By claim whether it holds, and the fields of its estimate."""


def check_claims(root: Path) -> tuple[int, bool]:
    """Work out the claims of the checkout `root`, unless that was done from the same records by the same code.

    Returns:
        How many agree with the published records, and whether that was known.

    Raises:
        StudyError: some do not, which are named.
    """
    key = claims_key(root)
    if (known := _kept(root, key)) is not None:
        return len(known), True
    results = claims.evaluate_claims(load_folder(root / "book" / "records"))
    if failing := [f"  {result.id}: {problem(result)}" for result in results if result.fails]:
        raise StudyError("these claims of the book fail:\n" + "\n".join(failing))
    found: Results = {result.id: [result.holds, *astuple(result.estimate)] for result in results}
    write_text(_place(root), json.dumps({"key": key, "results": found}))
    return len(results), False


def kept_results(root: Path) -> list[ClaimResult] | None:
    """What `check_claims` found, if it is of what there is now; None where it is not, or was never asked."""
    known = _kept(root, claims_key(root)) if _place(root).exists() else None
    if known is None:
        return None
    return [ClaimResult(one, Estimate(*known[one.id][1:]), known[one.id][0], None) for one in claims.all_claims()]


def claims_key(root: Path) -> str:
    """Fingerprint of all that the claims depend on: the records, the configuration, the modules that may be executed
    when they are worked out, and what is installed."""
    chapters = files_under(root / "lmstudy", "chapters/*/claims.py")
    names = [f"lmstudy.chapters.{path.parent.name}.claims" for path in chapters]
    code = Imports(root).of_modules(*names, claims.__name__, __name__)
    configuration, records = files_under(root / "conf", "**/*.yaml"), files_under(root / "book" / "records", "*.json")
    installed = sorted({f"{one.name}={one.version}" for one in metadata.distributions()})
    return fingerprint(root, [*code, *configuration, *records], sys.version, *installed)


def _kept(root: Path, key: str) -> Results | None:
    try:
        kept = json.loads(_place(root).read_text(encoding="utf-8"))
        return dict(kept["results"]) if kept["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError):  # not there, or not whole
        return None


def _place(root: Path) -> Path:
    return root / "book" / "_build" / "claims.json"
