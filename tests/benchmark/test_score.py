"""The workload `score`: both sides sum the likelihood of the same tokens, and padding changes nothing."""

import math

import pytest
import torch
import torch.nn.functional as F

from lmstudy.benchmark.contenders.score_ours import Scoring
from lmstudy.benchmark.contest import comparable
from lmstudy.benchmark.score import HeldOut, Score
from lmstudy.data.tokenizer import BOS
from tests.benchmark.cases import SIZES, bench, tiny_data

SHAPE = {"rows": 4, "encoder_length": 32, "decoder_length": 64, "prefix_length": 16}
DOCUMENTS = 12


def given() -> dict:
    return {"data": tiny_data(), "documents": DOCUMENTS, "shape": SHAPE, "rows": 5, **SIZES}


def test_windows_hold_every_token_and_end_once():
    held_out = HeldOut(tiny_data(), DOCUMENTS)
    pairs = held_out.windows(SHAPE["prefix_length"], SHAPE["decoder_length"])
    lengths = held_out.store.lengths(held_out.index)
    assert len(pairs) > DOCUMENTS  # some documents are longer than the decoder
    assert sum(len(written) for _, written in pairs) == lengths.sum() + DOCUMENTS
    assert max(len(written) for _, written in pairs) <= SHAPE["decoder_length"]
    assert max(len(read) for read, _ in pairs) <= SHAPE["prefix_length"]


def test_ours_is_the_likelihood_of_single_windows():
    contender = Scoring(**given())
    assert contender.block() == DOCUMENTS
    first = contender.facts["bits_per_byte"]
    assert contender.block() == DOCUMENTS  # a block leaves nothing to the next
    assert contender.facts["bits_per_byte"] == first

    model, held_out = contender.module.model, contender.held_out
    nll = size = 0.0
    for read, written in held_out.windows(SHAPE["prefix_length"], SHAPE["decoder_length"]):
        source, target = torch.from_numpy(read)[None], torch.from_numpy(written)[None]
        shifted = F.pad(target[:, :-1], (1, 0), value=BOS)
        with torch.inference_mode():
            memory = model.encode(source, torch.ones_like(source))
            hidden = model.decode(shifted, torch.ones_like(shifted), memory, torch.ones_like(source))
            nll += float(F.cross_entropy(F.linear(hidden, model.output_weight)[0], target[0], reduction="sum"))
        size += held_out.token_bytes[written].sum()
    assert first == pytest.approx(nll / math.log(2) / size, rel=1e-4)


def test_padding_changes_no_result_of_the_peer():
    pytest.importorskip("transformers")
    from lmstudy.benchmark.contenders.score_hf import Scoring as Peer

    padded, alone = Peer(**given()), Peer(**{**given(), "rows": 1})
    assert padded.block() == alone.block() == DOCUMENTS
    assert padded.facts["bits_per_byte"] == pytest.approx(alone.facts["bits_per_byte"], rel=1e-4)
    comparable({"lmstudy": Scoring(**given()).facts, "hf_t5": padded.facts})


@pytest.mark.usefixtures("contest_here")
def test_a_run_without_peers_reports_itself():
    found = Score(documents=DOCUMENTS, padded_rows=5, **SHAPE, **SIZES).run(bench())
    assert found.lines[0].measure == "documents_per_second"
    assert found.lines[0].value > 0
    assert found.metrics["lmstudy/bits_per_byte_of_fresh_weights"] > 1
    assert len(found.data) == 16
