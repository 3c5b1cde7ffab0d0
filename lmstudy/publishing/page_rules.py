"""How the page "Try the model" judges style beside the study's scorer, and what rounding does to the flagship there.

    python -m lmstudy.publishing.page_rules [FOLDER]

lets the flagship write, judges that and functions of installed packages by `Pep8Scorer` and, in a headless Chromium, by
the page's own rules, and writes into FOLDER (`book/_static/try`) `rules.txt`, which the page includes.
"""

from __future__ import annotations

import ast
import json
import math
import sys
import tempfile
import textwrap
from collections import Counter
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from lmstudy.atomic import write_text
from lmstudy.data.documents import lines
from lmstudy.errors import StudyError
from lmstudy.preferences.scorers.pep8 import Pep8Scorer
from lmstudy.publishing.chromium import Chromium
from lmstudy.publishing.page_model import FOLDER, rounded
from lmstudy.runs.finished import Finished, load_run
from lmstudy.runs.folders import find_folder
from lmstudy.writing.control import Asked
from lmstudy.writing.texts import drawn

COMMAND = "python -m lmstudy.publishing.page_rules"
PROGRAMS = ("python.js", "pep8.js", "style.js")
PACKAGES = ("networkx", "sympy")
"""Installed packages, of the flagship's corpus."""
EVERY = 20
"""One file of so many is read."""
TEXTS = 128
"""Texts that the flagship writes after each token."""
SEED = 1


class Agreement(NamedTuple):
    """Violations by code: of both, of the scorer alone, of the page alone; and the number of lines looked at."""

    both: Counter[str]
    missed: Counter[str]
    wrong: Counter[str]
    lines: int

    @property
    def found(self) -> int:
        """Violations that the scorer finds."""
        return self.both.total() + self.missed.total()


class PageRules:
    """The page's rules in a headless Chromium; closed at the end of a `with`."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._home = tempfile.TemporaryDirectory()
        scripts = "".join(f'<script src="{(folder / name).resolve().as_uri()}"></script>' for name in PROGRAMS)
        page = Path(self._home.name, "rules.html")
        write_text(page, f'<!doctype html><meta charset="utf-8"><title>rules</title>{scripts}')
        self.browser = Chromium(Path(self._home.name, "profile"))
        self.browser.open(page)

    def __enter__(self) -> PageRules:
        return self

    def __exit__(self, *raised: object) -> None:
        self.browser.__exit__(*raised)
        self._home.cleanup()

    def violations(self, texts: Sequence[str], longest: int) -> list[list[tuple[int, str]]]:
        """For each text its violations as (line from 1, code)."""
        found = self.browser.evaluate(
            f"{json.dumps(texts)}.map((text) => lmstudyTry.style.violations(text, {longest}))"
        )
        return [[(row, code) for row, code in own] for own in found]

    def agreement(self, texts: Sequence[str], scorer: Pep8Scorer) -> Agreement:
        """How the page judges texts beside the scorer."""
        both, missed, wrong = Counter[str](), Counter[str](), Counter[str]()
        for text, own in zip(texts, self.violations(texts, scorer.max_line_length), strict=True):
            page, study = Counter(own), Counter((found.line, found.code) for found in scorer.violations(text))
            for counts, places in ((both, page & study), (missed, study - page), (wrong, page - study)):
                counts.update(code for _, code in places.elements())
        return Agreement(both, missed, wrong, sum(len(lines(text)) for text in texts))


def functions(packages: Sequence[str] = PACKAGES, every: int = EVERY) -> list[str]:
    """Functions and methods of 3 to 60 lines of some files of installed packages."""
    found = []
    for package in packages:
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            raise StudyError(f"the package {package} is missing: pip install {package}")
        for path in sorted(Path(spec.origin).parent.rglob("*.py"))[::every]:
            text = path.read_text(encoding="utf-8")
            rows = lines(text)
            for node in ast.walk(ast.parse(text)):
                if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    continue
                start = min([node.lineno, *(one.lineno for one in node.decorator_list)])
                own = rows[start - 1 : node.end_lineno]
                if 3 <= len(own) <= 60:
                    found.append(textwrap.dedent("".join(own)))
    return found


def distance(finished: Finished, written: Sequence[Sequence[int]]) -> tuple[float, float]:
    """How far the rounded weights are from the stored ones, over all tokens of texts.

    Returns:
        the mean Kullback-Leibler divergence of the next token's distribution in nats, and the share of places where the
        most probable token is the same.
    """
    import torch

    from lmstudy.data.tokenizer import BOS

    model: Any = finished.module.model
    stored = {name: weight.clone() for name, weight in model.state_dict().items()}

    @torch.no_grad()
    def log_probabilities(ids: Sequence[int]) -> Any:
        source, target = torch.tensor([[BOS]]), torch.tensor([[BOS, *ids]])
        memory = model.encode(source, torch.ones_like(source))
        hidden = model.decode(target, torch.ones_like(target), memory, torch.ones_like(source))
        return (hidden @ model.output_weight.T)[0].log_softmax(-1)

    before = [log_probabilities(ids) for ids in written]
    model.load_state_dict(rounded(stored))
    after = [log_probabilities(ids) for ids in written]
    model.load_state_dict(stored)
    p, q = torch.cat(before), torch.cat(after)
    divergence = (p.exp() * (p - q)).sum(1).mean()
    return float(divergence), float((p.argmax(1) == q.argmax(1)).float().mean())


def report(samples: Agreement, people: Agreement, divergence: float, same: float) -> str:
    """What the page says of it, in MyST Markdown, with precision and recall of the rules that differ."""

    def seen(what: Agreement, where: str) -> str:
        return (
            f"In {what.lines:,} lines {where}, the page finds {what.both.total():,} of the {what.found:,} violations "
            f"that the study's scorer finds. It marks {what.wrong.total() or 'nothing'} that the scorer does not."
        )

    def cells(one: Agreement, code: str) -> str:
        both = one.both[code]
        made, wanted = both + one.wrong[code], both + one.missed[code]
        return f"| {wanted:,} | {both / made if made else math.nan:.2f} | {both / wanted if wanted else math.nan:.2f} "

    parts = [
        seen(samples, "that the flagship wrote after *good* and *bad*"),
        seen(people, f"of functions from {' and '.join(PACKAGES)}"),
    ]
    differ = sorted({code for one in (samples, people) for part in (one.missed, one.wrong) for code in part})
    if differ:
        parts += ["", "| rule | in samples | precision | recall | people's | precision | recall |", "|---" * 7 + "|"]
        parts += [f"| {code} {cells(samples, code)}{cells(people, code)}|" for code in differ]
    rounding = (
        f"Rounding the flagship's weights changes little. At {same:.1%} of the places in its texts the same token is "
        f"the most probable, and the divergence of the next token's distribution is {divergence:.4f} nats on average."
    )
    return "\n".join([*parts, "", rounding, ""])


def write(folder: Path = FOLDER) -> Path:
    """Write `rules.txt`; returns its path."""
    finished = load_run(find_folder("flagship", Path("no-runs")), writes_only=True)
    scorer = Pep8Scorer()
    written = [
        one
        for control in ("good", "bad")
        for one in drawn(finished.module.model, finished.run.corpus, Asked(control), TEXTS, SEED)
    ]
    with PageRules(folder) as page:
        samples = page.agreement([text.text for _, text in written], scorer)
        people = page.agreement(functions(), scorer)
    target = folder / "rules.txt"
    write_text(target, report(samples, people, *distance(finished, [ids for ids, _ in written[::4]])))
    return target


def main(arguments: list[str]) -> int:
    if len(arguments) > 1 or any(argument.startswith("-") for argument in arguments):
        print(f"usage: {COMMAND} [FOLDER]\nFOLDER is where the page's programs are, by default {FOLDER}.")
        return 2
    try:
        print(write(*map(Path, arguments)))
    except StudyError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
