from pathlib import Path

import pytest

from lmstudy.data.settings import parse
from lmstudy.data.source_ratings import RATINGS, TEXTS, RatedSnippets, Snippet
from lmstudy.errors import StudyError
from tests.data.rated import rated_files, rated_settings

FILM, TWEET = f"rated/film{TEXTS}", f"rated/tweet{TEXTS}"
FILES = rated_files({"film": [("1", "  Fine. ", [2, -1, 2]), ("2", "", [0])], "tweet": [("1", "Yay!", [4, 3])]})


def source(folder: Path, **changes: str | bytes) -> tuple[RatedSnippets, Path]:
    """The source of FILES; `film_texts="..."` is another content of a file."""
    named = {f"rated/{key.replace('_texts', TEXTS).replace('_ratings', RATINGS)}": of for key, of in changes.items()}
    found, _ = parse(rated_settings(folder, {**FILES, **named}))
    assert isinstance(found, RatedSnippets)
    return found, found.parts(folder, print)[0]


def test_every_rating_of_every_snippet(tmp_path):
    rated, part = source(tmp_path)
    assert list(rated.snippets(part)) == [
        Snippet("film", FILM, "1", "Fine.", (2, -1, 2)),
        Snippet("film", FILM, "2", "", (0,)),
        Snippet("tweet", TWEET, "1", "Yay!", (4, 3)),
    ]


def test_documents_are_whole_snippets(tmp_path):
    rated, part = source(tmp_path)
    reading = rated.read(part)
    assert [(d.text, d.segments, d.source, d.path, d.name) for d in reading.documents] == [
        ("Fine.", ("Fine.",), "beta", FILM, "1"),
        ("Yay!", ("Yay!",), "beta", TWEET, "1"),
    ]
    assert rated.one_segment
    assert dict(reading.files) == {"beta": 2}
    assert dict(reading.skipped) == {("beta", "empty snippets"): 1}


def test_ratings_of_another_snippet_are_none(tmp_path):
    """As 199 tweets have them: their published mean is that of other ratings."""
    rated, part = source(tmp_path, tweet_texts="1\t2.9\tYay!\n2\t-1.0\tOh no\n")
    assert [snippet.ratings for snippet in rated.snippets(part)][-2:] == [(), ()]
    reading = rated.read(part)
    assert [document.text for document in reading.documents] == ["Fine."]
    assert reading.skipped["beta", "snippets whose mean rating is not that of their single ratings"] == 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"film_texts": b"\xff\xfe"},
            r"film_GroundTruth\.txt in extra/inner\.tar\.gz in beta-1\.0\.tar\.gz is not UTF-8",
        ),
        ({"film_texts": "1\t0.5\n"}, r"line 1 of rated/film_GroundTruth\.txt has 2 columns instead of 3"),
        ({"film_texts": "1\tgood\tFine.\n"}, r"film_GroundTruth\.txt says 'good' where a mean rating belongs"),
        ({"film_ratings": "1\t1\t0\t[1, 2\n"}, r"film_anonDataRatings\.txt says '\[1, 2' where a list"),
        ({"film_ratings": "1\t1\t0\t[1, 5]\n"}, r"\[1, 5\]': ratings are whole numbers from -4 to 4"),
        ({"film_ratings": "1\t1\t0\t[true]\n"}, r"ratings are whole numbers"),
    ],
)
def test_files_that_are_not_what_they_should_be(tmp_path, changes, said):
    rated, part = source(tmp_path, **changes)
    with pytest.raises(StudyError, match=said):
        rated.read(part)


def test_a_domain_without_files(tmp_path):
    settings = rated_settings(tmp_path, FILES)
    settings["domains"]["book"] = "rated/book"
    rated, _ = parse(settings)
    with pytest.raises(
        StudyError, match=r"extra/inner\.tar\.gz in beta-1\.0\.tar\.gz holds no file 'rated/book_Ground"
    ):
        rated.read(rated.parts(tmp_path, print)[0])
