"""What a bundle lost by being quantised, in numbers that can be compared with what seeds change.

A quantised model makes another sound of the same seed, as another seed does, only nearer. So the
distance of its sounds from those of the float32 model is told as a share of the spread: the mean
distance between the float32 model's own sounds of the same prompt by different seeds.

The sounds of a spectral codec are compared by the levels that its decoder gives. The phases that
are recovered from them after it turn any difference, rounding included, into another take of the
same noise: latents that are changed by a thousandth are already 0.16 of the spread away.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from soundlet.bundle import PARTS, WEIGHTS, Bundle, Part
from soundlet.clip import Clip
from soundlet.config import SpectralDecoderConfig
from soundlet.engines import ComparedEngine
from soundlet.engines.codec import spectrogram_format
from soundlet.errors import GenerationError
from soundlet.pipeline import Model, load
from soundlet.request import GenerationRequest
from soundlet.spectrogram import FLOOR_DB, analyse
from soundlet.stft import SpectrogramFormat
from soundlet.timing import Job, measure
from soundlet.whole_files import write_whole

PROMPTS = ("techno drum loop 128 BPM", "deep bass line", "warm pad", "rain on a roof")
SEED, N_OTHER_SEEDS = 1, 5
TIMES = (0.98, 0.7, 0.3)  # of the flow, at which velocities are compared
INAUDIBLE, WARNING = 0.1, 0.5  # shares of the spread of seeds

Array = NDArray[np.float32]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Loss:
    """How far an array is from what it should be.

    Attributes:
        relative_error: length of the difference over length of what it should be.
        snr_db: the same as a signal-to-noise ratio. None: no difference at all.
    """

    relative_error: float
    snr_db: float | None

    @classmethod
    def between(cls, found: Sequence[Array], expected: Sequence[Array]) -> Loss:
        """Over all arrays together."""
        noise = sum(
            float(np.square(a - b, dtype=np.float64).sum())
            for a, b in zip(found, expected, strict=True)
        )
        signal = sum(float(np.square(b, dtype=np.float64).sum()) for b in expected)
        snr = 10 * math.log10(signal / noise) if noise else None
        return cls(math.sqrt(noise / signal), snr)


@dataclass(frozen=True)
class PartCost:
    """What a part takes before and after: bytes on disk, seconds a call, bytes of memory."""

    precision: tuple[str, str]
    disk_bytes: tuple[int, int]
    seconds: tuple[float, float] | None
    peak_bytes: tuple[int | None, int | None] | None


@dataclass(frozen=True)
class LossReport:
    """All that is told of a quantised bundle.

    Attributes:
        conditioning: of what the dit is told.
        velocity: of the dit on the float32 model's own inputs.
        audio: of whole generations by one seed.
        distance_db: mean difference of their spectral levels, before phases are recovered.
        spread_db: the same between five other seeds and that one, by the float32 model.
        parts: cost of each part that changed.
    """

    conditioning: Loss
    velocity: Loss
    audio: Loss
    distance_db: float
    spread_db: float
    parts: dict[Part, PartCost]

    @property
    def share(self) -> float:
        """The distance as a share of the spread."""
        return self.distance_db / self.spread_db

    @property
    def verdict(self) -> str:
        """The share in words."""
        if self.share < INAUDIBLE:
            return "inaudible"
        return "clearly another sound" if self.share > WARNING else "a nuance"


@dataclass(frozen=True)
class ReferenceSounds:
    """Sounds of the model of more precision; those of every quantised one are compared with them.

    Attributes:
        clips: one a prompt.
        levels: spectral ones of each clip, before phases are recovered, in dB.
        spread_db: mean difference of those from the levels of five other seeds.
        seconds: length that was asked. None: the model's default.
    """

    clips: list[Clip]
    levels: list[Array]
    spread_db: float
    seconds: float | None


def reference_sounds(
    before: Bundle,
    *,
    seconds: float | None = None,
    threads: int | None = None,
    on_progress: Progress | None = None,
) -> ReferenceSounds:
    """Make the sounds that `quantization_report` compares with: once for any number of reports.

    Args:
        before: the bundle of more precision.
        seconds: length of the sounds. None: the model's default.
        threads: cores to use. None: all.
        on_progress: called with (what is being done, things done, things in all).

    Raises:
        RequestError: `seconds` is a length that the model does not make.
        GenerationError: it makes no sound that could be compared.
    """
    report = on_progress or (lambda _label, _done, _total: None)
    exact = load(before.folder, threads=threads)
    clips: list[Clip] = []
    levels: list[Array] = []
    spread: list[float] = []
    for i, prompt in enumerate(PROMPTS):
        report("making sounds of several seeds", i, len(PROMPTS))
        first, *others = _clips(exact, prompt, seconds)
        clips.append(first)
        levels.append(spectral_levels(exact, first))
        spread += [spectral_distance(spectral_levels(exact, other), levels[-1]) for other in others]
    return ReferenceSounds(clips, levels, mean(spread), seconds)


def quantization_report(
    before: Bundle,
    after: Bundle,
    *,
    sounds: ReferenceSounds | None = None,
    seconds: float | None = None,
    timed: bool = True,
    threads: int | None = None,
    on_progress: Progress | None = None,
) -> LossReport:
    """Compare a bundle with the one that it was made of.

    Args:
        before: the bundle of more precision.
        after: the quantised one.
        sounds: those of `before`. None: they are made first.
        seconds: their length if they are made. None: the model's default.
        timed: measure time and memory of the parts that changed too, each in its own process.
        threads: cores to use. None: all.
        on_progress: called with (what is being done, things done, things in all).

    Raises:
        RequestError: `seconds` is a length that the model does not make.
        GenerationError: one of them makes no sound that could be compared.
    """
    report = on_progress or (lambda _label, _done, _total: None)
    if sounds is None:
        sounds = reference_sounds(before, seconds=seconds, threads=threads, on_progress=report)
    changed = [p for p in PARTS if before.manifest.precision[p] != after.manifest.precision[p]]
    total = len(sounds.clips) + len(changed)
    exact, quantized = (load(bundle.folder, threads=threads) for bundle in (before, after))
    found: list[Clip] = []
    for i, clip in enumerate(sounds.clips):
        report("making the same sounds", i, total)
        found.append(quantized.generate(clip.request))
    told, velocities = _velocities(exact, quantized, sounds.clips)
    costs: dict[Part, PartCost] = {}
    for i, part in enumerate(changed, start=len(sounds.clips)):
        report(f"timing the {part}", i, total)
        costs[part] = _cost(part, before, after, sounds.seconds, timed=timed, threads=threads)
    return LossReport(
        conditioning=told,
        velocity=velocities,
        audio=Loss.between([a.audio for a in found], [b.audio for b in sounds.clips]),
        distance_db=mean(
            spectral_distance(spectral_levels(quantized, clip), levels)
            for clip, levels in zip(found, sounds.levels, strict=True)
        ),
        spread_db=sounds.spread_db,
        parts=costs,
    )


def _clips(model: Model, prompt: str, seconds: float | None) -> list[Clip]:
    """Sounds of a prompt by the first seeds that make one: now and then a model goes astray."""
    made: list[Clip] = []
    for seed in range(SEED, SEED + 4 * (N_OTHER_SEEDS + 1)):
        request = GenerationRequest(
            prompt=prompt, seconds=seconds, seed=seed, candidates=1, truncate_prompt=True
        )
        try:
            made.append(model.generate(request))
        except GenerationError:
            continue
        if len(made) == N_OTHER_SEEDS + 1:
            return made
    raise GenerationError(
        f"{model.bundle.folder} makes too few sounds of {prompt!r} to compare: only {len(made)} of"
        f" {4 * (N_OTHER_SEEDS + 1)} seeds"
    )


def spectral_levels(model: Model, clip: Clip) -> Array:
    """Levels of a clip of `model` from -90 dBFS up, in dB: (bins, frames)."""
    decoder = model.config.autoencoder.decoder.config
    if isinstance(decoder, SpectralDecoderConfig) and isinstance(model.engine, ComparedEngine):
        form = spectrogram_format(decoder)
        n_frames = -(-clip.audio.shape[1] // form.hop_length)
        output = model.engine.decoder_output(clip.latents[None])[0]
        of_decoder: Array = np.maximum(output[: form.n_bins, :n_frames], 0) * np.float32(-FLOOR_DB)
        return of_decoder
    return waveform_levels(clip.audio, clip.sample_rate)


def waveform_levels(audio: Array, sample_rate: int) -> Array:
    """Levels of samples (channels, samples) from -90 dBFS up, in dB: (bins, frames)."""
    hop = max(1, round(sample_rate / 44100)) * 512
    form = SpectrogramFormat(n_fft=4 * hop, hop_length=hop, n_bands=24)
    stereo = np.repeat(audio, 2, axis=0) if len(audio) == 1 else audio[:2]
    whole = np.pad(stereo, ((0, 0), (0, -stereo.shape[1] % hop)))
    levels: Array = analyse(whole[None], form)[0, : form.n_bins] * np.float32(-FLOOR_DB)
    return levels


def spectral_distance(a: Array, b: Array) -> float:
    """Mean difference in dB of two sets of levels."""
    return float(np.abs(a - b).mean())


def _velocities(exact: Model, quantized: Model, clips: Sequence[Clip]) -> tuple[Loss, Loss]:
    """Loss of the conditioning, and of velocities on the exact conditioning."""
    conditions: tuple[list[Array], list[Array]] = [], []
    velocities: tuple[list[Array], list[Array]] = [], []
    random = np.random.default_rng(0)
    for clip in clips:
        asked = [clip.request.prompt], [clip.request.seconds or 0.0]
        told = exact.condition(*asked, truncate=True)
        conditions[0].append(quantized.condition(*asked, truncate=True).cross_attn_cond)
        conditions[1].append(told.cross_attn_cond)
        data = clip.latents[None]
        for t in TIMES:
            noise = random.standard_normal(data.shape).astype(np.float32)
            x = data * np.float32(1 - t) + noise * np.float32(t)
            at = np.array([t], np.float32)
            for model, kept in zip((quantized, exact), velocities, strict=True):
                kept.append(model.engine.velocity(x, at, told))
    return Loss.between(*conditions), Loss.between(*velocities)


def _cost(
    part: Part,
    before: Bundle,
    after: Bundle,
    seconds: float | None,
    *,
    timed: bool,
    threads: int | None,
) -> PartCost:
    precisions = before.manifest.precision[part], after.manifest.precision[part]
    sizes = stored_bytes(before)[part], stored_bytes(after)[part]
    if not timed:
        return PartCost(precisions, sizes, None, None)
    length = seconds or before.manifest.defaults.seconds
    first, second = (
        measure(
            Job(model=str(bundle.folder), seconds=length, threads=threads, parts=(part,), repeats=5)
        )
        for bundle in (before, after)
    )
    return PartCost(
        precisions,
        sizes,
        (median(first.part_times[part]), median(second.part_times[part])),
        (first.peak_bytes, second.peak_bytes),
    )


def stored_bytes(bundle: Bundle) -> dict[Part, int]:
    """Bytes on disk of each part: its graph, and its tensors in the file of weights."""
    from soundlet.engines.weights import Weights

    sizes = {part: bundle.manifest.files[f"{part}.onnx"].size for part in PARTS}
    if WEIGHTS in bundle.manifest.files:
        for part in PARTS:
            sizes[part] += Weights(bundle.folder / WEIGHTS).bytes_of(f"{part}.")
    return sizes


def write_report(report: LossReport, bundle: Bundle) -> tuple[Path, Path]:
    """Write `report` next to the folder of `bundle`, as JSON and for readers.

    Returns:
        The two files.
    """
    folder = bundle.folder.absolute()
    paths = tuple(folder.with_name(f"{folder.name}.quantization.{kind}") for kind in ("json", "md"))
    facts: dict[str, Any] = asdict(report) | {"share": report.share, "verdict": report.verdict}
    texts = (json.dumps(facts, indent=2) + "\n", "\n".join(as_markdown(report, bundle)) + "\n")
    for path, text in zip(paths, texts, strict=True):
        write_whole(path, text.encode())
    return paths[0], paths[1]


def as_markdown(report: LossReport, bundle: Bundle) -> list[str]:
    """The report for a reader, line by line."""
    lines = [
        f"# What {bundle.manifest.name} lost by quantisation",
        "",
        f"Its sounds are {report.distance_db:.2f} dB from those of full precision by the same seed,"
        f" on average over time and frequency; other seeds are {report.spread_db:.2f} dB away. The"
        f" loss is {report.share:.2f} of what a seed changes: **{report.verdict}**.",
        "",
        "| part | precision | MB on disk | ms a call | peak MB |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [f"| {part} | {' | '.join(cells(cost))} |" for part, cost in report.parts.items()]
    lines += [
        "",
        "| what | relative error | signal to noise, dB |",
        "| --- | --- | --- |",
    ]
    rows: Mapping[str, Loss] = {
        "conditioning": report.conditioning,
        "velocity": report.velocity,
        "audio of whole generations": report.audio,
    }
    for name, loss in rows.items():
        snr = "equal" if loss.snr_db is None else f"{loss.snr_db:.1f}"
        lines.append(f"| {name} | {loss.relative_error:.2g} | {snr} |")
    return lines


def cells(cost: PartCost) -> list[str]:
    """Precision, size, time and memory of a part, before and after."""
    texts = [" to ".join(cost.precision), " to ".join(f"{n / 1e6:.1f}" for n in cost.disk_bytes)]
    if cost.seconds is None or cost.peak_bytes is None:
        return [*texts, "-", "-"]
    texts.append(" to ".join(f"{s * 1e3:.1f}" for s in cost.seconds))
    texts.append(" to ".join("?" if n is None else f"{n / 1e6:.0f}" for n in cost.peak_bytes))
    return texts
