"""What the metadata of an artefact say of its licence, as an SPDX expression, where they leave no doubt.

Doubt refuses: a name that several licences go by is told apart by the licence's own text in the artefact or not at all,
and metadata that say two things say neither.
"""

import re
from collections.abc import Sequence
from email.message import Message
from typing import NamedTuple

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

PERMISSIVE = (
    "MIT", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "ISC", "PSF-2.0", "Unlicense", "0BSD", "MIT-0", "Zlib"
)  # fmt: skip

_BSD = frozenset({"BSD-2-Clause", "BSD-3-Clause"})
_OTHER_NAMES = {
    "MIT": ("expat", "mit license (mit)"),
    "MIT-0": ("mit no attribution license (mit-0)",),
    "BSD-2-Clause": ("bsd 2-clause", "bsd 2 clause", "2-clause bsd", "bsd (2-clause)"),
    "BSD-3-Clause": ("bsd 3-clause", "bsd 3 clause", "3-clause bsd", "bsd (3-clause)"),
    "Apache-2.0": (
        "apache 2.0", "apache 2", "apache license 2.0", "apache license, version 2.0", "apache license version 2.0",
        "apache software license 2.0",
    ),
    "ISC": ("isc license (iscl)",),
    "PSF-2.0": ("python software foundation",),
    "Unlicense": ("unlicense (unlicense)",),
    "Zlib": ("zlib/libpng",),
}  # fmt: skip
_NAMES: dict[str, frozenset[str]] = {
    **{name.lower(): frozenset({name}) for name in PERMISSIVE},
    **{other: frozenset({name}) for name, others in _OTHER_NAMES.items() for other in others},
    **dict.fromkeys(("bsd", "new bsd", "modified bsd", "simplified bsd"), _BSD),
    **dict.fromkeys(("apache", "apache software"), frozenset({"Apache-2.0", "an older Apache licence"})),
}
"""The licences that a name may mean; names in lower case, without "the" before and "license" after them."""
_SILENT = ("", "unknown", "none", "osi approved")
_STRICT = re.compile(r"\b(L|A)?GPL|\bGNU\b|\bMPL\b|\bMozilla Public|\bEPL\b|\bproprietary\b", re.IGNORECASE)


class Finding(NamedTuple):
    """The licence, if it is beyond doubt and permissive; and what the metadata say, in words."""

    licence: str | None
    said: str


def find_licence(metadata: Message, texts: Sequence[str]) -> Finding:
    """The licence of an artefact.

    Args:
        metadata: its METADATA or PKG-INFO.
        texts: the licence files that it holds, which tell apart what one name stands for.
    """
    expression = str(metadata.get("License-Expression", "")).strip()
    field = str(metadata.get("License", "")).strip()
    classifiers = [
        text.split(" :: ")[-1].strip()
        for text in metadata.get_all("Classifier", [])
        if str(text).startswith("License ::")
    ]
    lines = field.splitlines()
    shown = [expression, *(lines[:1] if len(lines) < 2 else [f"{lines[0][:40]}…"]), *classifiers]
    said = ", ".join(dict.fromkeys(repr(text) for text in shown if text)) or "nothing of a licence"
    if any(_STRICT.search(text) for text in (field, *classifiers)) and not expression:
        return Finding(None, said)
    if expression:
        return Finding(_permissive(expression), said)
    short = [field] if len(lines) < 2 else []
    meant = [_meaning(text) for text in [*short, *classifiers] if _plain(text) not in _SILENT]
    if not meant and len(lines) > 1:
        meant = [frozenset({_of_text(field) or ""})]
    possible = frozenset.intersection(*meant) if meant else frozenset()
    if len(possible) > 1:
        possible &= {name for text in texts if (name := _of_text(text))}
    (licence,) = possible if len(possible) == 1 else (None,)
    return Finding(licence if licence in PERMISSIVE else None, said)


def _permissive(expression: str) -> str | None:
    """The expression in SPDX's spelling, if one of its alternatives is permissive throughout."""
    try:
        canonical = str(canonicalize_license_expression(expression))
    except InvalidLicenseExpression:
        return None
    alternatives = [choice.split(" AND ") for choice in canonical.split(" OR ")]
    return canonical if any(set(choice) <= set(PERMISSIVE) for choice in alternatives) else None


def _plain(text: str) -> str:
    words = " ".join(text.lower().replace("'", "").replace('"', "").split())
    return re.sub(r" licen[cs]e$", "", words.removeprefix("the "))


def _meaning(text: str) -> frozenset[str]:
    """The licences that a name may mean; none where nobody can tell."""
    return _NAMES.get(_plain(text), frozenset())


def _of_text(text: str) -> str | None:
    """The licence that a whole text is, of the most frequent ones."""
    words = " ".join(text.split())
    if re.search(r"Apache License,? Version 2\.0", words, re.IGNORECASE):
        return "Apache-2.0"
    if "Permission is hereby granted, free of charge, to any person obtaining a copy" in words:
        return "MIT" if "The above copyright notice" in words else "MIT-0"
    if "Redistribution and use in source and binary forms" not in words:
        return None
    if "advertising materials" in words:
        return None  # the old licence of four clauses
    endorses = re.search(r"\b(endorse or promote|used to endorse)\b", words)
    return "BSD-3-Clause" if endorses else "BSD-2-Clause"
