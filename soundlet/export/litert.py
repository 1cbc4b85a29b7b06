"""The four parts as LiteRT programs (.tflite) of one fixed window.

File names and order of tensors are those of Arm's runner for LiteRT.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import litert_torch
import torch
from ai_edge_quantizer import qtyping, quantizer, recipe

from soundlet.bundle import PART_FILES, Bundle, Part, Precision, require_free
from soundlet.export.programs import (
    Program,
    Report,
    checked_precision,
    load_model,
    program_bundle,
    programs,
    windowed,
)

LITERT_ABLE: Mapping[Part, tuple[Precision, ...]] = {
    "conditioners": ("float32",),
    "dit": ("int8", "float32"),
    "decoder": ("float32",),
    "encoder": ("float32",),
}
"""Precisions that a part can be exported in, the usual one first."""

PRIOR = ".*(PromptPrior|prior_embed).*"
"""Layers that stay in float32: the prior reads words off small differences of large numbers."""


def export_litert(
    bundle: Bundle,
    dest: Path,
    *,
    precision: Mapping[str, str] | None = None,
    seconds: float | None = None,
    overwrite: bool = False,
    on_file: Report | None = None,
) -> None:
    """Write the parts of `bundle` as LiteRT programs into the new folder `dest`.

    The programs have one length. Of a model of variable length they make clips of `seconds`, which
    is what it is told; shorter ones are cut from those.

    Args:
        bundle: of graphs, with their weights.
        dest: the folder to be: a bundle of format "litert".
        precision: of the DiT: int8 (dynamic activations, weights per channel) or float32; the
            other parts are float32. None: int8.
        seconds: the window. None: the model's own.
        overwrite: replace `dest` if it is a bundle already.
        on_file: told the name of each file before it is made.

    Raises:
        BundleError: `bundle` cannot be exported, or `dest` not be written.
        RequestError: a precision or a length that cannot be.
    """
    chosen, config = checked_precision(precision, LITERT_ABLE), windowed(bundle, seconds)
    report = on_file or (lambda _name: None)
    require_free(dest, overwrite=overwrite, source=bundle.folder)
    model = load_model(bundle)
    with program_bundle(
        bundle, dest, config, format="litert", precision=chosen, overwrite=overwrite
    ) as folder:
        for part, program in programs(model, config, chosen, is_variable=False):
            name = PART_FILES["litert"][part]
            report(name)
            _write(program, folder / name, chosen[part])


def _write(program: Program, path: Path, precision: Precision) -> None:
    with _quiet(), torch.no_grad():
        converted = litert_torch.convert(program.module.eval(), program.inputs, enable_x64=True)
        if precision != "int8":
            converted.export(str(path))
            return
        whole = path.with_suffix(".float32")
        converted.export(str(whole))
        quantiser = quantizer.Quantizer(str(whole), recipe.dynamic_wi8_afp32())
        quantiser.update_quantization_recipe(
            regex=PRIOR,
            operation_name=qtyping.TFLOperationName.ALL_SUPPORTED,
            algorithm_key=quantizer.AlgorithmName.NO_QUANTIZE,
        )
        quantiser.quantize().export_model(str(path))
        whole.unlink()


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the converter's notes on itself; its errors are exceptions."""
    disabled = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with (
            warnings.catch_warnings(),
            open(os.devnull, "w", encoding="utf-8") as nowhere,
            redirect_stdout(nowhere),
            redirect_stderr(nowhere),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
