"""A model in memory to a bundle on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from soundlet.bundle import (
    AGREEMENT,
    MODEL_CONFIG,
    T5_CONFIG,
    TOKENIZER,
    About,
    Bundle,
    open_bundle,
    seal,
    staged_bundle,
)
from soundlet.config import ModelConfig, T5Config
from soundlet.export.onnx import export_onnx
from soundlet.models import Model


def save_bundle(
    dest: Path,
    model: Model,
    about: About,
    *,
    config: ModelConfig,
    t5_config: T5Config,
    tokenizer: bytes,
    agreement: bytes | None = None,
    notices: dict[str, bytes] | None = None,
    overwrite: bool = False,
    on_file: Callable[[str], None] | None = None,
) -> Bundle:
    """Write `model` as a bundle, whole or not at all.

    Args:
        dest: the folder to be.
        model: in float32, on the CPU, without weight norm.
        about: what the manifest says; its precision is that of the weights stored.
        config: what `model` was built from.
        t5_config: what its text encoder was built from.
        tokenizer: content of the text encoder's spiece.model.
        agreement: content of agreement.safetensors, if the model can choose among candidates.
        notices: content of further files, such as a licence, by name.
        overwrite: replace `dest` if it is a bundle already.
        on_file: told the name of each file before it is written.

    Raises:
        BundleError: `dest` is taken, or cannot be written.
    """
    files = {
        **(notices or {}),
        MODEL_CONFIG: config.model_dump_json(indent=2, exclude_unset=True).encode(),  # as read
        T5_CONFIG: t5_config.model_dump_json(indent=2).encode(),
        TOKENIZER: tokenizer,
    }
    with staged_bundle(dest, overwrite=overwrite) as folder:
        for name, content in files.items():
            (folder / name).write_bytes(content)
        if agreement is not None:
            (folder / AGREEMENT).write_bytes(agreement)
        export_onnx(model, config, folder, precision=about.precision, on_part=on_file)
        seal(folder, about)
    return open_bundle(dest)
