from collections import Counter, defaultdict

import numpy as np
import pytest

from lmstudy.errors import StudyError
from lmstudy.evaluation.kneser_ney import FALLBACK_DISCOUNTS, KneserNey


def flat(documents):
    offsets = np.cumsum([0] + [len(d) for d in documents])
    return np.array([t for d in documents for t in d], dtype=np.int32), offsets


def markov(vocab, documents, length, seed=0):
    """Documents in which every token has a few likely successors with Zipf weights."""
    rng = np.random.default_rng(seed)
    successors = np.random.default_rng(99).integers(0, vocab, size=(vocab, 16))
    weights = 1 / np.arange(1, 17)
    steps = rng.choice(16, size=(documents, length), p=weights / weights.sum())
    out = np.zeros((documents, length), dtype=np.int32)
    token = np.zeros(documents, dtype=int)
    for t in range(length):
        token = successors[token, steps[:, t]]
        out[:, t] = token
    return [row[: rng.integers(0, length)].tolist() for row in out]


class Slow:
    """The definition, word for word, with strings for the edges and dictionaries for the counts."""

    def __init__(self, order, vocab, documents):
        self.order, self.outcomes = order, [*range(vocab), "</s>"]
        raw = [Counter() for _ in range(order + 1)]
        before = [defaultdict(set) for _ in range(order + 1)]
        for document in documents:
            framed = ["<s>", *document, "</s>"]
            for k in range(1, order + 1):
                for i in range(len(framed) - k + 1):
                    gram = tuple(framed[i : i + k])
                    if gram == ("<s>",):
                        continue
                    raw[k][gram] += 1
                    if i:
                        before[k][gram].add(framed[i - 1])
        self.counts = [
            {g: c if k == order or g[0] == "<s>" else len(before[k][g]) for g, c in raw[k].items()}
            for k in range(order + 1)
        ]
        self.discounts = [self.discount(c) for c in self.counts]
        self.following = [defaultdict(dict) for _ in self.counts]
        for table, counts in zip(self.following, self.counts, strict=True):
            for gram, count in counts.items():
                table[gram[:-1]][gram[-1]] = count

    @staticmethod
    def discount(counts):
        n = Counter(counts.values())
        if not all(n[i] for i in (1, 2, 3, 4)):
            return FALLBACK_DISCOUNTS
        y = n[1] / (n[1] + 2 * n[2])
        d = [i - (i + 1) * y * n[i + 1] / n[i] for i in (1, 2, 3)]
        return tuple(d) if all(0 < x <= i + 1 for i, x in enumerate(d)) else FALLBACK_DISCOUNTS

    def probability(self, word, context):
        if len(context) >= self.order:
            context = context[len(context) - self.order + 1 :]
        lower = 1 / len(self.outcomes) if not context else self.probability(word, context[1:])
        seen = self.following[len(context) + 1].get(context)
        if seen is None:
            return lower
        d = self.discounts[len(context) + 1]
        total = sum(seen.values())
        gamma = sum(d[min(c, 3) - 1] for c in seen.values()) / total
        count = seen.get(word, 0)
        return (count - d[min(count, 3) - 1] if count else 0) / total + gamma * lower

    def bits(self, document):
        framed = ["<s>", *document, "</s>"]
        return sum(-np.log2(self.probability(framed[i], tuple(framed[:i]))) for i in range(1, len(framed)))


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_equals_the_definition_on_a_small_corpus(order):
    train, held_out = markov(30, 300, 12), markov(30, 20, 12, seed=1)
    slow = Slow(order, 30, train)
    model = KneserNey(order, 30).fit(*flat(train))
    assert model.bits(*flat(held_out)) == pytest.approx([slow.bits(d) for d in held_out], rel=1e-12)
    for context in ([], [3], train[0][:7]):
        expected = [slow.probability(w, ("<s>", *context)) for w in slow.outcomes]
        assert model.distribution(context) == pytest.approx(expected, rel=1e-12)


def test_the_test_corpus_estimates_discounts_rather_than_falling_back():
    assert FALLBACK_DISCOUNTS not in Slow(3, 30, markov(30, 300, 12)).discounts[2:]


@pytest.mark.parametrize("context", [[], [1, 2], [5, 5, 5, 5, 5, 5], [39, 38, 37, 36]])
def test_sums_to_one_whatever_the_context(context):
    model = KneserNey(5, 40).fit(*flat(markov(38, 200, 20)))  # 38 and 39 never occur
    seen = markov(38, 200, 20)[3][:6]
    for given in (context, seen, [39, *seen[1:3]], [39, 39, 39, seen[0]]):
        distribution = model.distribution(given)
        assert distribution.shape == (41,)
        assert distribution.min() > 0
        assert abs(distribution.sum() - 1) < 1e-9


def test_distributions_of_all_places_come_in_blocks():
    documents = markov(30, 40, 9)
    model = KneserNey(3, 31).fit(*flat(documents))  # 30 never occurs
    seen = [documents[0], [30, 30], []]
    blocks = list(model.distributions(*flat(seen), block=4))
    places = sum(map(len, seen)) + len(seen)
    assert [len(symbols) for symbols, _ in blocks] == [4] * (places // 4) + [places % 4] * (places % 4 > 0)
    symbols, probability = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    assert symbols.tolist() == [symbol for document in seen for symbol in [*document, 31]]
    assert probability == pytest.approx(np.array([model.distribution(d[:i]) for d in seen for i in range(len(d) + 1)]))
    bits = -np.log2(probability[np.arange(places), symbols])
    assert bits.sum() == pytest.approx(model.bits(*flat(seen)).sum())


def test_order_one_by_hand():
    # Counts a 1, b 2, c 3, d 4, end 2: n = (1, 2, 1, 1), Y = 1/5, D = (1/5, 2 - 3/10, 3 - 4/5).
    documents = [[0, 1, 1, 2, 2, 2], [3, 3, 3, 3]]
    model = KneserNey(1, 5).fit(*flat(documents))
    left = (0.2 + 1.7 + 2.2 + 2.2 + 1.7) / 12
    expected = np.array([0.8, 0.3, 0.8, 1.8, 0, 0.3]) / 12 + left / 6
    assert model.distribution([]) == pytest.approx(expected)
    assert model.bits(*flat([[0, 3]])) == pytest.approx([-np.log2(expected[[0, 3, 5]]).sum()])


def test_offsets_may_be_a_slice_of_a_larger_array_and_documents_may_be_empty():
    tokens, offsets = flat([[9, 9], [1, 2, 3], [], [2, 2]])
    inner = KneserNey(3, 10).fit(tokens, offsets[1:])
    same = KneserNey(3, 10).fit(*flat([[1, 2, 3], [], [2, 2]]))
    assert np.array_equal(inner.bits(tokens, offsets), same.bits(tokens, offsets))
    assert inner.bits(tokens, offsets).shape == (4,)


def test_a_vocabulary_of_4096_fits_at_order_five_and_keys_beyond_64_bits_are_refused():
    edge = KneserNey(5, 4096).fit(*flat([[4095] * 8, [0] * 8]))
    assert edge.distribution([4095] * 4).argmax() == 4095
    assert edge.distribution([4095] * 4).sum() == pytest.approx(1, abs=1e-9)
    with pytest.raises(StudyError, match=r"order=6 with vocab_size=4096"):
        KneserNey(6, 4096)


@pytest.mark.parametrize(
    ("tokens", "offsets", "message"),
    [
        ([1, 5], [0, 2], r"1 to 5.*\[0, 5\)"),
        ([1, -1], [0, 2], r"-1 to 1"),
        ([1, 2], [0, 3], "offsets over 2 tokens"),
        ([1, 2], [2, 0], "must ascend"),
        ([1, 2], [0], "at least one document"),
    ],
)
def test_bad_documents_are_refused(tokens, offsets, message):
    with pytest.raises(StudyError, match=message):
        KneserNey(2, 5).fit(np.array(tokens), np.array(offsets))


def test_asking_before_fitting_is_refused():
    with pytest.raises(StudyError, match="call fit"):
        KneserNey(2, 5).distribution([])
