"""The whole of model_config.json, and the facts that follow from it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from soundlet.config.codec import AutoencoderConfig, AutoencoderEntry
from soundlet.config.problems import misfits, mismatch
from soundlet.config.section import Count, Depth, Section

Objective = Literal["rf_denoiser", "rectified_flow"]

SampleSize = Annotated[int, Field(gt=0, le=1_000_000_000)]
"""Samples per channel in the longest clip that the model was trained on."""


class PromptConfig(Section):
    """How prompts are tokenised and encoded; the encoder's sizes are in its own config.json."""

    t5_model_name: str
    max_length: Annotated[int, Field(gt=0, le=4096)]  # tokens
    project_out: bool = False
    enable_grad: bool = False  # known, and of no use to inference


class NumberConfig(Section):
    """The range of a number that conditions the model."""

    min_val: float
    max_val: float

    @model_validator(mode="after")
    def _range_is_not_empty(self) -> NumberConfig:
        if not self.min_val < self.max_val:
            raise mismatch(f"min_val {self.min_val:g} must be below max_val {self.max_val:g}")
        return self


class PromptEntry(Section):
    """The text conditioner."""

    id: str
    type: Literal["t5"]
    config: PromptConfig


class NumberEntry(Section):
    """A conditioner of one number."""

    id: str
    type: Literal["number"]
    config: NumberConfig


ConditionerEntry = Annotated[PromptEntry | NumberEntry, Field(discriminator="type")]


class ConditioningConfig(Section):
    """What the model is told: a prompt and a number of seconds."""

    configs: tuple[ConditionerEntry, ...]
    cond_dim: Count

    @model_validator(mode="after")
    def _one_prompt_and_one_number(self) -> ConditioningConfig:
        found = sorted(entry.type for entry in self.configs)
        if found != ["number", "t5"]:
            raise mismatch(
                f"conditioners of types {found}; must be one 't5' and one 'number'", at="configs"
            )
        return self


class AttentionConfig(Section):
    """Options of every attention."""

    qk_norm: Literal["ln", "none"] = "none"


class BeatConfig(Section):
    """What turns a tempo into positions: the rate of the latents."""

    frames_per_second: Annotated[float, Field(gt=0)]


class PriorConfig(Section):
    """Sizes of what turns a prompt into the mean of its latents, and their rate.

    Attributes:
        n_words: pieces of the vocabulary.
        rank: of the table from words to spectra.
        frames_per_second: of the latents.
        keys: whether a key counts as a word, beside its note and its mode.
    """

    n_words: Count
    rank: Count
    frames_per_second: Annotated[float, Field(gt=0)]
    keys: bool = False


class DiTConfig(Section):
    """Sizes of the Diffusion Transformer.

    `global_prompt`, `modulation_rank`, `beats`, `prior` and a network that predicts "data" are not
    in the reference: see `soundlet.models.dit`.
    """

    io_channels: Count
    embed_dim: Count
    depth: Annotated[Depth, Field(gt=0)]
    num_heads: Count
    cond_token_dim: Count
    global_cond_dim: Count
    patch_size: Count = 1
    attn_kwargs: AttentionConfig = AttentionConfig()
    transformer_type: Literal["continuous_transformer"] = "continuous_transformer"
    project_cond_tokens: Literal[True] = True
    project_global_cond: Literal[True] = True
    global_cond_type: Literal["prepend"] = "prepend"
    timestep_cond_type: Literal["global"] = "global"
    input_concat_dim: Literal[0] = 0
    prepend_cond_dim: Literal[0] = 0
    num_memory_tokens: Literal[0] = 0
    global_prompt: bool = False
    modulation_rank: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    beats: BeatConfig | None = None
    prior: PriorConfig | None = None
    predicts: Literal["velocity", "data"] = "velocity"

    @model_validator(mode="after")
    def _the_prior_has_a_tempo(self) -> DiTConfig:
        if self.prior is not None and self.beats is None:
            raise mismatch("prior is given without beats, whose tempo it uses", at="prior")
        return self

    @model_validator(mode="after")
    def _heads_divide_the_width(self) -> DiTConfig:
        if self.embed_dim % self.num_heads:
            raise mismatch(f"embed_dim {self.embed_dim} is not {self.num_heads} (num_heads) x n")
        if self.head_dim < 32 or self.head_dim % 4:
            raise mismatch(
                f"embed_dim / num_heads is {self.head_dim}; must be a multiple of 4 from 32 up"
            )
        return self

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return self.embed_dim // self.num_heads

    @property
    def rotary_dim(self) -> int:
        """How many channels of each head are rotated by position."""
        return max(self.head_dim // 2, 32)


class DiffusionEntry(Section):
    """The DiT under its type, and what it is conditioned on."""

    type: Literal["dit"]
    diffusion_objective: Objective
    cross_attention_cond_ids: tuple[str, ...]
    global_cond_ids: tuple[str, ...]
    config: DiTConfig
    input_concat_ids: Annotated[tuple[str, ...], Field(max_length=0)] = ()
    prepend_cond_ids: Annotated[tuple[str, ...], Field(max_length=0)] = ()
    distribution_shift_options: Any = None  # known, and used in training only


class PartsConfig(Section):
    """The parts of the model."""

    pretransform: AutoencoderEntry
    conditioning: ConditioningConfig
    diffusion: DiffusionEntry
    io_channels: Count


class ModelConfig(Section):
    """The whole of model_config.json."""

    model_type: Literal["diffusion_cond"]
    sample_size: SampleSize
    sample_rate: Count  # Hz
    audio_channels: Annotated[int, Field(gt=0, le=64)]
    model: PartsConfig
    training: Any = None  # known, and of no use to inference

    @model_validator(mode="after")
    def _parts_fit(self) -> ModelConfig:
        if problems := _misfits(self):
            raise misfits(problems)
        return self

    @property
    def autoencoder(self) -> AutoencoderConfig:
        """Sizes of the codec."""
        return self.model.pretransform.config

    @property
    def dit(self) -> DiTConfig:
        """Sizes of the Diffusion Transformer."""
        return self.model.diffusion.config

    @property
    def prompt(self) -> PromptEntry:
        """The text conditioner."""
        return next(e for e in self.model.conditioning.configs if isinstance(e, PromptEntry))

    @property
    def seconds(self) -> NumberEntry:
        """The conditioner that is told the length."""
        return next(e for e in self.model.conditioning.configs if isinstance(e, NumberEntry))

    @property
    def objective(self) -> Objective:
        """What the DiT was trained for."""
        return self.model.diffusion.diffusion_objective

    @property
    def hop_length(self) -> int:
        """Samples of audio in one frame of latents."""
        return self.autoencoder.decoder.config.samples_per_latent

    @property
    def n_frames(self) -> int:
        """Frames of latents in the longest clip the model was trained on."""
        return self.sample_size // self.hop_length

    @property
    def latent_channels(self) -> int:
        """Channels of the latents."""
        return self.autoencoder.latent_dim

    @property
    def cond_dim(self) -> int:
        """Width of the conditioning vectors."""
        return self.model.conditioning.cond_dim

    @property
    def prompt_max_length(self) -> int:
        """Tokens in the text encoder's window, the end mark included."""
        return self.prompt.config.max_length

    @property
    def prompt_max_tokens(self) -> int:
        """Tokens that a prompt may have: the end mark takes one of the window."""
        return self.prompt_max_length - 1

    @property
    def seconds_range(self) -> tuple[float, float]:
        """Least and greatest number of seconds that the model can be told."""
        return self.seconds.config.min_val, self.seconds.config.max_val


def _misfits(config: ModelConfig) -> list[str]:
    """Every place where parts that are valid one by one contradict each other."""
    codec, dit, diffusion = config.autoencoder, config.dit, config.model.diffusion
    encoder, decoder = codec.encoder.config, codec.decoder.config
    cond_ids = [config.prompt.id, config.seconds.id]
    cond_dim = (config.cond_dim, "as model.conditioning.cond_dim")
    latent_dim = (codec.latent_dim, "as model.pretransform.config.latent_dim")
    channels = (config.audio_channels, "as audio_channels")
    expected: dict[str, tuple[object, tuple[object, str]]] = {
        "model.pretransform.config.io_channels": (codec.io_channels, channels),
        "model.pretransform.config.encoder.config.in_channels": (encoder.in_channels, channels),
        "model.pretransform.config.decoder.config.out_channels": (decoder.out_channels, channels),
        "model.pretransform.config.encoder.config.latent_dim": (
            encoder.latent_dim,
            (2 * codec.latent_dim, "twice model.pretransform.config.latent_dim (mean and scale)"),
        ),
        "model.pretransform.config.decoder.config.latent_dim": (decoder.latent_dim, latent_dim),
        "model.pretransform.config.downsampling_ratio": (
            codec.downsampling_ratio,
            (config.hop_length, "the samples in a frame by the decoder's sizes"),
        ),
        "model.pretransform.config.encoder.config (samples in a frame)": (
            encoder.samples_per_latent,
            (config.hop_length, "as in the decoder"),
        ),
        "model.io_channels": (config.model.io_channels, latent_dim),
        "model.diffusion.config.io_channels": (dit.io_channels, latent_dim),
        "model.diffusion.config.cond_token_dim": (dit.cond_token_dim, cond_dim),
        "model.diffusion.config.global_cond_dim": (dit.global_cond_dim, cond_dim),
        "model.diffusion.cross_attention_cond_ids": (
            list(diffusion.cross_attention_cond_ids),
            (cond_ids, "the ids of the t5 and the number conditioner, in this order"),
        ),
        "model.diffusion.global_cond_ids": (
            list(diffusion.global_cond_ids),
            (cond_ids[1:], "the id of the number conditioner"),
        ),
    }
    if dit.beats is not None:
        expected["model.diffusion.config.beats.frames_per_second"] = (
            dit.beats.frames_per_second,
            (config.sample_rate / config.hop_length, "sample_rate by the samples in a frame"),
        )
    lines = [
        f"{place}: is {given}; must be {right}, {why}"
        for place, (given, (right, why)) in expected.items()
        if given != right
    ]
    if config.n_frames < 1:
        lines.append(f"sample_size: {config.sample_size} is under one frame, {config.hop_length}")
    if config.n_frames % dit.patch_size:
        lines.append(
            f"model.diffusion.config.patch_size: {dit.patch_size} does not divide the"
            f" {config.n_frames} frames of sample_size"
        )
    return lines
