"""Effects do what their names say, and keep shape, type and range."""

from collections.abc import Callable

import numpy as np
import pytest

from soundlet.training.dataset import audio_effects as fx
from soundlet.training.dataset.audio_effects import SAMPLE_RATE, Audio


def loud_noise(seconds: float = 1.0) -> Audio:
    rng = np.random.default_rng(3)
    noise = rng.standard_normal((2, int(seconds * SAMPLE_RATE)), dtype=np.float32)
    return fx.normalise_peak(noise, 0.0)


def sine(hz: float, seconds: float = 1.0) -> Audio:
    t = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return np.tile(0.5 * np.sin(2 * np.pi * hz * t), (2, 1)).astype(np.float32)


def power_db(audio: Audio, low: float, high: float) -> float:
    spectrum = np.abs(np.fft.rfft(audio.mean(axis=0))) ** 2
    hz = np.fft.rfftfreq(audio.shape[-1], 1 / SAMPLE_RATE)
    return float(10 * np.log10(spectrum[(hz >= low) & (hz < high)].sum() + 1e-12))


EFFECTS: dict[str, Callable[[Audio], Audio]] = {
    "low_pass": lambda x: fx.low_pass(x, 900.0),
    "high_pass": lambda x: fx.high_pass(x, 900.0),
    "band_pass": lambda x: fx.band_pass(x, 300.0, 900.0),
    "sweep_filter": lambda x: fx.sweep_filter(x, np.geomspace(200.0, 9000.0, 50), 0.2),
    "reverb": lambda x: fx.reverb(x, np.random.default_rng(1), 0.5, 0.4),
    "delay": lambda x: fx.delay(x, 0.2, 0.5, 0.5),
    "drive": lambda x: fx.drive(x, 0.5),
    "bitcrush": lambda x: fx.bitcrush(x, 8.0, 3),
    "chorus": lambda x: fx.chorus(x, np.random.default_rng(1)),
    "tremolo": lambda x: fx.tremolo(x, 5.0, 0.7),
    "compress": fx.compress,
    "fade": lambda x: fx.fade(x, 0.1, 0.1),
    "widen": lambda x: fx.widen(x, 0.5),
    "normalise_peak": lambda x: fx.normalise_peak(x, -1.0),
}


@pytest.mark.parametrize("name", EFFECTS)
def test_keeps_shape_type_and_range(name: str) -> None:
    for audio in (loud_noise(), np.zeros((2, 4410), dtype=np.float32)):
        before = audio.copy()
        out = EFFECTS[name](audio)
        assert out.shape == audio.shape
        assert out.dtype == np.float32
        assert np.isfinite(out).all()
        assert np.abs(out).max() <= 1.3  # a filter may overshoot; levels are set at the end
        np.testing.assert_array_equal(audio, before)


def test_low_pass_and_high_pass_keep_their_side() -> None:
    noise = loud_noise()
    low, high = fx.low_pass(noise, 1000.0), fx.high_pass(noise, 1000.0)
    assert power_db(low, 4000, 8000) < power_db(noise, 4000, 8000) - 20
    assert power_db(low, 100, 400) == pytest.approx(power_db(noise, 100, 400), abs=0.5)
    assert power_db(high, 100, 250) < power_db(noise, 100, 250) - 20


def test_open_sweep_filter_changes_nothing() -> None:
    noise = loud_noise()
    np.testing.assert_allclose(fx.sweep_filter(noise, np.full(9, 1e9)), noise, atol=1e-5)


def test_sweep_filter_moves() -> None:
    noise = loud_noise(2.0)
    out = fx.sweep_filter(noise, np.geomspace(200.0, 15000.0, 100))
    half = SAMPLE_RATE
    gain = power_db(out[:, half:], 3000, 9000) - power_db(out[:, :half], 3000, 9000)
    assert gain > 25


def test_reverb_rings_on_and_differs_in_the_channels() -> None:
    click = np.zeros((2, SAMPLE_RATE), dtype=np.float32)
    click[:, 10] = 1.0
    out = fx.reverb(click, np.random.default_rng(2), 0.6, 0.5)
    tail = out[:, SAMPLE_RATE // 4 :]
    assert np.abs(tail).max() > 1e-3
    assert abs(float(np.sum(tail[0] * tail[1]))) < 0.2 * float(np.sum(np.square(tail[0])))


def test_larger_rooms_ring_longer() -> None:
    rng = np.random.default_rng(2)
    assert fx.impulse_response(rng, 0.9).shape[1] > 4 * fx.impulse_response(rng, 0.2).shape[1]


def test_delay_repeats_on_alternating_sides() -> None:
    click = np.zeros((2, SAMPLE_RATE), dtype=np.float32)
    click[:, 0] = 1.0
    out = np.abs(fx.delay(click, 0.25, 0.5, 0.5))
    at = [out[:, int(n * 0.25 * SAMPLE_RATE) :][:, :20].max(axis=1) for n in (1, 2, 3)]
    assert at[0][0] > 2 * at[0][1]
    assert at[1][1] > 2 * at[1][0]
    assert at[0].max() > at[1].max() > at[2].max() > 0


def test_drive_adds_harmonics_and_keeps_the_peak() -> None:
    clean = sine(500.0)
    out = fx.drive(clean, 0.6)
    assert power_db(out, 1400, 1600) > power_db(clean, 1400, 1600) + 40
    assert np.abs(out).max() == pytest.approx(np.abs(clean).max(), abs=0.01)


def test_bitcrush_leaves_few_values() -> None:
    assert len(np.unique(fx.bitcrush(sine(500.0), 4.0))) <= 17


def test_tremolo_swings_at_its_rate() -> None:
    level = np.abs(fx.tremolo(sine(2000.0, 2.0), 4.0, 0.8)[0]).reshape(-1, 441).max(axis=1)
    spectrum = np.abs(np.fft.rfft(level - level.mean()))
    assert spectrum.argmax() / 2.0 == pytest.approx(4.0, abs=0.5)


def test_compress_lowers_the_range() -> None:
    quiet_then_loud = np.concatenate([0.05 * sine(300.0), sine(300.0)], axis=1)
    out = fx.compress(quiet_then_loud, -30.0, 6.0)
    half = SAMPLE_RATE
    ratio = np.abs(out[:, -half // 2 :]).max() / np.abs(out[:, : half // 2]).max()
    assert ratio < 10


def test_pan_keeps_power() -> None:
    mono = 0.5 * sine(400.0)[0]
    powers = [float(np.sum(np.square(fx.pan(mono, place)))) for place in (-1.0, -0.3, 0.0, 0.8)]
    assert powers == pytest.approx([powers[0]] * 4, rel=1e-3)
    assert np.abs(fx.pan(mono, -1.0)[1]).max() < 1e-6


def test_widen_is_mono_compatible() -> None:
    audio = 0.3 * sine(900.0)
    out = fx.widen(audio, 0.6)
    np.testing.assert_allclose(out.mean(axis=0), audio.mean(axis=0), atol=1e-6)
    assert np.abs(out[0] - out[1]).max() > 0.05


def test_within_range_scales_only_what_is_too_loud() -> None:
    loud = 3.0 * sine(400.0)
    assert np.abs(fx.within_range(loud)).max() == pytest.approx(1.0)
    np.testing.assert_array_equal(fx.within_range(sine(400.0)), sine(400.0))
