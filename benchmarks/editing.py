"""Edges of inpaintings and continuations, beside those of a cut-and-paste; and memory.

For each prompt a clip is made, one second and a half in its middle is made anew, and the clip, cut
off at three fifths, is continued. A cut-and-paste puts a clip of the same prompt and another seed
in the same places. The jump at an edge is how much the spectrum differs between the 46 ms before it
and the 46 ms after: the mean distance of 40 bands in dB. What the untouched clip jumps in its
middle is told too, since music jumps by itself.

    python -m benchmarks.editing --clips 20 --out editing.json
    python -m benchmarks.editing --levels --clips 10
    python -m benchmarks.editing --memory

With --into docs/editing.md the page's table of what was measured is written anew. With --levels
clips are continued by several windows instead, and the level of each second of what is new is told,
in dB from that of the clip: a model that lets every window die away shows here.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import soundlet
from benchmarks.render import existing_page, row, show
from soundlet.audio import Audio
from soundlet.editing import InpaintRequest, OutpaintRequest, inpaint, outpaint
from soundlet.errors import GenerationError
from soundlet.pipeline import Model

PROMPTS = (
    "techno drum loop, 909 kit, 128 BPM",
    "house bass line, 122 BPM",
    "lo-fi piano chords, 80 BPM",
    "ambient pad, dark",
    "trance arpeggio, 138 BPM",
    "drum and bass drum loop, 174 BPM",
    "warm strings chords, 90 BPM",
    "funk bass line, 100 BPM",
    "rain",
    "electric piano melody, 100 BPM",
)
WINDOW_SECONDS, N_BANDS, FLOOR_DB = 0.0465, 40, -60.0
CROSSFADE = 0.02  # seconds


def bands(part: Audio, rate: int) -> NDArray[np.float64]:
    """Magnitudes in bands equally spaced on a logarithmic scale, 60 Hz to 16 kHz."""
    mono = part.astype(np.float64).mean(axis=0)
    spectrum = np.abs(np.fft.rfft(mono * np.hanning(len(mono)))) ** 2
    edges = np.geomspace(60, 16000, N_BANDS + 1) * len(mono) / rate
    cumulative = np.concatenate([[0.0], np.cumsum(spectrum)])
    power = np.diff(np.interp(edges, np.arange(len(cumulative)), cumulative))
    magnitudes: NDArray[np.float64] = np.sqrt(np.maximum(power, 0))
    return magnitudes


def jump(audio: Audio, place: int, rate: int) -> float:
    """How much the spectrum jumps at a sample, in dB."""
    size = round(WINDOW_SECONDS * rate)
    loudest = max(
        float(bands(audio[:, i : i + size], rate).max())
        for i in range(0, audio.shape[1] - size, size)
    )
    floor = max(loudest, 1e-9) * 10 ** (FLOOR_DB / 20)
    before = np.maximum(bands(audio[:, place - size : place], rate), floor)
    after = np.maximum(bands(audio[:, place : place + size], rate), floor)
    return float(np.mean(np.abs(20 * np.log10(after / before))))


def one_clip(model: Model, prompt: str, seed: int, seconds: float, steps: int) -> dict[str, Any]:
    """Jumps at the edges of one clip."""
    rate = model.config.sample_rate
    how: dict[str, Any] = {"steps": steps, "prompt": prompt}
    clip = model.generate(seconds=seconds, seed=seed, **how)
    other = model.generate(seconds=seconds, seed=seed + 1000, **how)
    given = (clip.audio, rate)
    first, last = seconds / 2 - 0.75, seconds / 2 + 0.75
    places = [round(first * rate), round(last * rate)]
    filled = inpaint(
        model,
        InpaintRequest(
            audio=given, regions=((first, last),), seed=seed, crossfade=CROSSFADE, **how
        ),
    )
    end = round(0.6 * seconds * rate)  # where there is still something to be heard
    start = clip.audio[:, :end]
    longer = outpaint(
        model,
        OutpaintRequest(audio=(start, rate), after=2.0, seed=seed, crossfade=CROSSFADE, **how),
    )
    pasted = clip.audio.copy()
    pasted[:, places[0] : places[1]] = other.audio[:, : places[1] - places[0]]
    appended = np.concatenate([start, other.audio[:, : 2 * rate]], axis=1)
    kept = np.all(filled.audio == clip.audio, axis=0)
    edge = round(CROSSFADE * rate)
    outside = np.ones(clip.audio.shape[1], bool)
    outside[places[0] - edge : places[1] + edge] = False
    is_kept = bool(kept[outside].all())
    is_kept &= bool(np.array_equal(longer.audio[:, : end - edge], clip.audio[:, : end - edge]))
    return {
        "prompt": prompt,
        "seed": seed,
        "kept": is_kept,
        "inpaint": float(np.mean([jump(filled.audio, p, rate) for p in places])),
        "inpaint_pasted": float(np.mean([jump(pasted, p, rate) for p in places])),
        "untouched": float(np.mean([jump(clip.audio, p, rate) for p in places])),
        "continue": jump(longer.audio, end, rate),
        "continue_pasted": jump(appended, end, rate),
    }


def edges(n_clips: int, first: int, seconds: float, steps: int) -> dict[str, Any]:
    """All clips, and the medians; a seed of which the model makes no sound is passed over."""
    model = soundlet.load(threads=1)
    rows: list[dict[str, Any]] = []
    seed = first
    while len(rows) < n_clips:
        prompt = PROMPTS[(seed - 1) % len(PROMPTS)]
        try:
            rows.append(one_clip(model, prompt, seed, seconds, steps))
            sys.stderr.write(json.dumps(rows[-1]) + "\n")
        except GenerationError as e:
            sys.stderr.write(f"{prompt}, seed {seed}: {e}\n")
        seed += 1
    names = [name for name, value in rows[0].items() if isinstance(value, float)]
    return {
        "clips": rows,
        "all_kept": all(row["kept"] for row in rows),
        "median_db": {name: round(float(np.median([r[name] for r in rows])), 2) for name in names},
    }


def levels(n_clips: int, seconds: float, after: float, steps: int | None) -> dict[str, Any]:
    """Levels of continuations, second by second, and the medians over the clips."""
    model = soundlet.load(threads=1)
    rate = model.config.sample_rate
    rows: list[NDArray[np.float64]] = []
    seed = 0
    while len(rows) < n_clips:
        prompt = PROMPTS[seed % len(PROMPTS)]
        seed += 1
        how: dict[str, Any] = {"prompt": prompt, "seed": seed, "steps": steps}
        try:
            clip = model.generate(seconds=seconds, **how)
            given = (clip.audio, rate)
            longer = outpaint(
                model, OutpaintRequest(audio=given, after=after, resamplings=1, **how)
            ).audio
        except GenerationError as e:
            sys.stderr.write(f"{prompt}, seed {seed}: {e}\n")
            continue
        new = longer[:, clip.audio.shape[1] :]
        new = new[:, : new.shape[1] // rate * rate].reshape(len(new), -1, rate)
        power = np.square(new, dtype=np.float64).mean(axis=(0, 2))
        reference = float(np.square(clip.audio, dtype=np.float64).mean())
        rows.append(10 * np.log10(np.maximum(power / reference, 1e-6)))
        sys.stderr.write(f"{prompt}: {np.round(rows[-1], 1).tolist()}\n")
    table = np.array(rows)
    inner = table[:, :-2]  # the last window may end as a clip does
    return {
        "clips": len(rows),
        "by_second_db": np.round(np.median(table, axis=0), 1).tolist(),
        "median_db": round(float(np.median(inner)), 1),
        "lowest_second_db": round(float(np.median(inner.min(axis=1))), 1),
    }


def peak_memory(code: str) -> float:
    """Peak resident memory in MB of a fresh interpreter that runs `code`."""
    tail = "\nimport resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    done = subprocess.run([sys.executable, "-c", code + tail], capture_output=True, text=True)
    return float(done.stdout.split()[-1])


def memory(after: float, steps: int) -> dict[str, float]:
    """Peak memory of one window and of a long outpaint."""
    start = (
        "import soundlet; from soundlet.editing import OutpaintRequest, outpaint\n"
        "m = soundlet.load(threads=1)\n"
        f"c = m.generate('techno drum loop, 128 BPM', seconds=m.max_seconds - 0.01, seed=1,"
        f" steps={steps})\n"
    )
    longer = (
        "outpaint(m, OutpaintRequest(prompt='techno drum loop, 128 BPM',"
        f" audio=(c.audio, c.sample_rate), after={after}, seed=1, steps={steps}, resamplings=1))\n"
    )
    return {
        "after": after,
        "one_window_mb": peak_memory(start),
        "outpaint_mb": peak_memory(start + longer),
    }


EDGES = {
    "untouched": "the untouched clip, at the edges of the region",
    "inpaint": "inpainted",
    "inpaint_pasted": "cut and pasted",
    "continue": "continued from three fifths on",
    "continue_pasted": "another clip put there",
}


def edges_table(found: dict[str, Any]) -> list[str]:
    """Medians of the jumps, and whether all was kept."""
    n_kept = sum(each["kept"] for each in found["clips"])
    n_clips = len(found["clips"])
    jumps = [row([said, f"{found['median_db'][name]:.1f} dB"]) for name, said in EDGES.items()]
    kept = row(["clips kept to the sample outside the crossfades", f"{n_kept} of {n_clips}"])
    return [row([f"median of {n_clips} clips", "jump"]), row(["---"] * 2), *jumps, kept]


def levels_table(found: dict[str, Any]) -> list[str]:
    """Levels against that of the clip."""
    by_second = found["by_second_db"]
    return [
        row([f"median of {found['clips']} clips", "level"]),
        row(["---"] * 2),
        row(["the first second that is new", f"{by_second[0]:+.1f} dB"]),
        row([f"all {len(by_second)} seconds but the last two", f"{found['median_db']:+.1f} dB"]),
        row(["the quietest of those", f"{found['lowest_second_db']:+.1f} dB"]),
        row(["the last second", f"{by_second[-1]:+.1f} dB"]),
    ]


def memory_table(found: dict[str, Any]) -> list[str]:
    """Peaks in MB."""
    return [
        row(["peak memory of a process", ""]),
        row(["---"] * 2),
        row(["a clip of the whole window", f"{found['one_window_mb']:.0f} MB"]),
        row([f"and {found['after']:g} s put after it", f"{found['outpaint_mb']:.0f} MB"]),
    ]


def main() -> None:
    """Measure, and print JSON or write a table into a page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=20)
    parser.add_argument("--first", type=int, default=1, help="seed of the first clip")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--levels", action="store_true", help="measure levels instead")
    parser.add_argument("--memory", action="store_true", help="measure memory instead")
    parser.add_argument("--after", type=float, default=60.0, help="seconds to outpaint")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--into", type=existing_page, help="the page to write the table into")
    arguments = parser.parse_args()
    if arguments.memory:
        found: dict[str, Any] = memory(arguments.after, arguments.steps)
        tables = {"memory": memory_table(found)}
    elif arguments.levels:
        found = levels(arguments.clips, arguments.seconds, arguments.after, arguments.steps)
        tables = {"levels": levels_table(found)}
    else:
        found = edges(arguments.clips, arguments.first, arguments.seconds, arguments.steps)
        tables = {"edges": edges_table(found)}
    if arguments.into is not None:
        show(tables, arguments.into)
    text = json.dumps(found, indent=1)
    if arguments.out is None:
        sys.stdout.write(text + "\n")
    else:
        arguments.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
