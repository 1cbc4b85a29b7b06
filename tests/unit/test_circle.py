"""Latents on a circle have no end, and the sound of them has no seam."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from soundlet.circle import around, decode_circle, windows_for
from soundlet.sampling import Velocity, euler_step, linear_schedule

Array = NDArray[np.float32]
T = np.ones(1, np.float32)


def noise(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("n_frames", [1, 5, 29, 86, 200, 241, 248, 249, 700, 2600])
@pytest.mark.parametrize("patch", [1, 2])
@pytest.mark.parametrize("is_fixed", [False, True])
def test_windows_cover_the_circle_and_overlap(n_frames: int, patch: int, is_fixed: bool) -> None:
    windows = windows_for(n_frames, 256, patch=patch, is_fixed=is_fixed)
    count = len(windows.starts)
    assert windows.length <= 256
    assert windows.length % patch == 0
    assert count & (count - 1) == 0  # halves of halves of whole bars
    assert windows.length >= -(-n_frames // count) + 1
    assert 1 <= windows.overlap <= windows.length
    if is_fixed:
        assert windows.length == 256
    seen = np.zeros(n_frames, int)
    for start in windows.starts:
        np.add.at(seen, (start + np.arange(windows.length)) % n_frames, 1)
    assert seen.min() >= 1


@pytest.mark.parametrize("n_frames", [5, 40, 90])
def test_a_velocity_that_sees_single_frames_is_the_same_around_the_circle(n_frames: int) -> None:
    def velocity(x: Array, t: Array) -> Array:
        return (2 * x + t).astype(np.float32)

    x = noise(1, 3, n_frames)
    out = around(velocity, windows_for(n_frames, 32))(x, T)
    np.testing.assert_allclose(out, velocity(x, T), atol=1e-5)


def blurred(x: Array) -> Array:
    """Every frame with its neighbours; the ends see zeros, as in a network."""
    padded = np.pad(x, ((0, 0), (0, 0), (6, 6)))
    kernel = np.hanning(15)[1:-1] / np.hanning(15).sum()
    out: Array = np.apply_along_axis(np.convolve, 2, padded, kernel, "valid").astype(np.float32)
    return out


def sampled(velocity: Velocity, x: Array) -> Array:
    """Ten steps of Euler's."""
    for t, t_next in pairwise(linear_schedule(10)):
        x = euler_step(velocity, x, t, t_next)
    return x


@pytest.mark.parametrize("n_frames", [30, 50, 100])
def test_what_is_sampled_on_the_circle_is_as_smooth_at_the_seam_as_elsewhere(
    n_frames: int,
) -> None:
    """The network here makes its window smooth; on the circle the two ends agree as well."""

    def velocity(x: Array, t: Array) -> Array:
        return ((x - blurred(x)) / t[:, None, None]).astype(np.float32)

    windows = windows_for(n_frames, 64)
    looped = sampled(around(velocity, windows), noise(1, 8, n_frames))
    plain = sampled(velocity, noise(1, 8, n_frames))

    def jump(x: Array) -> float:
        steps = np.abs(np.diff(np.concatenate([x, x[:, :, :1]], axis=2), axis=2)).mean(axis=(0, 1))
        return float(steps[-1] / np.median(steps))

    assert jump(looped) < 1.5
    assert jump(plain) > 3 * jump(looped)


def test_a_network_that_begins_and_ends_its_windows_does_so_at_other_bars_than_the_seam() -> None:
    """The network here draws a window to be loud at its start and to die away to its end."""
    n_frames, n_bars = 128, 4

    def velocity(x: Array, t: Array) -> Array:
        wanted = np.linspace(1, 0, x.shape[2], dtype=np.float32)
        return (0.2 * (x - wanted) / t[:, None, None]).astype(np.float32)

    def jumps(n_turns: int) -> Array:
        """How much eight frames differ from the eight before them, at each bar, the seam first."""
        looped = around(velocity, windows_for(n_frames, 256, n_turns=n_turns))
        x = np.zeros((1, 1, n_frames), np.float32)
        for t, t_next in pairwise(linear_schedule(16)):
            x = euler_step(looped, x, t, t_next)
        means = x[0, 0].reshape(-1, 8).mean(axis=1)
        differences: Array = np.abs(means - np.roll(means, 1))[:: n_frames // n_bars // 8]
        return differences

    cut, turned = jumps(1), jumps(n_bars)
    assert cut[0] > 3 * np.median(cut[1:])
    assert turned[0] < turned[1:].max() < cut[0] / 2


@pytest.mark.parametrize("n_turns", [3, 4, 8, 10, 32])
def test_every_turn_is_taken_but_to_the_seam_and_neighbours_do_not_follow_each_other(
    n_turns: int,
) -> None:
    turns = windows_for(320, 128, n_turns=n_turns).turns
    assert sorted(turns) == [round(i * 320 / n_turns) for i in range(1, n_turns)]
    if n_turns > 4:
        steps = np.diff(turns) % 320
        assert np.minimum(steps, 320 - steps).min() > 320 / n_turns


def test_of_two_bars_the_cut_goes_to_each_in_turn() -> None:
    starts = []

    def velocity(x: Array, _t: Array) -> Array:
        starts.append(int(x[0, 0, 0]))  # a frame's value is its number
        return np.zeros_like(x)

    looped = around(velocity, windows_for(128, 256, n_turns=2))
    for time in (1.0, 0.95, 0.8, 0.6, 0.4, 0.2):
        looped(np.arange(128, dtype=np.float32)[None, None], np.full(1, time, np.float32))
    assert starts == [0, 0, 64, 0, 64, 0]


def interpolated(latents: Array) -> Array:
    """A decoder of hop 16 that reaches two frames to each side, like a convolution."""
    n_frames = latents.shape[2]
    places = (np.arange(n_frames * 16) + 0.5) / 16 - 0.5
    frame = np.arange(n_frames)
    weight = np.maximum(0, 1 - np.abs(places[:, None] - frame) / 2)
    out: Array = np.einsum("bcf,sf->bcs", latents, weight).astype(np.float32)
    return out


def test_a_circle_of_whole_frames_is_decoded_as_if_it_went_on_for_ever() -> None:
    latents = noise(2, 20)
    loop = decode_circle(interpolated, latents, 16, 320, halo=3, bridge=False)
    for_ever = interpolated(np.tile(latents, 3)[None])[0, :, 320:640]
    np.testing.assert_allclose(loop, for_ever, atol=1e-6)


@pytest.mark.parametrize("n_samples", [313, 319, 320, 321, 328])
def test_a_circle_is_brought_to_length_without_a_seam(n_samples: int) -> None:
    """A sine of whole periods stays one at every length."""
    latents = np.zeros((2, 20), np.float32)

    def decode(given: Array) -> Array:
        n = given.shape[2] * 16
        wave = np.sin(2 * np.pi * 5 * (np.arange(n) - 3 * 16) / 320)
        return np.tile(wave, (1, 2, 1)).astype(np.float32)

    loop = decode_circle(decode, latents, 16, n_samples, halo=3, bridge=False)
    expected = np.sin(2 * np.pi * 5 * np.arange(n_samples) / n_samples)
    assert loop.shape == (2, n_samples)
    assert loop.dtype == np.float32
    np.testing.assert_allclose(loop, np.stack([expected, expected]), atol=1e-5)


def test_phases_that_do_not_meet_are_bridged_and_the_rest_stays() -> None:
    """A tone whose phase is off by half a turn at the seam, as phase recovery may leave it."""
    hop, n_frames, halo = 2048, 20, 8
    n_samples = n_frames * hop

    def decode(given: Array) -> Array:
        n = given.shape[2] * hop
        wave = 0.5 * np.sin(2 * np.pi * 300.25 * (np.arange(n) - halo * hop) / n_samples * 2)
        return np.tile(wave, (1, 2, 1)).astype(np.float32)

    latents = np.zeros((4, n_frames), np.float32)
    cut, bridged = (
        decode_circle(decode, latents, hop, n_samples, halo=halo, bridge=bridge)
        for bridge in (False, True)
    )

    def bend(sound: Array) -> float:
        return float(np.abs(np.diff(np.concatenate([sound, sound[:, :9]], axis=1), 2)).max())

    assert bend(bridged) < 0.2 * bend(cut)
    kept = slice(6144, -6144)
    np.testing.assert_array_equal(bridged[:, kept], cut[:, kept])
    window = np.hanning(2049)[:-1]
    inside = np.abs(np.fft.rfft(bridged[0, 8192 : 8192 + 2048] * window)).max()

    def tone_at_the_seam(sound: Array) -> float:
        around = np.concatenate([sound[0, -1024:], sound[0, :1024]]) * window
        return float(np.abs(np.fft.rfft(around)).max() / inside)

    assert tone_at_the_seam(cut) < 0.7  # two halves that cancel at their own frequency
    assert tone_at_the_seam(bridged) > 0.9
