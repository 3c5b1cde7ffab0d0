"""What became of each source: the table of the book."""

from collections.abc import Mapping
from typing import Any

from lmstudy.data.cleaning import deduplication, steps


def report(
    about: Mapping[str, Mapping[str, Any]],
    extracted: Mapping[str, Any],
    selected: Mapping[str, Any],
    tokens: Mapping[str, int],
    vocab_size: int,
) -> dict[str, Any]:
    """Counts of every stage, JSON-able.

    `sources`: for each, what is known of it (version, licence, role), files looked at, what was `skipped`
    and why, documents and characters extracted, those each step `removed`, what each step took out of
    documents that stay (`rewritten`: documents changed, words and characters), those `kept`, and documents by
    split. `steps`: the reason for each step that removed something. `effects`: what the steps do that rewrote
    something. `splits`: documents, characters, bytes and tokens. `tokenizer`: its size, and bytes per token on
    each split.
    """
    sources = {}
    for name, known in about.items():
        removed = selected["removed"].get(name, {})
        rewritten = selected.get("rewritten", {}).get(name, {})  # counts in a cache may be older than rewriting
        sizes = {split: size["sources"].get(name) for split, size in selected["splits"].items()}
        kept = {
            what: extracted[name][what] - sum(count[what] for count in removed.values())
            for what in ("documents", "characters")
        }
        kept["characters"] -= sum(count["characters"] for count in rewritten.values())
        sources[name] = {
            **known,
            **extracted[name],
            "removed": removed,
            "rewritten": rewritten,
            "kept": kept,
            "splits": {split: size["documents"] for split, size in sizes.items() if size},
        }
    splits = {
        split: {**{what: size[what] for what in ("documents", "characters", "bytes")}, "tokens": tokens[split]}
        for split, size in selected["splits"].items()
    }
    reasons = {**steps.REASONS, **deduplication.REASONS}
    used = {step for source in sources.values() for step in source["removed"]}
    changed = {step for source in sources.values() for step, count in source["rewritten"].items() if count["words"]}
    return {
        "sources": sources,
        "steps": {step: reason for step, reason in reasons.items() if step in used},
        "effects": {step: effect for step, effect in steps.EFFECTS.items() if step in changed},
        "splits": splits,
        "tokenizer": {
            "vocab_size": vocab_size,
            "bytes_per_token": {split: size["bytes"] / size["tokens"] for split, size in splits.items()},
        },
    }
