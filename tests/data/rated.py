"""A small sdist of rated snippets, and the `data` config that reads it."""

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lmstudy.data.source_ratings import RATINGS, TEXTS
from tests.data.test_settings import load
from tests.data.wheels import pinned_sdist, tarball

INNER = "extra/inner.tar.gz"
Snippets = list[tuple[str, str, list[int]]]
"""(id, text, ratings)"""


def rated_files(domains: Mapping[str, Snippets]) -> dict[str, str]:
    """The two files of each domain, the second in another order and with a mark of byte order, as published."""
    files = {}
    for domain, snippets in domains.items():
        means = {name: sum(ratings) / len(ratings) for name, _, ratings in snippets}
        files[f"rated/{domain}{TEXTS}"] = "\r\n".join(f"{name}\t{means[name]}\t{text}" for name, text, _ in snippets)
        listed = [f"{name}\t{means[name]:.6f}\t0.5\t{json.dumps(ratings)}" for name, _, ratings in reversed(snippets)]
        files[f"rated/{domain}{RATINGS}"] = "\ufeff" + "\n".join(listed) + "\n"
    return files


def rated_settings(folder: Path, files: Mapping[str, str | bytes]) -> dict[str, Any]:
    """The config of a corpus whose sdist lies in the cache `folder`."""
    files = {INNER: tarball(files), "setup.py": "raise SystemExit"}
    return load(
        "rated_snippets",
        sdist=pinned_sdist(folder, "beta", files),
        archive=INNER,
        domains={"film": "rated/film", "tweet": "rated/tweet"},
        tokenizer={"vocab_size": 400, "sample_bytes": 10**6},
    )


WORDS = "a the plot story actor scene music film show very not quite often good bad dull fine lovely poor".split()  # noqa: SIM905


def made_up(count: int, seed: int) -> Snippets:
    rng = random.Random(seed)
    return [
        (str(n), " ".join(rng.choices(WORDS, k=rng.randint(8, 14))), [rng.randint(-4, 4) for _ in range(5 + n % 2)])
        for n in range(count)
    ]


SAME = "Both domains hold this very text."
DOMAINS: dict[str, Snippets] = {
    "film": [*made_up(60, 0), ("same", SAME, [4, 2])],
    "tweet": [*made_up(40, 1), ("same", SAME, [-3, 1, 1])],
}
