"""Writes a folder with exactly the files and tensors of Stable Audio Open Small, of random weights.

For measuring conversion, speed and memory, and for comparing engines, at full size without the
released weights. The sound is noise, but activations have the size they would have in a trained
model, so rounding behaves as it would there.

    python benchmarks/random_checkpoint.py DEST
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
from collections.abc import Iterable
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from soundlet.bundle import staged_bundle
from soundlet.checkpoint import official_layout, official_t5_name
from soundlet.config import ModelConfig, T5Config, load_config, load_t5_config
from soundlet.models import build_model

HERE = Path(__file__).parent
TINY_T5 = HERE.parent / "tests" / "parity" / "golden" / "tiny" / "t5"

T5_BASE = {
    "architectures": ["T5EncoderModel"],
    "d_ff": 3072,
    "d_kv": 64,
    "d_model": 768,
    "eos_token_id": 1,
    "feed_forward_proj": "relu",
    "layer_norm_epsilon": 1e-06,
    "model_type": "t5",
    "num_heads": 12,
    "num_layers": 12,
    "pad_token_id": 0,
    "relative_attention_num_buckets": 32,
    "vocab_size": 32128,
}

BRANCH_GAIN = 0.3  # of what is added to a residual stream
STARTS_AT_ZERO = ("to_out.weight", "ff.ff.2.weight", "process_conv.weight")


def main() -> None:
    """Reads the arguments and writes the folder."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("dest", type=Path, help="a folder that does not exist yet")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--half", action="store_true", help="autoencoder in float16, as released")
    parser.add_argument("--safetensors", action="store_true", help="instead of model.ckpt")
    parser.add_argument(
        "--config", type=Path, default=HERE / "stable_audio_open_small.json", help="model_config"
    )
    parser.add_argument("--t5-config", type=Path, help="config.json of the text encoder")
    parser.add_argument(
        "--spiece", type=Path, default=TINY_T5 / "spiece.model", help="SentencePiece model"
    )
    given = parser.parse_args()
    with staged_bundle(given.dest) as folder:
        shutil.copy(given.config, folder / "model_config.json")
        t5_folder = folder / "t5"
        t5_folder.mkdir()
        shutil.copy(given.spiece, t5_folder / "spiece.model")
        if given.t5_config is not None:
            shutil.copy(given.t5_config, t5_folder / "config.json")
        else:
            (t5_folder / "config.json").write_text(json.dumps(T5_BASE, indent=2))
        config = load_config(folder / "model_config.json")
        t5_config = load_t5_config(t5_folder / "config.json")
        tensors, t5_tensors = random_tensors(config, t5_config, seed=given.seed, half=given.half)
        if given.safetensors:
            save_file(tensors, folder / "model.safetensors")
        else:
            torch.save({"state_dict": tensors}, folder / "model.ckpt")
        save_file(t5_tensors, t5_folder / "model.safetensors")
    print(f"{given.dest}: {len(tensors)} tensors, {sum_of_sizes(tensors.values()):,} numbers")


def random_tensors(
    config: ModelConfig, t5_config: T5Config, *, seed: int, half: bool
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Every tensor of the checkpoint, and every tensor of the text encoder, by official names.

    Args:
        config: sizes of the model.
        t5_config: sizes of its text encoder.
        seed: of the weights.
        half: the autoencoder in float16.
    """
    generator = torch.Generator().manual_seed(seed)
    model = build_model(config, t5_config, device="meta")
    tensors = {
        name: random_tensor(name, shape, generator)
        for name, shape in official_layout(model, config).items()
    }
    if half:
        tensors = {
            name: tensor.half() if name.startswith("pretransform.") else tensor
            for name, tensor in tensors.items()
        }
    t5_tensors = {
        official_t5_name(ours, t5_config) or ours: random_t5_tensor(ours, weight.shape, generator)
        for ours, weight in model.conditioners.t5.state_dict().items()
    }
    return tensors, t5_tensors


def random_tensor(name: str, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Weights that give outputs about as large as their inputs."""
    if name.endswith("inv_freq"):
        return 10_000.0 ** -(torch.arange(shape[0]) / shape[0])
    noise = torch.randn(shape, generator=generator)
    ending = name.rsplit(".", 1)[-1]
    if ending == "weight_g":  # the length of what `weight_v` points to
        return length_of_convolution(name, shape[0]) * (1 + 0.1 * noise)
    if ending == "weight_v" or name.endswith(("timestep_features.weight", "0.weights")):
        return noise
    if ending in ("alpha", "beta", "bias") and noise.ndim == 1:
        return 0.1 * noise
    if noise.ndim == 1:  # scales of norms
        return 1 + 0.1 * noise
    gain = BRANCH_GAIN if name.endswith(STARTS_AT_ZERO) else 1.0
    return noise * (gain / math.sqrt(math.prod(shape[1:])))


def length_of_convolution(name: str, channels: int) -> float:
    """The norm of a channel's weights: small in branches and at the end, larger for upsampling."""
    place = name.split(".layers.")[1:]  # such as ["3", "1.weight_g"]
    kind = place[-1].split(".")[0]
    if "decoder" in name and len(place) == 2 and kind == "1":
        return 2.0  # upsampling: the norm is per input channel, of which each output hears few
    if "decoder" in name and len(place) == 1 and channels <= 2:
        return 0.025  # samples, which are to stay within full scale
    return BRANCH_GAIN if len(place) == 3 and kind == "3" else 1.0


def random_t5_tensor(ours: str, shape: Iterable[int], generator: torch.Generator) -> Tensor:
    """Weights as T5 starts with: attention has no scale, so queries are small."""
    sizes = tuple(shape)
    noise = torch.randn(sizes, generator=generator)
    if noise.ndim == 1:
        return 1 + 0.1 * noise
    if ours.startswith(("embedding", "position_bias")):
        return noise
    n_in = sizes[1]
    return noise * (0.125 / math.sqrt(n_in) if ours.endswith("to_q.weight") else n_in**-0.5)


def sum_of_sizes(tensors: Iterable[Tensor]) -> int:
    """Numbers in all of them."""
    return sum(tensor.numel() for tensor in tensors)


if __name__ == "__main__":
    main()
