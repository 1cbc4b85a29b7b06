"""Playing sound while it is made: through PortAudio, or a player that the system has."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import numpy as np

from soundlet.audio import Audio
from soundlet.errors import AudioError, first_line

PLAYERS: dict[str, Callable[[int, int], list[str]]] = {
    "pw-play": lambda rate, channels: [
        f"--rate={rate}",
        f"--channels={channels}",
        "--format=f32",
        "-",
    ],
    "paplay": lambda rate, channels: [
        "--raw",
        f"--rate={rate}",
        f"--channels={channels}",
        "--format=float32le",
    ],
    "aplay": lambda rate, channels: [
        "-q",
        "-t",
        "raw",
        "-f",
        "FLOAT_LE",
        f"-r{rate}",
        f"-c{channels}",
    ],
    "ffplay": lambda rate, channels: [
        "-loglevel",
        "error",
        "-nodisp",
        "-autoexit",
        *("-f", "f32le", "-ar", str(rate), "-ch_layout", "mono" if channels == 1 else "stereo"),
        "-",
    ],
}
"""Programs that play raw 32-bit samples from stdin, and their options for a rate and channels."""

FFPLAY_FAILURE = "audio open failed"  # it ends with code 0 where there is no device


class Player:
    """Plays pieces of sound one after the other; `with` waits until the last one is heard."""

    def __init__(self, sample_rate: int, channels: int) -> None:
        """Open the sound output.

        Args:
            sample_rate: in Hz.
            channels: 1 or 2.

        Raises:
            AudioError: nothing on this machine plays sound.
        """
        self._stream = _portaudio(sample_rate, channels)
        self._process = None if self._stream else _program(sample_rate, channels)

    def write(self, piece: Audio) -> None:
        """Play the next samples, (channels, samples) in [-1, 1]; what is louder is turned down.

        Raises:
            AudioError: the device is gone, or the player has ended.
        """
        peak = float(np.abs(piece).max(initial=0.0))
        samples = np.ascontiguousarray(piece.T / max(peak, 1.0), "<f4")
        if self._stream is not None:
            with _errors_told():
                self._stream.write(samples)
            return
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(samples.tobytes())
            self._process.stdin.flush()
        except BrokenPipeError as e:
            raise AudioError(f"playing failed: {self._said()}") from e

    def __enter__(self) -> Player:
        """The player itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for the end of the sound, or stop at once after an error."""
        if self._stream is not None:
            try:
                if kind is None:
                    with _errors_told():
                        self._stream.stop(ignore_errors=False)
            finally:
                self._stream.close()  # what is left to play is dropped
            return
        assert self._process is not None
        if kind is not None:
            self._process.kill()
        said = self._said()
        if kind is None and (self._process.returncode or FFPLAY_FAILURE in said):
            raise AudioError(f"playing failed: {said}")

    def _said(self) -> str:
        assert self._process is not None
        try:
            _, said = self._process.communicate()
        except (BrokenPipeError, ValueError):
            said = b""
            self._process.wait()
        lines = said.decode(errors="replace").strip().splitlines()
        lines = [line for line in lines if FFPLAY_FAILURE in line] or lines
        return lines[-1] if lines else f"the player ended with code {self._process.returncode}"


def _portaudio(sample_rate: int, channels: int) -> Any:  # noqa: ANN401 - of an optional library
    try:
        import sounddevice
    except (ImportError, OSError):  # the second where the PortAudio library is missing
        return None
    try:
        stream = sounddevice.OutputStream(sample_rate, channels=channels, dtype="float32")
        stream.start()
    except sounddevice.PortAudioError:
        return None
    return stream


@contextmanager
def _errors_told() -> Iterator[None]:
    """Raises AudioError for what PortAudio says."""
    import sounddevice

    try:
        yield
    except sounddevice.PortAudioError as e:
        raise AudioError(f"playing failed: {first_line(e)}") from e


def _program(sample_rate: int, channels: int) -> subprocess.Popen[bytes]:
    for name, options in PLAYERS.items():
        path = shutil.which(name)
        if path is not None:
            return subprocess.Popen(
                [path, *options(sample_rate, channels)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
    raise AudioError(
        "nothing on this machine plays sound: run `pip install 'soundlet[play]'`, or install one"
        f" of {', '.join(PLAYERS)}"
    )
