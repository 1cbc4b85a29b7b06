"""The client's calls for loops and edits: what the library makes, and what is said of a fault."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import soundlet
from soundlet.client import Client, Job, ServerRefusedError
from soundlet.editing import BlendRequest, apply, request_from_json
from soundlet.errors import AudioError
from soundlet.loops import loop_request
from soundlet.tempo import Grid
from tests.end_to_end.server.conftest import Server
from tests.end_to_end.server.requests import sound_file

TONE = (np.sin(np.arange(900)[:, None] / 10) / 2).repeat(2, axis=1).astype(np.float32)
AUDIO = sound_file(TONE, subtype="FLOAT")
GRID: dict[str, Any] = {"bpm": 240, "bars": 1, "beats_per_bar": 1}

EDITS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "restyle": (("clap",), {"strength": 0.6, "seed": 4}),
    "variation": (("clap",), {"seed": 4}),
    "inpaint": (("clap",), {"regions": [(0.005, 0.01)], "resamplings": 2, "seed": 4}),
    "outpaint": (("clap",), {"after": 0.01, "crossfade": 0.001, "seed": 4}),
    "blend": (("clap",), {"other": "rain", "share": 0.25, "seed": 4}),
    "one_shot": ((), {"longest": 0.1}),
}
"""The prompt, where there is one, and the fields of each edit."""


def samples_of(data: bytes) -> np.ndarray[Any, Any]:
    """(channels, samples) of a sound file."""
    samples: np.ndarray[Any, Any] = soundfile.read(
        io.BytesIO(data), dtype="float32", always_2d=True
    )[0]
    return samples.T


def call(client: Client, name: str) -> Callable[..., bytes]:
    """The method of that name, which waits for a sound."""
    method: Callable[..., bytes] = getattr(client, name)
    return method


def submitted(client: Client, name: str) -> Callable[..., Job]:
    """The method that queues the same."""
    method: Callable[..., Job] = getattr(client, f"submit_{name}")
    return method


@pytest.mark.parametrize("operation", EDITS)
def test_an_edit_is_what_the_library_makes(server: Server, tiny: Path, operation: str) -> None:
    prompt, fields = EDITS[operation]
    data = call(server.client, operation)(AUDIO, *prompt, bits="32f", **fields)
    told = {"operation": operation, **({"prompt": prompt[0]} if prompt else {}), **fields}
    clip = apply(soundlet.load(tiny, threads=1), request_from_json(told, (TONE.T, 44100)))
    assert np.array_equal(samples_of(data), clip.audio)


def test_a_loop_is_what_the_library_makes(server: Server, tiny: Path) -> None:
    data = server.client.loop("kick", bits="32f", seed=2, **GRID)
    request = loop_request("kick", Grid(**GRID), 44100, seed=2)
    clip = soundlet.load(tiny, threads=1).generate(request)
    assert np.array_equal(samples_of(data), clip.audio)
    assert b"smpl" in data


def test_a_loop_takes_its_tempo_from_the_prompt(server: Server) -> None:
    prompt = "techno, drum loop, 240 BPM"
    told = server.client.loop(prompt, bars=1, beats_per_bar=1, seed=2)
    assert told == server.client.loop(prompt, seed=2, **GRID)
    job = server.client.submit_loop(prompt, bars=1, beats_per_bar=1, seed=2)
    assert job.request["bpm"] == 240


def test_a_blend_may_move_from_the_one_prompt_to_the_other(server: Server, tiny: Path) -> None:
    blend: dict[str, Any] = {"prompt": "clap", "other": "rain", "share": (0, 1), "seed": 4}
    data = server.client.blend(AUDIO, bits="32f", **blend)
    clip = apply(soundlet.load(tiny, threads=1), BlendRequest(audio=(TONE.T, 44100), **blend))
    assert np.array_equal(samples_of(data), clip.audio)


def test_a_blend_may_be_made_without_a_sound(server: Server, tiny: Path) -> None:
    blend: dict[str, Any] = {"prompt": "clap", "other": "rain", "seconds": 0.02, "seed": 4}
    data = server.client.blend(None, bits="32f", **blend)
    clip = apply(soundlet.load(tiny, threads=1), BlendRequest(**blend))
    assert np.array_equal(samples_of(data), clip.audio)
    job = server.client.submit_blend(None, **blend)
    assert server.client.wait(job.id).state == "done"


@pytest.mark.parametrize("operation", [*EDITS, "loop"])
def test_a_job_of_it_makes_the_same_sound(server: Server, operation: str) -> None:
    prompt, fields = EDITS.get(operation, (("kick",), {**GRID, "seed": 2}))
    given = prompt if operation == "loop" else (AUDIO, *prompt)
    job = submitted(server.client, operation)(*given, **fields)
    assert (job.operation, job.is_over) == (operation, False)
    assert server.client.wait(job.id).state == "done"
    data = call(server.client, operation)(*given, format="flac", **fields)
    assert server.client.audio(job.id, format="flac") == data


def test_a_sound_may_be_a_file(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    path.write_bytes(AUDIO)
    from_bytes = server.client.restyle(AUDIO, "clap", seed=4)
    assert server.client.restyle(path, "clap", seed=4) == from_bytes
    assert server.client.restyle(str(path), "clap", seed=4) == from_bytes


@pytest.mark.parametrize("place", ["nothing.wav", "."])
def test_a_file_that_cannot_be_read_is_named(server: Server, tmp_path: Path, place: str) -> None:
    path = tmp_path / place
    with pytest.raises(AudioError) as error:
        server.client.one_shot(path)
    assert str(error.value).startswith(f"{path} cannot be read: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("operation", "audio", "fields", "field"),
    [
        ("restyle", None, {"prompt": "clap"}, "audio"),
        ("inpaint", AUDIO, {"prompt": "clap", "regions": [(0.0, 9.0)]}, "regions"),
        ("outpaint", AUDIO, {"prompt": "clap"}, "before"),
        ("restyle", AUDIO, {"prompt": " "}, "prompt"),
        ("blend", AUDIO, {"prompt": "clap", "othr": "rain"}, "other"),
        ("one_shot", b"no sound", {}, "audio"),
    ],
)
def test_what_is_wrong_with_an_edit_is_named(
    server: Server, operation: str, audio: bytes | None, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(ServerRefusedError) as refused:
        call(server.client, operation)(audio, **fields)
    assert (refused.value.status, refused.value.field) == (422, field)


def test_a_loop_without_a_tempo_is_refused(server: Server) -> None:
    with pytest.raises(ServerRefusedError) as refused:
        call(server.client, "loop")("kick", bars=1)
    assert (refused.value.status, refused.value.field) == (422, "bpm")


def test_a_sound_that_is_too_large_is_refused_and_the_reason_arrives(server: Server) -> None:
    with pytest.raises(ServerRefusedError, match="bytes at most") as refused:
        server.client.restyle(bytes(40 * 2**20), "clap")
    assert refused.value.status == 413
