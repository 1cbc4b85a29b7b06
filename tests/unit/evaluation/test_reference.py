from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from soundlet.evaluation import reference as module
from soundlet.evaluation.diversity import alike
from soundlet.evaluation.reference import KIND_SHARES, ReferenceClip, reference_clips
from soundlet.evaluation.rulers import fit_rulers
from soundlet.training.dataset.attributes import KINDS
from tests.unit.evaluation.conftest import N_REFERENCE


def test_every_kind_has_its_share(reference: list[ReferenceClip]) -> None:
    assert sum(KIND_SHARES.values()) == pytest.approx(1)
    assert {clip.facts.kind for clip in reference} == set(KINDS)
    assert len(reference) == pytest.approx(N_REFERENCE, abs=5)


def test_renders_are_kept(
    reference: list[ReferenceClip], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "render_clip", None)  # not needed again
    again = reference_clips(N_REFERENCE, folder=cache / "soundlet" / "evaluation")
    assert len(again) == len(reference)
    for kept, made in zip(again, reference, strict=True):
        assert kept.facts == made.facts
        assert kept.seconds == made.seconds
        np.testing.assert_array_equal(kept.features, made.features)
        assert (kept.readings is None) == (made.facts.bpm is None)
        if kept.readings is not None and made.readings is not None:
            np.testing.assert_array_equal(kept.readings.evidence, made.readings.evidence)
            assert kept.readings.plain == made.readings.plain
        assert (kept.views is None) == (made.views is None)


def test_nothing_is_left_behind_when_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("numpy.savez", fail)
    monkeypatch.setattr(module, "KIND_SHARES", {"one_shot": 1.0})
    with pytest.raises(OSError, match="disk full"):
        reference_clips(2, folder=tmp_path)
    assert not list(tmp_path.iterdir())


def test_rulers_know_what_they_were_fitted_to(reference: list[ReferenceClip]) -> None:
    rulers = fit_rulers(reference)
    features = np.stack([clip.features for clip in reference])
    heard = rulers.kind(features)
    assert np.mean([h == clip.facts.kind for h, clip in zip(heard, reference, strict=True)]) > 0.9
    assert len(rulers.embedding(features)) == len(reference)


def test_prompts_to_repeat_describe_the_renders_beside_them(
    reference: list[ReferenceClip],
) -> None:
    groups = alike(reference * 2, n_prompts=6, n_clips=3)
    assert groups
    for text, clips in groups:
        assert 2 <= len(clips) <= 3
        for clip in clips:
            named = clip.facts.source or clip.facts.genre
            assert named is not None
            assert named in text
