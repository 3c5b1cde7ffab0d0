"""What tests of the register share."""

import pytest

from lmstudy.study import claims
from tests.study.drafts import git


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A repository with a register and a folder of records, both empty."""
    claims.all_claims()  # declares those of the book, once
    (tmp_path / "book" / "records").mkdir(parents=True)
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "03_speed.ipynb").write_text("{}")
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    monkeypatch.setattr(claims, "REGISTRY", {})
    return tmp_path
