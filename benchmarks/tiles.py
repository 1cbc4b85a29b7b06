"""Times the decoder of a bundle with tiles of several sizes, interleaved, in processor time.

python benchmarks/tiles.py BUNDLE [FRAMES]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from statistics import median

import numpy as np

from soundlet.bundle import WEIGHTS, open_bundle
from soundlet.config import OobleckDecoderConfig
from soundlet.engines import oobleck
from soundlet.engines.weights import Weights

SIZES = tuple(2**power for power in range(16, 23))  # numbers of an array: 256 kB to 16 MB
ROUNDS = 5


def main() -> None:
    """Print a line a size."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("frames", type=int, nargs="?", default=64)
    given = parser.parse_args()
    bundle = open_bundle(given.bundle)
    config = bundle.config.autoencoder.decoder.config
    if not isinstance(config, OobleckDecoderConfig):
        raise SystemExit(f"{given.bundle} has no convolutional decoder")
    network = oobleck.oobleck_decoder(
        Weights(bundle.folder / WEIGHTS, "decoder."), config, threads=1
    )
    shape = (1, bundle.config.latent_channels, given.frames)
    latents = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    times: dict[int, list[float]] = {size: [] for size in SIZES}
    for number in range(ROUNDS + 1):
        for size in SIZES:
            oobleck.TILE_NUMBERS = size
            start = time.process_time()
            network(latents)
            if number > 0:
                times[size].append(time.process_time() - start)
    for size, found in times.items():
        print(f"{4 * size / 2**20:6.2f} MB  {median(found):.2f} s  (from {min(found):.2f})")


if __name__ == "__main__":
    main()
