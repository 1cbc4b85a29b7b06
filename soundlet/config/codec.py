"""The part of model_config.json that describes the autoencoder."""

from __future__ import annotations

from math import prod
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from soundlet.config.problems import mismatch
from soundlet.config.section import Count, Depth, Section

Factors = Annotated[
    tuple[Annotated[int, Field(gt=0, le=1000)], ...], Field(min_length=1, max_length=16)
]
"""One of each level of a codec, by which its length or width changes."""


class OobleckSizes(Section):
    """What the Oobleck encoder and decoder share."""

    channels: Annotated[int, Field(gt=0, le=10_000)]
    c_mults: Factors  # the reference puts a 1 in front of these
    strides: Factors
    latent_dim: Count
    use_snake: Literal[True]  # the reference's default, ELU, is in no released model
    antialias_activation: Literal[False] = False

    @field_validator("strides")
    @classmethod
    def _strides_are_even(cls, strides: tuple[int, ...]) -> tuple[int, ...]:
        if any(stride % 2 for stride in strides):
            raise PydanticCustomError(
                "odd_stride", "must be even numbers: an odd stride loses a sample in the decoder"
            )
        return strides

    @model_validator(mode="after")
    def _one_multiplier_for_each_stride(self) -> OobleckSizes:
        if len(self.c_mults) != len(self.strides):
            raise mismatch(
                f"{len(self.c_mults)} c_mults for {len(self.strides)} strides; give one for each"
            )
        return self

    @property
    def samples_per_latent(self) -> int:
        """Samples of audio in one frame of latents."""
        return prod(self.strides)


class OobleckEncoderConfig(OobleckSizes):
    """The convolutional encoder; `latent_dim` counts mean and scale."""

    in_channels: Count


class OobleckDecoderConfig(OobleckSizes):
    """The convolutional decoder."""

    out_channels: Count
    final_tanh: bool = True  # the reference's default; the released model says false
    use_nearest_upsample: Literal[False] = False


class SpectralSizes(Section):
    """What the encoder and decoder on short-time spectra share."""

    n_fft: Count
    hop_length: Count  # samples between two spectra
    frames_per_latent: Count  # spectra in one frame of latents
    frame_width: Count  # of the layers that run at the rate of the spectra
    frame_depth: Depth
    width: Count  # of the layers that run at the rate of the latents
    depth: Depth
    latent_dim: Count
    n_bands: Count  # frequency bands of the stereo image

    @property
    def samples_per_latent(self) -> int:
        """Samples of audio in one frame of latents."""
        return self.hop_length * self.frames_per_latent

    @property
    def n_features(self) -> int:
        """Numbers in one spectrum: levels, then balance and coherence of each band."""
        return self.n_fft // 2 + 1 + 2 * self.n_bands


class SpectralEncoderConfig(SpectralSizes):
    """The encoder on short-time spectra; `latent_dim` counts mean and scale."""

    in_channels: Count


class SpectralDecoderConfig(SpectralSizes):
    """The decoder to short-time spectra."""

    out_channels: Count
    phase_iterations: Count = 16  # rounds of phase recovery


class OobleckEncoderEntry(Section):
    """An Oobleck encoder under its type."""

    type: Literal["oobleck"]
    config: OobleckEncoderConfig
    requires_grad: bool = True  # known, and of no use to inference


class OobleckDecoderEntry(Section):
    """An Oobleck decoder under its type."""

    type: Literal["oobleck"]
    config: OobleckDecoderConfig
    requires_grad: bool = True  # known, and of no use to inference


class SpectralEncoderEntry(Section):
    """A spectral encoder under its type."""

    type: Literal["spectral"]
    config: SpectralEncoderConfig


class SpectralDecoderEntry(Section):
    """A spectral decoder under its type."""

    type: Literal["spectral"]
    config: SpectralDecoderConfig


EncoderEntry = Annotated[OobleckEncoderEntry | SpectralEncoderEntry, Field(discriminator="type")]
DecoderEntry = Annotated[OobleckDecoderEntry | SpectralDecoderEntry, Field(discriminator="type")]


class BottleneckEntry(Section):
    """The bottleneck between encoder and decoder."""

    type: Literal["vae"]


class AutoencoderConfig(Section):
    """Encoder, bottleneck and decoder of the codec."""

    encoder: EncoderEntry
    decoder: DecoderEntry
    bottleneck: BottleneckEntry
    latent_dim: Count
    downsampling_ratio: Count  # samples in one frame of latents, as the file claims
    io_channels: Count
    soft_clip: Literal[False] = False


class AutoencoderEntry(Section):
    """The codec under its type, with switches that change speed and precision, not mathematics."""

    type: Literal["autoencoder"]
    config: AutoencoderConfig
    scale: float = 1.0
    iterate_batch: bool = False  # this and the next three are known, and of no use to inference
    model_half: bool = False
    chunked: bool = False
    enable_grad: bool = False

    @field_validator("scale")
    @classmethod
    def _scale_is_one(cls, scale: float) -> float:
        if scale != 1.0:
            raise PydanticCustomError("literal_error", "not 1", {"expected": "1"})
        return scale
