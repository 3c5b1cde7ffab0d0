"""`lmstudy-prepare`: fetch, verify, clean, split and tokenise a corpus, or say that it is there."""

from typing import Any

from lmstudy.commands.command import Command


def prepare(config: dict[str, Any]) -> None:
    """Pinned artefacts -> documents -> cleaning -> tokenizer -> tokens, each stage cached."""
    from lmstudy.data.corpus import prepare as run

    corpus = run(config["data"])
    for name, split in corpus.splits.items():
        print(f"{name:<12} {len(split):>8,} documents")
    print(f"fingerprint  {corpus.fingerprint}")


COMMAND = Command(
    "prepare",
    purpose="Fetch, verify, clean, split and tokenise a corpus. What is in the cache is not done again.",
    task=prepare,
    examples=(
        ("lmstudy-prepare", "the Python functions of the book"),
        ("lmstudy-prepare data=files data.path=FOLDER", "your own folder of text or code"),
        ("lmstudy-prepare data.tokenizer.vocab_size=2048", "another vocabulary: only what depends on it"),
    ),
)
main = COMMAND.main

if __name__ == "__main__":
    main()
