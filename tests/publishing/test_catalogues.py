from lmstudy.publishing.catalogues import messages_of, read, updated, write


def test_translations_stay_and_what_is_reworded_is_fuzzy(tmp_path):
    place = tmp_path / "page.po"
    known = updated(read(place), {"Kept {claim}`a.b`.": ["text"], "It was said, and is reworded.": ["heading"]})
    for text, message in messages_of(known).items():
        message.string = f"译{text}"
    write(place, known)

    write(place, updated(read(place), {"It is said, and is reworded.": ["heading"], "Kept {claim}`a.b`.": ["text"]}))
    found = messages_of(read(place))
    assert list(found) == ["It is said, and is reworded.", "Kept {claim}`a.b`."]
    assert found["Kept {claim}`a.b`."].string == "译Kept {claim}`a.b`."
    assert not found["Kept {claim}`a.b`."].fuzzy
    fuzzy = found["It is said, and is reworded."]
    assert fuzzy.fuzzy
    assert fuzzy.user_comments == ["was: It was said, and is reworded."]


def test_what_was_said_leaves_no_trace_when_its_translation_is_mended(tmp_path):
    place = tmp_path / "page.po"
    before, after = ("A long sentence " * 12 + end for end in ("as it was.", "as it is."))
    known = updated(read(place), {before: ["text"]})
    messages_of(known)[before].string = "译文"
    write(place, known)
    write(place, updated(read(place), {after: ["text"]}))
    mended = read(place)
    assert len(messages_of(mended)[after].user_comments) > 1
    messages_of(mended)[after].flags.discard("fuzzy")
    write(place, updated(mended, {after: ["text"]}))
    assert messages_of(read(place))[after].user_comments == []


def test_a_file_has_no_dates_and_no_places_and_is_written_once(tmp_path):
    place = tmp_path / "page.po"
    long = "word " * 60 + "{claim}`a.b`"
    catalogue = updated(read(place), {long: ["text"]})
    write(place, catalogue)
    text = place.read_text(encoding="utf-8")
    assert f'msgid "{long}"' in text
    assert "Date" not in text
    assert "format" not in text
    write(place, updated(read(place), {long: ["text"]}))
    assert place.read_text(encoding="utf-8") == text
