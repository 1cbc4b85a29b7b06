"""Drums sound as drums do: low kicks, bright hats, long cymbals, soft hits softer."""

import numpy as np
import pytest

from soundlet.training.dataset.audio_effects import SAMPLE_RATE, Audio
from soundlet.training.dataset.drum_synthesis import BASE, KITS, PIECES, drum_hit, make_kit
from soundlet.training.dataset.drum_voices import VOICES


def centroid(audio: Audio) -> float:
    spectrum = np.abs(np.fft.rfft(audio.mean(axis=0)))
    hz = np.fft.rfftfreq(audio.shape[1], 1 / SAMPLE_RATE)
    return float((spectrum * hz).sum() / spectrum.sum())


def strongest_hz(audio: Audio) -> float:
    mono = audio.mean(axis=0)
    power = np.abs(np.fft.rfft(mono * np.hanning(len(mono)), 1 << 16))
    return float(power.argmax() * (SAMPLE_RATE / (1 << 16)))


def energy(audio: Audio) -> float:
    return float(np.square(audio).sum())


def test_every_piece_has_a_voice_and_a_sound() -> None:
    assert set(PIECES) == set(VOICES) == set(BASE)
    assert all(set(style.pieces) <= set(PIECES) for style in KITS.values())


@pytest.mark.parametrize("kit", KITS)
def test_hits_are_valid_audio(kit: str) -> None:
    played = make_kit(kit, np.random.default_rng(4))
    for piece in PIECES:
        audio = played.hit(piece, 0.9)
        assert audio.ndim == 2
        assert audio.shape[0] == 2
        assert 0.02 < audio.shape[1] / SAMPLE_RATE < 5.0
        assert audio.dtype == np.float32
        assert np.isfinite(audio).all()
        assert 0.05 < np.abs(audio).max() <= 1.0
        assert energy(audio[:, -200:]) < 0.01 * energy(audio)  # it has died away


@pytest.mark.parametrize("piece", PIECES)
def test_same_seed_same_bytes(piece: str) -> None:
    hits = [drum_hit("acoustic kit", piece, 0.8, np.random.default_rng(9)) for _ in range(2)]
    assert hits[0].tobytes() == hits[1].tobytes()
    assert (
        drum_hit("acoustic kit", piece, 0.8, np.random.default_rng(8)).tobytes()
        != hits[0].tobytes()
    )


@pytest.mark.parametrize("kit", KITS)
def test_kick_is_low_after_its_click(kit: str) -> None:
    for seed in range(3):
        audio = drum_hit(kit, "kick", 0.9, np.random.default_rng(seed))
        rest = audio[:, int(0.05 * SAMPLE_RATE) :]
        hz = np.fft.rfftfreq(rest.shape[1], 1 / SAMPLE_RATE)
        power = np.abs(np.fft.rfft(rest.mean(axis=0))) ** 2
        assert float((power * hz).sum() / power.sum()) < 200.0


@pytest.mark.parametrize("kit", KITS)
def test_pieces_stand_in_the_right_order_of_brightness(kit: str) -> None:
    played = make_kit(kit, np.random.default_rng(5))
    assert centroid(played.hit("kick")) < centroid(played.hit("snare"))
    assert centroid(played.hit("snare")) < centroid(played.hit("closed_hat"))
    toms = [strongest_hz(played.hit(piece)) for piece in ("tom_low", "tom_mid", "tom_high")]
    assert toms == sorted(toms)


def test_open_hat_and_cymbals_ring_longer_than_the_closed_hat() -> None:
    kit = make_kit("909 kit", np.random.default_rng(5))
    lengths = [kit.hit(piece).shape[1] for piece in ("closed_hat", "open_hat", "crash")]
    assert lengths[0] * 2 < lengths[1] < lengths[2]


def test_clap_has_several_bursts() -> None:
    audio = drum_hit("808 kit", "clap", 1.0, np.random.default_rng(1))
    level = np.sqrt(np.convolve(np.square(audio.mean(axis=0)), np.ones(60) / 60, "same"))
    start = level[: int(0.06 * SAMPLE_RATE)].reshape(-1, 126).max(axis=1)
    rises = (np.diff(start) > 0.05 * start.max()).sum()
    assert rises >= 3


@pytest.mark.parametrize("piece", PIECES)
def test_velocity_is_heard_in_the_level(piece: str) -> None:
    kit = make_kit("909 kit", np.random.default_rng(6))
    assert np.abs(kit.hit(piece, 0.3)).max() < 0.5 * np.abs(kit.hit(piece, 1.0)).max()


def test_a_kit_keeps_its_sound() -> None:
    kit = make_kit("808 kit", np.random.default_rng(6))
    first, second = kit.hit("kick"), kit.hit("kick")
    shared = min(first.shape[1], second.shape[1])
    difference = first[:, :shared] - second[:, :shared]
    assert energy(difference) < 0.3 * energy(first)
