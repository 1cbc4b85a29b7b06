"""A bundle is read whole, or refused with the file that is wrong."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from soundlet import bundle as bundle_module
from soundlet.bundle import (
    AGREEMENT,
    MANIFEST,
    MODEL_CONFIG,
    REQUIRED,
    T5_CONFIG,
    WEIGHTS,
    About,
    Defaults,
    open_bundle,
    seal,
    staged_bundle,
    verify_bundle,
)
from soundlet.errors import BundleError, ConfigError

ABOUT = About(
    name="toy",
    source="tests",
    licence="CC0-1.0",
    precision={"dit": "float16"},
    defaults=Defaults(steps=8, sampler="pingpong", cfg_scale=1.0, seconds=0.02),
    length="variable",
    margin_frames=2,
)


DEFAULTS = ABOUT.defaults.model_dump()


def fill(folder: Path, tiny_folder: Path) -> None:
    """Files of a bundle; the graphs are not ones, for nothing here runs them."""
    for name in (*REQUIRED, WEIGHTS):
        (folder / name).write_bytes(f"content of {name}".encode() * 100)
    (folder / MODEL_CONFIG).write_bytes((tiny_folder / "model_config.json").read_bytes())
    (folder / T5_CONFIG).write_bytes((tiny_folder / "t5" / "config.json").read_bytes())


@pytest.fixture
def folder(tmp_path: Path, tiny_folder: Path) -> Path:
    dest = tmp_path / "toy"
    with staged_bundle(dest) as staging:
        fill(staging, tiny_folder)
        seal(staging, ABOUT)
    return dest


def test_a_bundle_tells_what_it_was_sealed_with(folder: Path) -> None:
    found = open_bundle(folder)
    assert found.folder == folder
    assert found.manifest.model_dump(include=set(About.model_fields)) == ABOUT.model_dump()
    assert found.manifest.format_version == 1
    assert found.manifest.created_by.startswith("soundlet ")
    assert set(found.manifest.files) == {*REQUIRED, WEIGHTS}
    assert found.config.hop_length == 32
    assert found.t5_config.d_model == 768


def test_a_bundle_may_hold_what_chooses_among_candidates(folder: Path) -> None:
    plain = open_bundle(folder)
    assert plain.agreement is None
    assert plain.manifest.defaults.candidates == 1
    (folder / AGREEMENT).write_bytes(b"weights")
    assert open_bundle(folder).agreement is None  # the manifest does not name it
    defaults = ABOUT.defaults.model_copy(update={"candidates": 4})
    seal(folder, ABOUT.model_copy(update={"defaults": defaults}))
    choosing = open_bundle(folder)
    assert choosing.agreement == folder / AGREEMENT
    assert choosing.manifest.defaults.candidates == 4
    assert choosing.sha256 != plain.sha256
    (folder / AGREEMENT).write_bytes(b"WEIGHTS")
    with pytest.raises(BundleError, match=r"agreement\.safetensors has changed"):
        open_bundle(folder)


def test_candidates_without_what_chooses_are_no_default(folder: Path) -> None:
    defaults = ABOUT.defaults.model_copy(update={"candidates": 4})
    with pytest.raises(BundleError, match=r"no agreement\.safetensors to choose among 4"):
        seal(folder, ABOUT.model_copy(update={"defaults": defaults}))


def test_a_manifest_from_before_there_were_candidates_means_one(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    assert manifest["defaults"].pop("candidates") == 1
    (folder / MANIFEST).write_text(json.dumps(manifest))
    assert open_bundle(folder).manifest.defaults.candidates == 1


def test_the_manifest_has_size_and_hash_of_every_file(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    for name, record in manifest["files"].items():
        content = (folder / name).read_bytes()
        assert record == {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


@pytest.mark.parametrize("name", [*REQUIRED, WEIGHTS])
def test_one_changed_byte_is_noticed_and_the_file_named(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    for check in (open_bundle, verify_bundle):
        with pytest.raises(BundleError, match=f"{name} has changed since it was made"):
            check(folder)


def test_a_file_cut_short_is_named_with_both_sizes(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes(b"short")
    with pytest.raises(BundleError, match=r"model.safetensors has 5 bytes, not 2800"):
        open_bundle(folder)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "dit.onnx").unlink()
    with pytest.raises(BundleError, match=r"dit.onnx is missing"):
        open_bundle(folder)


def test_files_that_the_manifest_does_not_name_are_left_alone(folder: Path) -> None:
    (folder / "notes.txt").write_text("mine")
    assert "notes.txt" not in open_bundle(folder).manifest.files


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format_version": 2}, r"format version 2; this soundlet \(.*\) reads up to 1: upgrade"),
        ({"format_version": "x"}, "is damaged"),
        ({"lenght": "fixed"}, "lenght: Extra inputs"),
        ({"length": "long"}, "length: Input should be 'fixed' or 'variable'"),
        ({"files": {}}, "does not list model_config.json"),
        ({"name": ""}, "name: String should have at least 1"),
        (
            {"defaults": DEFAULTS | {"candidates": 0}},
            "defaults.candidates: Input should be greater",
        ),
        ({"defaults": DEFAULTS | {"candidates": 17}}, "defaults.candidates: Input should be less"),
    ],
)
def test_a_wrong_manifest_is_refused(folder: Path, change: dict[str, Any], message: str) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(manifest | change))
    with pytest.raises(BundleError, match=message):
        open_bundle(folder)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a\\b", "c:d"])
def test_a_manifest_cannot_point_out_of_its_folder(folder: Path, name: str) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"][name] = {"sha256": "0" * 64, "size": 1}
    (folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="is not a file of the folder"):
        open_bundle(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "[" * 100_000, "\x00\xff"])
def test_a_manifest_that_is_none_is_refused(folder: Path, text: str) -> None:
    (folder / MANIFEST).write_text(text, encoding="latin-1")
    with pytest.raises(BundleError, match=r"manifest.json is damaged"):
        open_bundle(folder)


def test_a_valid_manifest_over_a_wrong_config_is_a_config_error(folder: Path) -> None:
    (folder / MODEL_CONFIG).write_text("{}")
    seal(folder, ABOUT)
    with pytest.raises(ConfigError, match=r"model_config.json"):
        open_bundle(folder)


@pytest.mark.parametrize("given", ["hf://a/b", Path("hf://a/b")])
@pytest.mark.parametrize("check", [open_bundle, verify_bundle])
def test_a_model_of_the_hub_is_converted_first(given: str | Path, check: Any) -> None:
    with pytest.raises(BundleError, match=r"^hf://a/b is .* `soundlet convert hf://a/b DEST`"):
        check(given)


def test_a_checkpoint_as_published_is_told_from_a_bundle(tiny_folder: Path) -> None:
    with pytest.raises(BundleError, match=f"run `soundlet convert {tiny_folder} DEST`"):
        open_bundle(tiny_folder)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path, "no such folder"),
        (Path.mkdir, "not a bundle: it has no manifest.json"),
        (Path.touch, "is a file: name the folder"),
    ],
)
def test_what_is_no_bundle_is_told(tmp_path: Path, make: Any, message: str) -> None:
    make(tmp_path / "model")
    with pytest.raises(BundleError, match=message):
        open_bundle(tmp_path / "model")


def test_a_large_bundle_is_hashed_once_for_each_state_of_its_files(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bundle_module, "HASHED_AT_EVERY_LOAD", 0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: tmp_path / "cache")
    open_bundle(folder)
    status = (folder / WEIGHTS).stat()
    content = bytearray((folder / WEIGHTS).read_bytes())
    content[7] ^= 1
    (folder / WEIGHTS).write_bytes(content)
    os.utime(folder / WEIGHTS, ns=(status.st_atime_ns, status.st_mtime_ns))
    open_bundle(folder)  # nothing tells that the file is another: the price of not hashing
    with pytest.raises(BundleError, match="has changed"):
        verify_bundle(folder)
    os.utime(folder / WEIGHTS)
    with pytest.raises(BundleError, match="has changed"):
        open_bundle(folder)


def test_a_large_bundle_opens_where_nothing_can_be_remembered(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    monkeypatch.setattr(bundle_module, "HASHED_AT_EVERY_LOAD", 0)
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: tmp_path / "cache")
    assert open_bundle(folder).manifest.name == "toy"


def test_sealing_needs_every_file(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"model_config.json is missing"):
        seal(tmp_path, ABOUT)


def test_a_bundle_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    def interrupted() -> None:
        with staged_bundle(tmp_path / "new") as staging:
            (staging / "half").write_text("a file")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_use_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "me.png").touch()
    for overwrite in (False, True):
        with (
            pytest.raises(BundleError, match="photos exists already: choose another"),
            staged_bundle(tmp_path / "photos", overwrite=overwrite),
        ):
            pass
    assert (tmp_path / "photos" / "me.png").exists()


def test_a_bundle_is_replaced_when_asked_and_kept_when_that_fails(
    folder: Path, tiny_folder: Path
) -> None:
    with pytest.raises(BundleError, match="exists already"), staged_bundle(folder):
        pass
    with pytest.raises(ZeroDivisionError), staged_bundle(folder, overwrite=True):
        raise ZeroDivisionError
    assert open_bundle(folder).manifest.name == "toy"
    with staged_bundle(folder, overwrite=True) as staging:
        fill(staging, tiny_folder)
        seal(staging, ABOUT.model_copy(update={"name": "newer"}))
    assert open_bundle(folder).manifest.name == "newer"
    assert [path.name for path in folder.parent.iterdir()] == ["toy"]


def test_an_empty_folder_may_become_a_bundle(tmp_path: Path, tiny_folder: Path) -> None:
    (tmp_path / "empty").mkdir()
    with staged_bundle(tmp_path / "empty") as staging:
        fill(staging, tiny_folder)
        seal(staging, ABOUT)
    assert open_bundle(tmp_path / "empty").manifest.name == "toy"


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(BundleError, match="cannot be written"),
        staged_bundle(tmp_path / "file" / "bundle"),
    ):
        pass
