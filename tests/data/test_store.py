"""A store reads what was written, however often it lets pages go."""

import numpy as np
import pytest

from lmstudy.data import tables
from lmstudy.data.store import TokenStore
from tests.data.test_tables import ROWS, documents, write


@pytest.fixture
def columns() -> dict[str, list]:
    """Short documents and one that no 16 bits could count."""
    columns = documents()
    columns["tokens"][1500] = list(range(1000)) * 70
    return columns


@pytest.fixture
def split(tmp_path, columns):
    return tables.read(write(tmp_path / "split.arrow", columns))


def assert_holds(store: TokenStore, columns: dict[str, list], index) -> None:
    index = list(index)
    for position in np.random.default_rng(1).permutation(len(index)).tolist():
        for name in ("tokens", "starts"):
            found = getattr(store, name)(position)
            assert found.dtype == np.int64
            assert found.tolist() == columns[name][index[position]]
    lengths = [len(columns["tokens"][i]) for i in index]
    assert store.lengths(np.arange(len(index))).tolist() == lengths
    assert len(store) == len(index)


@pytest.mark.parametrize("every", [1, 3, 128, 10**9])
def test_every_document_of_every_chunk(split, columns, every, monkeypatch):
    released = []
    release = tables.release
    monkeypatch.setattr(tables, "RELEASE_EVERY", every)
    monkeypatch.setattr(tables, "release", lambda: released.append(release()))
    assert_holds(TokenStore(split), columns, range(ROWS))
    opening = -(-3 // every)  # for the first of three chunks, and then for one in `every`
    assert len(released) == 2 * ROWS // every + opening


def test_a_selection_keeps_its_order(split, columns):
    index = np.random.default_rng(2).permutation(ROWS)[:300].tolist()
    assert_holds(TokenStore(split.select(index)), columns, index)


def test_documents_end_to_end(split, columns):
    store = TokenStore(split)
    index = np.array([2400, 0, 999, 1000, 0])
    flat, offsets = store.flat(index)
    assert flat.tolist() == [token for i in index for token in columns["tokens"][i]]
    assert offsets.tolist() == [0, *np.cumsum([len(columns["tokens"][i]) for i in index])]


def test_what_is_handed_out_is_a_copy(split, columns):
    """A caller may change it, and pages may go."""
    store = TokenStore(split)
    held = store.tokens(5)
    tables.release()
    held += 1
    assert store.tokens(5).tolist() == columns["tokens"][5]
    assert held.tolist() == [token + 1 for token in columns["tokens"][5]]
