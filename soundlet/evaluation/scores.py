"""What the rulers hear in sounds, and how often that is what was asked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from soundlet.evaluation.key import estimate_key, key_index, share_in_scale
from soundlet.evaluation.measure import Measured
from soundlet.evaluation.prompts import BEATS, LINES, Prompt
from soundlet.evaluation.rulers import Rulers
from soundlet.evaluation.tempo import WITHIN, tempo_error

AT_ONCE = 0.05  # seconds before a sound begins
QUIET_AFTER_DB = -50.0
CONFIDENCE = 1.96  # standard deviations of a 95 % interval


@dataclass(frozen=True)
class Heard:
    """What the rulers say of one sound; None where the prompt did not ask.

    Attributes:
        kind: of clip.
        family: of the instrument.
        source: of a one-shot or effect.
        bpm: tempo by the fitted ruler.
        plain_bpm: tempo by rule alone.
        key: by the fitted ruler.
        plain_key: by the Krumhansl profiles.
        in_scale: share of the notes that belong to the key asked for.
        onset: seconds of silence before the sound.
        sounding: seconds until it has ended for good.
        is_clipped: whether its waveform is cut off at full scale.
    """

    kind: str
    family: str | None
    source: str | None
    bpm: float | None
    plain_bpm: float | None
    key: str | None
    plain_key: str | None
    in_scale: float | None
    onset: float
    sounding: float
    is_clipped: bool


@dataclass(frozen=True)
class Answer:
    """A sound that was made for a prompt, or why there is none.

    Attributes:
        prompt: what was asked for.
        heard: None where nothing came that is a sound.
        failure: "silent", "not numbers" or "too loud" where nothing came.
        gain_db: what was done to its level so that it fits full scale, 0 or less.
    """

    prompt: Prompt
    heard: Heard | None
    failure: str | None = None
    gain_db: float = 0.0


@dataclass(frozen=True)
class Score:
    """One figure.

    Attributes:
        value: None where nothing was measured.
        n: sounds that it rests on.
        low: lower end of the 95 % interval of a share.
        high: upper end.
    """

    value: float | None
    n: int
    low: float | None = None
    high: float | None = None


def heard(prompt: Prompt, measured: Measured, rulers: Rulers) -> Heard:
    """Apply the rulers to a sound."""
    features = measured.features
    tempo = None
    if prompt.bpm is not None:
        ruler = rulers.beats if prompt.kind in BEATS else rulers.lines
        tempo = ruler(measured.readings, features)
    has_key = prompt.key is not None
    return Heard(
        kind=rulers.kind(features[None])[0],
        family=rulers.family(features[None])[0] if prompt.family else None,
        source=rulers.source(features[None])[0] if prompt.source else None,
        bpm=tempo,
        plain_bpm=measured.readings.plain if tempo else None,
        key=rulers.key(measured.views) if has_key else None,
        plain_key=estimate_key(measured.views) if has_key else None,
        in_scale=share_in_scale(measured.views, prompt.key) if prompt.key else None,
        onset=measured.onset,
        sounding=measured.sounding,
        is_clipped=measured.is_clipped,
    )


def share(outcomes: Iterable[bool]) -> Score:
    """How many of `outcomes` are true, with Wilson's 95 % interval."""
    values = list(outcomes)
    n = len(values)
    if not n:
        return Score(None, 0)
    p, z = sum(values) / n, CONFIDENCE
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return Score(p, n, max(0.0, middle - half), min(1.0, middle + half))


def median(values: Iterable[float]) -> Score:
    """The middle of `values`."""
    found = list(values)
    return Score(float(np.median(found)) if found else None, len(found))


def score(answers: Sequence[Answer]) -> dict[str, Score]:
    """Every figure of a set of sounds, by the names in `METRICS`; no sound is a wrong sound."""
    scores = {name: metric.measure(answers) for name, metric in METRICS.items()}
    return {name: found for name, found in scores.items() if found.n}


@dataclass(frozen=True)
class Metric:
    """A figure and what it says.

    Attributes:
        title: for a table.
        meaning: a sentence.
        unit: "share", "%", "s" or "dB".
        measure: how it is taken.
    """

    title: str
    meaning: str
    unit: str
    measure: Callable[[Sequence[Answer]], Score]


def _tempo_share(
    kinds: Sequence[str], *, plain: bool = False, forgive_octaves: bool = False
) -> Callable[[Sequence[Answer]], Score]:
    def measure(answers: Sequence[Answer]) -> Score:
        errors = _tempo_errors(answers, kinds, plain=plain, forgive_octaves=forgive_octaves)
        return share(error <= WITHIN for error in errors)

    return measure


def _tempo_errors(
    answers: Sequence[Answer], kinds: Sequence[str], *, plain: bool, forgive_octaves: bool
) -> list[float]:
    errors = []
    for answer in answers:
        asked, found = answer.prompt.bpm, answer.heard
        if asked is None or answer.prompt.kind not in kinds:
            continue
        bpm = None if found is None else found.plain_bpm if plain else found.bpm
        errors.append(
            math.inf if bpm is None else tempo_error(bpm, asked, forgive_octaves=forgive_octaves)
        )
    return errors


def _tempo_percent(answers: Sequence[Answer]) -> Score:
    errors = _tempo_errors(answers, BEATS, plain=False, forgive_octaves=True)
    return median(100 * error for error in errors if math.isfinite(error))


def _right(
    asked: Callable[[Prompt], str | None], found: Callable[[Heard], str | None]
) -> Callable[[Sequence[Answer]], Score]:
    """The share of sounds with what was asked for, where it was."""

    def measure(answers: Sequence[Answer]) -> Score:
        return share(
            answer.heard is not None and found(answer.heard) == asked(answer.prompt)
            for answer in answers
            if asked(answer.prompt) is not None
        )

    return measure


def _key_right(
    found: Callable[[Heard], str | None], part: Callable[[int], int]
) -> Callable[[Sequence[Answer]], Score]:
    def measure(answers: Sequence[Answer]) -> Score:
        outcomes = []
        for answer in answers:
            if answer.prompt.key is not None:
                key = None if answer.heard is None else found(answer.heard)
                asked = key_index(answer.prompt.key)
                outcomes.append(key is not None and part(key_index(key)) == part(asked))
        return share(outcomes)

    return measure


def _is_in_scale(answers: Sequence[Answer]) -> Score:
    found = [a.heard.in_scale for a in answers if a.heard is not None]
    return median(value for value in found if value is not None)


def _begins(answers: Sequence[Answer]) -> Score:
    return share(a.heard is not None and a.heard.onset <= AT_ONCE for a in answers)


def _fills(answers: Sequence[Answer]) -> Score:
    return median(
        min(1.0, a.heard.sounding / a.prompt.seconds)
        for a in answers
        if a.heard is not None and a.prompt.kind in (*BEATS, *LINES, "pad")
    )


def _failed(failure: str) -> Callable[[Sequence[Answer]], Score]:
    return lambda answers: share(answer.failure == failure for answer in answers)


def _clipped(answers: Sequence[Answer]) -> Score:
    return share(
        a.failure == "too loud" or (a.heard is not None and a.heard.is_clipped) for a in answers
    )


def _whole(index: int) -> int:
    return index


METRICS: dict[str, Metric] = {
    "tempo.beats": Metric(
        "Tempo of drum loops and full beats",
        "within 3 % of the tempo asked for, octave errors counted, by the fitted ruler",
        "share",
        _tempo_share(BEATS),
    ),
    "tempo.beats.octave_free": Metric(
        "... octave errors forgiven",
        "the same, where half, double, a third and triple the tempo count as right",
        "share",
        _tempo_share(BEATS, forgive_octaves=True),
    ),
    "tempo.beats.plain": Metric(
        "... by rule alone",
        "within 3 %, octave errors counted, by autocorrelation and comb without fitting",
        "share",
        _tempo_share(BEATS, plain=True),
    ),
    "tempo.beats.plain.octave_free": Metric(
        "... by rule alone, octave errors forgiven",
        "the same, where half, double, a third and triple the tempo count as right",
        "share",
        _tempo_share(BEATS, plain=True, forgive_octaves=True),
    ),
    "tempo.beats.error": Metric(
        "... median error",
        "the middle of the distances from the tempo asked for, octave errors forgiven",
        "%",
        _tempo_percent,
    ),
    "tempo.lines": Metric(
        "Tempo of bass lines, chords, arpeggios, melodies",
        "within 3 % of the tempo asked for, octave errors counted, by the fitted ruler",
        "share",
        _tempo_share(LINES),
    ),
    "tempo.lines.octave_free": Metric(
        "... octave errors forgiven",
        "the same, where half, double, a third and triple the tempo count as right",
        "share",
        _tempo_share(LINES, forgive_octaves=True),
    ),
    "kind": Metric(
        "Kind of clip",
        "the classifier hears the kind asked for, one of nine",
        "share",
        _right(lambda prompt: prompt.kind, lambda found: found.kind),
    ),
    "family": Metric(
        "Instrument family",
        "the classifier hears the family of the one instrument asked for, one of seventeen",
        "share",
        _right(lambda prompt: prompt.family, lambda found: found.family),
    ),
    "source": Metric(
        "Source of one-shots and effects",
        "the classifier hears what was asked for: kick, rain, laser, ...",
        "share",
        _right(lambda prompt: prompt.source, lambda found: found.source),
    ),
    "key": Metric(
        "Key",
        "tonic and mode are those asked for, by the fitted ruler",
        "share",
        _key_right(lambda found: found.key, _whole),
    ),
    "key.tonic": Metric(
        "... tonic",
        "the tonic is the one asked for, whatever the mode",
        "share",
        _key_right(lambda found: found.key, lambda index: index % 12),
    ),
    "key.mode": Metric(
        "... mode",
        "major or minor is as asked for, whatever the tonic",
        "share",
        _key_right(lambda found: found.key, lambda index: index // 12),
    ),
    "key.krumhansl": Metric(
        "... by the Krumhansl profiles",
        "tonic and mode are those asked for, by correlation with profiles from listening tests",
        "share",
        _key_right(lambda found: found.plain_key, _whole),
    ),
    "key.in_scale": Metric(
        "... notes in the scale",
        "the middle of the shares of each sound's notes that belong to the key asked for;"
        " noise has 0.58",
        "share",
        _is_in_scale,
    ),
    "begins": Metric(
        "Begins at once",
        "the sound comes within 50 ms of the start",
        "share",
        _begins,
    ),
    "fills": Metric(
        "Fills its length",
        "music: the middle of the shares of the length asked for after which it has died away",
        "share",
        _fills,
    ),
    "silent": Metric("Silent clips", "peaks below -80 dBFS", "share", _failed("silent")),
    "clipped": Metric(
        "Clipped clips",
        "three samples in a row at full scale, or a level that no sound has",
        "share",
        _clipped,
    ),
    "turned_down": Metric(
        "Turned down",
        "the model's level was over full scale and had to be lowered",
        "share",
        lambda answers: share(answer.gain_db < 0 for answer in answers),
    ),
    "not_numbers": Metric(
        "NaN or infinite", "latents or samples are no numbers", "share", _failed("not numbers")
    ),
}
"""Every figure that is taken of a set of sounds, by the name it has in the JSON report."""
