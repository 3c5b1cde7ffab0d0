"""`lmstudy-pin`: packages are found in a folder that stands in for the package index; nothing of theirs is executed."""

import hashlib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
import yaml

from lmstudy.commands.pin import main
from lmstudy.data.artefacts import fetching, package_index
from lmstudy.data.artefacts.licences import PERMISSIVE, find_licence
from lmstudy.data.artefacts.pin_files import entry
from lmstudy.data.settings import parse
from tests.conftest import ROOT
from tests.data.wheels import build_sdist

BSD = "Redistribution and use in source and binary forms, with or without modification, are permitted\n"
ENDORSING = f"{BSD}Neither the name of the author may be used to endorse or promote\n   products\n"
GRANT = "Permission is hereby granted, free of charge, to any person obtaining a copy of this software"
APACHE = "Apache License\n   Version 2.0, January 2004\n"

CONFIG = """\
# What it is
before: 1   # kept

packages:
  first:
    version: "1.0"
    sha256: aa
    licence: MIT
    role: train   # kept, too

  # of valid
  Held.Out:
    version: "3"
    sha256: bb
    licence: MIT
    role: valid
# about what follows
exclude: []
"""


@pytest.fixture
def wheel(index):
    """Makes a wheel of the index: `wheel("alpha", "2.0", "License: MIT")`."""

    def build(name: str, version: str, *headers: str, tag: str = "py3-none-any", licence_file: str = "") -> Path:
        made = index / f"{name}-{version}-{tag}.whl"
        info = f"{name}-{version}.dist-info"
        with zipfile.ZipFile(made, "w") as archive:
            archive.writestr(f"{name}/__init__.py", "raise RuntimeError('executed')\n")
            metadata = "\n".join(["Metadata-Version: 2.4", f"Name: {name}", f"Version: {version}", *headers])
            archive.writestr(f"{info}/METADATA", f"{metadata}\n\nLicense: GPL\n")
            archive.writestr(f"{info}/licenses/vendored/LICENSE", BSD)
            if licence_file:
                archive.writestr(f"{info}/licenses/LICENSE.txt", licence_file)
        return made

    return build


@pytest.fixture(autouse=True)
def places(index, tmp_path, monkeypatch):
    """A cache of the test's own, and the settings that pip has here, without starting it each time."""
    monkeypatch.setenv("LMSTUDY_CACHE", str(tmp_path / "cache"))
    given = {"no-index": "1", "find-links": str(index)}
    monkeypatch.setattr(package_index, "pip_settings", lambda: given)


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG)
    return file


def refusal(capsys, *arguments: str) -> str:
    """The one line that says why one package is refused."""
    assert main(list(arguments)) == 1
    line, table = capsys.readouterr().err.splitlines()
    assert line.startswith("lmstudy-pin: ")
    assert table.startswith("refused  ")
    return line.removeprefix("lmstudy-pin: ")


def test_the_newest_final_release_is_shown_as_configs_have_it(wheel, capsys, tmp_path):
    wheel("alpha_beta", "1.9", "License: MIT")
    newest = wheel("alpha_beta", "1.10", "License: MIT")
    wheel("alpha_beta", "2.0rc1", "License: MIT")
    assert main(["Alpha.Beta"]) == 0
    shown = capsys.readouterr()
    digest = hashlib.sha256(newest.read_bytes()).hexdigest()
    expected = {"version": "1.10", "sha256": digest, "licence": "MIT", "role": "train"}
    assert yaml.safe_load(shown.out) == {"alpha-beta": expected}
    assert list(yaml.safe_load(shown.out)["alpha-beta"]) == list(expected)
    assert shown.err == "pinned  alpha-beta  version 1.10, MIT, for train\n"
    assert newest.exists()  # copied, not moved
    cache = tmp_path / "cache"
    pinned = fetching.Artefact("alpha-beta", **expected)
    newest.unlink()
    assert fetching.fetch(pinned, cache, print).is_file()  # it need not be fetched again
    assert not list((cache / "artefacts").glob(".pin-*"))


def test_the_version_given_is_taken_and_an_sdist_only_if_it_will_do(wheel, index, capsys):
    wheel("alpha", "1.0", "License: MIT")
    wheel("alpha", "2.0", "License: MIT")
    build_sdist(index, "beta", {"PKG-INFO": "Metadata-Version: 2.1\nName: beta\nLicense: ISC\n", "setup.py": "1 / 0"})
    assert main(["alpha==1", "--role", "test"]) == 0
    shown = yaml.safe_load(capsys.readouterr().out)["alpha"]
    assert (shown["version"], shown["role"]) == ("1.0", "test")
    assert refusal(capsys, "beta") == (
        "beta==1.0: no wheel of pure Python, for every platform; it has an sdist, which --sdist takes"
    )
    assert main(["beta", "--sdist"]) == 0
    shown = yaml.safe_load(capsys.readouterr().out)["beta"]
    assert (shown["sdist"], shown["licence"]) == ("beta-1.0.tar.gz", "ISC")


def test_into_a_config_comments_and_order_stay(wheel, config, capsys):
    for name in ("on", "alpha", "beta", "held_out"):
        wheel(name, "1.0", "License-Expression: MIT")
    assert main(["alpha", "held-out", "on", "alpha", "--into", str(config)]) == 0
    table = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in table] == ["pinned", "there", "pinned", "there"]
    assert "version 3" in table[1]
    assert main(["beta", "--role", "test", "--into", str(config)]) == 0
    after = config.read_text()
    packages = yaml.safe_load(after)["packages"]
    assert list(packages) == ["first", "alpha", "on", "Held.Out", "beta"]
    assert packages["Held.Out"]["version"] == "3"
    kept = iter(after.splitlines())
    assert all(line in kept for line in CONFIG.splitlines())  # every old line, in its order
    assert after.index("alpha:") < after.index("# of valid") < after.index("beta:") < after.index("# about what")


def test_the_shipped_config_takes_an_entry_that_a_source_accepts(wheel, tmp_path):
    wheel("alpha", "1.0", "License: MIT")
    file = tmp_path / "mine.yaml"
    shipped = (ROOT / "conf" / "data" / "python_functions.yaml").read_text()
    file.write_text(shipped)
    assert main(["alpha", "--into", str(file)]) == 0
    settings = yaml.safe_load((ROOT / "conf" / "data" / "_functions.yaml").read_text())
    content = yaml.safe_load(file.read_text())
    source, _ = parse({**settings, **{key: content[key] for key in ("packages", "exclude")}})
    roles = [known["role"] for known in source.about().values()]
    assert roles == sorted(roles, key=["train", "valid", "test"].index)
    assert source.about()["alpha"]["licence"] == "MIT"
    added = [line for line in file.read_text().splitlines() if line not in shipped.splitlines()]
    assert len(added) == 3  # its name, sha256 and version; the rest is as in other entries


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("packages: {}\n", "no block `packages:`"),
        ("packages: {a: {role: train}}\n", "no block `packages:`"),
        ("- 1\n", "no block `packages:`"),
        ("packages:\n  a: {version: 1}\n", "packages.a has no role"),
        ("packages: [\n", "cannot be read as YAML"),
        (None, "cannot be read as YAML"),
    ],
)
def test_a_config_that_cannot_take_entries_is_left_as_it_is(wheel, tmp_path, capsys, content, said):
    file = tmp_path / "config.yaml"
    if content is not None:
        file.write_text(content)
    assert main(["alpha", "--into", str(file)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"lmstudy-pin: {file}: ")
    assert said in line
    assert content is None or file.read_text() == content


def test_what_cannot_be_pinned_is_said_in_a_line_and_the_others_are(wheel, capsys, config):
    wheel("alpha", "1.0", "License: MIT")
    wheel("alpha", "1.1rc1", "License: MIT")
    wheel("beta", "1.0", "License: MIT", tag="cp311-cp311-linux_x86_64")
    wheel("gamma", "1.0", "License: MIT", tag="py2-none-any")
    assert refusal(capsys, "delta") == "delta: the package index has no such package"
    assert refusal(capsys, "alpha==3") == "alpha==3: there is no such version; the newest are 1.0, 1.1rc1"
    for name in ("beta", "gamma"):
        assert refusal(capsys, name) == f"{name}==1.0: no wheel of pure Python, for every platform; nor an sdist"
    assert main(["delta", "alpha", "--into", str(config)]) == 1
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["refused", "pinned"]
    assert "alpha" in yaml.safe_load(config.read_text())["packages"]
    for typed in ("alpha>=1", "alpha==", "../alpha", ""):
        assert main([typed]) == 1
        assert capsys.readouterr().err == f"lmstudy-pin: {typed!r} is no package; give NAME or NAME==VERSION\n"


def test_a_yanked_release_is_passed_over_and_refused_by_name(wheel, index, capsys):
    files = [wheel("alpha", version, "License: MIT") for version in ("1.0", "2.0")]
    page = index / "alpha.html"
    links = [f'<a href="{files[0].as_uri()}">{files[0].name}</a>']
    links += [f'<a href="{files[1].as_uri()}" data-yanked="broken">{files[1].name}</a>']
    page.write_text("".join(links))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(package_index, "pip_settings", lambda: {"no-index": "1", "find-links": page.as_uri()})
        assert main(["alpha"]) == 0
        assert yaml.safe_load(capsys.readouterr().out)["alpha"]["version"] == "1.0"
        assert refusal(capsys, "alpha==2.0") == "alpha==2.0: this version was yanked by its authors: broken"
        page.write_text(links[1])
        assert "every version is a pre-release or yanked; name one as alpha==VERSION" in refusal(capsys, "alpha")


def test_no_network_is_said_without_addresses(wheel, index, monkeypatch, capsys):
    wheel("alpha", "1.0", "License: MIT")
    given = {"find-links": str(index), "index-url": "http://127.0.0.1:1/simple"}
    monkeypatch.setattr(package_index, "pip_settings", lambda: given)
    said = refusal(capsys, "alpha")  # though a folder has one: the index may have a newer one
    assert said.startswith("alpha: the package index cannot be asked (")
    assert "is there a network" in said
    assert "127.0.0.1" not in said


def test_a_licence_that_will_not_do_is_refused_with_what_it_says(wheel, capsys):
    wheel("alpha", "1.0", "License-Expression: GPL-3.0-only")
    assert refusal(capsys, "alpha") == (
        f"alpha==1.0: its metadata say 'GPL-3.0-only'; right would be one of {', '.join(PERMISSIVE)}"
    )
    wheel("beta", "1.0")
    assert "its metadata say nothing of a licence; right would be" in refusal(capsys, "beta")


@pytest.mark.parametrize(
    ("text", "expected"), [("", None), (BSD, "BSD-2-Clause"), (ENDORSING, "BSD-3-Clause"), (APACHE, None)]
)
def test_the_licence_file_tells_apart_what_goes_by_one_name(wheel, text, expected, capsys):
    wheel("alpha", "1.0", "Classifier: License :: OSI Approved :: BSD License", licence_file=text)
    assert main(["alpha"]) == (expected is None)
    assert (yaml.safe_load(capsys.readouterr().out) or {}).get("alpha", {}).get("licence") == expected


MIT, GPL, APACHES, BSDS = (
    f"Classifier: License :: OSI Approved :: {name}"
    for name in ("MIT License", "GNU General Public License (GPL)", "Apache Software License", "BSD License")
)


@pytest.mark.parametrize(
    ("headers", "texts", "expected"),
    [
        (["License: MIT"], [], "MIT"),
        (["License: the MIT Licence"], [], "MIT"),
        (["License: Apache 2.0 License"], [], "Apache-2.0"),
        (["License: BSD 3-Clause License", BSDS], [], "BSD-3-Clause"),
        (["License: UNKNOWN", MIT], [], "MIT"),
        (["License-Expression: mit or GPL-2.0-only"], [], "MIT OR GPL-2.0-only"),
        (["License-Expression: MIT AND bsd-3-clause\r"], [], "MIT AND BSD-3-Clause"),
        (["License-Expression: MIT AND MPL-2.0"], [], None),
        (["License-Expression: MIT AND (MIT OR GPL-2.0-only)"], [], None),
        (["License-Expression: Apache-2.0 WITH LLVM-exception"], [], None),
        (["License-Expression: my own"], [], None),
        (["License: MIT", GPL], [], None),
        (["License: MIT", APACHES], [], None),
        (["License: LGPLv3"], [], None),
        (["License: see the file", MIT], [], None),
        ([BSDS, MIT], [], None),
        ([APACHES], [], None),
        ([APACHES], [APACHE], "Apache-2.0"),
        ([BSDS], [BSD, ENDORSING], None),
        ([BSDS], [f"{ENDORSING}All advertising materials"], None),
        (["License: Apache License", "        Version 2.0, January 2004"], [], "Apache-2.0"),
        (["License: Permission is granted", "        to all", MIT], [], "MIT"),
        (["License: Permission is granted", "        by the GNU GPL", MIT], [], None),
        (["License: Permission is granted", "        to all"], [], None),
        (["License: Mine", f"        {GRANT}", "        The above copyright notice"], [], "MIT"),
        (["License: Mine", f"        {GRANT}"], [], "MIT-0"),
        (["Classifier: License :: Public Domain"], [], None),
        ([], [APACHE], None),
    ],
)
def test_licences(headers, texts, expected):
    metadata = Parser().parsestr("\n".join([*headers, "", ""]))
    assert find_licence(metadata, texts).licence == expected


def test_names_that_yaml_takes_for_something_else_are_quoted():
    assert entry(fetching.Artefact("123", "1", "a", "MIT", "train")).startswith('"123":')
