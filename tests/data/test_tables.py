"""What is read from a mapped file is what was written, whatever pages are handed back in between."""

import sys
from pathlib import Path

import numpy as np
import pytest

from lmstudy.data import tables
from lmstudy.data.store import TokenStore

ROWS = 2500  # three batches
FEATURES = tables.tokenised(1000)


def documents(count: int = ROWS) -> dict[str, list]:
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 40, count)
    return {
        "id": [f"document {number}" for number in range(count)],
        **{name: [f"{name} {number % 7}" for number in range(count)] for name in ("text", "source", "path", "name")},
        "tokens": [rng.integers(0, 1000, length).tolist() for length in lengths],
        "starts": [list(range(0, length, 8)) for length in lengths],
    }


def write(file: Path, columns: dict[str, list]) -> Path:
    count = len(columns["id"])
    parts = (range(start, min(start + tables.BATCH, count)) for start in range(0, count, tables.BATCH))
    tables.write(file, FEATURES, ({name: [v[i] for i in part] for name, v in columns.items()} for part in parts))
    return file


def resident_file_pages() -> float:
    """MiB of mapped files that this process holds; exact, unlike the running counts in `status`."""
    lines = Path("/proc/self/smaps").read_text().splitlines()
    held, ours = 0, False
    for line in lines:
        if "-" in line.split()[0]:
            ours = line.endswith("large.arrow")
        elif ours and line.startswith("Rss:"):
            held += int(line.split()[1])
    return held / 1024


def test_rows_are_read_as_they_were_written(tmp_path):
    columns = documents()
    found = tables.read(write(tmp_path / "a.arrow", columns))
    assert len(found) == ROWS
    assert found.features == FEATURES
    assert found[:] == columns
    assert [len(part["id"]) for part in tables.batches(found)] == [1000, 1000, 500]


def test_two_files_at_once_and_one_that_is_gone(tmp_path):
    """A file that nobody reads any more is let go; the others stay."""
    first, second = documents(), documents(count=10)
    rows, others = tables.read(write(tmp_path / "a.arrow", first)), tables.read(write(tmp_path / "b.arrow", second))
    mapped = len(tables._mapped)
    del others
    tables.release()
    assert len(tables._mapped) == mapped - 1
    assert rows[:] == first
    (tmp_path / "a.arrow").unlink()  # mapped, so its bytes are still there
    tables.release()
    assert rows[:] == first


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/smaps")
def test_released_pages_count_no_longer_as_memory(tmp_path):
    count = 40
    columns = {name: [""] * count for name in ("text", "source", "path", "name")}
    columns |= {"id": list(map(str, range(count))), "tokens": [[7] * 100_000] * count, "starts": [[0]] * count}
    rows = tables.read(write(tmp_path / "large.arrow", columns))
    size = (tmp_path / "large.arrow").stat().st_size / 2**20
    assert size > 7
    values = rows.data.table.column("tokens").chunk(0).values.to_numpy(zero_copy_only=True)
    assert values.sum(dtype=np.int64) == 7 * 100_000 * count
    assert resident_file_pages() > 0.9 * size
    tables.release()
    assert resident_file_pages() < 0.2 * size
    assert values.sum(dtype=np.int64) == 7 * 100_000 * count


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
