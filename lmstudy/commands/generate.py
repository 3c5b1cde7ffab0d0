"""`lmstudy-generate`: samples of a finished run, with what people would mind in them."""

import re
import sys
from typing import Any

from lmstudy.commands.command import Command
from lmstudy.overrides import quoted, without_interpolation


def generate(config: dict[str, Any]) -> None:
    """Finished run, control token and prompt -> samples -> scores by segment -> lines."""
    from lmstudy.runs.sample_lines import printed
    from lmstudy.runs.shown_samples import write

    for line in printed(write(config), config["format"], config["colour"], sys.stdout):
        print(line)


COMMAND = Command(
    "generate",
    purpose=(
        "Let a finished run write, and print its samples. Before each segment stands its score; what is worse than\n"
        "the scorer's threshold is marked !, what was given >. Personal data are masked where the scorer says so."
    ),
    task=generate,
    examples=(
        ("lmstudy-generate run=3f2a", "four texts of a run, by the beginning of its id"),
        ("lmstudy-generate run=3f2a control=good guidance=2", "asked to be good, and pushed away from the bad"),
        ("lmstudy-generate run=3f2a control=good look_ahead=8", "drops texts that the model expects to turn bad"),
        ('lmstudy-generate run=3f2a prompt="def area("', "the prompt as it is typed, brackets and commas too"),
        ("lmstudy-generate run=3f2a prompt=$'def area(x):\\n'", "after a whole line (in bash)"),
        ("lmstudy-generate -m run=3f2a control=good,bad n=2", "one beside the other"),
        ("lmstudy-generate run=77b0 scorer=sentiment_reward", "judged by another scorer than its own"),
        ("lmstudy-generate run=3f2a n=100 format=json > samples.jsonl", "one object a line"),
    ),
)


def literal(argument: str) -> str:
    """`prompt=TEXT` as Hydra reads any text: in quotes, unless it is null or in quotes already."""
    key, equals, text = argument.partition("=")
    if key != "prompt" or not equals or text in ("", "null") or re.fullmatch(r"""(['"])(\\.|(?!\1).)*\1""", text, re.S):
        return argument
    return f"prompt={quoted(without_interpolation(text))}"


def main() -> None:
    sys.argv[1:] = map(literal, sys.argv[1:])
    COMMAND.main()


if __name__ == "__main__":
    main()
