"""Convolutional codecs in tiles: bounded memory, and exactly the sound of one piece.

A convolutional decoder or encoder sees only so far. A tile that is given that much of its
neighbours on both sides computes the same numbers as the whole would; what it computes for the
neighbours is dropped. At the clip's own ends there is no neighbour and no halo, so the zeros that
the convolutions put there are the same as for the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from soundlet.config import OobleckDecoderConfig, OobleckEncoderConfig

Array = NDArray[np.float32]
Network = Callable[[Array], Array]

UNIT_REACH = 3 * (1 + 3 + 9)  # samples to each side: kernel 7, dilations 1, 3, 9


def decode_tiled(decode: Network, latents: Array, hop_length: int, tile: int, halo: int) -> Array:
    """Decode piece by piece, an item of the batch at a time.

    Args:
        decode: (1, channels, n) to (1, audio channels, n * hop_length).
        latents: (batch, channels, frames).
        hop_length: samples in a frame.
        tile: most frames to decode at once, besides their halo; memory grows with it.
        halo: frames of context on each side, as `decoder_halo` gives it.

    Returns:
        Audio (batch, audio channels, frames * hop_length), as `decode` of the whole would give.
    """
    return _run_tiled(decode, latents, tile, halo, size_in=1, size_out=hop_length)


def encode_tiled(encode: Network, audio: Array, hop_length: int, tile: int, halo: int) -> Array:
    """Encode piece by piece, an item of the batch at a time.

    Args:
        encode: (1, audio channels, n * hop_length) to (1, 2 * channels, n).
        audio: (batch, audio channels, frames * hop_length).
        hop_length: samples in a frame.
        tile: most frames to encode at once, besides their halo; memory grows with it.
        halo: frames of context on each side, as `encoder_halo` gives it.

    Returns:
        (batch, 2 * channels, frames), as `encode` of the whole would give.
    """
    return _run_tiled(encode, audio, tile, halo, size_in=hop_length, size_out=1)


def decoder_halo(config: OobleckDecoderConfig) -> int:
    """Frames to each side of a frame of latents that its samples depend on.

    Follows the first and last sample of a frame back through the layers. A layer never reaches
    less far than its own output, so what lies between is inside the halo too.
    """
    first, last = 0, config.samples_per_latent - 1
    first, last = first - 3, last + 3  # the last convolution, kernel 7
    for stride in config.strides:
        first, last = first - UNIT_REACH, last + UNIT_REACH
        padding = stride // 2  # of a transposed convolution with a kernel of two strides
        first = -((2 * stride - 1 - padding - first) // stride)
        last = (last + padding) // stride
    first, last = first - 3, last + 3  # the first convolution, kernel 7
    return max(-first, last)


def encoder_halo(config: OobleckEncoderConfig) -> int:
    """Frames of audio to each side of a frame that its latents depend on, rounded up."""
    first, last = -1, 1  # the last convolution, kernel 3
    for stride in reversed(config.strides):
        padding = stride // 2  # of a convolution with a kernel of two strides
        first, last = first * stride - padding, last * stride - padding + 2 * stride - 1
        first, last = first - UNIT_REACH, last + UNIT_REACH
    first, last = first - 3, last + 3  # the first convolution, kernel 7
    hop = config.samples_per_latent
    return max(-(first // hop), last // hop)


def tiles(n_frames: int, tile: int) -> Iterator[tuple[int, int]]:
    """The fewest ranges of at most `tile` frames that cover `n_frames`, as equal as can be."""
    count = -(-n_frames // tile)
    edges = [n_frames * i // count for i in range(count + 1)] if count else [0]
    yield from pairwise(edges)


def _run_tiled(
    network: Network, data: Array, tile: int, halo: int, *, size_in: int, size_out: int
) -> Array:
    """`network` on tiles of `data`, whose frames are `size_in` values in and `size_out` out."""
    n_items, n_frames = data.shape[0], data.shape[2] // size_in
    whole: Array | None = None
    for item in range(n_items):
        for first, last in tiles(n_frames, tile):
            left, right = max(first - halo, 0), min(last + halo, n_frames)
            piece = network(data[item : item + 1, :, left * size_in : right * size_in])
            if whole is None:  # the network alone knows its channels
                whole = np.empty((n_items, piece.shape[1], n_frames * size_out), np.float32)
            kept = piece[0, :, (first - left) * size_out : (last - left) * size_out]
            whole[item, :, first * size_out : last * size_out] = kept
    if whole is None:
        raise ValueError(f"nothing to run in an array of shape {data.shape}")
    return whole
