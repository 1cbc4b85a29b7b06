"""`soundlet doctor`: what this machine has, and whether soundlet works on it."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from soundlet import __version__
from soundlet.cli.options import JsonOption
from soundlet.cli.progress import progress_line
from soundlet.errors import GenerationError, SoundletError

PACKAGES = ("numpy", "onnxruntime", "sentencepiece", "soundfile", "soxr", "pydantic", "typer")
OPTIONAL_PACKAGES = (
    "torch",
    "safetensors",
    "transformers",
    "onnx",
    "onnxscript",
    "openvino",
    "executorch",
    "ai-edge-litert",
)
TEST_PROMPT, TEST_SECONDS, TEST_SEED = "kick drum", 1.0, 1


@dataclass(frozen=True)
class Check:
    """One thing that was tried."""

    name: str
    passed: bool
    detail: str


def doctor(
    model: Annotated[
        Path | None,
        typer.Argument(
            metavar="MODEL", help="A model's folder.  [default: the one inside soundlet]"
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check this installation: versions, machine, model, and a clip made and examined."""
    facts = machine_facts()
    checks = []
    if not as_json:
        for name, fact in facts.items():
            typer.echo(f"{name:<20}{fact}")
    attempts: list[tuple[str, Callable[[], str]]] = [
        ("model", lambda: check_model(model)),
        *((f"{name} engine", partial(check_engine, model, name)) for name in engines(model)),
    ]
    attempts.append(("sound files", check_formats))
    for name, attempt in attempts:
        with progress_line(quiet=as_json) as show:
            show(f"checking {name}", 0, 0)
            checks.append(run_check(name, attempt))
        if not as_json:
            typer.echo(f"{name:<20}{'ok' if checks[-1].passed else 'FAILED'}: {checks[-1].detail}")
    passed = all(check.passed for check in checks)
    if as_json:
        rows = [asdict(check) for check in checks]
        report = {"passed": passed, "machine": facts, "checks": rows}
        typer.echo(json.dumps(report, ensure_ascii=False, indent=2))
    raise typer.Exit(0 if passed else 1)


def machine_facts() -> dict[str, str]:
    """Versions and sizes, in the order in which they are shown."""
    facts = {
        "soundlet": f"{__version__} in {Path(__file__).parents[1]}",
        "python": f"{platform.python_version()} on {platform.platform()}",
        "cores": f"{_usable_cores()} of {os.cpu_count()} ({platform.machine()})",
        "memory": _memory(),
    }
    for name in (*PACKAGES, *OPTIONAL_PACKAGES):
        absent = "not installed (optional)" if name in OPTIONAL_PACKAGES else "not installed"
        facts[name] = version_of(name) or absent
    if version_of("onnxruntime"):
        from soundlet.engines.onnx import available_providers

        facts["providers"] = ", ".join(available_providers())
    return facts


def engines(folder: Path | None) -> list[str]:
    """The engines that a model is tried on: what its format needs, and others that are there."""
    from soundlet.bundle import open_bundle
    from soundlet.engines import engines_for

    try:
        able = engines_for(open_bundle(folder))
    except SoundletError:  # which the check of the model tells
        able = ("onnx",)
    return [able[0], *(name for name in able[1:] if version_of(name))]


def version_of(package: str) -> str | None:
    """The version that is installed; None if it is not."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None


def run_check(name: str, attempt: Callable[[], str]) -> Check:
    """What came of `attempt`: its own words, or those of its error."""
    try:
        return Check(name, True, attempt())
    except (SoundletError, ImportError, OSError) as e:
        return Check(name, False, " ".join(str(e).split()))


def check_model(folder: Path | None) -> str:
    """Every file of the model is there and unchanged."""
    from soundlet.bundle import verify_bundle

    manifest = verify_bundle(folder)
    total = sum(record.size for record in manifest.files.values())
    return f"{manifest.name}, {len(manifest.files)} files, {total / 1e6:.1f} MB, none changed"


def check_engine(folder: Path | None, engine: str) -> str:
    """A short clip comes out, of the right form, and the same when made again."""
    import numpy as np

    import soundlet

    start = time.perf_counter()
    model = soundlet.load(folder, engine=engine, threads=1)  # not slowed by what else runs
    loaded = time.perf_counter()
    seconds = min(TEST_SECONDS, model.max_seconds)
    first = model.generate(TEST_PROMPT, seconds=seconds, seed=TEST_SEED)
    made = time.perf_counter()
    again = model.generate(TEST_PROMPT, seconds=seconds, seed=TEST_SEED)
    shape = (model.config.audio_channels, round(seconds * first.sample_rate))
    if first.audio.shape != shape:
        raise GenerationError(f"the clip has the shape {first.audio.shape}, not {shape}")
    if not np.array_equal(first.audio, again.audio):
        raise GenerationError("the same seed gave two different sounds")
    return (
        f"loaded in {loaded - start:.1f} s, {seconds:.3g} s of sound made in"
        f" {made - loaded:.1f} s on one core, the same twice"
    )


def check_formats() -> str:
    """Every format of sound file can be written."""
    import numpy as np

    from soundlet.audio import FORMATS, encode_audio

    silence = np.zeros((2, 4410), np.float32)
    for format in FORMATS:
        encode_audio(silence, 44100, format=format)
    return f"{', '.join(FORMATS)} can be written"


def _usable_cores() -> int | None:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _memory() -> str:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return "unknown"
    return f"{total / 2**30:.1f} GiB"
