import json
from dataclasses import astuple

import pytest

from lmstudy.errors import StudyError
from lmstudy.publishing import known_claims
from lmstudy.publishing.imports import Imports
from lmstudy.publishing.known_claims import check_claims, claims_key, kept_results
from lmstudy.runs.records import load_folder
from lmstudy.study import claims
from tests.claim_records import baseline, claims_of_the_study, study, write
from tests.conftest import ROOT, write_files

TREE = {
    "lmstudy/__init__.py": "",
    "lmstudy/chapters/__init__.py": "",
    "lmstudy/chapters/results/__init__.py": "",
    "lmstudy/chapters/results/claims.py": "from lmstudy.show.numbers import value",
    "lmstudy/chapters/results/tables.py": "",
    "lmstudy/show/numbers.py": "",
    "lmstudy/study/claims.py": "BASELINE = 'lmstudy.runs.text_baseline'",
    "lmstudy/runs/text_baseline.py": "",
    "conf/train.yaml": "",
}


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A checkout with made-up records and the few claims that hold of them."""
    write_files(tmp_path, TREE)
    write(study(), tmp_path / "book" / "records")
    few = claims_of_the_study()
    monkeypatch.setattr(claims, "all_claims", lambda: few)
    return tmp_path


def test_what_is_known_equals_what_is_worked_out(root, monkeypatch):
    assert kept_results(root) is None
    worked_out = claims.evaluate_claims(load_folder(root / "book" / "records"))
    assert check_claims(root) == (len(worked_out), False)
    monkeypatch.setattr(claims, "evaluate_claims", lambda *_: pytest.fail("worked out again"))
    assert check_claims(root) == (len(worked_out), True)
    for known, result in zip(kept_results(root), worked_out, strict=True):
        assert known.claim is result.claim
        assert known.holds == result.holds
        assert known.records == result.records != ()
        assert [*map(repr, astuple(known.estimate))] == [*map(repr, astuple(result.estimate))]


@pytest.mark.parametrize(
    ("changed", "counts"),
    [
        ("lmstudy/chapters/results/claims.py", True),
        ("lmstudy/show/numbers.py", True),
        ("lmstudy/runs/text_baseline.py", True),
        ("conf/train.yaml", True),
        ("book/records/baseline-8.json", True),
        ("book/records/new.json", True),
        ("lmstudy/chapters/results/tables.py", False),
        ("book/intro.md", False),
    ],
)
def test_they_are_worked_out_again_when_what_they_depend_on_changes(root, changed, counts):
    before = claims_key(root)
    write_files(root, {changed: "# changed"})
    assert (claims_key(root) != before) == counts


def test_another_version_of_a_library_counts(root, monkeypatch):
    before = claims_key(root)
    monkeypatch.setattr(known_claims.metadata, "distributions", list)
    assert claims_key(root) != before


def test_a_claim_that_fails_is_not_kept(root):
    check_claims(root)
    (root / "book" / "records" / "baseline-8.json").unlink()
    for number in (7, 8):
        baseline(number, "all", 0.5).write(root / "book" / "records" / f"baseline-{number}.json")
    assert kept_results(root) is None
    for _ in range(2):
        with pytest.raises(StudyError, match=r"these claims of the book fail:\n  first\."):
            check_claims(root)


def test_a_file_that_is_not_whole_counts_for_nothing(root):
    check_claims(root)
    place = root / "book" / "_build" / "claims.json"
    place.write_text(place.read_text()[:-10])
    assert kept_results(root) is None
    place.write_text(json.dumps({"key": claims_key(root)}))
    assert check_claims(root)[1] is False


def test_the_books_claims_depend_on_statistics_and_not_on_the_tables_of_a_chapter():
    names = [f"lmstudy.chapters.{path.parent.name}.claims" for path in ROOT.glob("lmstudy/chapters/*/claims.py")]
    code = Imports(ROOT).of_modules(*names, claims.__name__)
    assert ROOT / "lmstudy" / "evaluation" / "statistics.py" in code
    assert ROOT / "lmstudy" / "runs" / "task_baseline.py" in code
    assert ROOT / "lmstudy" / "chapters" / "results" / "tables.py" not in code
