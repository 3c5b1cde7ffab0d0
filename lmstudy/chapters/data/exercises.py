"""The numbers in the answers of the chapter's exercises, as its page shows them."""

from lmstudy.chapters.data.counting import Leak
from lmstudy.data.cleaning.deduplication import Deduplication, jaccard, shingles
from lmstudy.show.numbers import number, percent


def with_copies(leak: Leak, more: float) -> dict[str, str]:
    """The accuracy on a test set of copies and unseen texts, from the accuracies on both: as it is, and with `more`."""
    seen, new = leak.seen.value, leak.new.value
    copies = {"as_it_is": leak.copies.value, "more": more}
    told = {
        "copies": percent(copies["as_it_is"], decimals=1),
        "seen": percent(seen, decimals=1),
        "new": percent(new, decimals=1),
    }
    return told | {
        f"accuracy_{name}": percent(share * seen + (1 - share) * new, decimals=1) for name, share in copies.items()
    }


def sorted_by_label(positive: float, last: float, part: float = 0.2) -> dict[str, str]:
    """Shares of positive texts in a corpus, in its last `part` and before it, and of negative ones before it."""
    before = (positive - part * last) / (1 - part)
    shares = {"positive": positive, "positive_last": last, "positive_before": before, "negative_before": 1 - before}
    return {name: percent(share, decimals=0) for name, share in shares.items()}


def unknown_in_a_text(words: float, texts: float, running: int, documents: int) -> dict[str, str]:
    """How many texts of mean length would have an unknown word if words were unknown independently, and how many have.

    Args:
        words: share of words that are unknown.
        texts: share of texts with an unknown word.
        running: words of all texts.
        documents: the number of texts.
    """
    mean = running / documents
    return {
        "unknown_words": percent(words, decimals=1),
        "unknown_texts": percent(texts, decimals=0),
        "mean_length": number(mean, decimals=0),
        "independent_texts": percent(1 - (1 - words) ** mean, decimals=0),
    }


def similarity(tokens: int, shingle: int) -> float:
    """The Jaccard similarity of two texts of so many distinct tokens that differ in one in the middle."""
    text = [f"w{i}" for i in range(tokens)]
    other = [*text[: tokens // 2], "other", *text[tokens // 2 + 1 :]]
    return jaccard(*(shingles(" ".join(words), shingle) for words in (text, other)))


def near_duplicates(settings: Deduplication, stricter: float, short: int) -> dict[str, str]:
    """The fewest tokens with which such texts are near duplicates, by the settings and at a `stricter` threshold.

    `similarity` is that of two texts of `short` tokens.
    """
    found = {}
    for name, threshold in {"shortest": settings.threshold, "shortest_stricter": stricter}.items():
        tokens = 2 * settings.shingle
        while similarity(tokens, settings.shingle) < threshold:
            tokens += 1
        found[name] = number(tokens)
    told = {"shingle": settings.shingle, "threshold": settings.threshold}
    similar = number(similarity(short, settings.shingle), decimals=2)
    return found | {name: f"{x:g}" for name, x in told.items()} | {"similarity": similar}
