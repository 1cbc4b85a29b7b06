"""Sound on a circle: latents that are sampled and decoded so that the end leads into the start.

The samplers see a circle of frames. The network sees stretches of it, cut open: one or more
windows, each of which runs on past the place where the next begins. Where two windows overlap,
which for a single window is where its end meets its start, their velocities are blended, so at
every step both sides of the seam are drawn towards the same sound. The blending of overlapping
windows is that of MultiDiffusion, https://arxiv.org/abs/2302.08113, here around a circle.

A model begins a sound at the start of a window and lets it end at the end. So once the noise has
let the rhythm through, the windows are turned from step to step, by whole bars where a sound has
bars, and begin elsewhere than where the loop is cut in the end: that place is inside of every
window. Sooner they are not turned, since a window that begins with another bar is another rhythm.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from soundlet.phases import HOP, N_FFT, Samples, overlapped, spectra_of, with_magnitudes
from soundlet.sampling import Array, Velocity

OVERLAP = 16  # frames that a window shares with the next: 0.74 s of the official model
MIN_OVERLAP_SHARE = 32  # the overlap is never less than this part of the model's window
GOLDEN = 0.618
TURNED_FROM = 0.9  # time of the flow from which on windows are turned
BRIDGE_REACH = 3 * N_FFT  # samples to each side of the seam whose phase may change

Decode = Callable[[Array], Array]


@dataclass(frozen=True)
class Windows:
    """How a circle of frames is cut into stretches that the network can see.

    Attributes:
        n_frames: of the circle.
        starts: frame at which each window begins, equally spaced.
        length: frames of a window; it may go round more than once.
        turns: frames by which the windows are turned on once the flow is below `TURNED_FROM`, at
            each step the next of them, and from the first again after the last.
    """

    n_frames: int
    starts: tuple[int, ...]
    length: int
    turns: tuple[int, ...] = (0,)

    @property
    def overlap(self) -> int:
        """Frames that the ends of a window share with its neighbours', or with its own start."""
        step = -(-self.n_frames // len(self.starts))
        return max(1, min(self.length - step, OVERLAP, self.length // 2))


def windows_for(
    n_frames: int,
    longest: int,
    *,
    patch: int = 1,
    is_fixed: bool = False,
    n_turns: int = 1,
) -> Windows:
    """The fewest windows, a power of two, that cover a circle and overlap.

    Half a circle of whole bars is whole bars again, so that windows begin on beats.

    Args:
        n_frames: of the circle, 1 or more.
        longest: frames of the model's window.
        patch: window lengths are multiples of it.
        is_fixed: the model knows no window but its longest.
        n_turns: equal parts of the circle, the bars of the sound: windows begin at each of them in
            turn but the first; with two, at both by turns. 1: always at the start.
    """
    least = max(1, longest // MIN_OVERLAP_SHARE)
    count = 1
    while -(-n_frames // count) + least > longest - longest % patch:
        count *= 2
    step = -(-n_frames // count)
    length = longest if is_fixed else min(-(-(step + OVERLAP) // patch) * patch, longest)
    starts = tuple(round(i * n_frames / count) for i in range(count))
    return Windows(n_frames, starts, length - length % patch, _turns(n_frames, n_turns))


def _turns(n_frames: int, count: int) -> tuple[int, ...]:
    """Each of the places but the start, neighbours far from each other: by the golden section.

    Of two places the start is one as well: a cut that could go to the other alone would stay there,
    and would soften that bar line and not the seam.
    """
    if count == 1:
        return (0,)
    if count == 2:
        return (round(n_frames / 2), 0)
    stride = max(1, round(count * GOLDEN))
    while math.gcd(stride, count) != 1:
        stride += 1
    return tuple(round(i * stride % count * n_frames / count) for i in range(1, count))


def around(velocity: Velocity, windows: Windows) -> Velocity:
    """A velocity for latents on the circle, from one for latents of a window; for one sampling.

    Args:
        velocity: takes (batch, channels, windows.length).
        windows: how the circle is cut open.

    Returns:
        A velocity that takes (batch, channels, windows.n_frames).
    """
    places = [(start + np.arange(windows.length)) % windows.n_frames for start in windows.starts]
    ramp = _ramp(windows.length, windows.overlap)
    total = np.zeros(windows.n_frames)
    for place in places:
        np.add.at(total, place, ramp)
    shares = [(ramp / total[place]).astype(np.float32) for place in places]

    times: list[float] = []

    def on_the_circle(x: Array, t: Array) -> Array:
        time, turn = float(t.flat[0]), 0
        if time < TURNED_FROM:
            if time not in times:  # another step, or stage of a step
                times.append(time)
            turn = windows.turns[times.index(time) % len(windows.turns)]
        out = np.zeros_like(x)
        for place, share in zip(places, shares, strict=True):
            turned = (place + turn) % windows.n_frames
            weighted = velocity(x[:, :, turned], t) * share
            for lap in range(0, len(place), windows.n_frames):  # a lap names no frame twice
                at = turned[lap : lap + windows.n_frames]
                out[:, :, at] += weighted[:, :, lap : lap + windows.n_frames]
        return out

    return on_the_circle


def _ramp(length: int, overlap: int) -> Samples:
    """Weights of a window's frames: rising at its start, falling at its end, 1 between."""
    rising = (np.arange(length) + 0.5) / overlap
    return np.clip(np.minimum(rising, rising[::-1]), 0, 1)


def decode_circle(
    decode: Decode, latents: Array, hop_length: int, n_samples: int, *, halo: int, bridge: bool
) -> Array:
    """Sound of exactly `n_samples` whose end leads into its start.

    A circle of whole frames is a little longer or shorter than asked, half a frame at most. It is
    brought to length by band-limited interpolation around the circle, which changes tempo and pitch
    by less than half a frame's share of the length.

    Args:
        decode: (1, channels, frames) to (1, audio channels, frames * hop_length).
        latents: (channels, frames), a circle.
        hop_length: samples in a frame.
        n_samples: length wanted.
        halo: frames from the other end that the decoder is given at each end.
        bridge: the codec recovers phase, which has to be made to meet at the seam.

    Returns:
        (audio channels, n_samples) float32.
    """
    n_frames = latents.shape[1]
    place = np.arange(-halo, n_frames + halo) % n_frames
    audio = decode(np.ascontiguousarray(latents[None, :, place]))[0].astype(np.float64)
    first, last = halo * hop_length, (halo + n_frames) * hop_length
    circle = _bridged(audio, first, last) if bridge else audio[:, first:last]
    return _resampled(circle, n_samples).astype(np.float32)


def _resampled(circle: Samples, n_samples: int) -> Samples:
    """Periodic sound at another number of samples a period, by its Fourier series."""
    n_given = circle.shape[1]
    if n_given == n_samples:
        return circle
    series = np.fft.rfft(circle)
    wanted = np.zeros((len(circle), n_samples // 2 + 1), complex)
    n_kept = (min(n_given, n_samples) + 1) // 2  # below both Nyquist frequencies
    wanted[:, :n_kept] = series[:, :n_kept]
    resampled: Samples = np.fft.irfft(wanted, n_samples) * (n_samples / n_given)
    return resampled


def _bridged(audio: Samples, first: int, last: int) -> Samples:
    """The circle `audio[:, first:last]` with phases near the seam that fit both its sides.

    Before the seam the spectra are those of the circle's end with what was decoded after it, behind
    it those of its start with what was decoded before; only their phases are found anew, by
    Griffin-Lim, between samples that stay as they are.
    """
    circle = audio[:, first:last]
    reach = min(BRIDGE_REACH, circle.shape[1] // 2) // HOP * HOP
    edge = N_FFT // 2
    if reach < 4 * edge or first < reach + edge:
        return circle
    before = audio[:, last - reach - edge : last + reach + edge]
    after = audio[:, first - reach - edge : first + reach + edge]
    n_half = reach // HOP
    left, right = spectra_of(before), spectra_of(after)
    turn = np.angle(np.sum(right * left.conj(), axis=1, keepdims=True))  # of each frequency
    place = np.arange(-n_half, n_half + 1) * HOP  # of each frame, from the seam
    share = np.clip(place / (2 * (reach - 2 * edge)) + 0.5, 0, 1)[:, None]
    spectra = left * np.exp(1j * share * turn)
    spectra[:, n_half:] = (right * np.exp(-1j * (1 - share) * turn))[:, n_half:]
    target = np.abs(spectra)
    at = np.arange(before.shape[1]) - reach - edge  # samples from the seam
    freedom = np.clip((reach - edge - np.abs(at)) / edge, 0, 1)
    fixed = np.where(at < 0, before, after) * (1 - freedom)

    def keep(found: Samples) -> Samples:
        mixed: Samples = fixed + freedom * found
        return mixed

    sound = with_magnitudes(keep(overlapped(spectra, before.shape[1])), target, keep)
    bridged = circle.copy()
    bridged[:, -reach:] = sound[:, edge : edge + reach]
    bridged[:, :reach] = sound[:, edge + reach : edge + 2 * reach]
    return bridged
