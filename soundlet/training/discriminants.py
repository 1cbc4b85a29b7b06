"""Channels for what tells sounds apart, beside those that carry their spectrum.

Which key it is, which instrument: in principal components of spectra, that shows in directions in
which latents hardly vary. A flow finds them last, when all else about a sound is settled, and so
it follows its prompt least in them. Linear discriminants of what is known of the sounds, as loud as
the first components, are settled early, and the rest is made to fit them.

Each is a sum of the other channels: an encoder with a linear last layer gives them too, and a
decoder can do without.

Source: latents that are generated together with features of their meaning, as in ReDi,
https://arxiv.org/abs/2504.16064.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from soundlet.config import AutoencoderConfig
from soundlet.models.spectral import SpectralDecoder, SpectralEncoder
from soundlet.training.clips import ClipEntry
from soundlet.training.latents import Discriminants, LatentEntry, LatentStore
from soundlet.training.loop import TrainingError

SPREAD = 2.0  # of an added channel, as standard deviation over frames
FRAMES_A_SOUND = 8  # that the covariance is taken from
RIDGE = 1e-3  # of the mean variance
MIN_COUNT = 4  # sounds of a class, that its mean be known

Matrix = NDArray[np.float64]


def find_discriminants(
    store: LatentStore, counts: Mapping[str, int], frames_per_second: float
) -> Discriminants:
    """The directions that tell sounds apart best, of unit size over frames times `SPREAD`.

    Args:
        store: of latents and of what is known of their sounds.
        counts: how many channels for each name of an attribute, the first first: what it has found,
            those after it leave out. Sounds that have several words under a name are not asked.
        frames_per_second: of latents.

    Raises:
        TrainingError: a name that fewer than two classes of sounds have, or more channels than
            there are, or than classes less one, which are all that tell them apart.
    """
    n_wanted = sum(counts.values())
    if n_wanted > store.channels:
        raise TrainingError(f"{n_wanted} discriminants of {store.channels} channels: ask for fewer")
    means, frames = _means_and_frames(store, frames_per_second)
    middle = frames.mean(axis=0)
    covariance = np.cov(frames.T)
    covariance += RIDGE * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    variances, directions = np.linalg.eigh(covariance)
    whitening = directions / np.sqrt(variances)
    white = (means - middle) @ whitening
    found = np.zeros((store.channels, 0))
    for name, count in counts.items():
        groups = sounds_by_word(store.entries, name)
        if count >= len(groups):
            raise TrainingError(
                f"{count} discriminants of {name!r}, which has {len(groups)} classes of sounds:"
                f" ask for at most {len(groups) - 1}"
            )
        rest = np.linalg.qr(found, mode="complete")[0][:, found.shape[1] :]  # what is left
        strengths, axes = np.linalg.eigh(rest.T @ _between(white, groups) @ rest)
        found = np.concatenate([found, rest @ axes[:, np.argsort(-strengths)[:count]]], axis=1)
    weights = SPREAD * (whitening @ found).T
    return Discriminants(
        weights=tuple(tuple(row) for row in weights.tolist()),
        offsets=tuple((weights @ middle).tolist()),
    )


def _means_and_frames(store: LatentStore, frames_per_second: float) -> tuple[Matrix, Matrix]:
    """The mean of each sound (sounds, channels), and some frames of all (frames, channels)."""
    means, frames = [], []
    for index in range(len(store.entries)):
        length = store.sounding_frames(index, frames_per_second)
        latents = store.latents(index, length).astype(np.float64)
        means.append(latents.mean(axis=1))
        chosen = np.linspace(0, length - 1, min(FRAMES_A_SOUND, length)).round().astype(int)
        frames.append(latents[:, chosen].T)
    return np.stack(means), np.concatenate(frames)


def sounds_by_word(
    entries: Sequence[LatentEntry | ClipEntry], name: str, least: int = MIN_COUNT
) -> list[NDArray[np.intp]]:
    """The sounds of each word under a name, of those words that enough sounds have.

    Args:
        entries: what is known of sounds.
        name: of an attribute. Sounds that have several words under it are not asked.
        least: sounds of a word. Fewer than `MIN_COUNT` may do where long sounds are yet to be cut
            into several.

    Raises:
        TrainingError: there are fewer than two such words.
    """
    members: dict[str, list[int]] = {}
    for index, entry in enumerate(entries):
        words = [tag for tag in entry.tags if tag.startswith(f"{name}: ")]
        if len(words) == 1:
            members.setdefault(words[0], []).append(index)
    found = [np.array(members[word]) for word in sorted(members)]
    found = [rows for rows in found if len(rows) >= least]
    if len(found) < 2:
        names = sorted({tag.partition(": ")[0] for entry in entries for tag in entry.tags})
        raise TrainingError(
            f"no discriminants of {name!r}: two classes of {MIN_COUNT} sounds must have it;"
            f" attributes of these sounds: {', '.join(names) or 'none'}"
        )
    return found


def _between(white: Matrix, classes: Sequence[NDArray[np.intp]]) -> Matrix:
    """Scatter of the means of classes (channels, channels), less what chance makes of it."""
    means = np.stack([white[rows].mean(axis=0) for rows in classes])
    share = np.array([len(rows) for rows in classes], np.float64)
    n_sounds = share.sum()
    share /= n_sounds
    apart = means - share @ means
    left = np.concatenate([white[rows] - mean for rows, mean in zip(classes, means, strict=True)])
    within = left.T @ left / n_sounds
    scatter: Matrix = (apart.T * share) @ apart - within * (len(classes) / n_sounds)
    return scatter


def widened_config(text: bytes, n_added: int) -> bytes:
    """A model config whose latents have so many channels more."""
    data = json.loads(text)
    _widen(data["model"]["pretransform"]["config"], n_added)
    data["model"]["io_channels"] += n_added
    data["model"]["diffusion"]["config"]["io_channels"] += n_added
    return json.dumps(data, indent=2).encode() + b"\n"


def widened_codec_config(config: AutoencoderConfig, n_added: int) -> AutoencoderConfig:
    """A codec's sizes with so many channels more."""
    data = config.model_dump(mode="json")
    _widen(data, n_added)
    return AutoencoderConfig.model_validate_json(json.dumps(data))


def _widen(codec: dict[str, Any], n_added: int) -> None:
    """Change a codec's config in place; its encoder gives a mean and a scale for each channel."""
    codec["encoder"]["config"]["latent_dim"] += 2 * n_added
    codec["decoder"]["config"]["latent_dim"] += n_added
    codec["latent_dim"] += n_added


@torch.no_grad()
def widen_codec(
    encoder: torch.nn.Module, decoder: torch.nn.Module, discriminants: Discriminants
) -> None:
    """Let a codec's encoder give the discriminants too, and its decoder take no notice of them.

    Raises:
        TrainingError: a codec whose outer layers are not linear.
    """
    if not isinstance(encoder, SpectralEncoder) or not isinstance(decoder, SpectralDecoder):
        raise TrainingError("discriminants are for codecs of the type 'spectral'")
    weights, offsets = torch.tensor(discriminants.weights), torch.tensor(discriminants.offsets)
    n_added, n_latents = weights.shape
    last, first = encoder.project_out, decoder.project_in
    mean, scale = last.weight[:n_latents], last.weight[n_latents:]
    mean_bias, scale_bias = last.bias[:n_latents], last.bias[n_latents:]
    wide = torch.nn.Linear(last.in_features, 2 * (n_latents + n_added))
    constant = torch.zeros(n_added, last.in_features)
    wide.weight.copy_(torch.cat([mean, weights @ mean, scale, constant]))
    added_bias = weights @ mean_bias - offsets
    constant_bias = scale_bias.min().expand(n_added)  # as sure as the surest
    wide.bias.copy_(torch.cat([mean_bias, added_bias, scale_bias, constant_bias]))
    encoder.project_out = wide
    deaf = torch.nn.Linear(n_latents + n_added, first.out_features)
    deaf.weight.copy_(torch.cat([first.weight, torch.zeros(first.out_features, n_added)], dim=1))
    deaf.bias.copy_(first.bias)
    decoder.project_in = deaf


CHANNELS_OF = {  # a DiT's weights that have channels: in which dimensions
    "dit.preprocess_conv.weight": (0, 1),
    "dit.postprocess_conv.weight": (0, 1),
    "dit.project_in.weight": (1,),
    "dit.project_out.weight": (0,),
    "dit.prior_embed.weight": (1,),
}


def widened_flow(
    weights: Mapping[str, torch.Tensor], target: Mapping[str, torch.Tensor], source: Path
) -> dict[str, torch.Tensor]:
    """Weights of a flow on fewer channels, for one that has the discriminants as well.

    Added channels begin unheard and unsaid. What is fitted to latents, the prior and the spread, is
    left out: it is to be fitted anew.

    Args:
        weights: of the flow before.
        target: of the flow to be: which shapes are wanted.
        source: of the weights, for errors.

    Raises:
        TrainingError: the weights differ in more than channels.
    """
    found = {
        name: tensor
        for name, tensor in weights.items()
        if not name.startswith("dit.prior.") and name != "dit.spread"
    }
    for name, dims in CHANNELS_OF.items():
        if name not in found:
            continue
        wanted = target[name]
        given = found[name]
        if any(given.shape[i] != wanted.shape[i] for i in {0, 1} - set(dims)):
            raise TrainingError(f"{source} was made with other sizes than the model's: {name}")
        wide = torch.zeros_like(wanted)
        wide[tuple(slice(size) for size in given.shape)] = given
        found[name] = wide
    return found
