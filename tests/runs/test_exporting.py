"""An exported folder is loaded by `transformers` alone, computes the run's logits, and reads the run's tokens."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from lmstudy.commands.export import export as command
from lmstudy.compose import compose_config
from lmstudy.data.tokenizer import BOS, GOOD, SPECIAL_TOKENS
from lmstudy.errors import StudyError
from lmstudy.models.generation import Sampling, generate
from lmstudy.models.lstm import Seq2SeqLSTM
from lmstudy.models.transformer import Seq2SeqTransformer
from lmstudy.runs import exporting
from lmstudy.runs.export_card import usage
from lmstudy.runs.exporting import CLOSE, RECORD, converted, export, logits_apart
from lmstudy.runs.finished import Finished, load_run
from lmstudy.runs.folders import find_folder
from lmstudy.runs.pretraining import open_run, train
from lmstudy.runs.records import load
from lmstudy.training.dpo import text_batch
from tests.conftest import ROOT

transformers = pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def trained(small, tmp_path_factory) -> Path:
    config = compose_config("train", [*small, f"runs={tmp_path_factory.mktemp('to_export')}"])
    train(config)
    return open_run(config).folder


@pytest.fixture(scope="module")
def finished(trained) -> Finished:
    return load_run(trained)


@pytest.fixture(scope="module")
def folder(trained, tmp_path_factory) -> Path:
    return export(asked(trained, tmp_path_factory.mktemp("exports") / "model"))


@pytest.fixture(scope="module", autouse=True)
def modules(tmp_path_factory):
    """Code that is loaded from a folder is copied to a place of the test's own."""
    with pytest.MonkeyPatch.context() as patched:
        place = str(tmp_path_factory.mktemp("modules"))
        patched.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", place)
        patched.syspath_prepend(place)
        yield


def asked(run: Path | str, folder: Path, *overrides: str) -> dict[str, Any]:
    runs = run.parent if isinstance(run, Path) else folder.parent / "none"
    return compose_config("export", [f"run='{run}'", f"folder='{folder}'", f"runs='{runs}'", *overrides])


def loaded(folder: Path) -> tuple[Any, Any]:
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder, trust_remote_code=True)
    return model.eval(), transformers.PreTrainedTokenizerFast.from_pretrained(folder)


def check_logits(own: Any, model: Any, tokenizer: Any) -> None:
    """Of texts behind prompts, side by side."""
    prompts = ["def area(r):\n", "", "import os\nimport sys\n\n\ndef find(name, folder):\n"]
    texts = ["    return 3.14 * r ** 2\n", "x = 1\n", '    """Find it."""\n    return os.path.join(folder, name)\n']
    sources, targets = (tokenizer(each, add_special_tokens=False).input_ids for each in (prompts, texts))
    batch = text_batch([torch.tensor(one).numpy() for one in targets], sources)
    with torch.no_grad():
        found = model(
            input_ids=batch.encoder_tokens, attention_mask=batch.encoder_documents,
            decoder_input_ids=batch.decoder_tokens, labels=batch.labels,
        )  # fmt: skip
        wanted = own(batch)
    assert float((found.logits - wanted)[batch.labels >= 0].abs().max()) < CLOSE
    loss = torch.nn.functional.cross_entropy(wanted.flatten(0, 1), batch.labels.flatten())
    assert float(found.loss) == pytest.approx(float(loss), abs=1e-5)
    again = model(input_ids=batch.encoder_tokens, attention_mask=batch.encoder_documents, labels=batch.labels)
    assert float(again.loss.detach()) == pytest.approx(float(loss), abs=1e-5)


def check_greedy(own: Any, model: Any, tokenizer: Any, texts: list[str], banned: list[int], begin: list[int]) -> None:
    """`generate` writes what the study's own generation writes."""
    prompts = tokenizer(texts, padding=True, return_tensors="pt")
    written = model.generate(**prompts, do_sample=False, max_new_tokens=24).tolist()
    sampling = Sampling(temperature=0, banned=tuple(banned), max_tokens=24)
    read = tokenizer(texts, add_special_tokens=False).input_ids
    wanted = generate(own, read, sampling, forced=[begin] * len(texts))
    for found, one in zip(written, wanted, strict=True):
        assert found[0] == BOS
        assert found[1 : 1 + len(one)] == one
        assert set(found[1 + len(one) :]) <= {0, 2}  # the end, and padding


def test_it_is_loaded_with_the_same_logits(folder, finished):
    model, tokenizer = loaded(folder)
    assert type(model).__module__.startswith("transformers_modules")
    assert next(model.parameters()).dtype == torch.float32
    check_logits(finished.module.model, model, tokenizer)


def test_tokens_are_those_of_the_run(folder, finished):
    _, tokenizer = loaded(folder)
    found = transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=True)
    assert found("def f():\n").input_ids == tokenizer("def f():\n").input_ids
    corpus = finished.run.corpus
    texts = [*corpus.splits["valid"]["text"][:20], "a <pad> b</s> <good>\n", "  两个 字\t\n", "", " lead"]
    assert tokenizer(texts, add_special_tokens=False).input_ids == [corpus.encode(text) for text in texts]
    assert [tokenizer.decode(corpus.encode(text)) for text in texts] == texts
    assert tokenizer(texts[0]).input_ids == [BOS, *corpus.encode(texts[0])]
    assert tokenizer("<good>x", split_special_tokens=False).input_ids == [BOS, GOOD, *corpus.encode("x")]
    assert (tokenizer.pad_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id) == (0, 1, 2)
    assert len(tokenizer) == corpus.tokenizer.get_vocab_size()


def test_generate_writes_what_the_study_writes(folder, finished):
    model, tokenizer = loaded(folder)
    banned = model.generation_config.suppress_tokens
    assert set(banned) == set(range(len(SPECIAL_TOKENS))) - {2}
    check_greedy(finished.module.model, model, tokenizer, ["def area(r):\n", "import os\n\n\n"], banned, [])
    torch.manual_seed(0)
    sampled = model.generate(**tokenizer("def f(x):\n", return_tensors="pt"), num_return_sequences=3, max_new_tokens=8)
    assert len({tuple(row) for row in sampled.tolist()}) > 1


def test_the_five_lines_of_the_card_run_without_this_package(folder, tmp_path):
    card = (folder / "README.md").read_text(encoding="utf-8")
    lines = card.partition("```python\n")[2].partition("```")[0]
    assert len(lines.split("\n\n")[1].splitlines()) == 4  # and a line that imports
    code = f"import sys; sys.modules['lmstudy'] = None\n{lines}".replace('"model"', repr(str(folder)))
    environment = {"HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr


def test_the_card_says_what_the_model_is(folder, finished, trained):
    card, record = (folder / "README.md").read_text(encoding="utf-8"), finished.record
    assert load(folder / RECORD) == load(trained / "record.json")
    for said in (
        "license: mit", "library_name: transformers", f"{record.metrics['parameters']:,.0f} parameters", record.id,
        "1 sources, ", "not stated (1)", f"| valid | {record.metrics['valid/bits_per_byte']:.3f} | ",
        "no key-value cache",
    ):  # fmt: skip
        assert said in card
    low, _, high = card.partition("| valid | ")[2].split("|")[1].split()
    assert float(low) <= record.metrics["valid/bits_per_byte"] <= float(high)
    assert not (folder / "model.safetensors").stat().st_size < 4 * record.metrics["parameters"]


@pytest.mark.parametrize("smear", [False, True])
@pytest.mark.parametrize("tied", [False, True])
def test_every_shape_of_the_network_is_copied(finished, smear, tied):
    torch.manual_seed(1)
    own = Seq2SeqTransformer(70, 24, 32, 4, 40, encoder_layers=1, decoder_layers=3, smear=smear).eval()
    for value in own.parameters():
        torch.nn.init.normal_(value, std=0.2)
    if not tied:
        own.untie()
        torch.nn.init.normal_(own.output, std=0.2)
    made = SimpleNamespace(module=SimpleNamespace(model=own), record=finished.record)
    model = converted(made, controlled=False)  # type: ignore[arg-type]
    assert logits_apart(own, model) < CLOSE
    with torch.no_grad():
        own.decoder[2].feed_forward.down.weight += 0.1
    assert logits_apart(own, model) > 1e-3  # the comparison sees a difference


def test_the_published_model_is_exported_without_its_corpus(tmp_path, monkeypatch):
    monkeypatch.setattr("lmstudy.runs.pretraining.prepare", lambda _: pytest.fail("the corpus was asked for"))
    folder = export(asked("flagship", tmp_path / "flagship"))
    model, tokenizer = loaded(folder)
    own = load_run(find_folder("flagship", tmp_path), writes_only=True).module.model
    check_logits(own, model, tokenizer)
    assert model.generation_config.forced_bos_token_id == GOOD
    banned = model.generation_config.suppress_tokens
    assert GOOD not in banned
    check_greedy(own, model, tokenizer, ["def area(r):\n", "import os\n"], banned, [GOOD])
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "78,622,597 tokens after cleaning. Their licences: MIT (80)" in card
    assert 'tokenizer("<good>def area(r):\\n", split_special_tokens=False' in card
    assert "Conditional, judged by Pep8Scorer" in card


def test_what_is_there_is_not_overwritten_unless_asked(trained, tmp_path, monkeypatch):
    target = tmp_path / "there"
    target.mkdir()
    assert export(asked(trained, target)) == target  # an empty folder is none
    (target / RECORD).write_text("mine")
    with pytest.raises(StudyError, match=r"is there and holds something: name another one, or say overwrite=true"):
        export(asked(trained, target))
    assert (target / RECORD).read_text() == "mine"

    def fails(*arguments: Any) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(exporting, "export_card", fails)
        with pytest.raises(KeyboardInterrupt):
            export(asked(trained, target, "overwrite=true"))
    assert (target / RECORD).read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["there"]  # and nothing beside it
    export(asked(trained, target, "overwrite=true"))
    assert json.loads((target / RECORD).read_text())["kind"] == "train"
    (target / "config.json").write_text("{}")
    with pytest.raises(StudyError, match="is no export, and is not overwritten"):
        export(asked(trained, target, "overwrite=true"))
    (tmp_path / "file").write_text("")
    with pytest.raises(StudyError, match="is a file: name a folder"):
        export(asked(trained, tmp_path / "file"))
    with pytest.raises(StudyError, match="cannot be written: "):
        export(asked(trained, tmp_path / "file" / "below"))


def test_other_mistakes_are_named(finished, trained, tmp_path, monkeypatch):
    with pytest.raises(StudyError, match="run=zzz: no finished run"):
        export(asked("zzz", tmp_path / "a"))
    lstm = SimpleNamespace(module=SimpleNamespace(model=Seq2SeqLSTM(70, 24, None, units=8)), record=finished.record)  # type: ignore[arg-type]
    with pytest.raises(StudyError, match="is a Seq2SeqLSTM; an export holds model=transformer"):
        converted(lstm, controlled=False)  # type: ignore[arg-type]
    monkeypatch.setattr(exporting, "logits_apart", lambda *_: float("nan"))
    with pytest.raises(StudyError, match="logits of its copy differ by nan"):
        export(asked(trained, tmp_path / "a"))
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(StudyError, match=r"needs the package transformers: pip install 'lmstudy\[export\]'"):
        export(asked(trained, tmp_path / "a"))
    assert not (tmp_path / "a").exists()


def test_the_command_prints_the_folder(trained, tmp_path, capsys):
    command(asked(trained, tmp_path / "a"))
    assert capsys.readouterr().out.strip() == str(tmp_path / "a")


@pytest.mark.parametrize("page", ["README.md", "book/reproduce.md"])
def test_the_pages_show_what_the_card_shows(page):
    assert "\n".join(usage("flagship", controlled=True)) in (ROOT / page).read_text(encoding="utf-8")
