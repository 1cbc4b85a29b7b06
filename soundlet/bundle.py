"""A model on disk: one folder, described and sealed by its manifest."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from soundlet import __version__, hub
from soundlet.config import ModelConfig, T5Config, load_config, load_t5_config
from soundlet.errors import BundleError
from soundlet.request import MAX_CANDIDATES, MAX_CFG_SCALE, MAX_STEPS, Sampler

FORMAT_VERSION: Literal[1] = 1

Part = Literal["conditioners", "dit", "decoder", "encoder"]
PARTS: tuple[Part, ...] = get_args(Part)

Precision = Literal["float32", "float16", "int8", "int8-weights", "int4-weights"]
"""Of stored weights. Graphs compute in float32, but for the products of "int8"; programs compute in
their own precision."""

QUANTIZABLE: tuple[Part, ...] = ("conditioners", "dit")
"""The parts that can be in whole numbers: see `soundlet.export.quantize`."""

Format = Literal["onnx", "onnx-fixed", "executorch", "litert"]
"""What the parts of a bundle are: ONNX graphs of any length on shared weights; or what was exported
for a device: graphs of one length that hold their weights, or programs."""

MANIFEST = "manifest.json"
MODEL_CONFIG = "model_config.json"
T5_CONFIG = "t5_config.json"
TOKENIZER = "spiece.model"
WEIGHTS = "model.safetensors"
AGREEMENT = "agreement.safetensors"  # of bundles that tell which of several sounds fits best
PART_FILES: Mapping[Format, Mapping[Part, str]] = MappingProxyType(
    {
        "onnx": {part: f"{part}.onnx" for part in PARTS},
        "onnx-fixed": {part: f"{part}.onnx" for part in PARTS},
        "executorch": {
            "conditioners": "conditioners_model.pte",
            "dit": "dit_model.pte",
            "decoder": "autoencoder_model.pte",
            "encoder": "encoder_model.pte",
        },
        "litert": {
            "conditioners": "conditioners_float32.tflite",
            "dit": "dit_model.tflite",
            "decoder": "autoencoder_model.tflite",
            "encoder": "encoder_model.tflite",
        },
    }
)
"""The file of each part. Those of programs are the names that Arm's runners look for."""

REQUIRED = (MODEL_CONFIG, T5_CONFIG, TOKENIZER, *PART_FILES["onnx"].values())
"""The files of a bundle of graphs; see `required_files` for the other formats."""

HASHED_AT_EVERY_LOAD = 256 * 2**20  # bytes; a larger bundle is hashed when a file of it is new


class Section(BaseModel):
    """One object of the manifest."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FileRecord(Section):
    """What a file must be."""

    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    size: Annotated[int, Field(ge=0)]  # bytes


class Defaults(Section):
    """What a request means where it says nothing."""

    steps: Annotated[int, Field(ge=1, le=MAX_STEPS)]
    sampler: Sampler
    cfg_scale: Annotated[float, Field(ge=0, le=MAX_CFG_SCALE)]
    seconds: Annotated[float, Field(gt=0)]
    candidates: Annotated[int, Field(ge=1, le=MAX_CANDIDATES)] = 1


class About(Section):
    """What whoever makes a bundle says of it.

    Attributes:
        length: "fixed" where the model always samples its whole window, of which the seconds asked
            for are kept; "variable" where it was trained to sample just what is asked for.
        margin_frames: latents sampled beyond the end of a clip of variable length.
        format: of the parts.
        exported_from: SHA-256 of the weights that the parts were exported from; empty where they
            refer to those.
        window_seconds: what a model of variable length is told whatever is asked, where its
            programs have one length.
    """

    name: Annotated[str, Field(min_length=1)]
    source: str
    licence: str
    description: str = ""
    precision: dict[Part, Precision]
    defaults: Defaults
    length: Literal["fixed", "variable"]
    margin_frames: Annotated[int, Field(ge=0)] = 0
    format: Format = "onnx"
    exported_from: Annotated[str, Field(pattern="^([0-9a-f]{64})?$")] = ""
    window_seconds: Annotated[float, Field(gt=0)] | None = None


class Manifest(About):
    """The whole of manifest.json."""

    format_version: Literal[1]
    created_by: str
    files: dict[str, FileRecord]


@dataclass(frozen=True)
class Bundle:
    """A folder whose manifest and configs have been read and whose files have been checked.

    Attributes:
        folder: where it is.
        manifest: what it says of itself.
        config: sizes of the model.
        t5_config: sizes of its text encoder.
    """

    folder: Path
    manifest: Manifest
    config: ModelConfig
    t5_config: T5Config

    @property
    def agreement(self) -> Path | None:
        """The weights that tell how well sounds fit a prompt; None where there are none."""
        return self.folder / AGREEMENT if AGREEMENT in self.manifest.files else None

    @property
    def sha256(self) -> str:
        """One hash of all files that shape a sound: two models with the same one are the same."""
        lines = [
            f"{record.sha256} {name}"
            for name, record in sorted(self.manifest.files.items())
            if not name.endswith(".md")
        ]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def longest_seconds(config: ModelConfig, margin_frames: int) -> float:
    """Length of the longest clip that a window holds, with the margin sampled beyond its end.

    Args:
        config: its `sample_size` is the window.
        margin_frames: latents sampled beyond the end of a clip.
    """
    return max(config.n_frames - margin_frames, 1) * config.hop_length / config.sample_rate


def default_bundle() -> Path:
    """The folder of the model inside the package."""
    return Path(__file__).parent / "default"


def required_files(format: Format) -> tuple[str, ...]:
    """The files that every bundle of this format has."""
    return (MODEL_CONFIG, T5_CONFIG, TOKENIZER, *PART_FILES[format].values())


def open_bundle(path: Path | str | None = None) -> Bundle:
    """Read a bundle and check that none of its files is missing, cut or changed.

    The hashes of bundles up to 256 MB are taken every time. Those of larger ones are taken when a
    file has not been seen with its size and time of change before.

    Args:
        path: of the folder. None: the default model.

    Raises:
        BundleError: not a bundle, of a newer format, or damaged; names the file.
        ConfigError: one of its two configs is not valid.
    """
    folder = default_bundle() if path is None else Path(path)
    manifest = _read_manifest(folder)
    _check_sizes(folder, manifest)
    stamp = _stamp(folder, manifest)
    if stamp is None or not stamp.exists():
        _check_hashes(folder, manifest)
        if stamp is not None:
            with suppress(OSError):  # no place to remember it: hashed again next time
                stamp.parent.mkdir(parents=True, exist_ok=True)
                stamp.touch()
    return Bundle(
        folder, manifest, load_config(folder / MODEL_CONFIG), load_t5_config(folder / T5_CONFIG)
    )


def verify_bundle(path: Path | str | None = None) -> Manifest:
    """Check size and SHA-256 of every file, whatever is remembered of them.

    Raises:
        BundleError: as for `open_bundle`.
    """
    folder = default_bundle() if path is None else Path(path)
    manifest = _read_manifest(folder)
    _check_sizes(folder, manifest)
    _check_hashes(folder, manifest)
    return manifest


def require_free(dest: Path, *, overwrite: bool = False, source: Path | None = None) -> None:
    """Refuse to put a bundle where something is already.

    Args:
        dest: the folder to be; an empty one will do.
        overwrite: allow it to be a bundle.
        source: the bundle that the new one is made of, which is never overwritten.

    Raises:
        BundleError: `dest` is taken, or is `source` or a folder around it.
    """
    if source is not None and source.resolve().is_relative_to(dest.resolve()):
        raise BundleError(f"{dest} is, or holds, the bundle to start from: name another folder")
    is_free = not dest.exists() or (dest.is_dir() and not any(dest.iterdir()))
    if not is_free and not (overwrite and (dest / MANIFEST).is_file()):
        hint = "; only bundles are overwritten" if overwrite else ""
        raise BundleError(f"{dest} exists already: choose another folder{hint}")


@contextmanager
def staged_bundle(
    dest: Path, *, overwrite: bool = False, source: Path | None = None
) -> Iterator[Path]:
    """A temporary folder that becomes `dest` when the block ends, and vanishes if it fails.

    Args:
        dest: the bundle to be.
        overwrite: replace `dest` if it is a bundle already.
        source: the bundle that the new one is made of, which is never overwritten.

    Raises:
        BundleError: `dest` is taken, is `source`, or cannot be written.
    """
    require_free(dest, overwrite=overwrite, source=source)
    staging = dest.absolute().with_name(f".{dest.name}-{secrets.token_hex(4)}.part")
    try:
        staging.mkdir(parents=True)
        try:
            yield staging
            _replace_folder(staging, dest)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    except OSError as e:
        raise BundleError(f"{dest} cannot be written: {e.strerror or e}") from e


def seal(folder: Path, about: About) -> Manifest:
    """Write the manifest for the files now in `folder`.

    Raises:
        BundleError: a file that every bundle needs is not there, or what chooses among the
            candidates that `about` has by default.
    """
    for name in required_files(about.format):
        if not (folder / name).is_file():
            raise BundleError(f"{folder} is no bundle yet: {name} is missing")
    if about.defaults.candidates > 1 and not (folder / AGREEMENT).is_file():
        raise BundleError(
            f"{folder} has no {AGREEMENT} to choose among {about.defaults.candidates} candidates"
            " by: make 1 the default"
        )
    files = {
        file.relative_to(folder).as_posix(): FileRecord(
            sha256=_sha256(file), size=file.stat().st_size
        )
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != MANIFEST
    }
    manifest = Manifest(
        format_version=FORMAT_VERSION,
        created_by=f"soundlet {__version__}",
        files=files,
        **about.model_dump(),
    )
    text = manifest.model_dump_json(indent=2)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return manifest


def _read_manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    if not folder.exists():
        if (address := hub.address_of(folder)) is not None:
            raise BundleError(
                f"{address} is on the Hugging Face Hub, and a model of it is converted first:"
                f" run `soundlet convert {address} DEST` and load DEST"
            )
        raise BundleError(f"{folder}: no such folder")
    if folder.is_file():
        raise BundleError(f"{folder} is a file: name the folder of a bundle, with {MANIFEST} in it")
    if (folder / MODEL_CONFIG).is_file() and not path.is_file():
        raise BundleError(
            f"{folder} holds a model as published, not a bundle:"
            f" run `soundlet convert {folder} DEST` and load DEST"
        )
    if not path.is_file():
        raise BundleError(f"{folder} is not a bundle: it has no {MANIFEST}")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as e:
        raise BundleError(f"{path} is damaged: {e}") from e
    version = data.get("format_version") if isinstance(data, dict) else None
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise BundleError(
            f"{path} has format version {version}; this soundlet ({__version__}) reads up to"
            f" {FORMAT_VERSION}: upgrade it with `pip install --upgrade soundlet`"
        )
    try:
        manifest = Manifest.model_validate(data)
    except ValidationError as e:
        lines = [f"  {'.'.join(map(str, p['loc']))}: {p['msg']}" for p in e.errors()]
        raise BundleError("\n".join([f"{path} is damaged:", *lines])) from e
    for name in required_files(manifest.format):
        if name not in manifest.files:
            raise BundleError(f"{path} is damaged: it does not list {name}")
    for name in manifest.files:
        parts = PurePosixPath(name)
        if parts.is_absolute() or ".." in parts.parts or "\\" in name or ":" in name:
            raise BundleError(f"{path} is damaged: {name!r} is not a file of the folder")
    return manifest


def _check_sizes(folder: Path, manifest: Manifest) -> None:
    for name, record in manifest.files.items():
        file = folder / name
        if not file.is_file():
            raise BundleError(f"{file} is missing: {_REMEDY}")
        size = file.stat().st_size
        if size != record.size:
            raise BundleError(f"{file} has {size} bytes, not {record.size}: {_REMEDY}")


def _check_hashes(folder: Path, manifest: Manifest) -> None:
    for name, record in manifest.files.items():
        found = _sha256(folder / name)
        if found != record.sha256:
            raise BundleError(
                f"{folder / name} has changed since it was made"
                f" (SHA-256 {found[:12]}..., not {record.sha256[:12]}...): {_REMEDY}"
            )


_REMEDY = "copy or convert the model again, or reinstall soundlet if it is the default one"


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(2**20):
                digest.update(block)
    except OSError as e:
        raise BundleError(f"{path} cannot be read: {e.strerror or e}") from e
    return digest.hexdigest()


def _stamp(folder: Path, manifest: Manifest) -> Path | None:
    """The file whose existence says that these very files have been hashed; None: always hash."""
    if sum(record.size for record in manifest.files.values()) <= HASHED_AT_EVERY_LOAD:
        return None
    from platformdirs import user_cache_path

    lines = [str(folder.resolve())]
    for name, record in manifest.files.items():
        status = (folder / name).stat()
        lines.append(f"{name} {record.sha256} {status.st_size} {status.st_mtime_ns}")
    key = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return user_cache_path("soundlet", appauthor=False) / "verified" / key


def _replace_folder(staging: Path, dest: Path) -> None:
    """Put `staging` in the place of `dest`, which is absent, empty, or a bundle to be replaced."""
    old = None
    if dest.exists():
        old = staging.with_suffix(".old")
        os.replace(dest, old)
    try:
        os.replace(staging, dest)
    except OSError:
        if old is not None:
            os.replace(old, dest)
        raise
    if old is not None:
        shutil.rmtree(old, ignore_errors=True)
