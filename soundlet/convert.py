"""A published checkpoint to a bundle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from soundlet import hub
from soundlet.bundle import (
    MANIFEST,
    PARTS,
    TOKENIZER,
    WEIGHTS,
    About,
    Bundle,
    Defaults,
    Part,
    Precision,
    require_free,
)
from soundlet.errors import BundleError, CheckpointError, EngineError
from soundlet.precision import FLOATS, parse_precision
from soundlet.tokenizer import Tokenizer

if TYPE_CHECKING:
    from soundlet.checkpoint import LoadReport
    from soundlet.config import ModelConfig, T5Config

Progress = Callable[[str, int, int], None]
"""Called with (what is being done, things done, things in all)."""

DEFAULT_SECONDS = 11.0  # what the authors of the official model use
NOTICES = ("LICENSE*", "LICENCE*", "NOTICE*")
OFFICIAL_T5 = "hf://google-t5/t5-base"
T5_FILES = ("config.json", "model.safetensors", TOKENIZER)
WEIGHT_SUFFIXES = (".safetensors", ".ckpt")
KNOWN_LICENCES = {"stabilityai/stable-audio-open-small": "Stability AI Community License"}


def convert_checkpoint(
    source: str | Path,
    dest: str | Path,
    *,
    t5: str | Path | None = None,
    precision: str = "auto",
    overwrite: bool = False,
    on_progress: Progress | None = None,
) -> Bundle:
    """Make a bundle of a checkpoint in the official format.

    Args:
        source: a folder with model_config.json and model.safetensors or model.ckpt, such a file of
            weights, or "hf://owner/name" on the Hugging Face Hub.
        dest: the folder to be.
        t5: the text encoder in the layout of google-t5/t5-base: a folder, or "hf://owner/name".
            None: the folder t5 in `source`, or, for a source on the Hub without one, the encoder
            that its config names.
        precision: of the weights: "auto", which is what is fastest on this processor, "float32",
            which repeats the reference's numbers, "float16", "int8", or of each part, such as
            "conditioners=int8,dit=int8"; see `soundlet.precision`.
        overwrite: replace `dest` if it is a bundle already.
        on_progress: see `Progress`.

    Raises:
        HubError: a download that cannot be.
        ConfigError: a config is not valid.
        CheckpointError: weights or tokenizer do not fit the config, or are of another kind; or
            weights are not finite, or beyond what float16 can hold where it is asked for.
        BundleError: `dest` is taken, or cannot be written.
        EngineError: PyTorch or the exporter is not installed.
        RequestError: no such precision, or one that a part cannot have.
    """
    chosen = parse_precision(precision)
    stored: dict[Part, Precision] = dict.fromkeys(PARTS, "float32")
    stored |= {part: wanted for part, wanted in chosen.items() if wanted in FLOATS}
    whole = {part: wanted for part, wanted in chosen.items() if wanted not in FLOATS}
    try:
        from soundlet.checkpoint import load_official
        from soundlet.export.bundle import save_bundle
        from soundlet.export.quantize import quantize_bundle
    except ModuleNotFoundError as e:
        raise EngineError(
            f"converting needs {e.name}, which is not installed:"
            " run `pip install 'soundlet[torch]'`"
        ) from e

    dest = Path(dest)
    require_free(dest, overwrite=overwrite)
    report = on_progress or (lambda _label, _done, _total: None)
    files = [WEIGHTS, *(f"{part}.onnx" for part in PARTS)]
    total = len(files) + 1
    report(f"reading {source}", 0, total)
    weights, origin = _checkpoint(source)
    folder = weights if weights.is_dir() else weights.parent
    t5_folder = _text_encoder(t5, folder, is_from_hub=origin is not None)
    model, config, t5_config, found = load_official(weights, t5_folder=t5_folder)
    _require_tokenizer(t5_folder / TOKENIZER, config, t5_config)
    beside = (path for pattern in NOTICES for path in sorted(folder.glob(pattern)))
    notices = {path.name: path for path in beside if path.is_file()}
    about = About(
        name=origin.name if origin else folder.resolve().name,
        source=origin.address if origin else found.weights.name,
        licence=_licence(origin, list(notices)),
        description=_description(found),
        precision=stored,
        defaults=_defaults(config),
        length="fixed",
    )

    def save(place: Path, *, overwrite: bool) -> Bundle:
        return save_bundle(
            place,
            model,
            about,
            config=config,
            t5_config=t5_config,
            tokenizer=(t5_folder / TOKENIZER).read_bytes(),
            notices={name: path.read_bytes() for name, path in notices.items()},
            overwrite=overwrite,
            on_file=lambda name: report(f"writing {name}", 1 + files.index(name), total),
        )

    if not whole:
        return save(dest, overwrite=overwrite)
    try:
        dest.absolute().parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{dest.name}-", dir=dest.absolute().parent) as place:
            between = Path(place) / "float"
            try:
                save(between, overwrite=False)
            except BundleError as e:  # a disk that is full: what is told is the place asked for
                raise BundleError(str(e).replace(str(between), str(dest))) from e
            return quantize_bundle(
                between, dest, whole, overwrite=overwrite, on_progress=on_progress
            )
    except OSError as e:
        raise BundleError(f"{dest} cannot be written: {e.strerror or e}") from e


def _checkpoint(source: str | Path) -> tuple[Path, hub.Origin | None]:
    """Where the checkpoint is on this disk, and where it came from if that was the Hub."""
    if hub.is_address(source):
        return hub.fetch(str(source), hub.CHECKPOINT)
    path = Path(source)
    if not path.exists():
        raise CheckpointError(f"{path}: no such folder")
    if path.is_file() and path.suffix not in WEIGHT_SUFFIXES:
        raise CheckpointError(
            f"{path} is no checkpoint: give its folder, or its {' or '.join(WEIGHT_SUFFIXES)} file"
        )
    if (path / MANIFEST).is_file():
        raise CheckpointError(
            f"{path} is a bundle already: `soundlet quantize` makes one of another precision"
        )
    return path, None


def _text_encoder(t5: str | Path | None, folder: Path, *, is_from_hub: bool) -> Path:
    """The folder of the text encoder, fetched if that was asked for."""
    if t5 is None and (folder / "t5").is_dir():
        t5 = folder / "t5"
    if t5 is None and is_from_hub:
        t5 = OFFICIAL_T5
    if t5 is None:
        raise CheckpointError(
            f"{folder / 't5'} is not there: checkpoints come without their text encoder. Name a"
            f" folder with the files of google-t5/t5-base ({', '.join(T5_FILES)}) by --t5, or let"
            f" it be fetched by --t5 {OFFICIAL_T5}"
        )
    place = hub.fetch(str(t5), hub.TEXT_ENCODER)[0] if hub.is_address(t5) else Path(t5)
    if not place.is_dir():
        raise CheckpointError(f"{place}: no such folder of a text encoder")
    for name in ("config.json", TOKENIZER):
        if not (place / name).is_file():
            raise CheckpointError(f"{place} has no {name}: copy it from google-t5/t5-base")
    return place


def _require_tokenizer(path: Path, config: ModelConfig, t5_config: T5Config) -> None:
    """Raises unless the tokenizer can be opened, and is of the text encoder."""
    try:
        tokenizer = Tokenizer(path, config.prompt_max_length)
    except BundleError as e:
        raise CheckpointError(f"{e}; copy it from google-t5/t5-base") from e
    if tokenizer.n_pieces > t5_config.vocab_size:
        raise CheckpointError(
            f"{path} has {tokenizer.n_pieces} pieces; the text encoder beside it knows"
            f" {t5_config.vocab_size}: they are of different models"
        )


def _description(found: LoadReport) -> str:
    kind = "a training checkpoint" if found.is_training_checkpoint else "a checkpoint"
    average = ", the moving average of its weights" if found.is_ema else ""
    return f"Converted from {kind}{average}: {found.n_elements:,} numbers."


def _licence(origin: hub.Origin | None, notices: list[str]) -> str:
    known = KNOWN_LICENCES.get(origin.repository) if origin else None
    return known or (f"see {', '.join(notices)}" if notices else "not stated with the checkpoint")


def _defaults(config: ModelConfig) -> Defaults:
    """What the authors of the official models use: a distilled one, and the one before that."""
    seconds = min(DEFAULT_SECONDS, config.sample_size / config.sample_rate)
    if config.objective == "rf_denoiser":
        return Defaults(steps=8, sampler="pingpong", cfg_scale=1.0, seconds=seconds)
    return Defaults(steps=50, sampler="euler", cfg_scale=7.0, seconds=seconds)
