"""The whole way from an sdist of Chinese reviews to tokens, with words cut first and stop words taken out."""

import random
from collections.abc import Callable

import numpy as np
import pytest

from lmstudy.data.cleaning.stop_words import cut_stop_words
from lmstudy.data.corpus import Corpus, prepare
from lmstudy.data.segmentation import sentences
from lmstudy.data.stages.report import report
from lmstudy.data.tokenizer import decode
from lmstudy.errors import StudyError
from tests.data.test_settings import changed, load
from tests.data.wheels import pinned_sdist

pytestmark = pytest.mark.usefixtures("one_process")

THINGS = ["宾馆的早餐", "这本书的内容", "电脑的屏幕", "前台的服务", "房间里的空调", "送货的速度", "键盘的手感"]
VERDICTS = ["非常不错", "真的很差", "比较一般", "让我满意", "太让人失望", "还算可以", "值得推荐"]
TWINS = ["推荐宾馆的早餐！", "推荐宾馆早餐！"]
STOP = ["的了", "我们，他们", "不是"]


def review(rng: random.Random) -> str:
    parts = (THINGS, VERDICTS, "。！？")
    return "".join(rng.choice(part) for _ in range(rng.randrange(2, 9)) for part in parts)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Callable[..., Corpus]:
    """Makes the corpus of reviews, with changes as `tests.data.test_settings.changed` takes them."""
    folder = tmp_path_factory.mktemp("reviews")
    rng = random.Random(0)
    reviews = list(dict.fromkeys(review(rng) for _ in range(160)))
    files = {"pos.txt": reviews[:70] + reviews[:10] + STOP, "neg.txt": [*reviews[70:], *TWINS, "好"]}
    settings = load(
        "chinese_reviews",
        sdist=pinned_sdist(folder, "alpha", {name: "\n".join(lines) + "\n" for name, lines in files.items()}),
        files={"positive": "pos.txt", "negative": "neg.txt"},
        cleaning={"too_short": {"characters": 2}},
        tokenizer={"vocab_size": 400, "sample_bytes": 10**6},
    )
    return lambda **changes: prepare(changed(settings, **changes), folder, progress=lambda _: None)


def texts(corpus: Corpus) -> dict[str, str]:
    return {row["id"]: row["text"] for split in corpus.splits.values() for row in split}


def test_words_are_cut_the_same_in_training_corpus_and_prompts(made):
    plain, cut = made(), made(tokenizer__segmentation="jieba")
    assert (plain.segmentation, cut.segmentation) == (None, "jieba")
    assert plain.fingerprint != cut.fingerprint
    assert texts(plain) == texts(cut)
    for corpus in (plain, cut):
        for split in corpus.splits.values():
            for row in split:
                assert corpus.encode(row["text"]) == row["tokens"]
                assert decode(corpus.tokenizer, row["tokens"]) == row["text"]
                parts = np.split(np.array(row["tokens"]), row["starts"][1:])
                assert tuple(decode(corpus.tokenizer, part) for part in parts) == sentences(row["text"])


def test_stop_words_are_out_and_counted(made):
    before = made(deduplication=None)
    steps = {"too_short": {"characters": 2}, "stop_words": {"language": "zh"}}
    after = made(cleaning=steps, deduplication=None)
    old, new = texts(before), texts(after)
    emptied = set(old) - set(new)
    assert {old[name] for name in emptied} == set(STOP)
    changed = words = characters = 0
    for name, text in new.items():
        cuts = cut_stop_words(old[name], "zh", None)
        assert text == "".join(c for n, c in enumerate(old[name]) if not any(a <= n < b for a, b in cuts.spans))
        changed += bool(cuts.spans)
        words += cuts.words
        characters += len(old[name]) - len(text)
    source = after.report["sources"]["alpha"]
    assert source["rewritten"] == {"stop_words": {"documents": changed, "words": words, "characters": characters}}
    assert source["removed"]["stop_words"] == {"documents": 3, "characters": sum(map(len, STOP))}
    assert source["removed"]["too_short"] == {"documents": 1, "characters": 1}
    assert source["kept"] == {"documents": len(new), "characters": sum(map(len, new.values()))}
    assert after.report["steps"]["stop_words"] == "holds nothing but stop words"
    assert after.report["effects"] == {"stop_words": "stop words are taken out"}
    assert before.report["effects"] == before.report["sources"]["alpha"]["rewritten"] == {}
    for split in after.splits.values():
        for row in split:
            assert decode(after.tokenizer, row["tokens"]) == row["text"]
            assert len(row["starts"]) <= len(sentences(old[row["id"]]))


def test_duplicates_are_those_of_the_rewritten_text(made):
    corpus = made(cleaning={"stop_words": {"language": "zh"}})
    kept = list(texts(corpus).values())
    assert len(set(kept)) == len(kept)
    assert corpus.report["sources"]["alpha"]["removed"]["exact_duplicate"]["documents"] == 11  # the twins


def test_deduplication_and_all_cleaning_can_be_off(made):
    on, off, none = made(), made(deduplication=None), made(cleaning=None, deduplication=None)
    assert on.report["sources"]["alpha"]["removed"]["exact_duplicate"]["documents"] == 10
    assert set(off.report["sources"]["alpha"]["removed"]) == {"too_short"}
    assert len(texts(off)) > len(texts(on))
    assert on.fingerprint != off.fingerprint
    source = none.report["sources"]["alpha"]
    assert source["removed"] == {}
    assert source["kept"]["documents"] == source["documents"]


def test_an_empty_vocabulary(made):
    with pytest.raises(StudyError, match=r"data\.tokenizer\.sample_bytes=1: no text of the training split .*raise it"):
        made(tokenizer__sample_bytes=1)


def test_counts_of_an_older_cache_are_readable():
    about = {"alpha": {"version": "1.0"}}
    extracted = {"alpha": {"files": 1, "skipped": {}, "documents": 3, "characters": 9}}
    size = {"documents": 3, "characters": 9, "bytes": 9}
    selected = {"removed": {}, "splits": {"train": {**size, "sources": {"alpha": size}}}}
    made_of_it = report(about, extracted, selected, {"train": 3}, 300)
    assert made_of_it["sources"]["alpha"]["kept"] == {"documents": 3, "characters": 9}
    assert made_of_it["sources"]["alpha"]["rewritten"] == {}
