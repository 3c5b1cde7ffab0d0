"""Contenders of the workload `train`: equal work, full rows, and packing that changes no result."""

import numpy as np
import pytest
import torch

from lmstudy.benchmark.contenders import hf_t5, ours, torch_transformer
from lmstudy.benchmark.contenders.training import to_batches
from lmstudy.benchmark.contest import comparable
from lmstudy.benchmark.train import packed_batches, whole_batches
from lmstudy.data.batch import Shape
from lmstudy.data.tokenizer import BOS
from lmstudy.errors import StudyError
from tests.benchmark.cases import Store

SIZES = {"vocab_size": 300, "d_model": 32, "heads": 2, "d_ff": 48, "encoder_layers": 2, "decoder_layers": 2}
SHAPE = Shape(rows=4, encoder_length=24, decoder_length=48, prefix_length=16)
PEERS = {"ours": ours.Training, "t5": hf_t5.Training, "torch": torch_transformer.Training}


def contender(name: str, documents: str, **others):
    make = packed_batches if documents == "packed" else whole_batches
    given = {"compiled": False} if name == "ours" else {}
    return PEERS[name](batches=make(Store(), SHAPE, 2), documents=documents, **SIZES, **given, **others)


@pytest.mark.parametrize("make", [packed_batches, whole_batches])
def test_rows_are_full_of_real_tokens(make):
    batches = to_batches(make(Store(), SHAPE, 3))
    assert len(batches) == 3
    for batch in batches:
        assert batch.encoder_tokens.shape == (4, 24)
        assert batch.decoder_tokens.shape == batch.labels.shape == (4, 48)
        assert (batch.encoder_documents > 0).all()
        assert (batch.decoder_documents > 0).all()
        assert (batch.labels > 0).all()  # neither padding nor ignored
        assert (batch.encoder_tokens > 0).all()
        assert int(batch.target_tokens) == 4 * 48
        begins = batch.decoder_tokens == BOS
        assert torch.equal(batch.decoder_tokens[:, 1:][~begins[:, 1:]], batch.labels[:, :-1][~begins[:, 1:]])
        for read, written in zip(batch.encoder_documents, batch.decoder_documents, strict=True):
            assert set(read.tolist()) == set(written.tolist())  # every example has both sides
            assert (read.diff() >= 0).all()
    assert not torch.equal(batches[0].labels, batches[1].labels)


def test_packed_rows_hold_several_examples_and_whole_rows_one():
    packed, whole = to_batches(packed_batches(Store(), SHAPE, 1))[0], to_batches(whole_batches(Store(), SHAPE, 1))[0]
    assert packed.decoder_documents.amax(1).float().mean() > 1.5
    assert (whole.decoder_documents == 1).all()
    assert ((packed.decoder_tokens == BOS).sum(1) == packed.decoder_documents.amax(1)).all()


def test_numbers_of_parameters_and_shapes_are_comparable():
    facts = {name: contender(name, "packed").facts for name in PEERS}
    comparable(facts)
    assert {tuple(f["shape"]) for f in facts.values()} == {(4, 24, 48)}
    assert facts["t5"]["parameters"] == facts["ours"]["parameters"] + 2 * 32 * 2  # two tables of relative positions


def test_unequal_contenders_are_refused_with_both_numbers():
    facts = {"lmstudy": {"parameters": 1000, "shape": [1, 2, 3]}, "peer": {"parameters": 1021, "shape": [1, 2, 3]}}
    with pytest.raises(StudyError, match="lmstudy has 1,000 parameters and peer 1,021; they may differ by 2%"):
        comparable(facts)
    facts["peer"] = {"parameters": 1020, "shape": [1, 2, 3]}
    comparable(facts)
    facts["peer"]["shape"] = [1, 2, 4]
    with pytest.raises(StudyError, match=r"batches of lmstudy are \[1, 2, 3\], of peer \[1, 2, 4\]"):
        comparable(facts)


@pytest.mark.parametrize("documents", ["packed", "whole"])
@pytest.mark.parametrize("name", list(PEERS))
def test_a_block_is_a_step_that_learns(name, documents):
    one = contender(name, documents)
    assert sum(one.block() for _ in range(12)) == 12 * 4 * (24 + 48)
    first, last = one.facts["losses"]
    assert first == pytest.approx(np.log(300), rel=0.5)
    assert last < first
    assert one.facts["steps"] == 12


def alone(batch, row: int, number: int):
    """One example of a row as a batch of its own, and its places in the row."""
    read, written = batch.encoder_documents[row] == number, batch.decoder_documents[row] == number
    chosen = [field[row, read if i < 2 else written][None] for i, field in enumerate(batch[:5])]
    ones = [torch.ones_like(f) if i in (1, 3) else f for i, f in enumerate(chosen)]
    return type(batch)(*ones, torch.tensor(chosen[4].numel()), torch.zeros_like(chosen[4])), written


def test_packing_changes_no_result_of_t5():
    """Each example of a packed row gets the logits it gets alone, through T5's public forward."""
    torch.manual_seed(0)
    model = hf_t5.t5(**SIZES).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)  # so that attention is far from uniform
    batch = to_batches(packed_batches(Store(), SHAPE, 1))[0]
    with torch.no_grad():
        packed = hf_t5.packed_output(model, batch)
        losses = []
        for row in range(4):
            for number in range(1, int(batch.decoder_documents[row].max()) + 1):
                single, places = alone(batch, row, number)
                output = model(
                    input_ids=single.encoder_tokens, decoder_input_ids=single.decoder_tokens, labels=single.labels
                )
                torch.testing.assert_close(packed.logits[row, places], output.logits[0], rtol=1e-4, atol=1e-4)
                losses.append(output.loss * single.labels.numel())
        assert float(packed.loss) == pytest.approx(float(sum(losses)) / (4 * 48), rel=1e-5)
        mixed = model(input_ids=batch.encoder_tokens, decoder_input_ids=batch.decoder_tokens, labels=batch.labels)
        assert (mixed.logits - packed.logits).abs().max() > 0.05  # without masks, examples do see each other


def test_whole_rows_need_no_masks():
    """Rows of one example: with block masks and without, the same loss."""
    batch = to_batches(whole_batches(Store(), SHAPE, 1))[0]
    t5 = hf_t5.t5(**SIZES)
    assert hf_t5.whole_loss(t5, batch).item() == pytest.approx(hf_t5.packed_loss(t5, batch).item(), rel=1e-5)
    width = torch_transformer.matching_width(**SIZES)
    models = [torch_transformer.TiedTransformer(48, packed, **{**SIZES, "d_ff": width}) for packed in (True, False)]
    models[1].load_state_dict(models[0].state_dict())
    assert models[0].loss(batch).item() == pytest.approx(models[1].loss(batch).item(), rel=1e-5)


def test_examples_in_a_row_of_torch_transformer_do_not_see_each_other():
    batch = to_batches(packed_batches(Store(), SHAPE, 1))[0]
    model = torch_transformer.TiedTransformer(48, True, **{**SIZES, "d_ff": 64})
    before = model(batch)
    other = batch.encoder_documents == 1
    changed = batch._replace(encoder_tokens=torch.where(other, 77, batch.encoder_tokens))
    after = model(changed)
    own = batch.decoder_documents == 1
    torch.testing.assert_close(before[~own], after[~own])
    assert (before[own] - after[own]).abs().max() > 1e-3


def test_this_packages_step_is_that_of_its_trainer():
    """The same loss as the plain objective over logits, and the optimiser's groups of the product."""
    one = contender("ours", "packed")
    batch = one.batches[0]
    plain = torch.nn.functional.cross_entropy(one.model(batch).flatten(0, 1), batch.labels.flatten())
    assert one.loss(batch).item() == pytest.approx(plain.item(), rel=1e-5)
    decays = {group["weight_decay"] for group in one.optimizer.param_groups}
    assert decays == {0.0, 0.1}
