"""Two hundred hostile uploads: each is refused with a reason, in bounded memory."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from soundlet.server.metrics import resident_bytes
from tests.end_to_end.server.conftest import Server
from tests.end_to_end.server.requests import edit, sound_file

MEMORY = 400 * 2**20  # bytes that a worker may grow by; a bomb below unpacks to gigabytes


def wav(
    data: bytes,
    *,
    channels: int = 2,
    rate: int = 44100,
    bits: int = 16,
    size: int | None = None,
    kind: int = 1,
) -> bytes:
    """A WAV file whose header says what it is told to."""
    frame = max(1, channels * bits // 8)
    form = struct.pack("<HHIIHH", kind, channels, rate, rate * frame % 2**32, frame % 2**16, bits)
    size = len(data) if size is None else size
    body = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", size) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def with_flac_frames(flac: bytes, n_samples: int) -> bytes:
    """A FLAC file whose header claims so many samples."""
    data = bytearray(flac)
    packed = int.from_bytes(data[18:26], "big")
    packed = (packed & ~(2**36 - 1)) | n_samples
    data[18:26] = packed.to_bytes(8, "big")
    return bytes(data)


def hostile() -> Iterator[tuple[str, bytes]]:
    """Every upload, with what is wrong with it."""
    rng = np.random.default_rng(0)
    tone = (np.sin(np.arange(4410)[:, None] / 10) / 2).repeat(2, axis=1)
    good = {
        "wav": sound_file(tone),
        "flac": sound_file(tone, format="FLAC"),
        "ogg": sound_file(tone, format="OGG", subtype="VORBIS"),
        "mp3": sound_file(tone, format="MP3", subtype="MPEG_LAYER_III"),
    }
    for name in ("wav", "flac", "ogg"):
        data = good[name]
        for share in np.linspace(0, 0.6, 12):
            yield f"{name} cut at {share:.2f}", data[: int(len(data) * share)]
    for i in range(50):
        yield f"noise {i}", rng.bytes(int(rng.integers(0, 5000)))
    for magic in (b"RIFF", b"fLaC", b"OggS", b"ID3", b"\xff\xfb\x90", b"FORM", b".snd", b"caff"):
        for i in range(4):
            yield f"{magic!r} and noise {i}", magic + rng.bytes(500 + 200 * i)
    texts = ["", "hello", "<script>", "{}", "\0" * 1000, "../../etc/passwd", "GIF89a", "%PDF-1.7"]
    for text in texts:
        yield f"text {text[:10]!r}", text.encode()
    silence = np.zeros((2**20, 2), np.int16)  # compresses to a few kilobytes
    flac = sound_file(silence, format="FLAC")
    for n_samples in (2**36 - 1, 2**35, 2**32, 2**31, 10**9, 10**8, 2**26, 2**25):
        yield f"flac that claims {n_samples} samples", with_flac_frames(flac, n_samples)
    for seconds in (700, 1200, 2400):
        long = np.zeros((8000 * seconds, 1), np.int16)
        yield f"flac of {seconds} s of silence", sound_file(long, 8000, "FLAC")
    for channels in (3, 4, 5, 6, 8):
        yield f"{channels} channels", sound_file(np.full((4410, channels), 0.1), format="FLAC")
    for channels in (16, 32, 64, 255, 1024, 65535):
        yield f"{channels} channels", wav(bytes(2 * channels * 10), channels=channels)
    for rate in (0, 1, 100, 3999, 192_001, 384_000, 768_000, 2**31 - 1, 2**32 - 1):
        yield f"{rate} Hz", wav(bytes(4 * 4410), rate=rate)
    yield "192 kHz for too long", wav(b"", rate=192_000, size=2**31)
    for samples in (1, 2, 10, 100, 400):
        yield f"{samples} samples", sound_file(np.full((samples, 2), 0.1))
    for size in (2**32 - 2, 2**31, 2**30):
        yield f"wav that claims {size} bytes", wav(bytes(8000), size=size)
    for value in (np.nan, np.inf, -np.inf, 1e38, 100.0):
        for place in (0, 2000, -1):
            samples = tone.astype(np.float32)
            samples[place] = value
            yield f"{value} at {place}", sound_file(samples, subtype="FLOAT")
    for bits in (0, 1, 3, 7, 13, 128, 65535):
        yield f"{bits} bits", wav(bytes(8000), bits=bits)
    for kind in (0, 2, 17, 0x55, 0x1234, 0xFFFE):
        yield f"wav of kind {kind}", wav(bytes(200), kind=kind, channels=0)
    chunk = b"RIFF" + struct.pack("<I", 2**31) + b"WAVE" + b"junk" + struct.pack("<I", 2**31 - 1)
    for i in range(5):
        yield f"huge chunk {i}", chunk + bytes(1000 * i)
    picture = struct.pack(">I", 2**24 - 1)[1:]
    for i in range(5):
        yield f"huge picture in a flac {i}", b"fLaC\x06" + picture + bytes(1000 * i)
    id3 = b"ID3\x04\0\0\x7f\x7f\x7f\x7f"
    for i in range(5):
        yield f"huge tag in an mp3 {i}", id3 + bytes(1000 * i)


def test_hostile_uploads_are_refused_with_a_reason_in_bounded_memory(server: Server) -> None:
    (pid,) = server.workers()
    before = resident_bytes(pid)
    uploads = list(hostile())
    assert len(uploads) >= 200
    most, taken = 0.0, []
    for what, data in uploads:
        status, answer = edit(server, "restyle", {"prompt": "clap", "seed": 1}, data)
        if not 400 <= status < 500:
            taken.append((what, status, answer[:100]))
            continue
        problem = json.loads(answer)
        assert problem["type"] in ("urn:soundlet:audio", "urn:soundlet:body"), (what, problem)
        assert len(problem["detail"]) > 10
        most = max(most, resident_bytes(pid))
    assert not taken
    assert server.workers() == [pid], "an upload ended the worker"
    assert most - before < MEMORY


@pytest.mark.parametrize("rate", [8000, 48_000, 192_000])
def test_sounds_of_other_rates_are_welcome(server: Server, tiny: Path, rate: int) -> None:
    del tiny
    tone = np.sin(np.arange(rate // 50) / 10)[:, None] / 2
    status, data = edit(server, "restyle", {"prompt": "clap", "seed": 1}, sound_file(tone, rate))
    assert (status, data[:4]) == (200, b"RIFF")
