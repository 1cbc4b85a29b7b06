"""Training of the spectral codec: reconstruct the frames of a sound from few, smooth latents."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from soundlet.config import SpectralDecoderConfig, SpectralEncoderConfig
from soundlet.config.section import Count, Section
from soundlet.models.bottleneck import kl_divergence, mean_and_std, sample_latents
from soundlet.models.spectral import SpectralDecoder, SpectralEncoder
from soundlet.spectrogram import analyse
from soundlet.stft import SpectrogramFormat
from soundlet.training.adversary import (
    SpectrogramDiscriminator,
    feature_distance,
    generator_loss,
    hinge_loss,
)
from soundlet.training.clips import ClipFolder
from soundlet.training.loop import Figures, NotNegative, Trainee

START_SCALE = -3.0  # of the posterior, before softplus
STEREO_WEIGHT = 0.2  # of balance and coherence among the principal components


class AutoencoderSettings(Section):
    """What the codec is trained on and for.

    Attributes:
        batch_size: crops in a step.
        crop_latents: latents in a crop.
        edge_weight: weight of the differences between neighbouring frames and bins, beside that
            of the levels themselves; it keeps hits sharp and harmonics apart.
        stereo_weight: weight of balance and coherence.
        kl_weight: pull of the latents towards a standard normal.
        train_encoder: off, only the decoder learns on, and latents that are encoded stay good.
        adversarial_weight: weight of being taken for real by a discriminator; above 0 there is
            one, which learns in every other step.
        feature_weight: weight of the distance in the discriminator's features.
        discriminator_channels: of its first layer.
    """

    batch_size: Count = 16
    crop_latents: Count = 32
    edge_weight: NotNegative = 1.0
    stereo_weight: NotNegative = 0.1
    kl_weight: NotNegative = 2e-6
    train_encoder: bool = True
    adversarial_weight: NotNegative = 0.0
    feature_weight: NotNegative = 0.02
    discriminator_channels: Count = 16


class SpectralCodec(nn.Module):
    """Encoder and decoder, trained together."""

    def __init__(self, encoder: SpectralEncoderConfig, decoder: SpectralDecoderConfig) -> None:
        super().__init__()
        self.encoder = SpectralEncoder(encoder)
        self.decoder = SpectralDecoder(decoder)


@torch.no_grad()
def start_from_principal_components(
    codec: SpectralCodec, frames: Tensor, form: SpectrogramFormat
) -> None:
    """Set the linear layers so that the untrained codec keeps the principal components.

    The blocks between them add little at first, so training begins from the best linear codec of
    `frames` instead of from noise, and has its harmonics from the first step. An encoder without
    blocks, and no wider than its latents, is that linear codec for good.

    Args:
        codec: freshly built.
        frames: (batch, features, frames) of typical sound, at least as many frames in all as a
            frame has features.
        form: the sizes of a frame.
    """
    encoder, decoder = codec.encoder, codec.decoder
    group, n_latents = encoder.frames_per_latent, encoder.project_out.out_features // 2
    weights = feature_weights(form)
    rows = frames.transpose(1, 2).flatten(0, 1) * weights
    mean, basis, spread = _principal_components(rows, encoder.project_in.out_features)
    unit = spread[0]
    encoder.project_in.weight.copy_(basis * weights / unit)
    encoder.project_in.bias.copy_(-(basis @ mean) / unit)
    coordinates = (rows @ basis.T - basis @ mean).reshape(-1, group * len(basis)) / unit
    _, group_basis, group_spread = _principal_components(coordinates, encoder.merge.out_features)
    encoder.merge.weight.copy_(group_basis)
    encoder.merge.bias.zero_()
    kept, kept_spread = group_basis[:n_latents], group_spread[:n_latents]
    encoder.project_out.weight.zero_()
    encoder.project_out.weight[:n_latents, :n_latents] = torch.diag(1 / kept_spread)
    encoder.project_out.bias[:n_latents].zero_()
    encoder.project_out.bias[n_latents:] = START_SCALE
    decoder.project_in.weight[:n_latents] = torch.eye(n_latents)
    decoder.project_in.bias[:n_latents].zero_()
    split = decoder.split.weight.view(group, decoder.frame_width, -1)
    split[:, : len(basis), :n_latents] = (kept * kept_spread[:, None]).T.view(
        group, len(basis), n_latents
    )
    split[:, : len(basis), n_latents:] = 0
    decoder.split.bias.zero_()
    decoder.project_out.weight.mul_(0.1)
    decoder.project_out.weight[:, : len(basis)] = basis.T * unit / weights[:, None]
    decoder.project_out.bias.copy_(mean / weights)


def feature_weights(form: SpectrogramFormat) -> Tensor:
    """What an error in each number of a frame counts: (features,), mean square 1 over the levels.

    Levels count by the width of the ear's filters, so that each filter counts alike however many
    bins it covers: without that, three quarters of the weight would lie above 5.5 kHz, where no
    note has its fundamental.

    Source: Glasberg, Moore, "Derivation of auditory filter shapes from notched-noise data", 1990.
    """
    kilohertz = torch.linspace(0, 22.05, form.n_bins)
    weights = (24.7 * (4.37 * kilohertz + 1)).rsqrt()
    weights /= weights.square().mean().sqrt()
    return torch.cat([weights, torch.full((2 * form.n_bands,), STEREO_WEIGHT)])


def _principal_components(rows: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Mean (dim,), directions (count, dim) and deviations (count,), largest first."""
    mean = rows.mean(dim=0)
    centred = rows - mean
    values, vectors = torch.linalg.eigh((centred.T @ centred / len(rows)).double())
    order = values.argsort(descending=True)[:count]
    return mean, vectors[:, order].T.float(), values[order].clamp(min=1e-8).sqrt().float()


class AutoencoderTrainee(Trainee[Tensor]):
    """Crops of clips through the codec; the loss compares levels, edges and the stereo image."""

    def __init__(
        self,
        codec: SpectralCodec,
        form: SpectrogramFormat,
        clips: ClipFolder,
        settings: AutoencoderSettings,
    ) -> None:
        self.codec = codec
        self.form = form
        self.clips = clips
        self.settings = settings
        self.discriminator: SpectrogramDiscriminator | None = None
        if settings.adversarial_weight > 0:
            self.discriminator = SpectrogramDiscriminator(settings.discriminator_channels)
        if not settings.train_encoder:
            codec.encoder.requires_grad_(False)

    @property
    def module(self) -> SpectralCodec:
        """The codec."""
        return self.codec

    @property
    def opponent(self) -> SpectrogramDiscriminator | None:
        """The discriminator, where the settings give it weight."""
        return self.discriminator

    def batch(self, generator: torch.Generator) -> Tensor:
        """Frames of random crops: (batch, features, frames)."""
        hop = self.form.hop_length * self.codec.encoder.frames_per_latent
        n_samples = self.settings.crop_latents * hop
        audio = self.clips.crops(self.settings.batch_size, n_samples, generator)
        return torch.from_numpy(analyse(audio, self.form))

    def loss(self, batch: Tensor, generator: torch.Generator) -> tuple[Tensor, Figures]:
        """Weighted distances of the rebuilt frames, and the latents' divergence from a normal."""
        settings = self.settings
        real = batch.to(next(self.codec.parameters()).device)
        rebuilt, mean_and_scale = self._rebuild(real, generator)
        level, edge, stereo = frame_distances(rebuilt, real, self.form)
        kl = kl_divergence(mean_and_scale)
        latent_std = mean_and_std(mean_and_scale)[0].std()
        total = level + settings.edge_weight * edge + settings.stereo_weight * stereo
        total = total + settings.kl_weight * kl
        figures = {"level": level.item(), "edge": edge.item(), "stereo": stereo.item()}
        figures |= {"kl": kl.item(), "latent_std": latent_std.item()}
        if self.discriminator is not None:
            fakes = self.discriminator(rebuilt[:, : self.form.n_bins])
            with torch.no_grad():
                reals = self.discriminator(real[:, : self.form.n_bins])
            adversarial, features = generator_loss(fakes), feature_distance(reals, fakes)
            total = total + settings.adversarial_weight * adversarial
            total = total + settings.feature_weight * features
            figures |= {"adversarial": adversarial.item(), "features": features.item()}
        return total, figures

    def opponent_loss(self, batch: Tensor, generator: torch.Generator) -> tuple[Tensor, Figures]:
        """How badly the discriminator tells rebuilt levels from real ones."""
        assert self.discriminator is not None
        real = batch.to(next(self.codec.parameters()).device)
        with torch.no_grad():
            rebuilt, _ = self._rebuild(real, generator)
        fakes = self.discriminator(rebuilt[:, : self.form.n_bins])
        return hinge_loss(self.discriminator(real[:, : self.form.n_bins]), fakes), {}

    def _rebuild(self, real: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Rebuilt frames, and what the encoder says of the latents."""
        mean_and_scale: Tensor = self.codec.encoder(real).float()
        batch, channels, n_frames = mean_and_scale.shape
        noise = torch.randn((batch, channels // 2, n_frames), generator=generator).to(real.device)
        rebuilt: Tensor = self.codec.decoder(sample_latents(mean_and_scale, noise)).float()
        return rebuilt, mean_and_scale


def frame_distances(
    rebuilt: Tensor, real: Tensor, form: SpectrogramFormat
) -> tuple[Tensor, Tensor, Tensor]:
    """Mean absolute differences of levels, of edges between neighbours, and of the stereo image.

    Bins weigh as in `feature_weights`, loud ones more than those at the floor, and bands without
    sound have no image to miss.
    """
    n_bins, n_bands = form.n_bins, form.n_bands
    weights = feature_weights(form)[:n_bins, None].to(real.device)
    a, b = rebuilt[:, :n_bins], real[:, :n_bins]
    error = weights * (a - b)
    level = ((b.clamp(min=0) + 0.2) * error.abs()).mean()
    over_time = (error[:, :, 1:] - error[:, :, :-1]).abs().mean()
    over_frequency = (weights[1:] * ((a - b)[:, 1:] - (a - b)[:, :-1])).abs().mean()
    image_error = (rebuilt[:, n_bins:] - real[:, n_bins:]).abs()
    loudness = nn.functional.adaptive_max_pool1d(b.transpose(1, 2), n_bands).transpose(1, 2)
    heard = loudness.clamp(min=0).repeat(1, 2, 1)
    return level, 0.5 * (over_time + over_frequency), (heard * image_error).mean()
