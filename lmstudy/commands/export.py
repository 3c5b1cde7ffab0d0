"""`lmstudy-export`: a finished run as a folder that `transformers` loads."""

from typing import Any

from lmstudy.commands.command import Command


def export(config: dict[str, Any]) -> None:
    """Finished run -> weights, code, tokenizer, model card and record in one folder."""
    from lmstudy.runs.exporting import export as write

    print(write(config))


COMMAND = Command(
    "export",
    purpose=(
        "Write a finished run as a folder that transformers loads, with its code, tokenizer, model card and record.\n"
        "Logits are compared with those of the run before anything is written; the folder is whole or not there."
    ),
    task=export,
    examples=(
        ("lmstudy-export run=3f2a", "a run by the beginning of its id, into exports/NAME-ID"),
        ("lmstudy-export run=flagship folder=flagship", "a model that comes with the book, into a folder of that name"),
        ("lmstudy-export run=3f2a folder=mine overwrite=true", "in the place of an earlier export"),
    ),
)
main = COMMAND.main

if __name__ == "__main__":
    main()
