"""Pieces of a clip on their way out, while the rest of it is being decoded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from soundlet.audio import Audio


def cut_pieces(pieces: Iterable[Audio], n_samples: int, n_held: int) -> Iterator[Audio]:
    """`pieces` cut to a length, with the end of each held back until more is there.

    Args:
        pieces: (channels, samples) each, in order, together at least `n_samples` long.
        n_samples: length of all that is yielded.
        n_held: least length of the last piece, so that an end can be faded as that of a whole
            clip; less where the clip itself is shorter.

    Yields:
        (channels, samples), never empty.
    """
    held: Audio | None = None
    n_given = 0
    for piece in pieces:
        held = piece if held is None else np.concatenate([held, piece], axis=1)
        if n_given + held.shape[1] >= n_samples:
            break
        n_ready = held.shape[1] - n_held
        if n_ready > 0:
            yield held[:, :n_ready]
            held, n_given = held[:, n_ready:], n_given + n_ready
    if held is not None:
        yield held[:, : n_samples - n_given]
