import numpy as np
import pytest
from tokenizers import Tokenizer

from lmstudy.data import tokenizer as t
from lmstudy.data.documents import lines
from lmstudy.data.segmentation import pieces

CODE = '''def mean(values, start=0):
    """Arithmetic mean of some values."""
    total = start
    for value in values:
        if value is not None:
            total += value  # skip what is missing
    return total / len(values) + 1024


class Mean:
\tdef __init__(self):
\t\tself.total_so_far = 12345
'''
NASTY = [
    "",
    "\n",
    "\n\n  \n\t\n",
    "<pad><s></s><good> <bad>\n<x0><x31>",
    "编程 is 程序设计\u3000全角\n",
    "naïve Ǆ e\u0301 \u202eright-to-left\u202c \u200d👩‍👩‍👧 \U0001f600\n",
    "\x00\x01\x7f\x85\u2028\u2029\xa0 \r\n\r",
    "".join(map(chr, range(1, 400))),
    "x = 1\n" * 50 + "   trailing   ",
]


REVIEWS = ["我爱编程，这本书的内容真的不错！\n", "宾馆的早餐很好吃 WiFi 也快……", "这本书不好，内容的确太浅"] * 8


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return t.train([CODE] * 20, vocab_size=380)


@pytest.fixture(scope="module")
def segmented() -> Tokenizer:
    return t.train(REVIEWS, 420, "jieba")


@pytest.mark.parametrize("name", ["tokenizer", "segmented"])
@pytest.mark.parametrize("text", [CODE, *REVIEWS[:3], *NASTY])
def test_decode_inverts_encode_of_the_whole_and_of_each_segment(request, name, text):
    learned, segmentation = request.getfixturevalue(name), "jieba" if name == "segmented" else None
    ((tokens,), (starts,)) = t.encode(learned, [lines(text)], segmentation)
    assert t.decode(learned, tokens) == text
    assert (tokens >= len(t.SPECIAL_TOKENS)).all()  # no text becomes a special token
    assert t.token_bytes(learned)[tokens].sum() == len(text.encode())
    assert starts[0] == 0 if len(starts) else text == ""
    assert [t.decode(learned, piece) for piece in np.split(tokens, starts[1:])] == list(lines(text)) or not text
    if segmentation is None:  # together they give the same tokens, as a newline ends its pre-token
        assert learned.encode(text).ids == tokens.tolist()


def test_batches_equal_single_documents(tokenizer):
    documents = [lines(text) for text in [CODE, *NASTY]]
    for document, tokens, starts in zip(documents, *t.encode(tokenizer, documents), strict=True):
        ((alone,), (own_starts,)) = t.encode(tokenizer, [document])
        np.testing.assert_array_equal(tokens, alone)
        np.testing.assert_array_equal(starts, own_starts)


def test_special_ids(tokenizer):
    named = {"<pad>": t.PAD, "<s>": t.BOS, "</s>": t.EOS, "<good>": t.GOOD, "<bad>": t.BAD}
    assert {name: tokenizer.token_to_id(name) for name in named} == named == dict(zip(named, range(5), strict=True))
    assert [tokenizer.token_to_id(f"<x{i}>") for i in range(32)] == list(t.SENTINELS) == list(range(5, 37))
    assert (t.token_bytes(tokenizer)[:37] == 0).all()
    assert (t.token_bytes(tokenizer)[37:] > 0).all()


def test_decode_skips_specials_and_marks_cut_characters(tokenizer):
    ids = tokenizer.encode("编").ids
    assert len(ids) == 3  # not in the training text, so three bytes
    assert t.decode(tokenizer, [t.BOS, *ids, t.GOOD, t.EOS, t.PAD]) == "编"
    assert "\ufffd" in t.decode(tokenizer, ids[:2])


def test_vocabulary_and_determinism(tokenizer):
    assert tokenizer.get_vocab_size() == 380
    assert t.token_bytes(tokenizer).shape == (380,)
    assert t.train([CODE] * 20, vocab_size=380).to_str() == tokenizer.to_str()
    assert Tokenizer.from_str(tokenizer.to_str()).encode("<pad>").ids == tokenizer.encode("<pad>").ids


def test_pre_tokens(tokenizer):
    pieces = [piece for piece, _ in tokenizer.pre_tokenizer.pre_tokenize_str("    if my_x1 != 20:\n\n")]
    assert pieces == ["ĠĠĠĠ", "if", "Ġmy_x", "1", "Ġ!=", "Ġ2", "0", ":Ċ", "Ċ"]


def test_no_token_crosses_a_word(segmented):
    plain = t.train(REVIEWS, 420)
    crossing = {"segmented": 0, "plain": 0}
    for name, tokenizer, segmentation in (("segmented", segmented, "jieba"), ("plain", plain, None)):
        for text in REVIEWS[:3]:
            ends = set(np.cumsum([len(piece.encode()) for piece in pieces(text)]).tolist())
            ((tokens,), _) = t.encode(tokenizer, [[text]], segmentation)
            reached = np.cumsum(t.token_bytes(tokenizer)[tokens]).tolist()
            crossing[name] += len(ends - set(reached))
    assert crossing["segmented"] == 0
    assert crossing["plain"] > 5  # so that the test can fail


def test_text_without_chinese_has_the_same_tokens_either_way(segmented):
    (one,), (other,) = (t.encode(segmented, [lines(CODE)], name)[0] for name in (None, "jieba"))
    np.testing.assert_array_equal(one, other)
