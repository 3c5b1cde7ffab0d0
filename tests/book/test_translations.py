"""The catalogues of translations: in step with the pages, and nothing lost."""

import pytest

from lmstudy.publishing.catalogues import faults_of, folder, messages_of, read, wanted
from lmstudy.publishing.messages import term_names
from tests.conftest import ROOT


def test_no_claim_link_or_term_is_lost():
    terms = term_names((ROOT / "book" / "glossary.md").read_text(encoding="utf-8"))
    found = [
        f"{path.stem}: {fault}"
        for path in sorted(folder(ROOT).rglob("*.po"))
        for message in messages_of(read(path)).values()
        for fault in faults_of(message, terms)
    ]
    assert found == []


@pytest.mark.slow
def test_catalogues_hold_the_messages_of_the_pages():
    stale = [
        name
        for name, messages in wanted(ROOT).items()
        if list(messages) != list(messages_of(read(folder(ROOT) / f"{name}.po")))
    ]
    assert stale == [], "run lmstudy-book --messages"


def test_no_message_is_missing_or_fuzzy():
    found = [
        f"{path.stem}: {message.id}"
        for path in sorted(folder(ROOT).rglob("*.po"))
        for message in messages_of(read(path)).values()
        if message.fuzzy or not message.string
    ]
    assert found == []
