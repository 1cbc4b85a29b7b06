from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import soundlet
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


@pytest.fixture
def one_shots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Renders of the quickest kind alone."""
    monkeypatch.setattr(module, "KIND_SHARES", {"one_shot": 1.0})


@pytest.mark.usefixtures("one_shots")
def test_nothing_is_left_behind_when_it_is_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("numpy.savez", stopped)
    with pytest.raises(KeyboardInterrupt):
        reference_clips(2, folder=tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("one_shots")
def test_renders_that_cannot_be_kept_are_made_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    assert len(reference_clips(2, folder=tmp_path / "file" / "evaluation")) == 2

    def full(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("numpy.savez", full)
    assert len(reference_clips(2, folder=tmp_path / "folder")) == 2
    assert not list((tmp_path / "folder").iterdir())


@pytest.mark.usefixtures("one_shots")
@pytest.mark.parametrize("n_bytes", [0, 3, 1000, -1000])
def test_renders_that_cannot_be_read_are_made_again(tmp_path: Path, n_bytes: int) -> None:
    reference_clips(2, folder=tmp_path)
    (kept,) = tmp_path.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(whole[:n_bytes])
    assert len(reference_clips(2, folder=tmp_path)) == 2
    assert len(kept.read_bytes()) == len(whole)


@pytest.mark.parametrize(
    ("file", "is_told"),
    [
        ("vocabulary/genres.py", True),  # the renderer draws from it
        ("vocabulary/traits.py", True),
        ("repetition.py", True),  # the tempo's measure
        ("evaluation/tempo.py", True),
        ("evaluation/reference.py", True),
        ("training/dataset/render.py", True),
        ("training/dataset/effects/nature.py", True),
        ("pipeline.py", False),
        ("evaluation/report.py", False),
    ],
)
def test_renders_are_made_again_when_what_makes_or_measures_them_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, is_told: bool
) -> None:
    package = Path(soundlet.__file__).parent
    for source in package.rglob("*.py"):
        target = tmp_path / "soundlet" / source.relative_to(package)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    monkeypatch.setattr(soundlet, "__file__", str(tmp_path / "soundlet" / "__init__.py"))
    before = module._fingerprint()
    with (tmp_path / "soundlet" / file).open("a") as changed:
        changed.write("CHANGED = True\n")
    assert (module._fingerprint() != before) == is_told


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
