"""The rulers that are fitted to real renders: of kind, family, source, tempo, key and space."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from soundlet.evaluation.classifier import Classifier, fit_classifier
from soundlet.evaluation.embedding import Embedding, fit_embedding
from soundlet.evaluation.key import KeyRuler, fit_key_ruler
from soundlet.evaluation.prompts import BEATS, LINES, SOLO, TONAL
from soundlet.evaluation.reference import ReferenceClip
from soundlet.evaluation.spectra import Array
from soundlet.evaluation.tempo import TempoRuler, fit_tempo_ruler
from soundlet.training.dataset.attributes import Attributes
from soundlet.vocabulary.instruments import INSTRUMENTS

SHORTEST = 1.5  # seconds of a sound that says something of tempo and key


@dataclass(frozen=True)
class Rulers:
    """What reads kind, instrument, source, tempo and key off a sound, and places it.

    Attributes:
        kind: features to the kind of clip.
        family: features of a single instrument to its family.
        source: features of a one-shot or effect to what sounds.
        beats: tempo of drum loops and full arrangements.
        lines: tempo of single tonal parts.
        key: notes to the key.
        embedding: features to coordinates.
    """

    kind: Classifier
    family: Classifier
    source: Classifier
    beats: TempoRuler
    lines: TempoRuler
    key: KeyRuler
    embedding: Embedding


def fit_rulers(clips: Sequence[ReferenceClip]) -> Rulers:
    """Fit every ruler to measured renders; takes seconds."""
    return Rulers(
        kind=_classifier(clips, lambda facts: facts.kind),
        family=_classifier(clips, family_of),
        source=_classifier(clips, source_of),
        beats=_tempo(clips, BEATS),
        lines=_tempo(clips, LINES),
        key=_key(clips),
        embedding=fit_embedding(_features(clips)),
    )


def family_of(facts: Attributes) -> str | None:
    """The family of the instrument that plays alone in a clip."""
    return INSTRUMENTS[facts.instruments[0]].family if facts.kind in SOLO else None


def source_of(facts: Attributes) -> str | None:
    """What sounds; a bell is a bell, be it called one-shot or effect."""
    return facts.source


def _features(clips: Sequence[ReferenceClip]) -> Array:
    return np.stack([clip.features for clip in clips])


def _classifier(
    clips: Sequence[ReferenceClip], label: Callable[[Attributes], str | None]
) -> Classifier:
    named = [(clip, name) for clip in clips if (name := label(clip.facts)) is not None]
    return fit_classifier(_features([clip for clip, _ in named]), [name for _, name in named])


def _tempo(clips: Sequence[ReferenceClip], kinds: Sequence[str]) -> TempoRuler:
    known = [
        (clip.readings, clip.features, clip.facts.bpm)
        for clip in clips
        if clip.facts.kind in kinds and clip.seconds >= SHORTEST
        if clip.readings is not None and clip.facts.bpm is not None
    ]
    readings, features, bpm = zip(*known, strict=True)
    return fit_tempo_ruler(readings, np.stack(features), bpm)


def _key(clips: Sequence[ReferenceClip]) -> KeyRuler:
    known = [
        (clip.views, clip.facts.key)
        for clip in clips
        if clip.facts.kind in TONAL and clip.seconds >= SHORTEST
        if clip.views is not None and clip.facts.key is not None
    ]
    views, keys = zip(*known, strict=True)
    return fit_key_ruler(views, keys)
