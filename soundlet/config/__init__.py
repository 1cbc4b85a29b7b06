"""model_config.json and the T5 config.json as typed, immutable values. No torch in here."""

from __future__ import annotations

from soundlet.config.codec import (
    AutoencoderConfig,
    AutoencoderEntry,
    BottleneckEntry,
    DecoderEntry,
    EncoderEntry,
    OobleckDecoderConfig,
    OobleckDecoderEntry,
    OobleckEncoderConfig,
    OobleckEncoderEntry,
    SpectralDecoderConfig,
    SpectralDecoderEntry,
    SpectralEncoderConfig,
    SpectralEncoderEntry,
)
from soundlet.config.model import (
    AttentionConfig,
    ConditioningConfig,
    DiffusionEntry,
    DiTConfig,
    ModelConfig,
    NumberConfig,
    NumberEntry,
    Objective,
    PartsConfig,
    PriorConfig,
    PromptConfig,
    PromptEntry,
)
from soundlet.config.reading import load_config, load_t5_config, parse_config
from soundlet.config.t5 import T5Config

__all__ = [
    "AttentionConfig",
    "AutoencoderConfig",
    "AutoencoderEntry",
    "BottleneckEntry",
    "ConditioningConfig",
    "DecoderEntry",
    "DiTConfig",
    "DiffusionEntry",
    "EncoderEntry",
    "ModelConfig",
    "NumberConfig",
    "NumberEntry",
    "Objective",
    "OobleckDecoderConfig",
    "OobleckDecoderEntry",
    "OobleckEncoderConfig",
    "OobleckEncoderEntry",
    "PartsConfig",
    "PriorConfig",
    "PromptConfig",
    "PromptEntry",
    "SpectralDecoderConfig",
    "SpectralDecoderEntry",
    "SpectralEncoderConfig",
    "SpectralEncoderEntry",
    "T5Config",
    "load_config",
    "load_t5_config",
    "parse_config",
]
