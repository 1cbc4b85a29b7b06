"""Conditioners and DiT with trained weights, of a run or of a bundle."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from soundlet.bundle import MANIFEST, MODEL_CONFIG, T5_CONFIG, TOKENIZER, WEIGHTS, open_bundle
from soundlet.checkpoint import load_bundle_weights
from soundlet.config import ModelConfig, load_config, load_t5_config
from soundlet.models import build_model
from soundlet.tokenizer import Tokenizer
from soundlet.training.flow import Flow, build_flow
from soundlet.training.latents import LatentStore, read_statistics
from soundlet.training.loop import TrainingError
from soundlet.training.weights import average_weights, load_weights, require_files


@dataclass(frozen=True)
class TrainedFlow:
    """A flow, and what it takes to tell it something.

    Attributes:
        flow: with its weights, on the CPU, not to be trained on.
        config: its sizes.
        tokenizer: what its prompts are cut into pieces by.
    """

    flow: Flow
    config: ModelConfig
    tokenizer: Tokenizer


def open_flow(source: Path) -> TrainedFlow:
    """The flow of a run, its moving average; or of a bundle.

    Raises:
        CheckpointError, ConfigError, BundleError: it is neither, or damaged.
    """
    weights = flow_weights(source)
    require_files(source, MODEL_CONFIG, T5_CONFIG, TOKENIZER)
    config = load_config(source / MODEL_CONFIG)
    vocabulary = source / TOKENIZER
    flow = build_flow(config, load_t5_config(source / T5_CONFIG), vocabulary)
    load_weights(flow, weights, source)
    tokenizer = Tokenizer(vocabulary, config.prompt_max_length)
    return TrainedFlow(flow.eval().requires_grad_(False), config, tokenizer)


def flow_weights(source: Path) -> dict[str, Tensor]:
    """Weights of conditioners and DiT, of a run or of a bundle, by name.

    Raises:
        CheckpointError, ConfigError, BundleError: it is neither, or damaged.
    """
    if not (source / MANIFEST).is_file():
        return average_weights(source)
    bundle = open_bundle(source)
    model = build_model(bundle.config, bundle.t5_config, device="meta")
    load_bundle_weights(model, source / WEIGHTS)
    parts = ("conditioners.", "dit.")
    return {name: w for name, w in model.state_dict().items() if name.startswith(parts)}


def require_its_latents(source: Path, store: LatentStore) -> None:
    """Refuse latents that are normalised otherwise than those that a flow was trained on.

    Raises:
        TrainingError: they are; or they have other channels than a bundle's.
    """
    if (source / MANIFEST).is_file():
        channels = load_config(source / MODEL_CONFIG).latent_channels
        if store.channels != channels:
            raise TrainingError(
                f"{store.folder} has {store.channels} channels; the latents of {source} have"
                f" {channels}: encode with its codec"
            )
    elif read_statistics(source) != store.statistics:
        raise TrainingError(
            f"{store.folder} is normalised otherwise than what {source} was trained on"
        )
