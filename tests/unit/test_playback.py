"""What goes wrong while a sound is played is told."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from soundlet.audio import Audio
from soundlet.errors import AudioError
from soundlet.playback import PLAYERS, Player


def test_ffplay_without_a_device_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = tmp_path / "ffplay"
    said = "No more combinations to try, audio open failed"
    script = f"cat > /dev/null; echo {said} >&2; echo Failed to open file >&2"
    player.write_text(f"#!/bin/sh\n{script}\n")
    player.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr("soundlet.playback._portaudio", lambda _rate, _channels: None)
    monkeypatch.setattr("soundlet.playback.PLAYERS", {"ffplay": PLAYERS["ffplay"]})
    with pytest.raises(AudioError, match=f"playing failed: {said}"), Player(44100, 2) as playing:
        playing.write(np.zeros((2, 100), np.float32))


class PortAudioError(Exception):
    """As that of sounddevice."""


class Device:
    """A stream of sounddevice that fails in one of its steps, and tells what was asked of it."""

    def __init__(self, fails_at: str) -> None:
        self.fails_at, self.steps = fails_at, [""]

    def start(self) -> None:
        self._step("start")

    def write(self, samples: Audio) -> None:
        assert samples.shape == (100, 2)
        self._step("write")

    def stop(self, ignore_errors: bool = True) -> None:
        self._step("" if ignore_errors else "stop")

    def close(self) -> None:
        self._step("close")

    def _step(self, name: str) -> None:
        self.steps.append(name)
        if name == self.fails_at:
            raise PortAudioError("Device unavailable [PaErrorCode -9985]")


@pytest.mark.parametrize("fails_at", ["write", "stop"])
def test_a_device_that_fails_while_it_plays_is_told_and_closed(
    monkeypatch: pytest.MonkeyPatch, fails_at: str
) -> None:
    device = Device(fails_at)
    module = SimpleNamespace(PortAudioError=PortAudioError, OutputStream=lambda *_, **__: device)
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    told = "playing failed: Device unavailable"
    with pytest.raises(AudioError, match=told), Player(44100, 2) as playing:
        playing.write(np.zeros((2, 100), np.float32))
    assert device.steps[-2:] == [fails_at, "close"]
