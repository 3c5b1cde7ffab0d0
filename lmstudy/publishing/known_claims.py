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
from lmstudy.study.claims import Claim, ClaimResult, Kind
from lmstudy.study.verdicts import Verdict

Results = dict[str, list[Any]]
"""By claim the fields of its result but the claim itself, and those of its estimate."""


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
    write_text(_place(root), json.dumps({"key": key, "results": {result.id: _written(result) for result in results}}))
    return len(results), False


def kept_results(root: Path) -> list[ClaimResult] | None:
    """What `check_claims` found, if it is of what there is now; None where it is not, or was never asked."""
    known = _kept(root, claims_key(root)) if _place(root).exists() else None
    if known is None:
        return None
    return [_read(one, *known[one.id]) for one in claims.all_claims()]


def _written(result: ClaimResult) -> list[Any]:
    return [
        result.verdict,
        result.error,
        result.kind,
        result.p,
        result.adjusted,
        result.as_registered,
        list(result.records),
        list(astuple(result.estimate)),
    ]


def _read(
    claim: Claim,
    verdict: str,
    error: str | None,
    kind: str,
    p: float,
    adjusted: float,
    before: str | None,
    records: list[str],
    numbers: list[Any],
) -> ClaimResult:
    as_registered = None if before is None else Verdict(before)
    told = Estimate(*numbers), Verdict(verdict), error, Kind(kind), p, adjusted, as_registered, tuple(records)
    return ClaimResult(claim, *told)


def claims_key(root: Path) -> str:
    """Fingerprint of all that the claims depend on: the records, the configuration, the modules that may be executed
    when they are worked out, and what is installed."""
    chapters = files_under(root / "lmstudy", "chapters/*/claims.py")
    names = [f"lmstudy.chapters.{path.parent.name}.claims" for path in chapters]
    code = Imports(root).of_modules(*names, claims.__name__, __name__)
    configuration, records = files_under(root / "conf", "**/*.yaml"), files_under(root / "book" / "records", "*.json")
    register = files_under(root / "book" / "register", "*.yaml")
    installed = sorted({f"{one.name}={one.version}" for one in metadata.distributions()})
    return fingerprint(root, [*code, *configuration, *register, *records], sys.version, *installed)


def _kept(root: Path, key: str) -> Results | None:
    try:
        kept = json.loads(_place(root).read_text(encoding="utf-8"))
        return dict(kept["results"]) if kept["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError):  # not there, or not whole
        return None


def _place(root: Path) -> Path:
    return root / "book" / "_build" / "claims.json"
