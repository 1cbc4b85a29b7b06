"""Sources that cannot be converted are refused before anything is written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from soundlet.bundle import PARTS, WEIGHTS
from soundlet.convert import convert_checkpoint
from soundlet.errors import BundleError, CheckpointError, ConfigError, RequestError, SoundletError


@pytest.fixture
def source(tmp_path: Path, tiny_folder: Path) -> Path:
    return Path(shutil.copytree(tiny_folder, tmp_path / "source"))


def refused(source: Path, **options: Any) -> str:
    """The message of a conversion that must fail and leave nothing."""
    dest = source.parent / "dest"
    with pytest.raises(SoundletError) as refusal:
        convert_checkpoint(source, dest, **options)
    assert not dest.exists()
    assert sorted(path.name for path in dest.parent.iterdir()) == ["source"]
    return str(refusal.value)


def test_a_missing_text_encoder_is_told_with_ways_to_get_it(source: Path) -> None:
    shutil.rmtree(source / "t5")
    message = refused(source)
    assert "--t5" in message
    assert "hf://google-t5/t5-base" in message
    assert "spiece.model" in message


@pytest.mark.parametrize("name", ["spiece.model", "config.json"])
def test_a_text_encoder_without_a_file_is_told(source: Path, name: str) -> None:
    (source / "t5" / name).unlink()
    assert f"has no {name}: copy it from google-t5/t5-base" in refused(source)


@pytest.mark.parametrize("kind", ["empty", "text", "cut"])
def test_a_tokenizer_of_another_kind_or_cut_short_is_told(source: Path, kind: str) -> None:
    path = source / "t5" / "spiece.model"
    content = path.read_bytes()
    path.write_bytes({"empty": b"", "text": b"pieces", "cut": content[: len(content) // 2]}[kind])
    message = refused(source)
    assert message.startswith(f"{path}: not a ")
    assert message.endswith("copy it from google-t5/t5-base")
    assert "\n" not in message


def test_a_tokenizer_of_another_text_encoder_is_told(source: Path) -> None:
    config = json.loads((source / "t5" / "config.json").read_text())
    weights = source / "t5" / "model.safetensors"
    found = {name: tensor.clone() for name, tensor in load_file(weights).items()}
    found["shared.weight"] = found["shared.weight"][:20].clone()
    weights.unlink()
    save_file(found, weights)
    (source / "t5" / "config.json").write_text(json.dumps({**config, "vocab_size": 20}))
    assert "has 109 pieces; the text encoder beside it knows 20" in refused(source)


def test_a_text_encoder_may_be_elsewhere(source: Path) -> None:
    assert "no such folder of a text encoder" in refused(source, t5=source / "elsewhere")


def test_a_missing_source_is_told(tmp_path: Path, tiny_folder: Path) -> None:
    with pytest.raises(CheckpointError, match="absent: no such folder"):
        convert_checkpoint(tmp_path / "absent", tmp_path / "dest", t5=tiny_folder / "t5")


def test_a_config_that_is_wrong_is_told(source: Path) -> None:
    (source / "model_config.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"model_config.json"):
        convert_checkpoint(source, source.parent / "dest")


def test_a_precision_that_is_none_is_refused(source: Path) -> None:
    with pytest.raises(
        RequestError, match=r"precision must be auto or one of float32, .*, not 'int4'"
    ):
        convert_checkpoint(source, source.parent / "dest", precision="int4")


def test_a_place_that_is_taken_is_refused_before_the_work(source: Path) -> None:
    shutil.rmtree(source / "t5")  # which would be the next thing to be told
    (source.parent / "dest").mkdir()
    (source.parent / "dest" / "mine.txt").touch()
    with pytest.raises(BundleError, match="dest exists already"):
        convert_checkpoint(source, source.parent / "dest")


def test_a_converted_checkpoint_tells_where_it_is_from(tiny_bundle: Path) -> None:
    from soundlet.bundle import open_bundle

    manifest = open_bundle(tiny_bundle).manifest
    assert (manifest.name, manifest.source, manifest.length) == ("tiny", "model.ckpt", "fixed")
    assert manifest.defaults.sampler == "pingpong"
    assert manifest.defaults.steps == 8
    assert manifest.defaults.cfg_scale == 1
    assert "1,174,442 numbers" in manifest.description


def test_notices_are_copied_as_they_are(
    source: Path, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def export_onnx(_model: object, _config: object, folder: Path, **_options: Any) -> None:
        for name in (WEIGHTS, *(f"{part}.onnx" for part in PARTS)):  # of the same checkpoint
            shutil.copy(tiny_bundle / name, folder / name)

    monkeypatch.setattr("soundlet.export.bundle.export_onnx", export_onnx)
    (source / "LICENSES").mkdir()
    texts = {"LICENSE": "© Müller\r\n".encode("latin-1"), "NOTICE.md": "für alle\n".encode()}
    for name, text in texts.items():
        (source / name).write_bytes(text)
    bundle = convert_checkpoint(source, source.parent / "dest", precision="float32")
    assert bundle.manifest.licence == "see LICENSE, NOTICE.md"
    assert texts.keys() <= bundle.manifest.files.keys()
    assert not (bundle.folder / "LICENSES").exists()
    for name, text in texts.items():
        assert (bundle.folder / name).read_bytes() == text
