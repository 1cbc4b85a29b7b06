"""Everything that is measured of one sound, before any ruler judges it."""

from __future__ import annotations

from dataclasses import dataclass

from soundlet.evaluation.classifier import Matrix
from soundlet.evaluation.features import sound_features
from soundlet.evaluation.key import note_views
from soundlet.evaluation.length import is_clipped, onset_seconds, sounding_seconds
from soundlet.evaluation.spectra import Array
from soundlet.evaluation.tempo import Readings, tempo_readings


@dataclass(frozen=True)
class Measured:
    """A sound in numbers.

    Attributes:
        features: for classifiers and distances.
        readings: what its tempo may be.
        views: which notes it has.
        onset: seconds of silence before it.
        sounding: seconds until it has ended for good.
        is_clipped: whether its waveform is cut off at full scale.
    """

    features: Array
    readings: Readings
    views: Matrix
    onset: float
    sounding: float
    is_clipped: bool


def measure(audio: Array) -> Measured:
    """Measure a sound, (2, samples) at 44.1 kHz."""
    return Measured(
        features=sound_features(audio),
        readings=tempo_readings(audio),
        views=note_views(audio),
        onset=onset_seconds(audio),
        sounding=sounding_seconds(audio),
        is_clipped=is_clipped(audio),
    )
