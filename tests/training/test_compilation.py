"""What is compiled, when, and what is said where it cannot be; results stay what they are."""

import shutil
import sysconfig

import pytest
import torch
from torch import nn

from lmstudy.compose import compose_config
from lmstudy.config import TrainerConfig
from lmstudy.data.batch import Shape
from lmstudy.data.datamodule import Phase, TrainingBatches
from lmstudy.data.examples import PrefixLM
from lmstudy.errors import StudyError
from lmstudy.models.transformer import Seq2SeqTransformer
from lmstudy.preferences.objectives.mle import MLE
from lmstudy.runs.pretraining import train
from lmstudy.training import compilation
from lmstudy.training.chunked import chunked_objective, part
from lmstudy.training.compilation import (
    FLEX_FROM,
    PAYS_FROM,
    WHOLE_UP_TO,
    choose_attention,
    compilation_error,
    compilation_problem,
    compile_network,
)
from lmstudy.training.trainer import check_machine
from tests.data.fake_documents import random_documents


@pytest.fixture(autouse=True)
def fresh_compiler():
    yield
    torch._dynamo.reset()


@pytest.fixture
def equipped(monkeypatch):
    """A machine with all that compiling takes."""
    monkeypatch.setattr(compilation, "compilation_problem", lambda accelerator="cpu": None)


@pytest.fixture
def no_compiler(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.delenv("CC", raising=False)


def make_model(layers: int = 1, positions: int = 128) -> Seq2SeqTransformer:
    torch.manual_seed(1)
    return Seq2SeqTransformer(600, positions, 32, 2, 48, encoder_layers=layers, decoder_layers=layers)


def compiled_parts(model: Seq2SeqTransformer) -> tuple[bool, int]:
    """Whether the network is compiled as a whole, and how many layers are."""
    return "hidden" in vars(model), sum(layer._compiled_call_impl is not None for layer in model.layers)


@pytest.mark.usefixtures("equipped")
@pytest.mark.parametrize(
    ("wish", "steps", "done"),
    [("auto", PAYS_FROM - 1, False), ("auto", PAYS_FROM, True), (True, 1, True), (False, 10**6, False)],
)
def test_auto_compiles_runs_that_are_long_enough(wish, steps, done):
    model = make_model()
    assert compile_network(model, wish, steps) is done
    assert compiled_parts(model) == (done, 0)


@pytest.mark.usefixtures("equipped")
def test_deep_and_sharded_models_are_compiled_layer_by_layer():
    deepest, deeper, sharded = make_model(WHOLE_UP_TO // 2), make_model(WHOLE_UP_TO // 2 + 1), make_model(2)
    assert all(compile_network(model, True, 1) for model in (deepest, deeper))
    assert compile_network(sharded, True, 1, "gpu", sharded=True)
    assert compiled_parts(deepest) == (True, 0)
    assert compiled_parts(deeper) == (False, WHOLE_UP_TO + 2)
    assert compiled_parts(sharded) == (False, 4)


@pytest.mark.usefixtures("no_compiler")
def test_without_a_compiler_auto_says_so_and_trains_without_and_asking_for_it_is_an_error(capsys):
    model = make_model()
    assert compile_network(model, "auto", PAYS_FROM) is False
    assert compiled_parts(model) == (False, 0)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("trains without compilation: there is no C++ compiler (")
    wanted = r"trainer\.compile=true: there is no C\+\+ compiler .*; trainer\.compile=false trains without"
    with pytest.raises(StudyError, match=wanted):
        compile_network(model, True, 1)


def test_a_model_without_layers_is_not_compiled(capsys):
    with pytest.raises(StudyError, match="model Linear names no layers to compile"):
        compile_network(nn.Linear(1, 1), True, 1)
    assert compile_network(nn.Linear(1, 1), "auto", PAYS_FROM) is False
    assert capsys.readouterr().err == "trains without compilation: model Linear names no layers to compile\n"


def test_the_compiler_is_the_one_that_pytorch_would_take(monkeypatch, tmp_path, no_compiler):
    monkeypatch.setattr(compilation, "_has_python_headers", lambda: True)
    monkeypatch.setattr(compilation.sys, "platform", "linux")
    (tmp_path / "clang++").touch(0o755)
    assert "no C++ compiler (g++; another is named by CXX)" in compilation_problem()
    monkeypatch.setenv("CXX", "clang++")
    assert compilation_problem() is None
    monkeypatch.setenv("CXX", "icpx")
    assert compilation_problem() == "CXX=icpx is no C++ compiler that can be found"
    monkeypatch.delenv("CXX")
    (tmp_path / "g++").touch(0o755)
    assert compilation_problem() is None


def test_a_gpu_needs_triton_and_a_c_compiler(monkeypatch, tmp_path, no_compiler):
    monkeypatch.setattr(compilation, "_has_python_headers", lambda: True)
    monkeypatch.setattr(compilation.importlib.util, "find_spec", lambda name: None)
    assert compilation_problem("gpu") == "Triton, with which PyTorch compiles for a GPU, is not installed"
    monkeypatch.setattr(compilation.importlib.util, "find_spec", lambda name: name)
    assert "no C compiler (gcc or clang; another is named by CC)" in compilation_problem("gpu")
    (tmp_path / "clang").touch(0o755)
    assert compilation_problem("gpu") is None
    monkeypatch.setenv("CC", "tcc")
    assert compilation_problem("gpu") == "CC=tcc is no C compiler that can be found"


def test_missing_python_headers_are_noticed_before_anything_is_compiled(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path / name))
    problem = f"Python.h is not in {tmp_path / 'include'}: Python's headers are not installed"
    assert compilation_problem() == problem
    (tmp_path / "include").mkdir()
    (tmp_path / "include" / "Python.h").touch()
    assert compilation_problem() is None


def test_a_failing_backend_is_an_error_in_a_line(tiny, monkeypatch, equipped):
    def fails(graph, inputs):
        raise RuntimeError("the assembler is on strike")

    real = torch.compile
    monkeypatch.setattr(torch, "compile", lambda function, **settings: real(function, backend=fails, **settings))
    with pytest.raises(StudyError) as raised:
        train(compose_config("train", [*tiny, "trainer.compile=true"]))
    message = str(raised.value)
    assert message.startswith("trainer.compile: compilation failed: ")
    assert "the assembler is on strike" in message
    assert message.endswith("trainer.compile=false trains without")
    assert "\n" not in message


def test_training_validation_and_evaluation_share_a_graph(tiny, monkeypatch, equipped):
    real, graphs = torch.compile, []

    def backend(graph, inputs):
        graphs.append(graph)
        return graph.forward

    monkeypatch.setattr(torch, "compile", lambda function, **settings: real(function, backend=backend, **settings))
    record = train(compose_config("train", [*tiny, "trainer.compile=true"]))
    assert len(graphs) == 2  # the network, and the loss of a chunk
    plain = train(compose_config("train", [*tiny, "trainer.compile=false", "runs=" + tiny[-1].split("=")[1] + "2"]))
    assert record.id == plain.id
    assert record.metrics["valid/bits_per_byte"] == pytest.approx(plain.metrics["valid/bits_per_byte"], rel=1e-5)


def test_of_a_compilers_output_the_complaint_is_shown():
    inductor = type("InductorError", (RuntimeError,), {"__module__": "torch._inductor.exc"})
    output = "CppCompileError: C++ compile error\n\nOutput:\nx.cpp:2:10: fatal error: Python.h: No\nterminated."
    assert "failed: x.cpp:2:10: fatal error: Python.h: No; " in str(compilation_error(inductor(output)))
    assert "failed: no kernel; " in str(compilation_error(inductor("backend='b' raised:\nno kernel\nmore")))
    assert compilation_error(RuntimeError("of something else")) is None


@pytest.mark.slow
@pytest.mark.skipif(compilation_problem() is not None, reason=f"{compilation_problem()}")
def test_compiled_loss_and_gradients_are_those_of_the_plain_network():
    losses, gradients = [], []
    shape = Shape(2, 64, 128, 48)
    batch = next(iter(TrainingBatches([Phase(0, random_documents(50))], PrefixLM(), shape, 1)))
    for wish in (False, True):
        model = make_model()
        assert compile_network(model, wish, 1) is wish
        choose_attention(model, "auto", "cpu", wish)
        hidden = model.hidden(batch)
        taken = torch.compile(part, dynamic=False) if wish else part
        loss = chunked_objective(MLE(), hidden, model.output_weight, batch.labels, taken=taken).loss
        loss.backward()
        losses.append(loss.item())
        gradients.append(torch.cat([p.grad.flatten() for p in model.parameters()]))
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)
    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("wish", "accelerator", "compiled", "positions", "chosen"),
    [
        ("auto", "cpu", True, FLEX_FROM, "products"),
        ("auto", "cpu", False, FLEX_FROM, "dense"),
        ("dense", "cpu", True, FLEX_FROM, "dense"),
        ("products", "cpu", False, 64, "products"),
        ("auto", "gpu", False, FLEX_FROM, "dense"),
        ("auto", "gpu", True, FLEX_FROM - 1, "dense"),
        ("auto", "gpu", True, FLEX_FROM, "flex"),
        ("dense", "gpu", True, FLEX_FROM, "dense"),
        ("flex", "gpu", True, 64, "flex"),
    ],
)
def test_attention_is_chosen_by_where_the_network_computes(wish, accelerator, compiled, positions, chosen):
    model = make_model(positions=positions)
    choose_attention(model, wish, accelerator, compiled)
    assert model.attention == chosen


def test_block_masks_asked_for_where_there_are_none_are_an_error():
    for accelerator, compiled in (("cpu", True), ("gpu", False)):
        with pytest.raises(StudyError, match=r"trainer\.attention=flex: it is made for networks compiled for a GPU"):
            choose_attention(make_model(), "flex", accelerator, compiled)
    with pytest.raises(StudyError, match=r"model Linear attends in a way of its own; trainer\.attention=dense"):
        choose_attention(nn.Linear(1, 1), "flex", "gpu", True)
    choose_attention(nn.Linear(1, 1), "auto", "gpu", True)
    with pytest.raises(StudyError, match=r"wants trainer\.accelerator=gpu and .*=true, not cpu and auto"):
        check_machine(TrainerConfig(attention="flex"))
