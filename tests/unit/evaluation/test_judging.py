"""What made sounds are heard as, by classifiers that learnt from real ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from soundlet.evaluation.judging import FEWEST, fit_classes, judgement, meant_by

KINDS = ("pad", "melody", "bass_line")
PLAYED = {"pad": "strings", "melody": "trumpet", "bass_line": "synth bass"}


def features(kind: str, seed: int) -> NDArray[np.float32]:
    place = np.zeros(12, np.float32)
    place[KINDS.index(kind)] = 3
    random = np.random.default_rng([seed, KINDS.index(kind)])
    return (place + 0.3 * random.standard_normal(12)).astype(np.float32)


def tags(kind: str) -> tuple[str, ...]:
    return (f"kind: {kind}", f"instruments: {PLAYED[kind]}", "moods: dark")


def test_the_family_is_known_only_where_one_instrument_plays_alone() -> None:
    assert meant_by(tags("melody")) == {"kind": "melody", "family": "brass"}
    several = ("kind: arrangement", "instruments: trumpet", "instruments: strings")
    assert meant_by(several) == {"kind": "arrangement"}
    assert meant_by(("kind: drum_loop", "instruments: 909 kit")) == {"kind": "drum_loop"}
    assert meant_by(("source: rain", "kind: sound_effect", "loud")) == {
        "source": "rain", "kind": "sound_effect",
    }  # fmt: skip


def test_a_sound_is_judged_by_what_it_is_heard_as() -> None:
    rows = [(kind, seed) for kind in KINDS for seed in range(12)]
    known = fit_classes([features(*row) for row in rows], [tags(kind) for kind, _ in rows])
    assert set(known) == {"kind", "family"}
    for kind in KINDS:
        others = [other for other in KINDS if other != kind]
        assert judgement(known, features(kind, 99), tags(kind)) > 0.95
        assert all(judgement(known, features(kind, 99), tags(other)) < 0.05 for other in others)
    halfway: NDArray[np.float32] = np.float32(0.5) * (features("pad", 99) + features("melody", 99))
    assert 0.1 < judgement(known, halfway, tags("pad")) < 0.9
    assert math.isnan(judgement(known, features("pad", 99), ("kind: drone", "moods: dark")))


def test_classes_of_a_few_clips_are_not_learnt() -> None:
    rows = [("pad", seed) for seed in range(12)] + [("melody", i) for i in range(FEWEST - 1)]
    found = [features(*row) for row in rows]
    assert fit_classes(found, [tags(kind) for kind, _ in rows]) == {}
    rows.append(("melody", 50))
    found.append(features("melody", 50))
    known = fit_classes(found, [tags(kind) for kind, _ in rows])
    assert known["kind"][0] == ("melody", "pad")


@pytest.mark.parametrize("kind", KINDS)
def test_the_judgement_does_not_depend_on_what_is_not_known(kind: str) -> None:
    rows = [(k, seed) for k in KINDS for seed in range(12)]
    known = fit_classes([features(*row) for row in rows], [tags(k) for k, _ in rows])
    more = (*tags(kind), "source: never heard", "textures: dry")
    assert judgement(known, features(kind, 7), more) == judgement(
        known, features(kind, 7), tags(kind)
    )
