from __future__ import annotations

import json
import math
import os
import pickle
import shutil
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from soundlet.checkpoint import (
    LoadReport,
    load_bundle_weights,
    load_official,
    official_layout,
    official_name,
    official_t5_name,
    our_name,
    our_t5_name,
    state_dict_of,
    t5_to_official,
    to_official,
)
from soundlet.config import ModelConfig, T5Config, parse_config
from soundlet.errors import CheckpointError, ConfigError
from soundlet.models import Model, build_model

Tensors = dict[str, Tensor]

T5_BASE = T5Config(vocab_size=32128, d_model=768, d_kv=64, d_ff=3072, num_layers=12, num_heads=12)


@pytest.fixture(scope="module")
def tensors(tiny_folder: Path) -> Tensors:
    """The official tensors of the tiny model."""
    content = torch.load(tiny_folder / "model.ckpt", weights_only=True)
    found: Tensors = content["state_dict"]
    return found


@pytest.fixture
def folder(tmp_path: Path, tiny_folder: Path) -> Path:
    """The tiny model without its weights, to be given others."""
    shutil.copytree(tiny_folder / "t5", tmp_path / "t5")
    shutil.copy(tiny_folder / "model_config.json", tmp_path)
    return tmp_path


def save(tensors: Tensors, folder: Path) -> None:
    (folder / "model.ckpt").unlink(missing_ok=True)  # a loaded model may have it mapped
    torch.save({"state_dict": tensors}, folder / "model.ckpt")


def load(folder: Path) -> tuple[Tensors, LoadReport]:
    model, _, _, report = load_official(folder)
    return state_dict_of(model), report


def refusal(folder: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        load_official(folder)
    message = str(caught.value)
    assert "\n" not in message
    return message


# What is in a checkpoint of the released model


@pytest.fixture(scope="module")
def released() -> tuple[Model, ModelConfig]:
    root = Path(__file__).parents[2]
    config = parse_config((root / "benchmarks" / "stable_audio_open_small.json").read_text())
    return build_model(config, T5_BASE, device="meta"), config


def test_the_layout_of_the_released_checkpoint_has_its_tensors_and_numbers(
    released: tuple[Model, ModelConfig],
) -> None:
    layout = official_layout(*released)
    sizes: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for name, shape in layout.items():
        part = next(p for p in PARTS if name.startswith(p))
        counts[part] += 1
        sizes[part] += math.prod(shape)
    assert dict(counts) == {
        "model.model.": 382,
        "conditioner.": 3,
        "pretransform.model.encoder.": 183,
        "pretransform.model.decoder.": 182,
    }
    assert dict(sizes) == {
        "model.model.": 340_928_672,
        "conditioner.": 198_272,
        "pretransform.model.encoder.": 77_989_888,
        "pretransform.model.decoder.": 78_122_626,
    }
    assert len(layout) == 750
    assert sum(sizes.values()) == 497_239_458


PARTS = (
    "model.model.",
    "conditioner.",
    "pretransform.model.encoder.",
    "pretransform.model.decoder.",
)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("conditioner.conditioners.seconds_total.embedder.embedding.0.weights", (128,)),
        ("conditioner.conditioners.seconds_total.embedder.embedding.1.weight", (768, 257)),
        ("model.model.timestep_features.weight", (128, 1)),
        ("model.model.to_timestep_embed.0.weight", (1024, 256)),
        ("model.model.preprocess_conv.weight", (64, 64, 1)),
        ("model.model.transformer.rotary_pos_emb.inv_freq", (32,)),
        ("model.model.transformer.layers.15.ff.ff.0.proj.weight", (8192, 1024)),
        ("model.model.transformer.layers.0.cross_attn.to_kv.weight", (2048, 1024)),
        ("model.model.transformer.layers.0.self_attn.q_norm.bias", (128,)),
        ("pretransform.model.encoder.layers.7.weight_g", (128, 1, 1)),
        ("pretransform.model.decoder.layers.5.layers.1.weight_v", (128, 128, 4)),
        ("pretransform.model.decoder.layers.5.layers.1.weight_g", (128, 1, 1)),
        ("pretransform.model.decoder.layers.7.weight_v", (2, 128, 7)),
    ],
)
def test_tensors_of_the_released_checkpoint_have_its_names_and_shapes(
    released: tuple[Model, ModelConfig], name: str, shape: tuple[int, ...]
) -> None:
    assert official_layout(*released)[name] == shape


def test_every_name_goes_there_and_back(released: tuple[Model, ModelConfig]) -> None:
    model, config = released
    for name in model.state_dict():
        if name.startswith("conditioners.t5."):
            assert official_name(name, config) is None
            inner = name.removeprefix("conditioners.t5.")
            there = official_t5_name(inner, T5_BASE)
            assert there is not None
            assert our_t5_name(there, T5_BASE) == inner
        else:
            there = official_name(name, config)
            assert there is not None
            assert our_name(there, config) == name


def test_a_name_that_no_official_file_has_is_none(tiny_config: ModelConfig) -> None:
    assert our_name("model.model.transformer.layers.0.layer_scale.gamma", tiny_config) is None
    assert our_t5_name("decoder.final_layer_norm.weight", T5_BASE) is None


def test_conditioners_may_have_other_ids(tiny_json: dict[str, Any]) -> None:
    tiny_json["model"]["conditioning"]["configs"][1]["id"] = "length"
    tiny_json["model"]["diffusion"]["cross_attention_cond_ids"] = ["prompt", "length"]
    tiny_json["model"]["diffusion"]["global_cond_ids"] = ["length"]
    config = parse_config(json.dumps(tiny_json))
    name = "conditioner.conditioners.length.embedder.embedding.1.bias"
    assert our_name(name, config) == "conditioners.seconds.project.bias"


# Files that are read


def test_safetensors_and_ckpt_give_the_same_model(folder: Path, tensors: Tensors) -> None:
    save(tensors, folder)
    from_ckpt, _ = load(folder)
    save_file(tensors, folder / "model.safetensors")
    from_safetensors, report = load(folder)
    assert report.weights.name == "model.safetensors"
    assert from_ckpt.keys() == from_safetensors.keys()
    assert all(torch.equal(from_ckpt[name], from_safetensors[name]) for name in from_ckpt)


def test_the_model_goes_back_to_the_official_format_and_comes_again(folder: Path) -> None:
    shutil.copy(Path(__file__).parents[1] / "parity/golden/tiny/model.ckpt", folder)
    model, config, t5_config, _ = load_official(folder)
    (folder / "model.ckpt").rename(folder / "first.ckpt")
    save(to_official(model, config), folder)
    (folder / "t5" / "model.safetensors").unlink()
    save_file(t5_to_official(model, t5_config), folder / "t5" / "model.safetensors")
    again, _ = load(folder)
    for name, tensor in state_dict_of(model).items():
        torch.testing.assert_close(again[name], tensor, rtol=1e-6, atol=1e-7)


def test_a_half_precision_autoencoder_is_told_and_computed_in_full(
    folder: Path, tensors: Tensors
) -> None:
    halved = {
        name: value.half() if name.startswith("pretransform.") else value
        for name, value in tensors.items()
    }
    save(halved, folder)
    found, report = load(folder)
    assert report.precision == {
        "conditioners": "float32",
        "decoder": "float16",
        "dit": "float32",
        "encoder": "float16",
    }
    assert {tensor.dtype for tensor in found.values()} == {torch.float32}
    direction = halved["pretransform.model.decoder.layers.5.weight_v"].float()
    length = halved["pretransform.model.decoder.layers.5.weight_g"].float()
    expected = length * direction / direction.flatten(1).norm(dim=1)[:, None, None]
    torch.testing.assert_close(found["decoder.layers.5.weight"], expected)


def test_the_weight_norm_of_a_transposed_convolution_is_per_input_channel(
    folder: Path, tensors: Tensors
) -> None:
    save(tensors, folder)
    found, _ = load(folder)
    weight = found["decoder.layers.1.layers.1.weight"]
    length = tensors["pretransform.model.decoder.layers.1.layers.1.weight_g"]
    assert weight.shape[0] == length.shape[0] != weight.shape[1]
    torch.testing.assert_close(weight.flatten(1).norm(dim=1), length.flatten().abs())


def test_a_config_of_the_base_model_is_taken_with_its_weights(
    folder: Path, tensors: Tensors
) -> None:
    config = json.loads((folder / "model_config.json").read_text())
    config["model"]["diffusion"]["diffusion_objective"] = "rectified_flow"
    (folder / "base_model_config.json").write_text(json.dumps(config))
    save_file(tensors, folder / "base_model.safetensors")
    (folder / "model_config.json").write_text("not to be looked at")
    assert load_official(folder)[1].objective == "rectified_flow"
    assert load_official(folder / "base_model.safetensors")[1].objective == "rectified_flow"


def test_inv_freq_and_shifts_of_norms_are_taken_from_the_file(
    folder: Path, tensors: Tensors
) -> None:
    changed = dict(tensors)
    for name in (
        "model.model.transformer.rotary_pos_emb.inv_freq",
        "model.model.transformer.layers.1.ff_norm.beta",
    ):
        changed[name] = tensors[name] + 0.25
    save(changed, folder)
    found, _ = load(folder)
    assert torch.all(found["dit.blocks.1.feed_forward_norm.beta"] == 0.25)
    assert torch.equal(
        found["dit.rotary.inv_freq"], changed["model.model.transformer.rotary_pos_emb.inv_freq"]
    )


# Checkpoints of training runs


def training_checkpoint(tensors: Tensors, *, with_ema: bool) -> Tensors:
    found = {f"diffusion.{name}": value for name, value in tensors.items()}
    if with_ema:
        found |= {
            f"diffusion_ema.ema_model.{name.removeprefix('model.')}": value + 1
            for name, value in tensors.items()
            if name.startswith("model.")
        }
        found |= {"diffusion_ema.initted": torch.tensor(1), "diffusion_ema.step": torch.tensor(9)}
    found["discriminator.head.weight"] = torch.zeros(3)
    return found


def test_the_moving_average_of_a_training_run_is_preferred_and_told(
    folder: Path, tensors: Tensors
) -> None:
    save(training_checkpoint(tensors, with_ema=True), folder)
    found, report = load(folder)
    name = "model.model.transformer.project_in.weight"
    assert torch.equal(found["dit.project_in.weight"], tensors[name] + 1)
    name = "conditioner.conditioners.seconds_total.embedder.embedding.1.bias"
    assert torch.equal(found["conditioners.seconds.project.bias"], tensors[name])
    assert (report.is_training_checkpoint, report.is_ema) == (True, True)
    assert report.n_tensors == len(tensors)
    assert report.unused["of the training run"] == 3
    assert report.unused["the last weights, in favour of their moving average"] == sum(
        name.startswith("model.") for name in tensors
    )
    assert "EMA" in report.lines()[0]


def test_without_a_moving_average_the_last_weights_are_taken_and_told(
    folder: Path, tensors: Tensors
) -> None:
    save(training_checkpoint(tensors, with_ema=False), folder)
    found, report = load(folder)
    name = "model.model.transformer.project_in.weight"
    assert torch.equal(found["dit.project_in.weight"], tensors[name])
    assert (report.is_training_checkpoint, report.is_ema) == (True, False)


def test_a_moving_average_with_a_hole_is_not_mended_from_the_last_weights(
    folder: Path, tensors: Tensors
) -> None:
    holed = training_checkpoint(tensors, with_ema=True)
    del holed["diffusion_ema.ema_model.model.transformer.project_in.weight"]
    save(holed, folder)
    message = refusal(folder)
    assert "1 tensor missing (model.model.transformer.project_in.weight)" in message


# Weights that do not fit


def test_missing_left_over_and_misshapen_tensors_are_each_counted_and_named(
    folder: Path, tensors: Tensors
) -> None:
    wrong = dict(tensors)
    for layer in ("0", "1"):
        for name in ("gamma", "beta"):
            del wrong[f"model.model.transformer.layers.{layer}.ff_norm.{name}"]
    wrong["model.model.extra"] = torch.zeros(1)
    wrong["model.model.timestep_features.weight"] = torch.zeros(64, 1)
    save(wrong, folder)
    assert refusal(folder) == (
        f"{folder / 'model.ckpt'} does not fit its model_config.json:"
        " 4 tensors missing (model.model.transformer.layers.0.ff_norm.beta,"
        " model.model.transformer.layers.0.ff_norm.gamma,"
        " model.model.transformer.layers.1.ff_norm.beta, ...);"
        " 1 tensor not used (model.model.extra);"
        " 1 tensor of another shape (model.model.timestep_features.weight is [64, 1],"
        " must be [128, 1]). Are both from the same release?"
    )


def test_half_of_a_weight_norm_is_missing_by_its_own_name(folder: Path, tensors: Tensors) -> None:
    wrong = dict(tensors)
    del wrong["pretransform.model.decoder.layers.5.weight_g"]
    save(wrong, folder)
    assert "1 tensor missing (pretransform.model.decoder.layers.5.weight_g)" in refusal(folder)


def test_whole_numbers_are_no_weights(folder: Path, tensors: Tensors) -> None:
    name = "model.model.timestep_features.weight"
    save({**tensors, name: tensors[name].long()}, folder)
    assert f"1 tensor not of real numbers ({name} is int64)" in refusal(folder)


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e300])
def test_weights_that_are_not_finite_in_float32_are_named(
    folder: Path, tensors: Tensors, value: float
) -> None:
    name = "model.model.transformer.layers.0.self_attn.to_qkv.weight"
    wrong = tensors[name].double()
    wrong[3, 5] = value
    save({**tensors, name: wrong}, folder)
    assert f"model.ckpt: {name} has numbers that are not finite" in refusal(folder)


def test_a_direction_that_is_none_is_named(folder: Path, tensors: Tensors) -> None:
    stem = "pretransform.model.decoder.layers.5.weight"
    save({**tensors, f"{stem}_v": torch.zeros_like(tensors[f"{stem}_v"])}, folder)
    assert f"{stem} has numbers that are not finite" in refusal(folder)


@pytest.mark.parametrize(
    ("change", "told"),
    [(Tensor.to_sparse, "sparse or nested"), (lambda tensor: tensor.to("meta"), "meta")],
)
def test_tensors_that_are_not_plain_are_named(
    folder: Path, tensors: Tensors, change: Callable[[Tensor], Tensor], told: str
) -> None:
    name = "model.model.timestep_features.weight"
    save({**tensors, name: change(tensors[name])}, folder)
    message = refusal(folder)
    assert name in message
    assert told in message


# Files that are not checkpoints


class Dangerous:
    """Unpickled without care, makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("is_zip", [True, False])
def test_a_pickle_with_code_in_it_is_refused_and_not_run(folder: Path, is_zip: bool) -> None:
    trap = folder / "trap"
    content = {"state_dict": {"a": Dangerous(trap)}}
    if is_zip:
        torch.save(content, folder / "model.ckpt")
    else:
        (folder / "model.ckpt").write_bytes(pickle.dumps(content))
    message = refusal(folder)
    assert "refused" in message
    assert "nothing in it was run" in message
    assert not trap.exists()
    if is_zip:
        torch.load(folder / "model.ckpt", weights_only=False)  # the trap does work
        assert trap.exists()


@pytest.mark.parametrize("share", [0.001, 0.5, 0.999])
@pytest.mark.parametrize("name", ["model.ckpt", "model.safetensors"])
def test_a_truncated_checkpoint_is_one_line(
    folder: Path, tensors: Tensors, name: str, share: float
) -> None:
    path = folder / name
    if name == "model.ckpt":
        save(tensors, folder)
    else:
        save_file(tensors, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    message = refusal(folder)
    assert message.startswith(str(path))
    assert "cut short" in message


@pytest.mark.parametrize("pickled", [b"}a.", b"K\x01Q.", b"}]K\x01s.", b"G\0."])
def test_a_pickle_whose_bytes_have_changed_is_one_line(folder: Path, pickled: bytes) -> None:
    """Each of them fails in its own way: of an index, a claim, a type, a number cut short."""
    path = folder / "model.ckpt"
    torch.save({"state_dict": {"a": torch.zeros(3)}}, folder / "whole.ckpt")
    with zipfile.ZipFile(folder / "whole.ckpt") as whole, zipfile.ZipFile(path, "w") as changed:
        for name in whole.namelist():
            content = b"\x80\x02" + pickled if name.endswith("data.pkl") else whole.read(name)
            changed.writestr(name, content)
    message = refusal(folder)
    assert message.startswith(f"{path}: not a whole checkpoint (")
    assert "cut short" in message


def test_a_pickle_is_not_said_to_hold_code_where_it_may_just_be_damaged(folder: Path) -> None:
    path = folder / "model.ckpt"
    torch.save({"state_dict": {"a": torch.zeros(3)}}, path)
    path.write_bytes(path.read_bytes().replace(b"_rebuild_tensor", b"_rebuild_tunsor"))
    message = refusal(folder)
    assert "holds code or objects, not only tensors, or is damaged" in message
    assert "Copy it again" in message


def write_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hello.txt", "hello")


@pytest.mark.parametrize(
    ("name", "write", "told"),
    [
        ("model.ckpt", lambda path: path.write_bytes(b""), "not a PyTorch checkpoint"),
        ("model.ckpt", lambda path: path.write_text("<html>"), "not a PyTorch checkpoint"),
        ("model.ckpt", write_zip, "not a whole checkpoint"),
        ("model.ckpt", lambda path: torch.save(torch.zeros(3), path), "holds a Tensor"),
        ("model.ckpt", lambda path: torch.save({"state_dict": {}}, path), "no tensors in it"),
        ("model.ckpt", lambda path: torch.save({"epoch": 3}, path), "'epoch' is a int"),
        ("model.safetensors", lambda path: path.write_bytes(b""), "not a whole safetensors file"),
        (
            "model.safetensors",
            lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\n"),
            "git lfs pull",
        ),
    ],
)
def test_a_file_that_is_no_checkpoint_is_one_line(
    folder: Path, name: str, write: Callable[[Path], object], told: str
) -> None:
    write(folder / name)
    message = refusal(folder)
    assert message.startswith(str(folder / name))
    assert told in message


def test_a_folder_without_weights_says_what_they_are_called(folder: Path) -> None:
    assert "one of model.safetensors, model.ckpt" in refusal(folder)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nowhere") == f"{tmp_path / 'nowhere'}: no such folder"


def test_weights_without_a_config_are_a_config_error(folder: Path, tensors: Tensors) -> None:
    save(tensors, folder)
    (folder / "model_config.json").unlink()
    with pytest.raises(ConfigError, match="no such file"):
        load_official(folder)


# The text encoder


def test_a_missing_text_encoder_says_what_to_download(folder: Path, tensors: Tensors) -> None:
    save(tensors, folder)
    shutil.rmtree(folder / "t5")
    assert "download google-t5/t5-base" in refusal(folder)


def test_the_text_encoder_may_be_elsewhere(
    folder: Path, tensors: Tensors, tmp_path_factory: pytest.TempPathFactory
) -> None:
    save(tensors, folder)
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "t5-base"
    shutil.move(folder / "t5", elsewhere)
    *_, report = load_official(folder, t5_folder=elsewhere)
    assert report.t5_weights.parent == elsewhere


@pytest.mark.parametrize("alias", ["shared.weight", "encoder.embed_tokens.weight"])
def test_a_whole_t5_is_read_for_its_encoder_alone(
    folder: Path, tensors: Tensors, alias: str
) -> None:
    save(tensors, folder)
    expected, _ = load(folder)
    found = load_file(folder / "t5" / "model.safetensors")
    embedding = found.pop("shared.weight")
    decoder = {f"decoder.block.{n}.weight": torch.zeros(2) for n in range(5)}
    whole = {**found, **decoder, "lm_head.weight": torch.zeros(2), alias: embedding}
    (folder / "t5" / "model.safetensors").unlink()
    torch.save(whole, folder / "t5" / "pytorch_model.bin")
    loaded, report = load(folder)
    assert loaded.keys() == expected.keys()
    assert all(torch.equal(loaded[name], expected[name]) for name in loaded)
    assert sum(report.unused.values()) >= 6


def test_a_tensor_missing_in_the_text_encoder_is_named(folder: Path, tensors: Tensors) -> None:
    save(tensors, folder)
    path = folder / "t5" / "model.safetensors"
    found = dict(load_file(path))
    del found["encoder.block.1.layer.0.layer_norm.weight"]
    path.unlink()
    save_file(found, path)
    message = refusal(folder)
    assert message.startswith(str(path))
    assert "1 tensor missing (encoder.block.1.layer.0.layer_norm.weight)" in message


def test_the_weights_of_the_text_encoder_are_rounded_as_in_the_reference(
    folder: Path, tensors: Tensors
) -> None:
    save(tensors, folder)
    found, _ = load(folder)
    stored = load_file(folder / "t5" / "model.safetensors")["shared.weight"]
    assert not torch.equal(stored.half().float(), stored)
    assert torch.equal(found["conditioners.t5.embedding.weight"], stored.half().float())


@pytest.mark.parametrize(("value", "told"), [(math.nan, "not finite"), (1e6, "float16")])
def test_a_text_encoder_that_float16_cannot_hold_is_named(
    folder: Path, tensors: Tensors, value: float, told: str
) -> None:
    save(tensors, folder)
    path = folder / "t5" / "model.safetensors"
    found = {name: tensor.clone() for name, tensor in load_file(path).items()}
    name = "encoder.block.1.layer.0.layer_norm.weight"
    found[name][2] = value
    path.unlink()
    save_file(found, path)
    message = refusal(folder)
    assert message.startswith(f"{path}: {name} has numbers")
    assert told in message


# Bundles


@pytest.fixture
def tiny_model(tiny_config: ModelConfig, tiny_t5_config: T5Config) -> Model:
    torch.manual_seed(0)
    return build_model(tiny_config, tiny_t5_config)


def test_the_weights_of_a_bundle_come_back_as_they_were(
    tmp_path: Path, tiny_model: Model, tiny_config: ModelConfig, tiny_t5_config: T5Config
) -> None:
    path = tmp_path / "model.safetensors"
    save_file(state_dict_of(tiny_model), path)
    copy = build_model(tiny_config, tiny_t5_config, device="meta")
    load_bundle_weights(copy, path)
    expected = tiny_model.state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in copy.state_dict().items())


def test_the_half_precision_weights_of_a_bundle_are_float32_in_memory(
    tmp_path: Path, tiny_model: Model
) -> None:
    path = tmp_path / "model.safetensors"
    save_file({name: value.half() for name, value in state_dict_of(tiny_model).items()}, path)
    load_bundle_weights(tiny_model, path)
    assert {value.dtype for value in tiny_model.state_dict().values()} == {torch.float32}


def test_weights_of_another_bundle_are_refused(tmp_path: Path, tiny_model: Model) -> None:
    path = tmp_path / "model.safetensors"
    tensors = state_dict_of(tiny_model)
    tensors["decoder.extra"] = tensors.pop("decoder.layers.0.bias")
    save_file(tensors, path)
    with pytest.raises(CheckpointError) as caught:
        load_bundle_weights(tiny_model, path)
    assert "1 tensor missing (decoder.layers.0.bias)" in str(caught.value)
    assert "1 tensor not used (decoder.extra)" in str(caught.value)
