"""What a describing word promises about the sound, and which promises go together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

Range = tuple[float, float]


@dataclass(frozen=True)
class Traits:
    """Promises that the renderer keeps; None or empty means that nothing is promised.

    Attributes:
        tempo: BPM.
        mode: "major" or "minor".
        register: -1 for low, 1 for high.
        loudness: how hard the notes are struck, 0 to 1.
        busy: 0 is sparse, 1 is dense: drum layers, note values.
        swing: share of each pair of sixteenths that the first takes, 0.5 is straight.
        gate: length of notes against their written length.
        low_pass: cutoff in Hz.
        high_pass: cutoff in Hz.
        lift: level of extra treble above 3 kHz.
        body: level of extra bass below 160 Hz.
        drive: saturation, 1 is a fuzz.
        reverb_wet: share of reverb.
        reverb_size: 0 is a small room, 1 a cathedral.
        delay_wet: level of the first echo.
        devices: names of the processors in `processing.DEVICES`.
    """

    tempo: Range | None = None
    mode: str | None = None
    register: int | None = None
    loudness: Range | None = None
    busy: Range | None = None
    swing: Range | None = None
    gate: Range | None = None
    low_pass: Range | None = None
    high_pass: Range | None = None
    lift: Range | None = None
    body: Range | None = None
    drive: Range | None = None
    reverb_wet: Range | None = None
    reverb_size: Range | None = None
    delay_wet: Range | None = None
    devices: tuple[str, ...] = ()


OPPOSITES = (("low_pass", "lift"), ("high_pass", "body"))
SWEEPS = ("opening filter", "closing filter")
RIVAL_DEVICES = (SWEEPS, ("wide", "mono"))
NAMES = tuple(field.name for field in fields(Traits))


def joined(parts: Iterable[Traits]) -> Traits | None:
    """All promises together, or None where two of them speak about the same property."""
    values: dict[str, object] = {}
    devices: tuple[str, ...] = ()
    for part in parts:
        if set(devices) & set(part.devices):
            return None
        devices += part.devices
        for name in NAMES[:-1]:
            value = getattr(part, name)
            if value is not None:
                if name in values:
                    return None
                values[name] = value
    if any(one in values and other in values for one, other in OPPOSITES):
        return None
    if any(one in devices and other in devices for one, other in RIVAL_DEVICES):
        return None
    if set(devices) & set(SWEEPS) and ("low_pass" in values or "high_pass" in values):
        return None
    return Traits(**values, devices=devices)  # type: ignore[arg-type]
