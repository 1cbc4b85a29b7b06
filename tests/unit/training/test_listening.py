"""Decoding and hearing with gradients: the same numbers as without."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from soundlet import hearing
from soundlet.spectrogram import analyse, synthesise
from soundlet.stft import SpectrogramFormat
from soundlet.training.listening import heard, synthesised
from tests.unit.training.test_agreement import RATE, sound_of

Array = NDArray[np.float32]

FORM = SpectrogramFormat(1024, 256, 12)


def stereo(sort: int, n_samples: int | None = None) -> Array:
    """A sound of one of four sorts, not the same on both sides."""
    random = np.random.default_rng(sort)
    mono = sound_of(sort, random).astype(np.float32)
    if n_samples is not None:
        mono = np.resize(mono, n_samples)
    side = 0.2 * random.standard_normal(len(mono)).astype(np.float32) * np.abs(mono)
    return np.stack([mono + side, 0.7 * mono - side])


def framed(sort: int) -> Array:
    """Frames of such a sound: (features, frames)."""
    audio = stereo(sort)
    n_samples = audio.shape[1] // FORM.hop_length * FORM.hop_length
    frames: Array = analyse(audio[None, :, :n_samples], FORM)[0]
    return frames


@pytest.mark.parametrize("sort", range(4))
def test_sounds_are_heard_as_they_are_without_gradients(sort: int) -> None:
    audio = stereo(sort)
    expected = hearing.heard(audio, RATE)
    np.testing.assert_allclose(heard(torch.from_numpy(audio), RATE), expected, atol=2e-3)


@pytest.mark.parametrize("n_samples", [300, 700, 1024, 1025, 5000, 90000])
def test_sounds_of_any_length_are_heard(n_samples: int) -> None:
    audio = stereo(1, n_samples)
    expected = hearing.heard(audio, RATE)
    np.testing.assert_allclose(heard(torch.from_numpy(audio), RATE), expected, atol=2e-3)


def test_silence_is_heard_and_has_finite_gradients() -> None:
    audio = torch.zeros(2, 20000, requires_grad=True)
    found = heard(audio, RATE)
    np.testing.assert_allclose(
        found.detach(), hearing.heard(np.zeros((2, 20000), np.float32), RATE), atol=2e-3
    )
    (pull,) = torch.autograd.grad(found.sum(), audio)
    assert torch.isfinite(pull).all()


@pytest.mark.parametrize("sort", range(4))
def test_frames_become_the_sound_that_they_become_without_gradients(sort: int) -> None:
    frames = framed(sort)
    expected = synthesise(frames[None], FORM, iterations=3)[0]
    found = synthesised(torch.from_numpy(frames), FORM, 3).numpy()
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < 1e-2 * np.abs(expected).max()


def test_a_gradient_tells_how_what_is_heard_changes() -> None:
    audio = torch.from_numpy(stereo(2)).double().requires_grad_()
    random = torch.Generator().manual_seed(0)
    weights = torch.rand(hearing.N_HEARD, generator=random)
    (pull,) = torch.autograd.grad((heard(audio.float(), RATE) * weights).sum(), audio)
    step = 1e-4 * pull / pull.norm()
    with torch.no_grad():
        further = (heard((audio + step).float(), RATE) * weights).sum()
        back = (heard((audio - step).float(), RATE) * weights).sum()
    assert float(further - back) == pytest.approx(2 * float((pull * step).sum()), rel=0.1)


def test_gradients_pass_from_a_sound_to_its_levels_and_its_stereo() -> None:
    frames = torch.from_numpy(framed(1)).requires_grad_()
    audio = synthesised(frames, FORM, 2)
    (pull,) = torch.autograd.grad(audio.square().sum(), frames)
    assert torch.isfinite(pull).all()
    levels, balance, coherence = torch.split(pull, [FORM.n_bins, FORM.n_bands, FORM.n_bands])
    assert levels.sum() > 0  # louder levels make a louder sound
    (pull,) = torch.autograd.grad(synthesised(frames, FORM, 2)[0].square().sum(), frames)
    levels, balance, coherence = torch.split(pull, [FORM.n_bins, FORM.n_bands, FORM.n_bands])
    assert balance.sum() > 0  # further to the left makes the left louder
    assert coherence.abs().sum() > 0
