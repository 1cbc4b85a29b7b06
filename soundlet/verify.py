"""Whether exported programs compute what their model computes: part by part, and whole sounds.

Every part is given the same arrays as the reference, so that the errors of one do not count for
the next; then whole clips of fixed seeds are made on both, where they do. A spectral decoder is
compared by the spectrograms that it gives: the phases that are recovered from them after it blow
rounding up.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from soundlet.bundle import (
    PART_FILES,
    PARTS,
    TOKENIZER,
    WEIGHTS,
    Bundle,
    Format,
    Part,
    Precision,
    longest_seconds,
    open_bundle,
)
from soundlet.config import SpectralDecoderConfig
from soundlet.engines import ComparedEngine, Conditioning, Engine, load_engine
from soundlet.errors import BundleError, RequestError
from soundlet.noise import Generator
from soundlet.pipeline import Model
from soundlet.plan import plan_for
from soundlet.request import GenerationRequest
from soundlet.sampling import sample
from soundlet.tokenizer import Tokenizer

Array = NDArray[np.float32]
Report = Callable[[str], None]

PROMPTS = ("warm arpeggios on house beats, 120 BPM", "kick drum")
SEEDS = (1, 2, 3)
DRIFT_STEPS = 8
TIMES = (1.0, 0.7310586, 0.26894143)  # of the flow, from noise to nearly a sound
REPEATS = 3  # timed runs; the quickest counts

MAX_ERROR = {"float32": 1e-3, "float16": 3e-2}
"""Greatest difference over greatest value that a part may have; in whole numbers, any."""

MIN_SNR_DB = {"float32": 60.0, "float16": 35.0}
"""Least ratio of a part's output to what it has wrong."""

MIN_SNR_DB_OF_INTEGERS = 25.0
"""Likewise where it is in whole numbers."""

MAX_OF_NEAREST = 0.5
"""How far a clip's latents may be from the reference's, relative to the nearest other seed's; its
spectra may be as far as that seed's at most."""


SPECTRUM_SAMPLES = 2048
"""Window of the spectra that clips are compared by."""


@dataclass(frozen=True)
class PartReport:
    """One part against the reference.

    Attributes:
        file: its name.
        precision: of its weights.
        bytes: of its file.
        relative_error: greatest difference over greatest value, the worst of the arrays given.
        snr_db: ratio of output to error, the worst of the arrays given.
        load_seconds: until the first output, that run included.
        run_seconds: of one run.
        reference_seconds: of one run of the reference.
        memory_bytes: by which the process grew when it was loaded and run. None: not known here.
        passed: whether error and ratio are within the bounds of its precision.
    """

    file: str
    precision: Precision
    bytes: int
    relative_error: float
    snr_db: float
    load_seconds: float
    run_seconds: float
    reference_seconds: float
    memory_bytes: int | None
    passed: bool


@dataclass(frozen=True)
class ClipReport:
    """A clip against the reference's of the same seed.

    Attributes:
        seed: of both.
        latents_snr_db: ratio of the reference's latents to the difference.
        audio_snr_db: likewise of the samples; low for a spectral codec, whose phases are free.
        of_nearest: distance of the latents, relative to that of the reference's nearest other seed.
        audio_of_nearest: distance of the spectra in dB, likewise.
        passed: whether both are within bounds.
    """

    seed: int
    latents_snr_db: float
    audio_snr_db: float
    of_nearest: float
    audio_of_nearest: float
    passed: bool


@dataclass(frozen=True)
class Verification:
    """All that was found.

    Attributes:
        model: its name.
        format: of the programs.
        folder: of the programs.
        against: folder of the reference.
        seconds: length of the clips made.
        window_seconds: length that the dit, the decoder and the encoder were run on.
        threads: cores that were used. None: all.
        parts: by name.
        drift_db: signal to error of the latents after each of eight steps, the errors of all steps
            before included; empty where the parts alone were compared.
        clips: one a seed; none where the parts alone were compared.
    """

    model: str
    format: Format
    folder: str
    against: str
    seconds: float
    window_seconds: float
    threads: int | None
    parts: dict[str, PartReport]
    drift_db: list[float]
    clips: list[ClipReport]

    @property
    def passed(self) -> bool:
        """Whether everything is within its bounds."""
        return all(part.passed for part in self.parts.values()) and all(
            clip.passed for clip in self.clips
        )

    def as_object(self) -> dict[str, Any]:
        """For JSON; infinite ratios, of equal arrays, become None, and what is no number too."""
        found = {"passed": self.passed, **asdict(self)}
        return {name: _plain(value) for name, value in found.items()}


def verify(
    folder: Path,
    *,
    against: Path | None = None,
    threads: int | None = None,
    seconds: float | None = None,
    parts_only: bool = False,
    on_part: Report | None = None,
) -> Verification:
    """Compare the programs in `folder` with the model that they were made of.

    Args:
        folder: a bundle of programs.
        against: the bundle that it was exported from. None: the default model.
        threads: cores to use. None: all.
        seconds: length of the clips made. None: the programs' default, which is the only one where
            they have one length.
        parts_only: compare each part, but follow no steps and make no clips.
        on_part: told what is being done.

    Raises:
        BundleError: not bundles, or of different weights.
        RequestError: clips longer than the programs can make.
        EngineError: a runtime that is not installed, or a program that does not run.
    """
    report = on_part or (lambda _what: None)
    exported, reference = open_bundle(folder), open_bundle(against)
    _require_same_weights(exported, reference)
    engines = (_compared(reference, threads), _compared(exported, threads))
    tokenizer = Tokenizer(reference.folder / TOKENIZER, reference.config.prompt_max_length)
    ids, mask = tokenizer.encode(PROMPTS, truncate=True)
    n_frames = exported.config.n_frames
    length = _length(exported, reference, seconds)
    told = engines[0].condition(ids, mask, np.full(len(ids), length, np.float32))
    shape = (1, exported.config.latent_channels, n_frames)
    latents = Generator(SEEDS[0]).randn(shape)
    one = Conditioning(told.cross_attn_cond[:1], told.global_cond[:1])

    def conditioners(engine: ComparedEngine) -> list[Array]:
        found = engine.condition(ids[:1], mask[:1], np.full(1, length, np.float32))
        return [found.cross_attn_cond, found.global_cond]

    def dit(engine: ComparedEngine) -> list[Array]:
        return [engine.velocity(latents, np.array([t], np.float32), one) for t in TIMES]

    is_spectral = isinstance(exported.config.autoencoder.decoder.config, SpectralDecoderConfig)

    def decoder(engine: ComparedEngine) -> list[Array]:
        return [engine.decoder_output(latents) if is_spectral else engine.decode(latents)]

    def encoder(engine: ComparedEngine) -> list[Array]:
        n_samples = n_frames * exported.config.hop_length
        sound = Generator(SEEDS[1]).randn((1, exported.config.audio_channels, n_samples))
        return [engine.encode(sound * np.float32(0.1))]

    calls: dict[Part, Callable[[ComparedEngine], list[Array]]] = {
        "conditioners": conditioners,
        "dit": dit,
        "decoder": decoder,
        "encoder": encoder,
    }
    parts: dict[str, PartReport] = {}
    for part in PARTS:
        report(f"comparing {part}")
        parts[part] = _compare(exported, part, calls[part], engines)
    drift: list[float] = []
    clips: list[ClipReport] = []
    if not parts_only:
        report("comparing steps")
        drift = _drift(engines, latents, one)
        clips = _clips((reference, exported), engines, length, report)
    return Verification(
        model=exported.manifest.name,
        format=exported.manifest.format,
        folder=str(folder),
        against=str(reference.folder),
        seconds=length,
        window_seconds=n_frames * exported.config.hop_length / exported.config.sample_rate,
        threads=threads,
        parts=parts,
        drift_db=[round(d, 2) for d in drift],
        clips=clips,
    )


def relative_error(found: Array, expected: Array) -> float:
    """The greatest difference, relative to the greatest value."""
    return float(np.abs(found - expected).max() / max(float(np.abs(expected).max()), 1e-30))


def snr_db(found: Array, expected: Array) -> float:
    """Power of `expected` over that of the difference, in dB; infinite where there is none."""
    error = float(np.square(found.astype(np.float64) - expected).sum())
    if error == 0:
        return math.inf
    return 10 * math.log10(float(np.square(expected.astype(np.float64)).sum()) / error)


def log_spectrum(audio: Array) -> Array:
    """Magnitudes of `audio` (channels, samples) in dB above -80, as the ear weighs differences."""
    padded = np.pad(audio, ((0, 0), (0, SPECTRUM_SAMPLES)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, SPECTRUM_SAMPLES, axis=1)
    frames = windows[:, :: SPECTRUM_SAMPLES // 4] * np.hanning(SPECTRUM_SAMPLES).astype(np.float32)
    magnitudes = np.abs(np.fft.rfft(frames)) / (SPECTRUM_SAMPLES / 4)
    return np.asarray(20 * np.log10(np.maximum(magnitudes, 1e-4)) + 80, np.float32)


def _compared(bundle: Bundle, threads: int | None) -> ComparedEngine:
    engine = load_engine(bundle, threads=threads)
    assert isinstance(engine, ComparedEngine)
    return engine


def _require_same_weights(exported: Bundle, reference: Bundle) -> None:
    if exported.manifest.format == "onnx":
        raise BundleError(
            f"{exported.folder} holds the model itself, nothing exported of it: run"
            " `soundlet export` first"
        )
    record = reference.manifest.files.get(WEIGHTS)
    if record is None or record.sha256 != exported.manifest.exported_from:
        raise BundleError(
            f"{exported.folder} was not made of the weights of {reference.manifest.name}"
            f" ({reference.folder}): name the bundle that it was exported from by --against"
        )


def _length(exported: Bundle, reference: Bundle, asked: float | None) -> float:
    """Seconds of the clips to make: not such that programs sample fewer latents than their model.

    Raises:
        RequestError: the programs make no clips of the length asked for.
    """
    only = exported.manifest.window_seconds
    if only is not None and asked is not None and f"{asked:.6g}" != f"{only:.6g}":
        raise RequestError(
            f"the programs in {exported.folder} make one length, {only:.6g} seconds, and are"
            f" compared by it, not by {asked:.6g}: leave seconds out"
        )
    seconds = only or (exported.manifest.defaults.seconds if asked is None else asked)
    plan_for(exported, GenerationRequest(prompt=PROMPTS[0], seconds=seconds))
    longest = longest_seconds(exported.config, exported.manifest.margin_frames)
    if exported.config.n_frames < reference.config.n_frames and seconds > longest:
        floored = math.floor(longest * 1000) / 1000
        raise RequestError(
            f"seconds must be at most {floored:g} with the programs in {exported.folder}, not"
            f" {seconds:g}"
        )
    return seconds


def _compare(
    exported: Bundle,
    part: Part,
    call: Callable[[ComparedEngine], list[Array]],
    engines: tuple[ComparedEngine, ComparedEngine],
) -> PartReport:
    reference, candidate = engines
    before = _resident_bytes()
    start = time.perf_counter()
    found = call(candidate)
    load_seconds = (time.perf_counter() - start) / len(found) if part == "dit" else 0.0
    load_seconds = load_seconds or time.perf_counter() - start
    after = _resident_bytes()
    expected = call(reference)
    n_runs = len(found) if part == "dit" else 1
    run_seconds = _quickest(lambda: call(candidate)) / n_runs
    reference_seconds = _quickest(lambda: call(reference)) / n_runs
    pairs = list(zip(found, expected, strict=True))
    # NumPy's, which tell of what is no number wherever it is among others
    error = float(np.max([relative_error(ours, theirs) for ours, theirs in pairs]))
    ratio = float(np.min([snr_db(ours, theirs) for ours, theirs in pairs]))
    precision = exported.manifest.precision[part]
    name = PART_FILES[exported.manifest.format][part]
    return PartReport(
        file=name,
        precision=precision,
        bytes=exported.manifest.files[name].size,
        relative_error=error,
        snr_db=ratio,
        load_seconds=load_seconds,
        run_seconds=run_seconds,
        reference_seconds=reference_seconds,
        memory_bytes=None if before is None or after is None else max(after - before, 0),
        passed=error <= MAX_ERROR.get(precision, math.inf)
        and ratio >= MIN_SNR_DB.get(precision, MIN_SNR_DB_OF_INTEGERS),
    )


def _drift(engines: tuple[Engine, Engine], noise: Array, told: Conditioning) -> list[float]:
    """Signal to error after each step of a distilled model's sampler, in dB."""
    theirs, ours = (_path(engine, noise, told) for engine in engines)
    return [snr_db(found, expected) for found, expected in zip(ours, theirs, strict=True)]


def _path(engine: Engine, start: Array, told: Conditioning) -> list[Array]:
    """The latents after each step, from `start` and the noise of one seed."""
    generator = Generator(SEEDS[0])
    visited: list[Array] = []

    def velocity(x: Array, t: Array) -> Array:
        visited.append(x)
        return engine.velocity(x, t, told)

    def noise() -> Array:
        return generator.randn(start.shape)

    last = sample("pingpong", velocity, start, steps=DRIFT_STEPS, sigma_max=1.0, noise=noise)
    return [*visited[1:], last]


def _clips(
    bundles: tuple[Bundle, Bundle], engines: tuple[Engine, Engine], seconds: float, report: Report
) -> list[ClipReport]:
    reference, candidate = (
        Model(bundle, engine) for bundle, engine in zip(bundles, engines, strict=True)
    )
    n_frames = bundles[1].config.n_frames
    made = []
    for seed in SEEDS:
        report(f"making clips of seed {seed}")
        asked: dict[str, Any] = {"seconds": seconds, "seed": seed, "candidates": 1}
        if bundles[1].manifest.length == "fixed":  # its window may be shorter than the model's
            asked |= {"reference": True, "n_frames": n_frames}
        made.append(
            (reference.generate(PROMPTS[0], **asked), candidate.generate(PROMPTS[0], **asked))
        )
    reports = []
    for i, (theirs, ours) in enumerate(made):
        others = [other for j, (other, _) in enumerate(made) if j != i]
        of_nearest = _relative_distance(
            theirs.latents, ours.latents, [other.latents for other in others]
        )
        audio_of_nearest = _relative_distance(
            log_spectrum(theirs.audio),
            log_spectrum(ours.audio),
            [log_spectrum(other.audio) for other in others],
        )
        reports.append(
            ClipReport(
                seed=SEEDS[i],
                latents_snr_db=snr_db(ours.latents, theirs.latents),
                audio_snr_db=snr_db(ours.audio, theirs.audio),
                of_nearest=of_nearest,
                audio_of_nearest=audio_of_nearest,
                passed=of_nearest <= MAX_OF_NEAREST and audio_of_nearest < 1,
            )
        )
    return reports


def _relative_distance(expected: Array, found: Array, others: list[Array]) -> float:
    """How far `found` is from `expected`, relative to the nearest of `others`."""
    nearest = min(float(np.linalg.norm(expected - other)) for other in others)
    return float(np.linalg.norm(expected - found)) / max(nearest, 1e-30)


def _quickest(run: Callable[[], object]) -> float:
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def _resident_bytes() -> int | None:
    """Memory that this process has in use; None where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def _plain(value: Any) -> Any:  # noqa: ANN401 - of JSON
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
