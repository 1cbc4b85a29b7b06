from __future__ import annotations

import copy
import json
import math
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from soundlet.config import (
    OobleckDecoderConfig,
    load_config,
    load_t5_config,
    parse_config,
)
from soundlet.errors import ConfigError

ROOT = Path(__file__).parents[2]
OFFICIAL: dict[str, Any] = {
    **json.loads((ROOT / "benchmarks" / "stable_audio_open_small.json").read_text()),
    "training": {"use_ema": True, "arc": {"anything": [1, {"at": "all"}]}},
}

T5_BASE = {
    "model_type": "t5",
    "architectures": ["T5ForConditionalGeneration"],
    "vocab_size": 32128,
    "d_model": 768,
    "d_kv": 64,
    "d_ff": 3072,
    "num_layers": 12,
    "num_heads": 12,
    "relative_attention_num_buckets": 32,
    "layer_norm_epsilon": 1e-06,
    "n_positions": 512,
}


def edited(place: str, value: Any) -> str:
    """The official config as JSON, with the value at a dotted `place` replaced or added."""
    config = copy.deepcopy(OFFICIAL)
    *parents, key = place.split(".")
    section: Any = config
    for parent in parents:
        section = section[int(parent) if isinstance(section, list) else parent]
    section[int(key) if isinstance(section, list) else key] = value
    return json.dumps(config)


def problems_of(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_config(text, source="folder/model_config.json")
    first, *rest = str(caught.value).split("\n")
    assert first == "folder/model_config.json:"
    return [line.removeprefix("  ") for line in rest]


def test_the_facts_derived_from_the_official_config_are_those_of_the_released_model() -> None:
    config = parse_config(json.dumps(OFFICIAL))
    assert config.hop_length == 2048
    assert config.n_frames == 256
    assert config.latent_channels == 64
    assert config.cond_dim == 768
    assert config.prompt_max_length == 64
    assert config.prompt_max_tokens == 63
    assert config.seconds_range == (0, 256)
    assert config.objective == "rf_denoiser"
    assert (config.dit.head_dim, config.dit.rotary_dim) == (128, 64)
    assert isinstance(config.autoencoder.decoder.config, OobleckDecoderConfig)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("model.diffusion.diffusion_objective", "rectified_flow"),
        ("model.diffusion.distribution_shift_options", {"min_length": 256, "max_length": 4096}),
        ("model.pretransform.chunked", False),
        ("model.pretransform.config.decoder.requires_grad", False),
        ("model.diffusion.config.patch_size", 2),
        ("model.diffusion.config.attn_kwargs", {}),
        ("training", None),
    ],
)
def test_what_the_reference_allows_and_inference_honours_or_need_not_know_is_read(
    place: str, value: Any
) -> None:
    parse_config(edited(place, value))


@pytest.mark.parametrize(
    ("place", "value", "line"),
    [
        ("sample_rte", 1, "sample_rte: unknown key"),
        (
            "model_type",
            "autoencoder",
            "model_type: 'autoencoder' is not supported; must be 'diffusion_cond'",
        ),
        ("sample_rate", "44100", "sample_rate: input should be a valid integer, not '44100'"),
        ("sample_size", 100, "sample_size: 100 is under one frame, 2048"),
        (
            "model.diffusion.config.transformer_type",
            "x-transformers",
            "model.diffusion.config.transformer_type: 'x-transformers' is not supported;"
            " must be 'continuous_transformer'",
        ),
        (
            "model.diffusion.config.project_cond_tokens",
            False,
            "model.diffusion.config.project_cond_tokens: False is not supported; must be True",
        ),
        (
            "model.diffusion.config.global_cond_type",
            "adaLN",
            "model.diffusion.config.global_cond_type: 'adaLN' is not supported; must be 'prepend'",
        ),
        (
            "model.diffusion.config.attn_kwargs.qk_norm",
            "l2",
            "model.diffusion.config.attn_kwargs.qk_norm: 'l2' is not supported;"
            " must be 'ln' or 'none'",
        ),
        (
            "model.diffusion.config.num_heads",
            7,
            "model.diffusion.config: embed_dim 1024 is not 7 (num_heads) x n",
        ),
        (
            "model.diffusion.config.num_heads",
            64,
            "model.diffusion.config: embed_dim / num_heads is 16; must be a multiple of 4"
            " from 32 up",
        ),
        (
            "model.diffusion.config.patch_size",
            3,
            "model.diffusion.config.patch_size: 3 does not divide the 256 frames of sample_size",
        ),
        (
            "model.diffusion.config.io_channels",
            32,
            "model.diffusion.config.io_channels: is 32; must be 64,"
            " as model.pretransform.config.latent_dim",
        ),
        (
            "model.diffusion.global_cond_ids",
            ["prompt"],
            "model.diffusion.global_cond_ids: is ['prompt']; must be ['seconds_total'],"
            " the id of the number conditioner",
        ),
        (
            "model.pretransform.scale",
            0.5,
            "model.pretransform.scale: 0.5 is not supported; must be 1",
        ),
        (
            "model.pretransform.config.downsampling_ratio",
            1024,
            "model.pretransform.config.downsampling_ratio: is 1024; must be 2048,"
            " the samples in a frame by the decoder's sizes",
        ),
        (
            "model.pretransform.config.decoder.type",
            "seanet",
            "model.pretransform.config.decoder.type: 'seanet' is unknown;"
            " must be 'oobleck', 'spectral'",
        ),
        (
            "model.pretransform.config.encoder.config.use_snake",
            False,
            "model.pretransform.config.encoder.config.use_snake: False is not supported;"
            " must be True",
        ),
        (
            "model.pretransform.config.encoder.config.strides",
            [2, 4, 4, 8],
            "model.pretransform.config.encoder.config: 5 c_mults for 4 strides; give one for each",
        ),
        (
            "model.conditioning.configs.1.config.max_val",
            -1,
            "model.conditioning.configs.1.config: min_val 0 must be below max_val -1",
        ),
        (
            "model.conditioning.configs.0.config.max_len",
            64,
            "model.conditioning.configs.0.config.max_len: unknown key",
        ),
        (
            "model.diffusion.config.beats",
            {"frames_per_second": 20.0},
            "model.diffusion.config.beats.frames_per_second: is 20.0; must be 21.533203125,"
            " sample_rate by the samples in a frame",
        ),
        (
            "model.conditioning.configs",
            [],
            "model.conditioning.configs: conditioners of types []; must be one 't5'"
            " and one 'number'",
        ),
    ],
)
def test_a_value_that_cannot_be_honoured_is_named_with_its_place_and_what_is_right(
    place: str, value: Any, line: str
) -> None:
    assert problems_of(edited(place, value)) == [line]


ENCODER = "model.pretransform.config.encoder.config"
DIT = "model.diffusion.config"
PROMPT = "model.conditioning.configs.0.config"
SECONDS = "model.conditioning.configs.1.config"


@pytest.mark.parametrize(
    ("place", "value", "largest"),
    [
        ("sample_rate", 10**30, 10**6),
        ("sample_size", 10**30, 10**9),
        ("audio_channels", 65, 64),
        (f"{ENCODER}.channels", 10**30, 10_000),
        (f"{ENCODER}.c_mults.0", 10**30, 1000),
        (f"{ENCODER}.strides.4", 10**30, 1000),
        (f"{DIT}.embed_dim", 10**30, 10**6),
        (f"{DIT}.depth", 10**7, 1000),
        (f"{DIT}.modulation_rank", 10**30, 10**6),
        (f"{PROMPT}.max_length", 10**6, 4096),
    ],
)
def test_sizes_that_no_model_has_are_refused_with_the_largest(
    place: str, value: int, largest: int
) -> None:
    line = f"{place}: input should be less than or equal to {largest}, not {value}"
    assert problems_of(edited(place, value)) == [line]


def test_a_codec_of_more_levels_than_any_model_has_is_refused() -> None:
    (line,) = problems_of(edited(f"{ENCODER}.strides", [2] * 100_000))
    assert line.startswith(f"{ENCODER}.strides: tuple should have at most 16 items")


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_numbers_that_are_not_finite_are_refused(value: float) -> None:
    line = f"{SECONDS}.max_val: input should be a finite number, not {value}"
    assert problems_of(edited(f"{SECONDS}.max_val", value)) == [line]


def test_a_text_encoder_of_more_layers_than_any_has_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**T5_BASE, "num_layers": 10**7}))
    with pytest.raises(ConfigError, match="num_layers: input should be less than or equal to 1000"):
        load_t5_config(path)


def test_every_problem_is_told_at_once() -> None:
    config = copy.deepcopy(OFFICIAL)
    del config["sample_rate"]
    config["model"]["diffusion"]["config"]["dept"] = config["model"]["diffusion"]["config"].pop(
        "depth"
    )
    decoder = config["model"]["pretransform"]["config"]["decoder"]["config"]
    decoder["strides"] = [2, 4, 4, 8, 7]
    assert sorted(problems_of(json.dumps(config))) == [
        "model.diffusion.config.dept: unknown key",
        "model.diffusion.config.depth: missing",
        "model.pretransform.config.decoder.config.strides: must be even numbers:"
        " an odd stride loses a sample in the decoder",
        "sample_rate: missing",
    ]


def test_contradictions_between_parts_are_told_at_once() -> None:
    config = copy.deepcopy(OFFICIAL)
    config["audio_channels"] = 1
    config["model"]["conditioning"]["cond_dim"] = 512
    places = [line.split(":")[0] for line in problems_of(json.dumps(config))]
    assert places == [
        "model.pretransform.config.io_channels",
        "model.pretransform.config.encoder.config.in_channels",
        "model.pretransform.config.decoder.config.out_channels",
        "model.diffusion.config.cond_token_dim",
        "model.diffusion.config.global_cond_dim",
    ]


def test_a_spectral_codec_counts_its_samples_in_both_hops() -> None:
    config = copy.deepcopy(OFFICIAL)
    sizes = {
        "n_fft": 2048,
        "hop_length": 512,
        "frames_per_latent": 4,
        "frame_width": 128,
        "frame_depth": 2,
        "width": 256,
        "depth": 4,
        "n_bands": 8,
    }
    codec = config["model"]["pretransform"]["config"]
    codec["encoder"] = {
        "type": "spectral",
        "config": {**sizes, "in_channels": 2, "latent_dim": 128},
    }
    codec["decoder"] = {
        "type": "spectral",
        "config": {**sizes, "out_channels": 2, "latent_dim": 64},
    }
    assert parse_config(json.dumps(config)).hop_length == 2048


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "input should be an object"),
    ],
)
def test_a_file_that_is_no_config_is_one_config_error(
    tmp_path: Path, content: bytes, told: str
) -> None:
    path = tmp_path / "model_config.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=told) as caught:
        load_config(path)
    assert str(caught.value).startswith(str(path))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_config(tmp_path / "model_config.json")


def test_a_config_cannot_be_changed_after_it_is_read() -> None:
    config = parse_config(json.dumps(OFFICIAL))
    with pytest.raises(ValidationError, match="frozen"):
        config.sample_rate = 48000


def test_the_config_of_t5_base_is_read_with_the_defaults_of_t5(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(T5_BASE))
    config = load_t5_config(path)
    assert (config.num_layers, config.relative_attention_max_distance) == (12, 128)
    assert config.feed_forward_proj == "relu"


def test_another_text_encoder_is_refused_with_every_reason(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**T5_BASE, "model_type": "bert", "d_ff": 0}))
    with pytest.raises(ConfigError) as caught:
        load_t5_config(path)
    assert str(caught.value).split("\n")[1:] == [
        "  model_type: 'bert' is not supported; must be 't5'",
        "  d_ff: input should be greater than 0, not 0",
    ]


@pytest.mark.parametrize("exclude_unset", [True, False])
def test_a_config_that_is_written_reads_as_the_same(exclude_unset: bool) -> None:
    config = parse_config(json.dumps(OFFICIAL))
    assert parse_config(config.model_dump_json(exclude_unset=exclude_unset)) == config
