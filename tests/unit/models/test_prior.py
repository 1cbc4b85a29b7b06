"""The mean of the latents that a prompt makes likely, and the DiT that is told it."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from soundlet.config.model import PriorConfig
from soundlet.models.dit import DiffusionTransformer
from soundlet.models.prior import CYCLES_PER_BEAT, LARGEST_SIZE, N_CURVES, N_OCTAVES, PromptPrior
from soundlet.models.rhythm import TempoReading
from tests.unit.models.test_rhythm import CONFIG as TOLD_OF_BEATS
from tests.unit.models.test_rhythm import DIM

CHANNELS, RATE = 3, 20.0
CONFIG = PriorConfig(n_words=DIM - 1, rank=DIM - 1, frames_per_second=RATE)


def reading(bpm: float = 120, told: float = 0) -> TempoReading:
    return TempoReading(torch.tensor([bpm]), torch.tensor([told]), torch.zeros(1, 1))


def seconds(value: float) -> Tensor:
    """A conditioning whose last channel says the length."""
    return torch.tensor([[0.0] * (DIM - 1) + [value]])


def words(*numbers: int, padded_to: int = 6) -> Tensor:
    """A prompt whose tokens each stand for a word: (1, padded_to, DIM)."""
    prompt = torch.zeros(1, padded_to, DIM)
    for place, number in enumerate(numbers):
        prompt[0, place, number] = 1
    return prompt


@pytest.fixture
def prior() -> PromptPrior:
    """Tells words apart by the largest channel; word w has the spectrum (w + 1) / 10."""
    prior = PromptPrior(CONFIG, DIM, CHANNELS)
    with torch.no_grad():
        for parameter in prior.parameters():
            parameter.zero_()
        prior.word.weight[:, : DIM - 1] = 60 * torch.eye(DIM - 1)
        prior.narrow.weight.copy_(torch.eye(DIM - 1))
        spectra = prior.spectra.weight.view(CHANNELS, N_CURVES, -1)
        spectra[:, :N_OCTAVES] = torch.arange(1.0, DIM) / 10
        prior.seconds.weight[0, -1] = 1
        prior.silence.fill_(-5)
    return prior


@torch.inference_mode()
def test_words_add_up_and_padding_adds_nothing(prior: PromptPrior) -> None:
    for prompt, total in ((words(0, 4), 0.6), (words(4, 0, padded_to=9), 0.6), (words(2, 2), 0.6)):
        mean = prior(prompt, seconds(10), reading(), 40)
        assert mean.shape == (1, CHANNELS, 40)
        torch.testing.assert_close(mean, torch.full_like(mean, total), rtol=0, atol=1e-4)


@torch.inference_mode()
def test_a_word_counts_twice_at_most(prior: PromptPrior) -> None:
    twice = prior(words(1, 4, 4), seconds(10), reading(), 40)
    for often in (words(1, 4, 4, 4), words(4, 4, 4, 1, 4, 4)):
        torch.testing.assert_close(prior(often, seconds(10), reading(), 40), twice)


@torch.inference_mode()
def test_many_words_call_for_no_more_than_the_largest_mean_and_for_the_same_mix(
    prior: PromptPrior,
) -> None:
    shares = torch.tensor([1.0, -2.0, 0.5])
    prior.spectra.weight.view(CHANNELS, -1).mul_(shares[:, None])
    few = prior(words(0, 1), seconds(10), reading(), 40)[0, :, 0]
    torch.testing.assert_close(few, 0.3 * shares, rtol=0, atol=1e-4)
    for many in (words(5, 6, 7), words(*range(DIM - 1), padded_to=DIM)):
        mean = prior(many, seconds(10), reading(), 40)[0, :, 0]
        torch.testing.assert_close(mean.square().mean().sqrt().item(), LARGEST_SIZE)
        torch.testing.assert_close(mean / mean[0], shares)


@torch.inference_mode()
def test_after_the_end_is_silence(prior: PromptPrior) -> None:
    mean = prior(words(4), seconds(1.0), reading(), 40)[0, 0]
    torch.testing.assert_close(mean[:20], torch.full((20,), 0.5), rtol=0, atol=1e-4)
    torch.testing.assert_close(mean[20:], torch.full((20,), -5.0), rtol=0, atol=1e-4)


def test_each_frame_is_in_one_octave_of_time(prior: PromptPrior) -> None:
    curves = prior.curves(reading(), 255)[0, :N_OCTAVES]
    assert curves.sum(dim=0).tolist() == [1.0] * 255
    assert [int(row.sum()) for row in curves[:7]] == [1, 2, 4, 8, 16, 32, 64]


def test_waves_have_the_period_of_the_tempo_that_is_told(prior: PromptPrior) -> None:
    # At 120 BPM and twenty frames a second a beat has ten frames.
    waves = prior.curves(reading(120, 1), 80)[0, N_OCTAVES:]
    for row, cycles in enumerate(CYCLES_PER_BEAT):
        middle = torch.arange(80) + 0.5
        expected = (2 * math.pi * cycles / 10 * middle).cos()
        torch.testing.assert_close(waves[row], expected, rtol=0, atol=1e-4)
    assert not prior.curves(reading(120, 0), 80)[0, N_OCTAVES:].any()


def dit_with(prior: PriorConfig | None) -> DiffusionTransformer:
    torch.manual_seed(0)
    return DiffusionTransformer(TOLD_OF_BEATS.model_copy(update={"prior": prior})).eval()


@torch.inference_mode()
def test_the_dit_predicts_the_difference_from_the_mean() -> None:
    told = dit_with(CONFIG)
    for parameter in told.parameters():
        parameter.normal_(std=0.2)
    assert told.prior is not None
    assert told.prior_embed is not None
    told.prior_embed.weight.zero_()
    plain = dit_with(None)
    plain.load_state_dict({k: v for k, v in told.state_dict().items() if "prior" not in k})
    prompt, ends = torch.randn(1, 6, DIM), seconds(3)
    cond, t = torch.cat([prompt, ends[:, None]], dim=1), torch.tensor([0.3])
    left = torch.randn(1, 4, 16)
    assert told.tempo is not None
    mean = told.prior(prompt, ends, told.tempo(prompt), 16)
    assert mean.abs().max() > 0.1
    velocity = told(left + (1 - t) * mean, t, cond, ends)
    torch.testing.assert_close(velocity + mean, plain(left, t, cond, ends), rtol=0, atol=1e-4)
