"""Labels judged a few at a time are judged as all at once."""

import math

import pytest
import torch
import torch.nn.functional as F

from lmstudy.training.surprisal import BLOCK, judged, largest


@pytest.mark.parametrize(("vocabulary", "banned"), [(40, ()), (4096, (3, 77)), (5 * BLOCK + 7, (5 * BLOCK + 6,))])
@pytest.mark.parametrize("chunk", [1, 10, None])
def test_chunks_are_equal_to_all_logits_at_once(vocabulary, banned, chunk):
    g = torch.Generator().manual_seed(1)
    hidden, weight = torch.randn(33, 16, generator=g), torch.randn(vocabulary, 16, generator=g)
    labels = torch.randint(0, 3, (33,), generator=g)
    logits = F.linear(hidden, weight)
    logits[:, list(banned)] = -math.inf
    found = judged(hidden, weight, labels, banned, chunk)
    torch.testing.assert_close(found.nll, F.cross_entropy(logits, labels, reduction="none"), rtol=1e-5, atol=1e-5)
    assert found.predicted.tolist() == logits.argmax(-1).tolist()


def test_without_a_label_there_is_nothing_to_judge():
    found = judged(torch.ones(0, 4), torch.ones(9, 4), torch.ones(0, dtype=torch.int64))
    assert (found.nll.shape, found.nll.dtype) == ((0,), torch.float32)
    assert (found.predicted.shape, found.predicted.dtype) == ((0,), torch.int64)


@pytest.mark.parametrize("width", [BLOCK - 1, 2 * BLOCK, 2 * BLOCK + 1, 4096])
def test_the_largest_is_the_first_of_equal_ones(width):
    g = torch.Generator().manual_seed(width)
    few = torch.randint(0, 3, (200, width), generator=g).float()  # many are equal
    last = torch.zeros(3, width)
    last[:, -1] = 1
    for logits in (few, last, torch.randn(50, width, generator=g), torch.full((2, width), -math.inf)):
        first = (logits == logits.amax(-1, keepdim=True)).long().argmax(-1)
        assert largest(logits).tolist() == first.tolist()
