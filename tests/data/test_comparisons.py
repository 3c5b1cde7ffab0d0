"""Pairs of one's own: what is read from each format, what is left out and counted, what is refused in which words."""

import json
from pathlib import Path

import datasets
import pytest

from lmstudy.data.comparisons import Comparison, ComparisonSource
from lmstudy.data.comparisons_file import ComparisonFile
from lmstudy.data.comparisons_hub import ComparisonHub
from lmstudy.errors import StudyError

ROWS = [{"prompt": f"Question {n}?\n", "chosen": f'Good {n},\n"quoted"', "rejected": f"bad {n}"} for n in range(40)]
PAIRS = {Comparison(row["prompt"], row["chosen"], row["rejected"]) for row in ROWS}


def as_lines(rows: list) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def as_table(rows: list[dict[str, str]], separator: str) -> str:
    quoted = lambda text: '"' + text.replace('"', '""') + '"'  # noqa: E731
    return "\n".join([separator.join(rows[0]), *(separator.join(map(quoted, row.values())) for row in rows)])


def source(folder: Path, name: str, text: str | bytes, **settings) -> ComparisonFile:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return ComparisonFile(path=str(path), **settings)


def hub(folder: Path, rows: list, **settings) -> ComparisonHub:
    place = folder / "pairs"
    place.mkdir()
    (place / "train.jsonl").write_text(as_lines(rows))
    return ComparisonHub(path=str(place), **settings)


def all_of(found) -> set[Comparison]:
    return {*found.train, *found.held_out}


def test_all_formats_give_the_same_pairs_and_fingerprint(tmp_path):
    written = {
        "a.jsonl": as_lines(ROWS),
        "b.json": json.dumps(ROWS, indent=1),
        "c.json": as_lines(ROWS),
        "d.csv": "\ufeff" + as_table(ROWS, ","),
        "e.TSV": as_table(ROWS, "\t"),
        "f.jsonl": as_lines(ROWS).replace("\n", "\r\n"),
        "g.jsonl": json.dumps(ROWS),
        "h.jsonl": json.dumps(ROWS, indent=1),
    }
    sources: list[ComparisonSource] = [source(tmp_path, name, text) for name, text in written.items()]
    found = [one.read() for one in (*sources, hub(tmp_path, ROWS))]
    assert all(all_of(one) == PAIRS for one in found)
    assert len({one.fingerprint for one in found}) == 1
    assert {one.train for one in found} == {found[0].train}


def test_other_keys_and_no_prompt(tmp_path):
    rows = [{"better": row["chosen"], "worse": row["rejected"], "score": 3} for row in ROWS]
    found = source(tmp_path, "a.jsonl", as_lines(rows), prompt=None, chosen="better", rejected="worse").read()
    assert all_of(found) == {Comparison("", pair.chosen, pair.rejected) for pair in PAIRS}


def test_messages_count_as_text(tmp_path):
    asked = {"role": "user", "content": "Hello?"}
    rows = [
        {"prompt": [asked], "chosen": [asked, {"role": "x", "content": "Hi."}], "rejected": [{"content": "No."}]},
        {"prompt": "p", "chosen": [{"role": "user"}], "rejected": "x"},
    ]  # fmt: skip
    said: list[str] = []
    found = hub(tmp_path, rows).read(said.append)
    assert all_of(found) == {Comparison("Hello?\n", "Hi.", "No.")}
    assert "1 that hold no text" in said[0]


def test_what_is_left_out_is_counted(tmp_path):
    bad = [
        {"prompt": "p", "chosen": "a"},
        {"prompt": "p", "chosen": "a", "rejected": None},
        {"chosen": "a", "rejected": "b"},
        {"prompt": "p", "chosen": "same", "rejected": "same"},
        {"prompt": "p", "chosen": " \n", "rejected": "b"},
        {"prompt": "p", "chosen": 3, "rejected": "b"},
        {"prompt": "p", "chosen": "half \ud800", "rejected": "b"},
        ["a", "b"],
    ]
    text = as_lines(ROWS) + "".join(json.dumps(row) + "\n" for row in bad) + '{"prompt": "cut of'
    said: list[str] = []
    found = source(tmp_path, "a.jsonl", text).read(said.append)
    assert all_of(found) == PAIRS
    (line,) = said
    assert f"40 pairs of 49 rows, {len(found.held_out)} of them held out" in line
    for reason in (
        '2 without "rejected"', '1 without "prompt"', "1 with two equal texts", "1 with an empty text",
        "2 that hold no text", "2 that are no object with keys",
    ):  # fmt: skip
        assert reason in line


def test_an_empty_prompt_is_a_prompt(tmp_path):
    found = source(tmp_path, "a.csv", "prompt,chosen,rejected\n,good,bad\n").read()
    assert all_of(found) == {Comparison("", "good", "bad")}


def test_a_prompt_is_on_one_side_and_the_share_is_about_what_was_asked(tmp_path):
    rows = [{"prompt": f"p{n // 2}", "chosen": f"a{n}", "rejected": "b"} for n in range(2000)]
    found = source(tmp_path, "a.jsonl", as_lines(rows), held_out=0.2).read()
    assert not {pair.prompt for pair in found.train} & {pair.prompt for pair in found.held_out}
    assert 0.16 < len(found.held_out) / 2000 < 0.24
    assert not source(tmp_path, "b.jsonl", as_lines(rows), held_out=0.0).read().held_out


def test_the_fingerprint_is_of_the_pairs_and_is_checked(tmp_path):
    first = source(tmp_path, "a.jsonl", as_lines(ROWS))
    pinned = first.pinned()["fingerprint"]
    assert source(tmp_path, "b.jsonl", as_lines([{"more": 1, **row} for row in ROWS])).pinned()["fingerprint"] == pinned
    changed = source(tmp_path, "a.jsonl", as_lines(ROWS[1:]))
    assert changed.pinned()["fingerprint"] != pinned
    kept = ComparisonFile(path=str(tmp_path / "gone.jsonl"), fingerprint=pinned)
    assert kept.pinned() == {"fingerprint": pinned}  # a record can be loaded without its pairs
    with pytest.raises(StudyError, match=rf"fingerprint [0-9a-f]{{16}}, and comparisons\.fingerprint={pinned} asks"):
        source(tmp_path, "a.jsonl", as_lines(ROWS[1:]), fingerprint=pinned).read()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.jsonl", "", r"a\.jsonl: it holds no row; a row should look like \{\"prompt\": "),
        (
            "a.jsonl", '{"question": "q", "answer": "a"}\n',
            r'none of its 1 rows is a usable pair \(1 without "prompt"; its keys are question, answer; '
            r"comparisons\.prompt=KEY names another, null for none\); a row should",
        ),
        ("a.csv", "just text\nmore\n", r'a\.csv: none of its 1 rows .*1 without "prompt"; its keys are just text'),
        ("a.csv", '{"chosen": "a", "rejected": "b"}', r"a\.csv: it holds no row"),
        ("a.csv", "Chosen;Rejected\na;b\n", r"a\.csv: is no CSV file: its values stand between ';', and ',' is wanted"),
        ("a.tsv", "chosen,rejected\na,b\n", r"is no TSV file: its values stand between ',', and '\\t' is wanted"),
        (
            "a.csv", 'prompt,chosen,rejected\nq,a,b\nq,"a,b\nq,a,b\n',
            r"a\.csv: is no CSV file: the row that begins in line 3: unexpected end of data",
        ),
        ("a.jsonl", '{"prompt": "", "chosen": "a"}\n', r"comparisons\.rejected=KEY names another\); a row should"),
        ("a.json", "[" * 100_000, r"a\.json: is no JSON file: its brackets are nested too deeply"),
        ("a.json", "[1, 2", r"a\.json: is no JSON file: "),
        ("a.json", "[1, 2]", r"none of its 2 rows is a usable pair \(2 that are no object with keys\)"),
        ("a.jsonl", b"\xff\xfe\x00", r"a\.jsonl: is not UTF-8 \(byte 0\): save it as UTF-8"),
        ("a.xlsx", "x", r"name a file that ends in \.jsonl, \.json, \.csv, \.tsv \(comparisons=hub reads a folder"),
    ],
)  # fmt: skip
def test_a_file_without_a_usable_pair_is_one_clear_line(tmp_path, name, text, said):
    with pytest.raises(StudyError, match=said) as raised:
        source(tmp_path, name, text).read()
    assert "\n" not in str(raised.value)


def test_other_mistakes_are_named(tmp_path, monkeypatch):
    for made, said in (
        (lambda: ComparisonFile(path=str(tmp_path / "none.csv")).read(), r"none\.csv: cannot be read: No such file"),
        (lambda: ComparisonFile(path="").read(), "path='': name a file"),
        (lambda: ComparisonFile(path="a.csv", held_out=1.0), r"comparisons\.held_out=1\.0 must be"),
        (lambda: ComparisonFile(path="a.csv", prompt="chosen"), "must be three keys"),
        (
            lambda: ComparisonHub(path="owner/name", revision="main").read(),
            r"comparisons\.revision='main' does not pin",
        ),
        (lambda: hub(tmp_path, ROWS, split_name="dev").read(), r"comparisons\.split_name='dev'.*train"),
    ):
        with pytest.raises(StudyError, match=said):
            made()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    with pytest.raises(StudyError, match=r"cannot fetch the data set comparisons\.path='owner/name' at 0{40}: no conn"):
        ComparisonHub(path="owner/name", revision="0" * 40).read()


def test_the_example_row_uses_the_keys_that_were_asked_for(tmp_path):
    with pytest.raises(StudyError, match=r'look like \{"better": "Call sorted\(\)\.", "rejected": "No idea\."\}'):
        source(tmp_path, "a.jsonl", "{}", prompt=None, chosen="better").read()
