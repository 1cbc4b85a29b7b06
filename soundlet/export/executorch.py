"""The four parts as ExecuTorch programs, delegated to XNNPACK.

Files, order of inputs and shapes are those of Arm's audiogen runner for ExecuTorch, which takes
them unchanged. What is left to ExecuTorch's own kernels is counted and reported.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import (
    XnnpackDynamicallyQuantizedPartitioner,
    XnnpackPartitioner,
)
from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import (
    XNNPACKQuantizer,
    get_symmetric_quantization_config,
)
from executorch.devtools.backend_debug import get_delegation_info
from executorch.exir import EdgeCompileConfig, to_edge_transform_and_lower
from executorch.exir.passes.constant_prop_pass import constant_prop_pass
from torch.export import Dim, ExportedProgram, export
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

from soundlet.bundle import PART_FILES, Bundle, Part, Precision, require_free
from soundlet.config import ModelConfig, OobleckDecoderConfig
from soundlet.engines.tiling import decoder_halo
from soundlet.export.programs import (
    Program,
    Report,
    checked_precision,
    default_seconds,
    load_model,
    program_bundle,
    programs,
    windowed,
)
from soundlet.request import SAMPLERS


@dataclass(frozen=True)
class Delegation:
    """Who computes what in a program.

    Attributes:
        delegated: operators that XNNPACK computes.
        remaining: operators by ExecuTorch's own kernels, with how many of each.
        n_subgraphs: calls of XNNPACK in one run.
    """

    delegated: int
    remaining: dict[str, int]
    n_subgraphs: int

    @property
    def share(self) -> float:
        """Of the operators, those that are delegated: 0 to 1."""
        return self.delegated / max(self.delegated + sum(self.remaining.values()), 1)


def export_executorch(
    bundle: Bundle,
    dest: Path,
    *,
    precision: Mapping[str, str] | None = None,
    seconds: float | None = None,
    overwrite: bool = False,
    on_file: Report | None = None,
) -> dict[Part, Delegation]:
    """Write the parts of `bundle` as ExecuTorch programs into the new folder `dest`.

    The programs take any length up to their window; with a model of fixed length the DiT is always
    given the whole of it.

    Args:
        bundle: of graphs, with their weights.
        dest: the folder to be: a bundle of format "executorch".
        precision: of parts: int8 (dynamic activations, weights per channel) or float32 for the
            DiT, float32 or float16 for decoder and encoder. None: int8 and float32.
        seconds: the window. None: the model's own, which is what Arm's runner uses.
        overwrite: replace `dest` if it is a bundle already.
        on_file: told the name of each file before it is made.

    Returns:
        What XNNPACK took of each part.

    Raises:
        BundleError: `bundle` cannot be exported, or `dest` not be written.
        RequestError: a precision or a length that cannot be.
    """
    chosen, config = checked_precision(precision), windowed(bundle, seconds)
    report = on_file or (lambda _name: None)
    require_free(dest, overwrite=overwrite, source=bundle.folder)
    model = load_model(bundle)
    found: dict[Part, Delegation] = {}
    with program_bundle(
        bundle, dest, config, format="executorch", precision=chosen, overwrite=overwrite
    ) as folder:
        is_variable = bundle.manifest.length == "variable"
        for part, program in programs(model, config, chosen, is_variable=is_variable):
            name = PART_FILES["executorch"][part]
            report(name)
            facts = constants(bundle, config) if part == "dit" else {}
            found[part] = _write(program, folder / name, chosen[part], facts)
    return found


def constants(bundle: Bundle, config: ModelConfig) -> dict[str, Any]:
    """What a runner must know besides the networks, as constant methods of the DiT's program."""
    manifest, decoder = bundle.manifest, config.autoencoder.decoder.config
    form: dict[str, Any] = {}
    if isinstance(decoder, OobleckDecoderConfig):
        halo = decoder_halo(decoder)
    else:
        halo = config.n_frames  # phase recovery looks at everything
        form = {
            "get_n_fft": decoder.n_fft,
            "get_frame_hop_length": decoder.hop_length,
            "get_n_bands": decoder.n_bands,
            "get_phase_iterations": decoder.phase_iterations,
        }
    return {
        **form,
        "get_sample_rate": config.sample_rate,
        "get_hop_length": config.hop_length,
        "get_n_frames": config.n_frames,
        "get_patch_size": config.dit.patch_size,
        "get_is_variable": int(manifest.length == "variable"),
        "get_margin_frames": manifest.margin_frames,
        "get_context_frames": halo,
        "get_sampler": SAMPLERS.index(manifest.defaults.sampler),
        "get_steps": manifest.defaults.steps,
        "get_cfg_scale": manifest.defaults.cfg_scale,
        "get_seconds": default_seconds(bundle, config),
        "get_min_seconds": float(config.seconds_range[0]),
        "get_max_seconds": float(config.seconds_range[1]),
    }


def _write(
    program: Program, path: Path, precision: Precision, facts: Mapping[str, Any]
) -> Delegation:
    """Export, quantise, delegate and save one program."""
    with _quiet(), torch.no_grad():
        exported = _exported(program.module, program)
        if program.has_activation_constants:
            exported = constant_prop_pass(exported)
        if precision == "int8":
            exported = _quantised(exported, program)
        partitioners = [XnnpackPartitioner()]
        if precision == "int8":
            partitioners.insert(0, XnnpackDynamicallyQuantizedPartitioner())
        lowered = to_edge_transform_and_lower(
            exported,
            partitioner=partitioners,
            compile_config=EdgeCompileConfig(_check_ir_validity=False),
            constant_methods=dict(facts) or None,
        )
        found = _delegation(lowered.exported_program().graph_module)
        with path.open("wb") as file:
            lowered.to_executorch().write_to_file(file)
    return found


def _exported(module: torch.nn.Module, program: Program) -> ExportedProgram:
    free: dict[int, Any] = {}
    if program.frames_axis is not None:
        largest = program.inputs[0].shape[program.frames_axis] // program.frames_unit
        frames = Dim("frames", min=1, max=largest) if largest > 1 else None
        if frames is not None:
            free[program.frames_axis] = program.frames_unit * frames
    shapes: tuple[dict[int, Any] | None, ...] = (free or None,)
    shapes += (None,) * (len(program.inputs) - 1)
    return export(module, program.inputs, dynamic_shapes=shapes, strict=False)


def _quantised(exported: ExportedProgram, program: Program) -> ExportedProgram:
    """Linear layers in int8: weights per channel, activations by the range of each call.

    The prior stays in float32: it reads words off small differences of large numbers.
    """
    quantiser = XNNPACKQuantizer().set_global(
        get_symmetric_quantization_config(is_per_channel=True, is_dynamic=True)
    )
    quantiser.set_filter_function(lambda node: not _is_of_prior(node))
    prepared = prepare_pt2e(exported.module(), quantiser)
    prepared(*program.inputs)
    return _exported(convert_pt2e(prepared), program)


def _is_of_prior(node: torch.fx.Node) -> bool:
    places = [place for place, _ in node.meta.get("nn_module_stack", {}).values()]
    return any(name.startswith("prior") for place in places for name in place.split("."))


def _delegation(graph: torch.fx.GraphModule) -> Delegation:
    info = get_delegation_info(graph)
    return Delegation(
        delegated=info.num_delegated_nodes,
        remaining={
            name: count.non_delegated
            for name, count in info.delegation_by_operator.items()
            if count.non_delegated and name not in {"getitem", "sym_size", "add", "mul", "floordiv"}
        },
        n_subgraphs=info.num_delegated_subgraphs,
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporters' notes on themselves; their errors are exceptions."""
    disabled = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
