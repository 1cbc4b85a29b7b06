"""The data set on disk: shards of rendered clips with their facts, resumable, never half written.

A folder holds `dataset.json` (count, seed, the version of the renderer, and what all clips are of
if they are of a few things only) and for each shard of 64 clips `shard-00000.zip` and
`shard-00000.jsonl`. The first holds one FLAC file (16 bits) per clip, named by the clip's number;
the second one JSON object a line: number, seed, seconds, attributes, and captions, wordings among
them. Clip i of a data set with seed s is the clip of seed s * 10**9 + i, whatever the number of
workers and however often the building was interrupted.
"""

from __future__ import annotations

import io
import json
import multiprocessing
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from soundlet.errors import SoundletError
from soundlet.interrupts import end_at_interrupt, interrupts_held
from soundlet.training.dataset.attributes import SAMPLE_RATE, Attributes, Audio
from soundlet.training.dataset.render import render_clip
from soundlet.training.dataset.sound_effects import SOURCES
from soundlet.vocabulary.instruments import INSTRUMENTS
from soundlet.whole_files import make_folder, write_whole

CLIPS_PER_SHARD = 64
SEED_STRIDE = 10**9
MAX_SEED = 10**8  # the renders of evaluations have seeds from 10**18 on
RENDERER_VERSION = 2  # to be raised when the same seed gives another clip
DESCRIPTION = "dataset.json"
FULL_SCALE = 32767

Progress = Callable[[int, int], None]
"""Called after each shard with (clips done, clips in all)."""


@dataclass(frozen=True)
class StoredClip:
    """A clip as read back: audio (2, samples) float32 in [-1, 1] and its facts."""

    number: int
    audio: Audio
    seconds: float
    attributes: Attributes
    captions: tuple[str, ...]


def _shard_paths(out: Path, shard: int) -> tuple[Path, Path]:
    return out / f"shard-{shard:05d}.zip", out / f"shard-{shard:05d}.jsonl"


def _flac_bytes(audio: Audio) -> bytes:
    samples = np.round(audio.T * FULL_SCALE).astype(np.int16)
    stream = io.BytesIO()
    soundfile.write(stream, samples, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    return stream.getvalue()


def _flac_audio(content: bytes) -> Audio:
    samples, _ = soundfile.read(io.BytesIO(content), dtype="int16", always_2d=True)
    return np.ascontiguousarray(samples.T, np.float32) / np.float32(FULL_SCALE)


def _member(number: int) -> str:
    return f"{number:08d}.flac"


def _build_shard(out: Path, shard: int, count: int, seed: int, only: tuple[str, ...]) -> int:
    """Render one shard; the text comes last, so that its presence means a whole shard."""
    sounds = io.BytesIO()
    lines: list[str] = []
    first = shard * CLIPS_PER_SHARD
    with zipfile.ZipFile(sounds, "w") as archive:  # FLAC does not compress any further
        for number in range(first, min(first + CLIPS_PER_SHARD, count)):
            clip_seed = seed * SEED_STRIDE + number
            clip = render_clip(clip_seed, only=only)
            archive.writestr(zipfile.ZipInfo(_member(number)), _flac_bytes(clip.audio))
            facts = {
                "number": number,
                "seed": clip_seed,
                "seconds": clip.seconds,
                "attributes": clip.attributes.as_json(),
                "captions": [*clip.captions, *clip.wordings],
            }
            lines.append(json.dumps(facts, ensure_ascii=False) + "\n")
    sound_path, text_path = _shard_paths(out, shard)
    with interrupts_held():
        write_whole(sound_path, sounds.getvalue())
        write_whole(text_path, "".join(lines).encode())
    return len(lines)


def _check_description(out: Path, wanted: dict[str, Any]) -> None:
    """Refuse to mix clips of two data sets in one folder.

    Raises:
        SoundletError: the folder holds another data set, or something that is none.
    """
    path = out / DESCRIPTION
    if not path.exists():
        strangers = [p.name for p in out.iterdir() if not p.name.startswith(".")]
        if strangers:
            raise SoundletError(
                f"{out} is not empty and holds no {DESCRIPTION} (first: {min(strangers)}):"
                " name a new folder"
            )
        write_whole(path, json.dumps(wanted, indent=2).encode())
        return
    try:
        found: Any = json.loads(path.read_text())
    except json.JSONDecodeError as e:
        raise SoundletError(f"{path} is not JSON ({e}): name a new folder") from e
    if not isinstance(found, dict) or {**found, "count": 0} != {**wanted, "count": 0}:
        raise SoundletError(
            f"{out} holds a data set with {found}, not {wanted}: name a new folder, or ask for"
            " the same seed with the same version of soundlet"
        )
    if found.get("count") != wanted["count"]:
        _forget_partial_shard(out, int(found["count"]))
        write_whole(path, json.dumps(wanted, indent=2).encode())


def _forget_partial_shard(out: Path, old_count: int) -> None:
    """The last shard may hold fewer clips than it will after the count has grown."""
    if old_count % CLIPS_PER_SHARD:
        for path in reversed(_shard_paths(out, old_count // CLIPS_PER_SHARD)):
            path.unlink(missing_ok=True)


def _missing_shards(out: Path, count: int) -> list[int]:
    n_shards = -(-count // CLIPS_PER_SHARD)
    return [s for s in range(n_shards) if not all(p.exists() for p in _shard_paths(out, s))]


def build_dataset(
    out: Path,
    count: int,
    seed: int,
    workers: int = 1,
    on_progress: Progress | None = None,
    *,
    only: Sequence[str] = (),
) -> None:
    """Render `count` clips into `out`; what is there already is kept.

    Args:
        out: folder, made if missing; an unfinished data set in it is continued, and a finished
            one may be asked for again with a higher count.
        count: number of clips.
        seed: the data set's seed, from 0 to MAX_SEED; data sets of different seeds share no clip,
            and none shares one with an evaluation.
        workers: processes.
        on_progress: told about each finished shard.
        only: names of sound effects and instruments, such as "fire" and "flute": each clip is of
            one of them. Empty: clips are of all kinds.

    Raises:
        SoundletError: an argument is out of range, a name is none, or the folder holds something
            else.
    """
    if workers < 1 or not 1 <= count <= SEED_STRIDE or not 0 <= seed <= MAX_SEED:
        raise SoundletError(
            f"count {count}, seed {seed}, workers {workers}: count must be from 1 to {SEED_STRIDE},"
            f" seed from 0 to {MAX_SEED}, workers 1 or more"
        )
    for name in only:
        if name not in SOURCES and name not in INSTRUMENTS:
            raise SoundletError(
                f"{name!r} is no sound effect and no instrument; there are"
                f" {', '.join(sorted([*SOURCES, *INSTRUMENTS]))}"
            )
    make_folder(out)
    described = {"count": count, "seed": seed, "renderer": RENDERER_VERSION}
    _check_description(out, {**described, "only": list(only)} if only else described)
    missing = _missing_shards(out, count)
    absent = sum(min(CLIPS_PER_SHARD, count - s * CLIPS_PER_SHARD) for s in missing)
    done = count - absent
    if workers == 1:
        for shard in missing:
            done += _build_shard(out, shard, count, seed, tuple(only))
            if on_progress is not None:
                on_progress(done, count)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=end_at_interrupt)
    try:
        with interrupts_held():  # the pool starts its processes as it is given work
            futures: list[Future[int]] = [
                pool.submit(_build_shard, out, shard, count, seed, tuple(only)) for shard in missing
            ]
        for future in as_completed(futures):
            done += future.result()
            if on_progress is not None:
                on_progress(done, count)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def read_dataset(folder: Path) -> Iterator[StoredClip]:
    """The clips of a data set in order, one shard in memory at a time.

    Raises:
        SoundletError: the folder holds no data set, or a shard is missing.
    """
    path = folder / DESCRIPTION
    if not path.exists():
        raise SoundletError(f"{folder} holds no {DESCRIPTION}: build it with build_dataset")
    count = int(json.loads(path.read_text())["count"])
    missing = _missing_shards(folder, count)
    if missing:
        raise SoundletError(
            f"{folder} lacks {len(missing)} shards (first: {missing[0]}): build it to the end"
        )
    for shard in range(-(-count // CLIPS_PER_SHARD)):
        sound_path, text_path = _shard_paths(folder, shard)
        with zipfile.ZipFile(sound_path) as archive:
            for line in text_path.read_text().splitlines():
                facts = json.loads(line)
                if facts["number"] >= count:
                    break
                yield StoredClip(
                    number=facts["number"],
                    audio=_flac_audio(archive.read(_member(facts["number"]))),
                    seconds=facts["seconds"],
                    attributes=Attributes.from_json(facts["attributes"]),
                    captions=tuple(facts["captions"]),
                )
