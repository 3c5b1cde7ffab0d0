"""DPO's loss by hand, its gradient, its batches, and the drift of a model that learns from pairs."""

import math
from itertools import islice

import numpy as np
import pytest
import torch

from lmstudy.data.batch import IGNORE
from lmstudy.data.tokenizer import BOS, EOS, PAD
from lmstudy.models.transformer import Seq2SeqTransformer
from lmstudy.preferences.losses.dpo import DPO, dpo_loss, dpo_margins
from lmstudy.preferences.objectives.mle import MLE
from lmstudy.training.dpo import (
    DPOModule,
    PairBatches,
    PairDataModule,
    Pairs,
    Texts,
    text_batch,
    text_log_probabilities,
)
from lmstudy.training.optimizers import AdamW

TEXTS = [[40, 41, EOS], [42, EOS], [43, 44, 45, 46], [47, 48, EOS]]


def network(seed: int = 0) -> Seq2SeqTransformer:
    torch.manual_seed(seed)
    model = Seq2SeqTransformer(60, 8, d_model=16, heads=2, d_ff=24, encoder_layers=1, decoder_layers=1)
    for value in model.parameters():
        torch.nn.init.normal_(value, std=0.3)
    return model


def pairs_of(model: Seq2SeqTransformer) -> Pairs:
    targets = [np.array(text) for text in TEXTS]
    with torch.no_grad():
        reference = text_log_probabilities(model, text_batch(targets))
    return Pairs(Texts(targets), np.array([0, 2, 0]), np.array([1, 3, 3]), reference)


def test_at_the_reference_the_loss_is_log_two_whatever_beta():
    policy = torch.randn(5, 2)
    for beta in (0.01, 1.0, 7.0):
        assert float(dpo_loss(policy, policy.clone(), beta)) == pytest.approx(math.log(2))


def test_loss_and_margins_by_hand():
    policy = torch.tensor([[-10.0, -12.0], [-5.0, -3.0]])
    reference = torch.tensor([[-11.0, -11.5], [-5.0, -6.0]])
    assert dpo_margins(policy, reference, 0.5).tolist() == pytest.approx([0.75, -1.5])  # .5 (1 - -.5), .5 (0 - 3)
    by_hand = (math.log(1 + math.exp(-0.75)) + math.log(1 + math.exp(1.5))) / 2
    assert float(dpo_loss(policy, reference, 0.5)) == pytest.approx(by_hand)


def test_log_probabilities_are_those_of_each_text_alone():
    model = network()
    together = text_log_probabilities(model, text_batch([np.array(text) for text in TEXTS]))
    for text, found in zip(TEXTS, together.detach(), strict=True):
        logits = model(text_batch([np.array(text)]))[0]
        steps = logits.detach().log_softmax(-1)[range(len(text)), text]
        assert float(found) == pytest.approx(float(steps.sum()), rel=1e-5)


def test_a_batch_reads_the_start_token_and_counts_the_end_token_of_finished_texts():
    batch = text_batch([np.array(text) for text in TEXTS])
    assert batch.encoder_tokens.tolist() == [[BOS]] * 4
    assert batch.decoder_tokens[0].tolist() == [BOS, 40, 41, PAD]
    assert batch.labels[0].tolist() == [40, 41, EOS, IGNORE]
    assert batch.labels[2].tolist() == [43, 44, 45, 46]  # unfinished
    assert int(batch.target_tokens) == 3 + 2 + 4 + 3


def test_batches_hold_every_pair_once_an_epoch_and_go_on_where_they_were():
    pairs = pairs_of(network())
    whole = list(islice(PairBatches(pairs, 2, seed=1), 6))
    rest = list(islice(PairBatches(pairs, 2, seed=1, first_step=2), 4))
    for before, after in zip(whole[2:], rest, strict=True):
        assert torch.equal(before.texts.labels, after.texts.labels)
        assert torch.equal(before.reference, after.reference)
    seen = torch.cat([batch.reference for batch in whole[:3]]).tolist()  # 6 pairs: two epochs of three
    given = torch.stack([pairs.reference[pairs.chosen], pairs.reference[pairs.rejected]], 1).tolist()
    assert sorted(seen) == sorted(given * 2)
    first = whole[0]
    assert first.texts.labels.shape[0] == 4
    assert torch.equal(first.reference.mT.flatten(), text_log_probabilities(network(), first.texts).detach())


def test_training_makes_the_chosen_texts_more_likely_than_the_rejected():
    model = network()
    pairs = pairs_of(network())
    module = DPOModule(
        model=model,
        objective=MLE(),
        optimizer=AdamW(lr=3e-3),
        steps=30,
        token_bytes=torch.ones(60),
        groups=2,
        loss=DPO(0.1),
    )  # fmt: skip
    logged: dict[str, float] = {}
    module.log_dict = lambda values, **_: logged.update({name: float(value) for name, value in values.items()})  # type: ignore[method-assign, assignment]
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    batches = list(islice(PairDataModule(pairs, 3, 1, None).train_dataloader(), 30))  # type: ignore[arg-type]
    for step, batch in enumerate(batches):
        loss = module.training_step(batch, step)
        if not step:
            assert logged["train/loss"] == pytest.approx(math.log(2), rel=1e-4)
            assert abs(logged["train/margin"]) < 1e-4
            assert abs(logged["train/chosen_drift"]) < 1e-4
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    module.training_step(batches[0], 30)
    assert logged["train/accuracy"] == 1
    assert logged["train/loss"] < 0.5
    with torch.no_grad():
        moved = text_log_probabilities(model, text_batch(pairs.texts.targets)) - pairs.reference
    assert logged["train/chosen_drift"] == pytest.approx(float(moved[pairs.chosen].mean()), abs=1e-3)
    margins = 0.1 * (moved[pairs.chosen] - moved[pairs.rejected])
    assert logged["train/margin"] == pytest.approx(float(margins.mean()), abs=1e-3)
