"""`lmstudy-book`: everything between the data and the built book."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from lmstudy.commands.language import purpose
from lmstudy.terminal import guarded

DESCRIPTION = """\
Build the book: prepare the data, train what the book needs and does not have yet, run the notebooks, work out
the claims, build the pages with warnings as errors, and check every link. What has not changed is not done again.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status is 0 for a sound book, and 1 where a stage failed; the book that was there stays."""
    parser = argparse.ArgumentParser(prog="lmstudy-book", description=purpose("lmstudy-book", DESCRIPTION))
    cost = "how much training may cost: smoke (seconds), quick (minutes, default), study, paper"
    parser.add_argument("--budget", default="quick", metavar="NAME", help=cost)
    parser.add_argument("--seed", type=int, metavar="N", help="for the notebooks that take a seed")
    one = "run only this notebook, such as 01_corpus; may be given again"
    parser.add_argument("--only", action="append", default=[], metavar="NOTEBOOK", help=one)
    no_train = "fail if a run is missing, rather than train it"
    parser.add_argument("--no-train", action="store_false", dest="train", help=no_train)
    parser.add_argument("--fresh", action="store_true", help="run the notebooks even if nothing has changed")
    paper = "print it, too: book/_build/lmstudy.pdf and lmstudy-zh.pdf (needs Chromium)"
    parser.add_argument("--pdf", action="store_true", help=paper)
    edition = "the language: en, zh or both (default)"
    parser.add_argument("--edition", default="both", choices=("en", "zh", "both"), help=edition)
    draft = "in Chinese, say in English, and mark, what is not translated yet"
    parser.add_argument("--draft", action="store_true", help=draft)
    messages = "bring the catalogues of translations up to date with the pages, and say what is to be translated"
    parser.add_argument("--messages", action="store_true", help=messages)
    arguments = vars(parser.parse_args(argv))
    pdf = arguments.pop("pdf")
    if arguments.pop("messages"):
        return guarded("lmstudy-book", _messages)

    chosen = arguments.pop("edition")
    arguments["editions"] = ("en", "zh") if chosen == "both" else (chosen,)
    left = "interrupted; the same command goes on from where it was"
    return guarded("lmstudy-book", lambda: _build(pdf, arguments), left)


def _build(pdf: bool, arguments: dict[str, Any]) -> None:
    from lmstudy.publishing.book import build_book, checkout  # here, so that --help need not wait for it
    from lmstudy.publishing.paper.pdf import require_printer, write_pdfs

    if pdf:
        require_printer()  # before what may take half an hour
    root = checkout()
    index = build_book(root, **arguments)
    printed = [file for edition in arguments["editions"] for file in write_pdfs(root, edition)] if pdf else []
    print(f"The book: {index}")
    for file in printed:
        print(f"As PDF:   {file}")


def _messages() -> None:
    from lmstudy.publishing.book import checkout
    from lmstudy.publishing.catalogues import update, update_code

    root = checkout()
    print("\n".join(update(root)))
    print(update_code(root))


if __name__ == "__main__":
    sys.exit(main())
