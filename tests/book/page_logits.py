"""Logits of the network in a page, beside those of the package."""

from typing import Any

import torch

from lmstudy.models.network import Writer
from tests.book.browser import Browser


def random_tokens(model: Writer, count: int, seed: int) -> list[int]:
    return torch.randint(3, model.embedding.num_embeddings, (count,), generator=torch.manual_seed(seed)).tolist()


def compare_logits(model: Any, browser: Browser, source: list[int], target: list[int]) -> None:
    """Those of `net` in a page and those of a model."""
    found = browser.evaluate(
        f"(() => {{ const cache = net.start({source});"
        f"return {target}.map((token) => [...net.step(token, cache)]); }})()"
    )
    rows, columns = torch.tensor([source]), torch.tensor([target])
    with torch.no_grad():
        memory = model.encode(rows, torch.ones_like(rows))
        hidden = model.decode(columns, torch.ones_like(columns), memory, torch.ones_like(rows))
        expected = (hidden @ model.output_weight.T)[0]
    assert expected.std() > 0.5
    torch.testing.assert_close(torch.tensor(found), expected, atol=1e-3, rtol=0)
