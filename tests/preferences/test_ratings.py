from typing import Any

import numpy as np
import pytest

from lmstudy.errors import StudyError
from lmstudy.preferences.ratings import LEVELS, Ratings, counts_by_text, rated_split
from tests.data.rated import DOMAINS, SAME
from tests.data.test_settings import load


def ratings_of(*given: list[int]) -> Ratings:
    names = tuple(map(str, range(len(given))))
    counts = np.stack([np.bincount(np.array(one) + 4, minlength=9) for one in given])
    return Ratings(names, names, ("film",) * len(given), counts)


def random_ratings(n: int, seed: int = 0) -> Ratings:
    rng = np.random.default_rng(seed)
    return ratings_of(*(rng.integers(-4, 5, size=rng.integers(3, 8)).tolist() for _ in range(n)))


def test_splits_have_the_ratings_that_people_gave(rated: dict[str, Any]) -> None:
    published = {
        f"beta/rated/{d}_GroundTruth.txt::{name}": (d, text, of) for d in DOMAINS for name, text, of in DOMAINS[d]
    }
    seen = 0
    for split in ("train", "valid", "test"):
        found = rated_split(rated, split)
        for index, name in enumerate(found.ids):
            domain, text, given = published[name]
            assert (found.domains[index], found.texts[index]) == (domain, text)
            if text != SAME:
                assert np.repeat(LEVELS, found.counts[index]).tolist() == sorted(given)
                assert found.means[index] == pytest.approx(np.mean(given))
        seen += len(found)
    assert seen == len(published) - 1  # SAME is a duplicate


def test_a_text_rated_twice_has_all_its_ratings(rated: dict[str, Any]) -> None:
    assert np.repeat(LEVELS, counts_by_text(rated)[SAME]).tolist() == [-3, 1, 1, 2, 4]


def test_domains(rated: dict[str, Any]) -> None:
    found = rated_split(rated, "train")
    film, tweet = found.of_domain("film"), found.of_domain("tweet")
    assert set(film.domains) == {"film"}
    assert len(film) + len(tweet) == len(found)
    with pytest.raises(StudyError, match=r"domain 'book'; there are \['film', 'tweet'\]"):
        found.of_domain("book")


def test_halves_partition_the_ratings_of_every_snippet() -> None:
    whole = random_ratings(200)
    a, b = whole.half("A"), whole.half("B")
    assert (a.counts + b.counts == whole.counts).all()
    difference = a.counts.sum(1) - b.counts.sum(1)
    assert set(difference.tolist()) == {0, 1}
    assert ((difference == 1) == (whole.counts.sum(1) % 2 == 1)).all()
    assert abs(np.mean(a.means - b.means)) < 0.5  # no half has the better ratings
    assert a.half("A").ids == whole.ids


def test_a_half_depends_on_its_snippet_alone() -> None:
    whole = random_ratings(30)
    assert (whole.select(np.array([7, 3])).half("A").counts == whole.half("A").counts[[7, 3]]).all()


def test_one_rating_has_no_halves() -> None:
    with pytest.raises(StudyError, match="halves: 1 has less than two ratings"):
        ratings_of([1, 2], [3]).half("B")


def test_groups_partition_the_snippets() -> None:
    whole = random_ratings(400)
    a, b = whole.group("A"), whole.group("B")
    assert sorted(a.ids + b.ids) == sorted(whole.ids)
    assert not set(a.ids) & set(b.ids)
    assert 160 < len(a) < 240
    assert all((whole.counts[int(name)] == a.counts[index]).all() for index, name in enumerate(a.ids))


def test_a_corpus_that_nobody_rated() -> None:
    with pytest.raises(StudyError, match=r"Reviews: nobody rated its texts; choose data=rated_snippets"):
        rated_split(load("chinese_reviews"), "train")
