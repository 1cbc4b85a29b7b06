"""One-shots start at once, end, and tell the truth about themselves."""

import numpy as np
import pytest

from soundlet.training.dataset.audio_effects import SAMPLE_RATE, Audio
from soundlet.training.dataset.one_shots import (
    NOTE_NAMES,
    SOURCES,
    WORDS,
    audible_seconds,
    render_one_shot,
)


@pytest.mark.parametrize("source", SOURCES)
def test_one_shots_are_valid_audio(source: str) -> None:
    for seed in range(4):
        audio, facts = render_one_shot(np.random.default_rng(seed), source)
        assert facts.kind == "one_shot"
        assert facts.source == source
        assert set(facts.textures) <= set(WORDS)
        assert len(set(facts.textures)) == len(facts.textures)
        assert not {"short", "long"} <= set(facts.textures)
        assert facts.instruments
        assert audio.ndim == 2
        assert audio.shape[0] == 2
        assert audio.dtype == np.float32
        assert audio.shape[1] >= SAMPLE_RATE // 2
        assert audio.shape[1] / SAMPLE_RATE <= 3.0
        assert np.isfinite(audio).all()
        assert 0.6 < np.abs(audio).max() <= 1.0


@pytest.mark.parametrize("source", SOURCES)
def test_same_seed_same_bytes(source: str) -> None:
    first, facts = render_one_shot(np.random.default_rng(1), source)
    again, same_facts = render_one_shot(np.random.default_rng(1), source)
    assert first.tobytes() == again.tobytes()
    assert facts == same_facts


@pytest.mark.parametrize("source", SOURCES)
def test_the_hit_is_at_the_start_and_dies_away(source: str) -> None:
    audio, _ = render_one_shot(np.random.default_rng(2), source)
    level = np.abs(audio).max(axis=0)
    first = np.flatnonzero(level > 0.05 * level.max())[0]
    assert first / SAMPLE_RATE < 0.04
    assert level[-50:].max() < 0.05 * level.max()


def pitch_class(audio: Audio) -> int:
    mono = audio.mean(axis=0)
    power = np.abs(np.fft.rfft(mono * np.hanning(len(mono)), 1 << 18)) ** 2
    hz = np.arange(len(power)) * (SAMPLE_RATE / (1 << 18))
    peak = hz[(power * (hz > 25)).argmax()]
    return int(np.rint(69 + 12 * np.log2(peak / 440))) % 12


def test_keys_are_true_of_808_basses() -> None:
    for seed in range(8):
        audio, facts = render_one_shot(np.random.default_rng(seed), "808 bass")
        assert facts.key is not None
        if "distorted" not in facts.textures:
            assert pitch_class(audio[:, 4410:]) == NOTE_NAMES.index(facts.key)


def test_short_and_long_are_true() -> None:
    short, long = [], []
    for seed in range(90):
        audio, facts = render_one_shot(np.random.default_rng(seed))
        if "short" in facts.textures:
            short.append(audible_seconds(audio))
        if "long" in facts.textures:
            long.append(audible_seconds(audio))
    assert short
    assert long
    assert max(short) < 1.3
    assert float(np.median(short)) < 0.4
    assert min(long) > 1.2


def test_seeds_and_sources_differ() -> None:
    rng = np.random.default_rng(0)
    drawn = {render_one_shot(rng)[1].source for _ in range(60)}
    assert len(drawn) > 12
