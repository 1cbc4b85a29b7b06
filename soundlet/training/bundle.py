"""Trained parts to one model, whose latents have unit variance as every bundle's have."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from soundlet.bundle import AGREEMENT, MANIFEST, MODEL_CONFIG, T5_CONFIG, TOKENIZER, open_bundle
from soundlet.config import ModelConfig, T5Config, load_config, load_t5_config
from soundlet.models import Model, build_model
from soundlet.models.bottleneck import MIN_STD
from soundlet.models.spectral import SpectralDecoder, SpectralEncoder
from soundlet.training.agreement import bundled_towers, open_towers
from soundlet.training.codec import open_codec
from soundlet.training.discriminants import widen_codec, widened_codec_config
from soundlet.training.latents import STATISTICS, LatentStatistics, read_statistics
from soundlet.training.loop import TrainingError
from soundlet.training.weights import average_weights, load_weights, require_files

MIN_SOFTPLUS = 1e-6


@dataclass(frozen=True)
class TrainedModel:
    """All that a bundle is written from, but for what is said of it.

    Attributes:
        model: the four parts, on the CPU.
        config: its sizes.
        t5_config: those of its text encoder.
        tokenizer: content of the spiece.model that it was trained with.
        statistics: of the latents that it was trained on.
    """

    model: Model
    config: ModelConfig
    t5_config: T5Config
    tokenizer: bytes
    statistics: LatentStatistics


def join_runs(autoencoder: Path, flow: Path) -> TrainedModel:
    """The moving averages of two runs as one model.

    Args:
        autoencoder: a run of `train autoencoder`, or a bundle.
        flow: a run of `train flow`, `guidance` or `arc` on latents of that codec.

    Raises:
        TrainingError: not runs, or of codecs of different sizes.
        ConfigError: a config is not valid.
        CheckpointError: weights do not fit a config, or a run lacks a file.
    """
    weights = average_weights(flow)
    require_files(flow, MODEL_CONFIG, T5_CONFIG, TOKENIZER, STATISTICS)
    config, t5_config = load_config(flow / MODEL_CONFIG), load_t5_config(flow / T5_CONFIG)
    codec, statistics = open_codec(autoencoder), read_statistics(flow)
    if config.autoencoder != widened_codec_config(codec.config.autoencoder, statistics.n_added):
        raise TrainingError(
            f"{flow} was trained for another codec than {autoencoder}: the sizes in their"
            f" {MODEL_CONFIG} differ"
        )
    if statistics.channels != config.latent_channels:
        raise TrainingError(
            f"{flow} has statistics of {statistics.channels} channels; its latents have"
            f" {config.latent_channels}"
        )
    if not statistics.is_identity:
        fold_statistics(codec.encoder, codec.decoder, statistics)
    if statistics.discriminants is not None:
        widen_codec(codec.encoder, codec.decoder, statistics.discriminants)
    model = build_model(config, t5_config)
    load_weights(model, {**weights, **_named("encoder", codec), **_named("decoder", codec)}, flow)
    tokenizer = (flow / TOKENIZER).read_bytes()
    return TrainedModel(model, config, t5_config, tokenizer, statistics)


def agreement_of(source: Path, model: TrainedModel) -> bytes:
    """What chooses among the candidates of a model, as a bundle keeps it.

    Args:
        source: a run of `train agreement`, with the vocabulary that the model was trained with; or
            a bundle with it that has one.
        model: whose sounds it is to choose from.

    Raises:
        TrainingError: it was trained with another vocabulary, or a bundle has none.
        CheckpointError, BundleError: no such run, or a damaged one.
    """
    if (source / MANIFEST).is_file():
        weights = open_bundle(source).agreement
        if weights is None:
            raise TrainingError(f"{source} has no {AGREEMENT}: name a run of `train agreement`")
        content = weights.read_bytes()
    else:
        content = bundled_towers(open_towers(source))
    if (source / TOKENIZER).read_bytes() != model.tokenizer:
        raise TrainingError(f"{source} was trained with another {TOKENIZER} than the flow")
    return content


@torch.no_grad()
def fold_statistics(
    encoder: torch.nn.Module, decoder: torch.nn.Module, statistics: LatentStatistics
) -> None:
    """Let the codec itself normalise its latents: its last and first linear layers change.

    The scales of the posterior become constants, since averages of them are what is known.

    Raises:
        TrainingError: a codec whose outer layers are not linear.
    """
    if not isinstance(encoder, SpectralEncoder) or not isinstance(decoder, SpectralDecoder):
        raise TrainingError("normalised latents are for codecs of the type 'spectral'")
    mean, std = torch.tensor(statistics.mean), torch.tensor(statistics.std)
    deviation = torch.tensor(statistics.deviation) / std
    n_latents = len(mean)
    last, first = encoder.project_out, decoder.project_in
    last.weight[:n_latents] /= std[:, None]
    last.bias[:n_latents] = (last.bias[:n_latents] - mean) / std
    last.weight[n_latents:] = 0
    last.bias[n_latents:] = (deviation - MIN_STD).clamp(min=MIN_SOFTPLUS).expm1().log()
    first.bias.add_(first.weight @ mean)
    first.weight.mul_(std)


def _named(part: str, codec: object) -> dict[str, Tensor]:
    module: torch.nn.Module = getattr(codec, part)
    return {f"{part}.{name}": tensor for name, tensor in module.state_dict().items()}
