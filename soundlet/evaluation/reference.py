"""Real renders, measured once and kept: what the rulers are fitted to.

The file that keeps them is named after the code that makes and measures the renders, and after all
that this imports, so a change of either makes a new one.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import secrets
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import soundlet
from soundlet.evaluation.classifier import Matrix
from soundlet.evaluation.features import sound_features
from soundlet.evaluation.key import note_views
from soundlet.evaluation.spectra import Array
from soundlet.evaluation.tempo import Readings, tempo_readings
from soundlet.training.dataset.attributes import Attributes
from soundlet.training.dataset.render import render_clip

Progress = Callable[[int, int], None]

FIRST_SEED = 10**18  # of a render; training uses seeds far below, the prompts seeds above
KIND_SHARES = {
    "drum_loop": 0.14,
    "arrangement": 0.10,
    "bass_line": 0.07,
    "chords": 0.11,
    "arpeggio": 0.09,
    "melody": 0.14,
    "pad": 0.06,
    "one_shot": 0.13,
    "sound_effect": 0.16,
}


@dataclass(frozen=True)
class ReferenceClip:
    """A measured render.

    Attributes:
        facts: what is true of it.
        seconds: its length.
        features: for classifiers and distances.
        readings: what its tempo may be; None for sounds without one.
        views: which notes it has; None for sounds without a key.
    """

    facts: Attributes
    seconds: float
    features: Array
    readings: Readings | None
    views: Matrix | None


def reference_clips(
    count: int, on_progress: Progress | None = None, folder: Path | None = None
) -> list[ReferenceClip]:
    """About `count` measured renders of all kinds.

    Those that were kept, if they can be read; else they are made, and kept if they can be.

    Args:
        count: how many, split by `KIND_SHARES`.
        on_progress: called with (renders done, renders in all) while they are made.
        folder: where they are kept. None: the user's cache.
    """
    path = _place(folder) / f"reference-{count}-{_fingerprint()}.npz"
    kept = _read(path)
    if kept is not None:
        return kept
    kinds = [kind for kind, share in KIND_SHARES.items() for _ in range(round(share * count))]
    clips = []
    for i, kind in enumerate(kinds):
        clips.append(_measured(FIRST_SEED + i, kind))
        if on_progress is not None:
            on_progress(i + 1, len(kinds))
    with suppress(OSError):
        _write(path, clips)
    return clips


def _measured(seed: int, kind: str) -> ReferenceClip:
    clip = render_clip(seed, kind)
    has_tempo, has_key = clip.attributes.bpm is not None, _has_key(clip.attributes)
    return ReferenceClip(
        facts=clip.attributes,
        seconds=clip.seconds,
        features=sound_features(clip.audio),
        readings=tempo_readings(clip.audio) if has_tempo else None,
        views=note_views(clip.audio) if has_key else None,
    )


def _has_key(facts: Attributes) -> bool:
    return facts.key is not None and facts.bpm is not None


def _place(folder: Path | None) -> Path:
    if folder is not None:
        return folder
    from platformdirs import user_cache_path

    return user_cache_path("soundlet", appauthor=False) / "evaluation"


def _fingerprint() -> str:
    """Twelve digits that change when the renderer or the measures do."""
    digest = hashlib.sha256()
    for file in _code():
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _code() -> list[Path]:
    """This file, those of the package that it imports, those that they import, and so on."""
    package = Path(soundlet.__file__).parent
    found: set[Path] = set()
    waiting = [package / "evaluation" / "reference.py"]
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += _imported(file, package)
    return sorted(found)


def _imported(file: Path, package: Path) -> Iterator[Path]:
    """The files of the package's modules that a file names in its imports."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}", *(f"{node.module}.{each.name}" for each in node.names)]
        elif isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        else:
            continue
        for name in names:
            top, *inner = name.split(".")
            if top == package.name and inner:
                place = package.joinpath(*inner)
                yield from filter(Path.is_file, (place.with_suffix(".py"), place / "__init__.py"))


def _write(path: Path, clips: Sequence[ReferenceClip]) -> None:
    """Keep `clips`, whole or not at all."""
    arrays: dict[str, Any] = {"features": np.stack([clip.features for clip in clips])}
    facts = []
    for i, clip in enumerate(clips):
        plain = clip.readings.plain if clip.readings else None
        facts.append({**clip.facts.as_json(), "seconds": clip.seconds, "plain": plain})
        if clip.readings is not None:
            arrays[f"bpm{i}"], arrays[f"evidence{i}"] = clip.readings.bpm, clip.readings.evidence
        if clip.views is not None:
            arrays[f"views{i}"] = clip.views
    arrays["facts"] = np.frombuffer(json.dumps(facts).encode(), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(4)}.part")
    try:
        with temporary.open("wb") as file:
            np.savez(file, **arrays)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _read(path: Path) -> list[ReferenceClip] | None:
    """What is kept there; None: nothing, or nothing that can be read."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return _clips(dict(stored))
    except (OSError, EOFError, zipfile.BadZipFile, ValueError, KeyError, TypeError, IndexError):
        return None


def _clips(arrays: dict[str, Any]) -> list[ReferenceClip]:
    """The inverse of what `_write` makes of clips."""
    clips = []
    for i, fields in enumerate(json.loads(arrays["facts"].tobytes())):
        seconds, plain = fields.pop("seconds"), fields.pop("plain")
        readings = None
        if plain is not None:
            readings = Readings(plain, arrays[f"bpm{i}"], arrays[f"evidence{i}"])
        clips.append(
            ReferenceClip(
                facts=Attributes.from_json(fields),
                seconds=seconds,
                features=arrays["features"][i],
                readings=readings,
                views=arrays.get(f"views{i}"),
            )
        )
    return clips
