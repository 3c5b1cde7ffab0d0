"""Files of vectors: read exactly, refused by line, matched with the tokens of a byte-level vocabulary."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from lmstudy.data import tokenizer as tokenizers
from lmstudy.data.corpus import Corpus
from lmstudy.data.tokenizer import SPECIAL_TOKENS
from lmstudy.errors import StudyError
from lmstudy.models.embeddings.file import File
from lmstudy.models.embeddings.placing import export
from lmstudy.models.embeddings.text_format import read_vectors, write_vectors
from lmstudy.models.embeddings.token_names import candidates, token_names, token_texts


def written(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "vectors.txt"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    "content",
    [
        "cat 1 2.5 -3\ndog 0 1e-2 .5\n",
        "cat 1 2.5 -3\ndog 0 1e-2 .5",  # no line feed at the end
        "2 3\ncat 1 2.5 -3\ndog 0 1e-2 .5\n",  # Word2Vec
        "2 3\r\ncat 1 2.5 -3 \r\ndog 0 1e-2 .5 \r\n",  # fastText ends its lines in a space, Windows in two characters
        b"\xef\xbb\xbfcat 1 2.5 -3\ndog 0 1e-2 .5\n",
    ],
)
def test_files_of_every_program_are_read(tmp_path, content):
    read = read_vectors(written(tmp_path, content), width=3)
    assert (read.words, read.lines, read.duplicates) == (["cat", "dog"], 2, 0)
    np.testing.assert_array_equal(read.vectors, np.array([[1, 2.5, -3], [0, 0.01, 0.5]], dtype=np.float32))


def test_words_with_spaces_duplicates_and_wanted_words(tmp_path):
    lines = ["at name@domain.com 1 2", ". . . 3 4", " return 5 6", "nan 7 8", "\u2028 9 9", ". . . 0 0", "5 1 1"]
    path = written(tmp_path, "\n".join(lines))
    read = read_vectors(path)
    assert read.words == ["at name@domain.com", ". . .", " return", "nan", "\u2028", "5"]
    assert read.vectors[1].tolist() == [3, 4]  # the first one counts
    assert (read.lines, read.duplicates) == (7, 1)
    some = read_vectors(path, wanted={" return", "dog"})
    assert (some.words, some.vectors.tolist(), some.lines) == ([" return"], [[5, 6]], 7)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", ": is empty; it must hold a word and its numbers"),
        ("cat 1 2\ndog 1 x2\n", ":2: 'x2' is no number; a word and 2 numbers are expected"),
        ("cat 1 2\ndog 1\ncow 3 4\n", ":2: a word and 2 numbers are expected, here are 1 fields behind the first"),
        ("cat 1 2\ncow 3 4\ndog 1 2 3\n", ":3: a word and 2 numbers are expected, here are 3 fields behind the first"),
        ("cat 1 2\ncow 3 4dog 1 2\n", ":2: a word and 2 numbers are expected, here are 4 fields behind the first"),
        ("cat 1 2\n\ncow 3 4\n", ":2: a word and 2 numbers are expected, here are 0 fields behind the first"),
        ("cat 1 2\ncow nan 4\n", ":2: 'nan' is no finite number"),
        ("cat 1 2\ncow 3 -inf\n", ":2: '-inf' is no finite number"),
        ("cat 1 2\ncow 3 1e39\n", ":2: '1e39' is no finite number of 32 bits"),
        (b"cat 1 2\nc\xe4t 3 4\n", ":2: byte 2 is not UTF-8: invalid continuation byte"),
        ("cat\t1\t2\n", r":1: 'cat\\t1\\t2' has no number behind a word and a single space"),
        ("3 2\ncat 1 2\ndog 3 4\n", ":1: announces 3 vectors, the file holds 2: it is cut or joined"),
        ("2 3\ncat 1 2\ndog 3 4\n", ":2: a word and 3 numbers are expected, here are 2 fields"),
    ],
)
def test_a_broken_line_is_named(tmp_path, content, message):
    with pytest.raises(StudyError, match=r"vectors\.txt" + message.replace("(", r"\(")):
        read_vectors(written(tmp_path, content))


def test_another_width_and_a_missing_file_are_named(tmp_path):
    with pytest.raises(
        StudyError, match=r"vectors of 2 numbers, and the model's embedding has 128: .*budget.d_model=2"
    ):
        read_vectors(written(tmp_path, "cat 1 2\n"), width=128)
    with pytest.raises(StudyError, match=r"vectors\.txt:1: vectors of 2 numbers"):
        read_vectors(written(tmp_path, "1 2\ncat 1 2\n"), width=128)
    with pytest.raises(StudyError, match=r"none\.txt: cannot be read: No such file"):
        read_vectors(tmp_path / "none.txt")


def test_what_is_written_is_read_back_bit_by_bit(tmp_path):
    words = [" return", "a b", "5", " 7", " ", "é", "\r", "nan"]
    vectors = np.random.default_rng(0).normal(scale=1e-3, size=(8, 5)).astype(np.float32)
    read = read_vectors(write_vectors(tmp_path / "deep" / "v.txt", words, vectors), width=5)
    assert read.words == words
    np.testing.assert_array_equal(read.vectors, vectors)
    with pytest.raises(StudyError, match="the vector of 'b' is not finite"):
        write_vectors(tmp_path / "deep" / "w.txt", ["a", "b"], np.array([[1.0], [np.nan]]))
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["v.txt"]


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    """A vocabulary in which "return" and " return", "Cat", "é" and an end of line are tokens."""
    texts = ["return return\n" * 50, "a Cat\n" * 50, "é é" * 50]
    return Corpus("0" * 16, tokenizers.train(texts, 310), {}, {})


def token(corpus: Corpus, text: str) -> int:
    return token_texts(corpus.tokenizer).index(text)


def test_names_and_texts_of_tokens(corpus):
    names, texts = token_names(corpus.tokenizer), token_texts(corpus.tokenizer)
    special = len(SPECIAL_TOKENS)
    assert names[:special] == texts[:special] == [None] * special
    assert names[token(corpus, " return")] == "Ġreturn"
    assert names[token(corpus, "\n")] == "Ċ"
    assert texts[names.index("Ã")] is None  # half of "é" is no character
    known = [name for name in names if name]
    assert len(set(known)) == len(known) == len(names) - special
    assert not any(character.isspace() for name in known for character in name)


def test_candidates_in_their_order():
    assert candidates("ĠCat", " Cat", "lower") == [("exact", " Cat"), ("stripped", "Cat"), ("lower", "cat")]
    assert candidates("ĠCat", " Cat", "exact") == [("exact", " Cat")]
    assert candidates("ĠCat", " Cat", "name") == [("name", "ĠCat")]
    assert candidates("Ċ", "\n", "lower") == [("exact", "\n")]  # nothing is left without its spaces
    assert candidates(None, None, "lower") == candidates(None, None, "name") == []


def test_tokens_are_matched_and_counted_by_kind(tmp_path, corpus):
    path = written(tmp_path, "return 1 0\ncat 0 1\nreturn 5 5\n<pad> 9 9\nzebra 3 3\n")
    said: list[str] = []
    vectors = File(path=str(path)).vectors(corpus, 2, said.append)
    row = lambda text: vectors.matrix[token(corpus, text)].tolist()  # noqa: E731
    assert row("return") == row(" return") == [1, 0]
    assert row(" Cat") == [0, 1]
    assert not vectors.found[: len(SPECIAL_TOKENS)].any()
    assert vectors.matched["exact"] == 1
    assert vectors.matched["in lower case"] == 1
    assert sum(vectors.matched.values()) == vectors.found.sum()
    found, total = int(vectors.found.sum()), len(vectors.found)
    assert str(vectors).startswith(f"vectors: {found} of {total} tokens found (1 exact, ")
    assert str(vectors).endswith(f", {total - found} start at random")
    assert said[0] == f"{path}: 1 duplicates; the first vector of a word counts"
    exact = File(path=str(path), match="exact").vectors(corpus, 2, said.append)
    assert np.flatnonzero(exact.found).tolist() == [token(corpus, "return")]


def test_a_file_that_shares_no_word_is_refused(tmp_path, corpus):
    path = written(tmp_path, "zebra 1 2\n")
    with pytest.raises(StudyError, match=r"none of its 1 words is in the vocabulary \(embedding.match=exact\)"):
        File(path=str(path), match="exact").vectors(corpus, 2, print)


def test_the_content_is_what_counts_and_it_is_read_once(tmp_path, corpus):
    path = written(tmp_path, "return 1 0 1\n")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert File(path=str(path)).pinned() == {"sha256": digest}
    assert File(path="gone", sha256=digest).pinned() == {"sha256": digest}
    first = File(path=str(path), sha256=digest).vectors(corpus, 3, print)
    moved = File(path="gone", sha256=digest).vectors(corpus, 3, print)  # from the cache
    np.testing.assert_array_equal(first.matrix, moved.matrix)
    path.write_text("return 2 0 1\n")
    with pytest.raises(StudyError, match=f"embedding.sha256={'0' * 64} asks for another file"):
        File(path=str(path), sha256="0" * 64).vectors(corpus, 3, print)
    assert File(path=str(path)).vectors(corpus, 3, print).matrix[token(corpus, "return")].tolist() == [2, 0, 1]
    with pytest.raises(StudyError, match=r"embedding\.path=gone: cannot be read: No such file"):
        File(path="gone").pinned()
    with pytest.raises(StudyError, match=r"embedding\.path is empty"):
        File(path=" ")


def test_a_whole_vocabulary_comes_back_by_name(tmp_path, corpus):
    size = corpus.tokenizer.get_vocab_size()
    matrix = np.random.default_rng(0).normal(size=(size, 4)).astype(np.float32)
    path = export(tmp_path / "ours.txt", corpus.tokenizer, matrix)
    vectors = File(path=str(path), match="name").vectors(corpus, 4, print)
    special = len(SPECIAL_TOKENS)
    assert vectors.found.tolist() == [False] * special + [True] * (size - special)
    np.testing.assert_array_equal(vectors.matrix[special:], matrix[special:])
    assert json.dumps(vectors.matched) == json.dumps({"by name": size - special})
    with pytest.raises(StudyError, match=r"are names of byte-level tokens, such as 'Ġ.*'; .* embedding\.match=name"):
        File(path=str(path)).vectors(corpus, 4, print)  # " return" must not get the vector of "return"
    with pytest.raises(StudyError, match=f"3 vectors for a vocabulary of {size}"):
        export(tmp_path / "ours.txt", corpus.tokenizer, matrix[:3])
