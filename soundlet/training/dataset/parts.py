"""Parts of the music to sound: notes on an instrument, hits on a kit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from soundlet.training.dataset.attributes import SAMPLE_RATE, Audio
from soundlet.training.dataset.audio_effects import fade
from soundlet.training.dataset.drum_synthesis import make_kit
from soundlet.training.dataset.events import Hit, Note, played
from soundlet.training.dataset.soundfont import DRUM_BANK, PlayedNote, player
from soundlet.training.dataset.tone_synthesis import make_patch
from soundlet.vocabulary.instruments import Instrument, Kit

GENERAL_MIDI_KEYS = {
    "kick": 36,
    "snare": 38,
    "clap": 39,
    "rim": 37,
    "closed_hat": 42,
    "open_hat": 46,
    "crash": 49,
    "ride": 51,
    "tom_low": 43,
    "tom_mid": 47,
    "tom_high": 50,
    "cowbell": 56,
    "shaker": 70,
    "tambourine": 54,
    "conga": 63,
}
SAMPLED_SHARE = 0.6  # of the clips whose instrument exists as samples and as synthesis
HATS = ("closed_hat", "open_hat")


def _add(mix: Audio, sound: Audio, start: int) -> None:
    stop = min(mix.shape[1], start + sound.shape[1])
    if stop > start:
        mix[:, start:stop] += sound[:, : stop - start]


def _synthesised_notes(
    notes: Sequence[PlayedNote], patch_name: str, bpm: float, n_samples: int,
    rng: np.random.Generator,
) -> Audio:  # fmt: skip
    patch = make_patch(patch_name, rng, bpm)
    mix = np.zeros((2, n_samples), np.float32)
    rendered: dict[tuple[int, float, float], Audio] = {}
    for note in notes:
        kind = (note.pitch, round(note.seconds, 2), round(note.velocity, 1))
        if kind not in rendered:
            rendered[kind] = patch.note(float(kind[0]), max(kind[1], 0.03), kind[2])
        _add(mix, rendered[kind], round(note.start * SAMPLE_RATE))
    return mix


def render_notes(
    notes: Sequence[Note],
    instrument: Instrument,
    bpm: float,
    n_samples: int,
    rng: np.random.Generator,
) -> Audio:
    """The sound of notes on one example of an instrument, (2, n_samples), not normalised."""
    is_sampled = bool(instrument.presets) and (
        not instrument.patches or rng.random() < SAMPLED_SHARE
    )
    looseness = float(rng.choice([0.0, 0.0, 0.005])) if is_sampled else 0.0
    timed = played(notes, bpm, n_samples / SAMPLE_RATE, rng, looseness)
    if is_sampled:
        bank, program = instrument.presets[int(rng.integers(len(instrument.presets)))]
        return player().render(timed, bank, program, n_samples)
    name = instrument.patches[int(rng.integers(len(instrument.patches)))]
    return _synthesised_notes(timed, name, bpm, n_samples, rng)


def _synthesised_hits(
    hits: Sequence[Hit], kit_name: str, bpm: float, n_samples: int, rng: np.random.Generator
) -> Audio:
    kit = make_kit(kit_name, rng)
    mix = np.zeros((2, n_samples), np.float32)
    rendered: dict[tuple[str, float, int], Audio] = {}
    hat_starts = sorted(hit.start for hit in hits if hit.piece in HATS)
    for hit in hits:
        kind = (hit.piece, round(hit.velocity, 1), int(rng.integers(2)))
        if kind not in rendered:
            rendered[kind] = kit.hit(hit.piece, max(kind[1], 0.1))
        sound = rendered[kind]
        if hit.piece == "open_hat":  # the next stroke on the hats closes them
            following = [start for start in hat_starts if start > hit.start]
            if following:
                gap = round((following[0] - hit.start) * 60.0 / bpm * SAMPLE_RATE)
                sound = fade(sound[:, :gap], 0.0, 0.012) if gap < sound.shape[1] else sound
        _add(mix, sound, round(hit.start * 60.0 / bpm * SAMPLE_RATE))
    return mix


def render_hits(
    hits: Sequence[Hit], kit: Kit, bpm: float, n_samples: int, rng: np.random.Generator
) -> Audio:
    """The sound of hits on one example of a kit, (2, n_samples), not normalised."""
    if kit.synthesised and (not kit.programs or rng.random() > kit.sampled_share):
        return _synthesised_hits(hits, kit.synthesised, bpm, n_samples, rng)
    program = kit.programs[int(rng.integers(len(kit.programs)))]
    notes = [
        PlayedNote(hit.start * 60.0 / bpm, 0.1, GENERAL_MIDI_KEYS[hit.piece], hit.velocity)
        for hit in hits
    ]
    return player().render(notes, DRUM_BANK, program, n_samples)
