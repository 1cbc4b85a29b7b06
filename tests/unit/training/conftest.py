"""A model so small that each stage trains in a second, and a handful of sounds to train it on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from soundlet.training.vocabulary import train_vocabulary

RATE = 44100
CAPTIONS = ("low hum {0} Hz", "a tone of {0} Hertz, slow", "{0} hz bleep; short", "drone {0}")

SPECTRAL = {"n_fft": 256, "hop_length": 64, "frames_per_latent": 4, "n_bands": 4}
SPECTRAL |= {"frame_width": 16, "frame_depth": 1, "width": 24, "depth": 1}

MODEL: dict[str, Any] = {
    "model_type": "diffusion_cond",
    "sample_size": 16384,
    "sample_rate": RATE,
    "audio_channels": 2,
    "model": {
        "pretransform": {
            "type": "autoencoder",
            "config": {
                "encoder": {
                    "type": "spectral",
                    "config": {**SPECTRAL, "in_channels": 2, "latent_dim": 16},
                },
                "decoder": {
                    "type": "spectral",
                    "config": {
                        **SPECTRAL,
                        "out_channels": 2,
                        "latent_dim": 8,
                        "phase_iterations": 2,
                    },
                },
                "bottleneck": {"type": "vae"},
                "latent_dim": 8,
                "downsampling_ratio": 256,
                "io_channels": 2,
            },
        },
        "conditioning": {
            "configs": [
                {
                    "id": "prompt",
                    "type": "t5",
                    "config": {"t5_model_name": "tiny", "max_length": 16},
                },
                {
                    "id": "seconds_total",
                    "type": "number",
                    "config": {"min_val": 0, "max_val": 1},
                },
            ],
            "cond_dim": 16,
        },
        "diffusion": {
            "cross_attention_cond_ids": ["prompt", "seconds_total"],
            "global_cond_ids": ["seconds_total"],
            "diffusion_objective": "rectified_flow",
            "type": "dit",
            "config": {
                "io_channels": 8,
                "embed_dim": 32,
                "depth": 2,
                "num_heads": 1,
                "patch_size": 2,
                "cond_token_dim": 16,
                "global_cond_dim": 16,
                "attn_kwargs": {"qk_norm": "ln"},
                "global_prompt": True,
                "modulation_rank": 4,
                "beats": {"frames_per_second": RATE / 256},
            },
        },
        "io_channels": 8,
    },
}
T5 = {"model_type": "t5", "vocab_size": 512, "d_model": 16, "d_kv": 8, "d_ff": 32}
T5 |= {"num_layers": 1, "num_heads": 2}


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """Nets as small as these lose by sharing their work."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Configs and vocabulary of the tiny model."""
    folder = tmp_path_factory.mktemp("model")
    (folder / "model_config.json").write_text(json.dumps(MODEL))
    (folder / "t5_config.json").write_text(json.dumps(T5))
    captions = [caption.format(n) for n in range(40, 240) for caption in CAPTIONS]
    (folder / "spiece.model").write_bytes(train_vocabulary(captions, 400))
    return folder


def tone(hertz: float, seconds: float, rate: int, channels: int) -> np.ndarray[Any, Any]:
    """A decaying tone, louder on the left: (samples, channels)."""
    t = np.arange(round(seconds * rate)) / rate
    sound = 0.5 * np.sin(2 * np.pi * hertz * t) * np.exp(-3 * t / seconds)
    return np.stack([sound, 0.6 * sound], axis=1)[:, :channels]


@pytest.fixture(scope="session")
def clip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty WAV files with captions, of several rates and lengths, mono and stereo."""
    folder = tmp_path_factory.mktemp("clips")
    lines = []
    for i in range(20):
        rate, seconds = (44100, 48000, 22050)[i % 3], (0.15, 0.3)[i % 2]
        name = f"{i}.wav"
        soundfile.write(folder / name, tone(100 + 40 * i, seconds, rate, 1 + i % 2), rate)
        text = CAPTIONS[i % 4].format(100 + 40 * i)
        said = {"caption": text} if i % 2 else {"captions": [text, "a tone"]}
        known = {"kind": ["hum", "tone", "bleep", "drone"][i % 4], "bpm": 100 + 40 * i, "key": None}
        lines.append(json.dumps({"file": name, **said, "attributes": known}))
    (folder / "metadata.jsonl").write_text("\n".join(lines) + "\n")
    return folder
