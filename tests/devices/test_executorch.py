"""ExecuTorch programs of the tiny model: the reference's numbers, Arm's calls, honest errors."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from safetensors.numpy import load_file

import soundlet
from soundlet.bundle import About, Bundle, open_bundle, seal
from soundlet.config import SpectralDecoderConfig
from soundlet.engines import Conditioning, load_engine
from soundlet.errors import BundleError, EngineError, RequestError
from soundlet.models.spectral import SpectralDecoder
from soundlet.verify import (
    MAX_ERROR,
    MIN_SNR_DB,
    MIN_SNR_DB_OF_INTEGERS,
    relative_error,
    snr_db,
    verify,
)
from tests.devices import arm_runner
from tests.end_to_end.commands import run
from tests.parity.conftest import TINY, TOLERANCE, errors_of

pytestmark = pytest.mark.slow

GOLDEN = TINY / "golden.safetensors"


def about(folder: Path) -> About:
    """What the manifest in `folder` says besides its files."""
    manifest = open_bundle(folder).manifest
    return About(**{name: getattr(manifest, name) for name in About.model_fields})


def test_every_program_gives_the_numbers_of_the_reference(programs: Path) -> None:
    errors = errors_of(load_engine(open_bundle(programs)), dict(load_file(GOLDEN)))
    assert max(errors.values()) < TOLERANCE, errors


def test_the_command_makes_the_same_file_as_with_the_model_itself(
    programs: Path, tiny_bundle: Path, tmp_path: Path
) -> None:
    for folder, name in ((programs, "program"), (tiny_bundle, "graph")):
        run("generate", "kick", "--seconds", "0.02", "--seed", "3", "--bits", "32f",
            "--model", folder, "--out", tmp_path / f"{name}.wav")  # fmt: skip
    ours, theirs = (
        soundfile.read(tmp_path / f"{name}.wav", dtype="float32")[0]
        for name in ("program", "graph")
    )
    assert relative_error(ours, theirs) < 1e-4


def test_a_window_arms_runner_fills_by_position_makes_a_sound(programs: Path) -> None:
    audio, shapes = arm_runner.generate(programs, "warm arpeggios", seed=1)
    bundle = open_bundle(programs)
    tokens, dim = bundle.config.prompt_max_length + 1, bundle.config.cond_dim
    latents = (1, bundle.config.latent_channels, bundle.config.n_frames)
    n_samples = bundle.config.sample_size
    assert shapes == [(1, tokens, dim), (1, tokens), (1, dim), latents, (2, n_samples)]
    assert np.isfinite(audio).all()
    assert np.abs(audio).max() > 1e-3


def test_verify_passes_programs_and_fails_changed_ones(
    programs: Path, tiny_bundle: Path, tmp_path: Path
) -> None:
    found = verify(programs, against=tiny_bundle, seconds=0.02)
    assert found.passed
    assert max(part.relative_error for part in found.parts.values()) < 1e-4
    assert min(found.drift_db) > 60
    other = tmp_path / "other"
    shutil.copytree(programs, other)
    damaged = bytearray((other / "autoencoder_model.pte").read_bytes())
    middle = len(damaged) // 2
    damaged[middle : middle + 4000] = bytes(4000)  # weights
    (other / "autoencoder_model.pte").write_bytes(damaged)
    seal(other, about(programs))
    result = run("verify", other, "--against", tiny_bundle, "--seconds", "0.02", "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert not report["parts"]["decoder"]["passed"]
    assert report["parts"]["dit"]["passed"]


def test_an_int8_dit_is_small_and_near(bundle: Bundle, programs: Path, tmp_path: Path) -> None:
    from soundlet.export import executorch
    from soundlet.export.programs import checked_precision, load_model
    from soundlet.export.programs import programs as parts_of

    shutil.copytree(programs, tmp_path / "int8")
    for part, program in parts_of(
        load_model(bundle), bundle.config, checked_precision({}), is_variable=False
    ):
        if part == "dit":
            executorch._write(program, tmp_path / "int8" / "dit_model.pte", "int8", {})
    int8 = about(programs).model_copy(update={"precision": checked_precision({})})
    seal(tmp_path / "int8", int8)
    golden = {name: array.astype(np.float32) for name, array in load_file(GOLDEN).items()}
    engine = load_engine(open_bundle(tmp_path / "int8"))
    told = Conditioning(golden["cross_attn_cond"], golden["global_cond"])
    velocity = engine.velocity(golden["x"], golden["t"], told)
    assert snr_db(velocity, golden["velocity"]) > MIN_SNR_DB_OF_INTEGERS
    sizes = [(f / "dit_model.pte").stat().st_size for f in (tmp_path / "int8", programs)]
    assert sizes[0] < sizes[1] / 3


def test_clips_that_a_short_window_cannot_hold_are_refused(
    bundle: Bundle, programs: Path, tmp_path: Path
) -> None:
    from soundlet.export.executorch import constants
    from soundlet.export.programs import program_bundle, windowed

    loose = bundle.manifest.model_copy(update={"length": "variable", "margin_frames": 2})
    variable = replace(bundle, manifest=loose)
    config = windowed(variable, 0.01)
    short = tmp_path / "short"
    precision = loose.precision
    with program_bundle(
        variable, short, config, format="executorch", precision=precision, overwrite=False
    ) as folder:
        for program in programs.glob("*.pte"):
            shutil.copy(program, folder)
    longest = (config.n_frames - 2) * config.hop_length / config.sample_rate
    assert open_bundle(short).manifest.defaults.seconds == longest
    assert constants(variable, config)["get_seconds"] == longest
    with pytest.raises(RequestError, match=r"seconds must be at most 0\.01 with the programs in"):
        verify(short, against=bundle.folder, seconds=0.011)


def test_a_spectral_decoder_of_rows_of_512_is_near_in_float16(tmp_path: Path) -> None:
    from executorch.runtime import Runtime

    from soundlet.export import executorch
    from soundlet.export.programs import Program, _Cast

    torch.manual_seed(0)
    sizes = {"n_fft": 256, "hop_length": 64, "n_bands": 8, "phase_iterations": 1}
    sizes |= {"latent_dim": 16, "frames_per_latent": 4, "out_channels": 2}
    sizes |= {"width": 512, "depth": 1, "frame_width": 32, "frame_depth": 1}
    network = SpectralDecoder(SpectralDecoderConfig(**sizes)).eval().requires_grad_(False)
    latents = torch.randn(1, 16, 5)
    expected = network(latents).numpy()
    half = _Cast(network, torch.float16, drops_batch=False)
    path = tmp_path / "decoder.pte"
    executorch._write(Program(half, (latents,), frames_axis=2), path, "float16", {})
    method = Runtime.get().load_program(path).load_method("forward")
    assert method is not None
    found = method.execute([latents])[0].numpy()
    assert relative_error(found, expected) < MAX_ERROR["float16"]
    assert snr_db(found, expected) > MIN_SNR_DB["float16"]


def test_what_executorch_tells_of_itself_is_not_in_the_way_of_an_error(programs: Path) -> None:
    words = ["generate", "kick", "--seconds", "60", "--model", str(programs)]
    done = subprocess.run(
        [sys.executable, "-m", "soundlet", *words], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: seconds must be from")
    assert done.stderr.count("\n") == 1


def test_what_cannot_be_is_refused(programs: Path, bundle: Bundle, tmp_path: Path) -> None:
    from soundlet.export.executorch import export_executorch

    with pytest.raises(EngineError, match=r"onnx engine cannot run .* format is executorch"):
        soundlet.load(programs, engine="onnx")
    with pytest.raises(EngineError, match="soundlet export executorch"):
        soundlet.load(bundle.folder, engine="executorch")
    with pytest.raises(BundleError, match="holds executorch programs already"):
        export_executorch(open_bundle(programs), tmp_path / "again")
    with pytest.raises(BundleError, match="not made of the weights of soundlet-mini"):
        verify(programs)
    with pytest.raises(RequestError, match="dit can be int8 or float32, not 'int4'"):
        export_executorch(bundle, tmp_path / "x", precision={"dit": "int4"})
    with pytest.raises(RequestError, match="seconds must be above 0"):
        export_executorch(bundle, tmp_path / "x", seconds=60)
    engine = load_engine(open_bundle(programs))
    with pytest.raises(EngineError, match=r"decoder cannot run on float32 \[1, 3, 4\]"):
        engine.decode(np.zeros((1, 3, 4), np.float32))
    assert not any(tmp_path.iterdir())
