"""The words that sounds are heard as."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from soundlet.hearing import CLASSES, N_HEARD, heard
from soundlet.training import words
from soundlet.training.clips import ClipEntry
from soundlet.training.heard import HeardSounds
from soundlet.training.latents import LatentEntry
from soundlet.training.loop import TrainingError
from soundlet.training.words import IMPORTANCE, TEMPI, HeardWords, asked_words, known_words
from tests.unit.training.test_agreement import NAMES, RATE, sound_of

Array = NDArray[np.float32]
Exact = NDArray[np.float64]

N_KNOWN, N_NEW = 48, 32
FOLDER = Path("clips")
TWO_TEMPI = (60.0, 120.0)


def entry(*tags: str, bpm: float | None = None) -> ClipEntry:
    """A known sound."""
    return ClipEntry(FOLDER / "a.wav", 0.3, ("a sound",), None, tags, bpm)


def made(caption: str, *tags: str) -> LatentEntry:
    """A sound of a store."""
    return LatentEntry(0, 8, 0.3, (caption,), tags)


def values_of(n_sounds: int, seed: int) -> Array:
    """What is heard of sounds of four sorts, one after the other."""
    random = np.random.default_rng(seed)
    sounds = [sound_of(i % 4, random).astype(np.float32) for i in range(n_sounds)]
    return np.stack([heard(np.stack([sound, sound]), RATE) for sound in sounds])


@pytest.fixture(scope="module")
def known() -> Array:
    return values_of(N_KNOWN, 1)


@pytest.fixture(scope="module")
def new() -> Array:
    return values_of(N_NEW, 2)


def learnt(
    values: Array, known_as: Callable[[int], ClipEntry], *, n_centres: int = 2500, seed: int = 0
) -> HeardWords:
    """The words of sounds, of which something is known by sort."""
    entries = [known_as(i) for i in range(len(values))]
    return HeardWords(HeardSounds(FOLDER, entries, values), n_centres=n_centres, seed=seed)


def kinds(i: int) -> ClipEntry:
    return entry(f"kind: {NAMES[i % 4]}")


def tempi(i: int) -> ClipEntry:
    return entry(bpm=TWO_TEMPI[i % 2])


def step(bpm: float) -> dict[str, str]:
    """What is asked for with a tempo."""
    return asked_words(made(f"loop at {bpm:g} BPM"))


# what sounds are heard as


@pytest.mark.parametrize("n_centres", [16, 2500])
def test_sounds_that_were_not_learnt_are_heard_as_what_they_are(
    known: Array, new: Array, n_centres: int
) -> None:
    found = learnt(known, kinds, n_centres=n_centres)
    assert found.words == {"kind": tuple(sorted(NAMES))}
    ratings = np.stack([found.fit(new, [{"kind": name}] * N_NEW) for name in NAMES])
    assert ratings.shape == (4, N_NEW)
    assert ratings.dtype == np.float32
    assert (ratings < 0).all()
    right = np.arange(N_NEW) % 4
    assert np.array_equal(ratings.argmax(axis=0), right)
    own = ratings[right, np.arange(N_NEW)]
    assert own.mean() > -1
    assert ratings.mean() < -6


def test_each_sound_is_asked_for_its_own_words(known: Array, new: Array) -> None:
    found = learnt(known, kinds)
    alike = {name: found.fit(new, [{"kind": name}] * N_NEW) for name in NAMES}
    asked = [{"kind": NAMES[i // 3 % 4]} for i in range(N_NEW)]
    expected = [alike[each["kind"]][i] for i, each in enumerate(asked)]
    np.testing.assert_allclose(found.fit(new, asked), expected, atol=1e-4)


def test_what_matters_more_counts_more(known: Array, new: Array) -> None:
    keys = ("C minor", "D major", "E minor", "F# major")

    def known_as(i: int) -> ClipEntry:
        return entry(*tags_of(i))

    def tags_of(i: int) -> list[str]:
        name = NAMES[i % 4]
        return [f"kind: {name}", f"source: {name}", f"family: {name}", f"key: {keys[i % 4]}"]

    found = learnt(known, known_as)
    assert set(found.words) == {"kind", "source", "family", "key"}
    asked = [known_words(entry(*tags_of(i // 2))) for i in range(N_NEW)]
    ratings = {name: found.fit(new, [{name: each[name]} for each in asked]) for name in found.words}
    assert np.ptp(ratings["kind"]) > 5
    for name, rating in ratings.items():
        expected = IMPORTANCE[name] / IMPORTANCE["key"] * ratings["key"]
        np.testing.assert_allclose(rating, expected, rtol=1e-3)
    assert IMPORTANCE["kind"] > IMPORTANCE["key"]
    together = found.fit(new, asked)
    np.testing.assert_allclose(together, np.sum(list(ratings.values()), axis=0), rtol=1e-4)


def test_what_is_the_same_of_all_or_of_none_tells_nothing(known: Array, new: Array) -> None:
    found = learnt(known, lambda i: entry(*kinds(i).tags, "source: mic", "mood: sad", bpm=90.0))
    assert set(found.words) == {"kind"}
    asked = {"source": "mic", "mood": "sad", "family": "piano", **step(90)}
    assert not found.fit(new, [asked] * N_NEW).any()


def test_words_that_no_known_sound_has_count_nothing(known: Array, new: Array) -> None:
    found = learnt(known, lambda i: entry(*kinds(i).tags, f"source: {'ab'[i % 2]}"))
    assert not found.fit(new, [{}] * N_NEW).any()
    assert not found.fit(new, [{"kind": "bell", "source": "c"}] * N_NEW).any()
    plain = found.fit(new, [{"kind": "rain"}] * N_NEW)
    assert np.array_equal(found.fit(new, [{"kind": "rain", "source": "c"}] * N_NEW), plain)
    assert (plain < 0).all()


def test_sounds_of_which_a_word_is_not_known_are_no_rivals_of_it(known: Array, new: Array) -> None:
    """They are neither of the word nor against it."""
    part = [0, 1, *range(8, N_KNOWN)]
    few = learnt(known, lambda i: kinds(i) if i in part else entry())
    none = learnt(known[part], lambda i: kinds(part[i]), n_centres=2500)
    asked = [{"kind": NAMES[i % 4]} for i in range(N_NEW)]
    np.testing.assert_allclose(few.fit(new, asked), none.fit(new, asked), atol=0.3)


def test_a_sound_is_rated_alone_as_it_is_among_others(
    known: Array, new: Array, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = learnt(known, lambda i: entry(*kinds(i).tags, bpm=TWO_TEMPI[i % 2]))
    asked: list[dict[str, str]] = [
        {"kind": NAMES[i // 2 % 4], **step(TWO_TEMPI[i % 2])} for i in range(N_NEW)
    ]
    asked[5], asked[7:14] = {}, [{}] * 7  # all of a part of seven
    whole = found.fit(new, asked)
    assert np.ptp(whole) > 5
    alone = [found.fit(new[i : i + 1], asked[i : i + 1])[0] for i in range(N_NEW)]
    np.testing.assert_allclose(alone, whole, atol=1e-3)
    monkeypatch.setattr(words, "AT_ONCE", 7)
    np.testing.assert_allclose(found.fit(new, asked), whole, atol=1e-3)
    assert found.fit(new[:0], []).shape == (0,)


def test_what_is_far_out_counts_as_far_as_numbers_go(known: Array) -> None:
    found = learnt(known, kinds)
    odd = np.stack([known[0], known[0]])
    odd[:, 3] = 1e3, 1e9
    first, second = found.fit(odd, [{"kind": "kick"}] * 2)
    assert first == pytest.approx(second, abs=1e-4)
    nothing = found.fit(np.full((4, N_HEARD), 1e9, np.float32), [{"kind": n} for n in NAMES])
    assert np.isfinite(nothing).all()
    assert (nothing < 0).all()


# tempi


def test_a_tempo_is_no_rival_of_those_beside_it(known: Array) -> None:
    """Two steps away, one is."""
    found = learnt(known, tempi)
    slow = known[::2]

    def rated(bpm: float) -> float:
        return float(found.fit(slow, [step(bpm)] * len(slow)).mean())

    assert rated(60.8) > -0.1
    assert rated(TEMPI[6]) > -0.6
    assert rated(TEMPI[7]) < -5
    assert rated(120) < -7


def test_all_tempi_from_the_slowest_to_the_fastest_are_words(known: Array, new: Array) -> None:
    found = learnt(known, tempi)
    assert found.words == {"tempo": tuple(f"{place:02d}" for place in range(5, 23))}
    between = found.fit(new, [step(bpm) for bpm in TEMPI[5:23]] + [{}] * (N_NEW - 18))
    assert (between[:18] < 0).all()
    assert not found.fit(new, [step(bpm) for bpm in (55.0, 140.0)] * (N_NEW // 2)).any()


def test_a_tempo_that_has_no_rival_is_to_be_heard_all_the_same(known: Array) -> None:
    found = learnt(known, lambda i: entry(bpm=TEMPI[9 + i % 2]))
    own, beside = (found.fit(known[:1], [step(TEMPI[place])])[0] for place in (9, 10))
    assert own > -0.1
    assert beside < -0.15


@pytest.mark.parametrize(
    ("bpm", "place"),
    [(50.0, 0), (60.0, 5), (62.0, 5), (62.1, 6), (120.0, 22), (TEMPI[-1], 36)],
)
def test_a_tempo_is_the_nearest_of_those_that_there_are(bpm: float, place: int) -> None:
    assert known_words(entry(bpm=bpm)) == {"tempo": f"{place:02d}"}


@pytest.mark.parametrize("bpm", [None, 0.0, 49.9, 300.0, float("nan")])
def test_no_tempo_or_one_that_is_out_of_range_is_no_word(bpm: float | None) -> None:
    assert known_words(entry(bpm=bpm)) == {}


def test_a_tempo_in_words_of_ones_own_is_none(known: Array) -> None:
    slow = entry("kind: loop", "tempo: slow")
    assert known_words(slow) == {"kind": "loop"}
    found = learnt(known, lambda i: entry(*kinds(i).tags, f"tempo: {('slow', '500')[i % 2]}"))
    assert set(found.words) == {"kind"}


# what is known of a sound


def test_a_key_is_one_however_it_is_spelt() -> None:
    sharp, flat, minor, other = (
        known_words(entry(f"key: {key}"))["key"]
        for key in ("C# major", "Db major", "C# minor", "D major")
    )
    assert sharp == flat
    assert len({sharp, minor, other}) == 3


@pytest.mark.parametrize("key", ["C", "C#", "", "atonal", "H minor"])
def test_a_note_alone_is_no_key(key: str) -> None:
    assert known_words(entry("kind: one_shot", f"key: {key}")) == {"kind": "one_shot"}


def test_an_instrument_that_plays_alone_has_a_family() -> None:
    played = "instruments: honky-tonk piano"
    assert known_words(entry(played))["family"] == "piano"
    assert known_words(made("a tune", played))["family"] == "piano"
    assert "family" not in known_words(entry(played, "instruments: violin"))
    assert "family" not in known_words(entry("instruments: bathtub"))
    assert "family" not in known_words(entry("kind: loop"))


# what is asked for


def test_a_key_is_asked_for_only_if_the_caption_names_one() -> None:
    tags = ("kind: chords", "source: piano", "key: C# minor")
    named = asked_words(made("piano chords in Db minor", *tags))
    assert named == {"kind": "chords", "source": "piano", "key": "Db minor"}
    assert asked_words(made("piano chords", *tags)) == {"kind": "chords", "source": "piano"}


def test_a_tempo_is_asked_for_in_the_caption() -> None:
    assert asked_words(made("techno loop 128 BPM", "kind: loop")) == {
        "kind": "loop",
        **known_words(entry(bpm=128.0)),
    }
    assert asked_words(made("techno loop", "kind: loop", "tempo: 20")) == {"kind": "loop"}
    assert asked_words(made("techno loop at 300 BPM")) == {}


# the mathematics


def near(points: Exact, centres: Exact) -> Exact:
    """The kernel between all of these."""
    apart = ((points[:, None] - centres[None]) ** 2).sum(axis=2)
    found: Exact = np.exp(-apart)
    return found


def plain_ratings(
    values: Array,
    tags: Mapping[str, Sequence[int]],
    new: Array,
    places: Mapping[str, Sequence[int]],
    n_centres: int,
) -> Exact:
    """The same, step by step, of words that are numbers from 0."""
    usual, spread = values.mean(axis=0, dtype=float), values.std(axis=0, ddof=1, dtype=float)
    weight = np.ones(N_HEARD)
    weight[CLASSES] = 9

    def points(found: Array) -> Exact:
        numbers = ((found - usual) / spread.clip(0.02)).clip(-4, 4)
        exact: Exact = numbers * np.sqrt(0.2 * weight / N_HEARD)
        return exact

    known = points(values)
    order = torch.randperm(len(known), generator=torch.Generator().manual_seed(0)).numpy()
    centres = known[order[:n_centres]]
    for _ in range(8):
        nearest = ((known[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
        groups = [known[nearest == i] for i in range(len(centres))]
        centres = np.stack(
            [g.mean(axis=0) if len(g) else c for g, c in zip(groups, centres, strict=True)]
        )
    total = np.zeros(len(new))
    for name, words_of in tags.items():
        words, is_tempo = np.array(words_of), name == "tempo"
        rows = words >= 0
        apart = np.abs(np.arange(words.max() + 1) - words[rows, None])
        wanted = (apart == 0) + 0.5 * (apart == 1) * is_tempo
        chosen, usually = near(known[rows], centres), wanted.mean(axis=0)
        squares = chosen.T @ chosen + 0.1 * near(centres, centres) + 1e-6 * np.eye(len(centres))
        weights = np.linalg.solve(squares, chosen.T @ (wanted - usually))
        shares = near(points(new), centres) @ weights + usually
        for i, place in enumerate(places[name]):
            if place >= 0:
                away = np.abs(np.arange(shares.shape[1]) - place)
                ahead = shares[i, place] - shares[i, away > is_tempo].max()
                total[i] -= IMPORTANCE[name] * math.log1p(math.exp(-4 * ahead.clip(-1, 1)))
    return total


@pytest.mark.parametrize("n_centres", [1, 12, N_KNOWN, 2500])
def test_words_are_the_solution_of_a_ridge_regression(
    known: Array, new: Array, n_centres: int
) -> None:
    """Of few centres, and of more than there are sounds; six sounds are there twice."""
    known = np.concatenate([known, known[:6]])
    tags = {
        "kind": [i % 4 if i % 5 else -1 for i in range(len(known))],
        "tempo": [i // 4 % 6 if i % 3 else -1 for i in range(len(known))],
    }
    places = {
        "kind": [i // 2 % 4 if i % 7 else -1 for i in range(N_NEW)],
        "tempo": [i // 3 % 6 if i % 4 else -1 for i in range(N_NEW)],
    }

    def known_as(i: int) -> ClipEntry:
        kind, tempo = tags["kind"][i], tags["tempo"][i]
        return entry(*[f"kind: {kind}"] * (kind >= 0), bpm=TEMPI[9 + tempo] if tempo >= 0 else None)

    found = learnt(known, known_as, n_centres=n_centres)
    assert found.words["kind"] == ("0", "1", "2", "3")
    assert found.words["tempo"] == ("09", "10", "11", "12", "13", "14")
    asked: list[dict[str, str]] = []
    for kind, tempo in zip(places["kind"], places["tempo"], strict=True):
        asked.append({"kind": str(kind)} | ({} if tempo < 0 else {"tempo": f"{9 + tempo:02d}"}))
    expected = plain_ratings(known, tags, new, places, n_centres)
    assert np.ptp(expected) > 2
    np.testing.assert_allclose(found.fit(new, asked), expected, atol=1e-4)


def test_the_seed_tells_which_centres_there_are(known: Array, new: Array) -> None:
    asked = [{"kind": NAMES[i // 2 % 4]} for i in range(N_NEW)]
    once, again, other = (
        learnt(known, kinds, n_centres=6, seed=seed).fit(new, asked) for seed in (3, 3, 4)
    )
    assert np.array_equal(once, again)
    assert not np.allclose(once, other, atol=0.01)


def test_sounds_that_are_the_same_may_have_other_words(known: Array, new: Array) -> None:
    twice = np.repeat(known, 2, axis=0)
    found = learnt(twice, lambda i: entry(f"kind: {'ab'[i % 2]}", f"source: {NAMES[i // 2 % 4]}"))
    ratings = found.fit(new, [{"kind": "a"}] * N_NEW)
    np.testing.assert_allclose(ratings, IMPORTANCE["kind"] * math.log(0.5), atol=0.01)
    right = found.fit(new, [{"source": NAMES[i % 4]} for i in range(N_NEW)])
    wrong = found.fit(new, [{"source": NAMES[(i + 1) % 4]} for i in range(N_NEW)])
    assert (right > wrong + 1).all()


# what nothing is learnt from


@pytest.mark.parametrize(
    "known_as",
    [
        lambda _: entry(),
        lambda _: entry("kind: pad", "key: C", bpm=90.0),
        lambda i: entry(f"mood: {i}", f"instruments: {i}"),
        lambda i: entry(f"tempo: {i}"),
    ],
    ids=["nothing", "the same", "others", "tempo in words"],
)
def test_sounds_that_no_attribute_tells_apart_are_refused(
    known: Array, known_as: Callable[[int], ClipEntry]
) -> None:
    with pytest.raises(TrainingError) as caught:
        learnt(known, known_as)
    assert str(caught.value) == (
        "no attribute tells the sounds of clips apart: give them kind, source, family, key or bpm"
        " in metadata.jsonl"
    )


def test_one_sound_is_told_from_none(known: Array) -> None:
    with pytest.raises(TrainingError, match="no attribute tells the sounds of clips apart"):
        learnt(known[:1], lambda _: entry("kind: pad", bpm=90.0))
