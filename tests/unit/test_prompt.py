"""Prompts are read into parts and built from them."""

from __future__ import annotations

import pytest

from soundlet.errors import RequestError
from soundlet.prompt import Part, build_prompt, key_name, known_words, read_prompt
from soundlet.training.dataset.carriers import AT_TEMPO, IN_KEY
from soundlet.training.dataset.render import render_clip


def test_a_sentence_is_read_into_its_parts() -> None:
    read = read_prompt("A driving liquid dnb beat at 174 bpm played on a 909, in F#m")
    assert read.first("genre") == "liquid drum and bass"
    assert read.first("mood") == "driving"
    assert read.first("instrument") == "909 kit"
    assert read.first("key") == "F# minor"
    assert read.bpm == 174
    assert read.kind == "drum_loop"
    assert read.unknown == ()


@pytest.mark.parametrize(
    ("text", "kind"),
    [("kick", "one_shot"), ("kick loop 120 BPM", "drum_loop"), ("heavy rain", "sound_effect"),
     ("reese bass", "bass_line"), ("piano chords", "chords"), ("something", None)],
)  # fmt: skip
def test_the_kind_of_sound_follows_from_what_sounds(text: str, kind: str | None) -> None:
    assert read_prompt(text).kind == kind


@pytest.mark.parametrize(
    ("text", "bpm"),
    [("128 BPM", 128), ("128bpm", 128), ("at 92.5 bpm", 92.5), ("tempo: 90", 90), ("bpm 77", 77),
     ("90 beats per minute", 90), ("808 kick", None), ("4 bars", None),
     ("0 BPM", None), ("0.0 bpm, then 90 bpm", 90), ("92,5 bpm", 92.5), ("808,128bpm", 128),
     ("house,124 bpm", 124), ("128  BPM", 128), ("BPM:128", 128), ("tempo of 90.", 90),
     ("@ 44.1 kHz", None), ("909-128 BPM", 128), ("4-128 BPM", 128), ("metronome 4 bars", None),
     ("slow tempo 8 bars", None), ("swing @66%", None), ("tempo: 120 - 808 kick", 120)],
)  # fmt: skip
def test_tempi_are_read_in_their_usual_spellings(text: str, bpm: float | None) -> None:
    assert read_prompt(text).bpm == bpm


@pytest.mark.parametrize(
    ("text", "name"),
    [("Am", "A minor"), ("a minor", "A minor"), ("D# major", "Eb major"), ("Bbmaj", "Bb major"),
     ("in the key of D flat major", "Db major"), ("G♯ min", "G# minor"),
     ("E-flat minor", "Eb minor"), ("B Flat Minor", "Bb minor"), ("C MAJOR", "C major"),
     ("f#m", "F# minor"), ("CMaj", "C major")],
)  # fmt: skip
def test_keys_are_read_in_their_usual_spellings(text: str, name: str) -> None:
    assert key_name(text) == name


def test_white_space_of_any_kind_is_between_a_note_and_its_accidental() -> None:
    for space in " \t\N{NO-BREAK SPACE}":
        assert read_prompt(f"B{space}flat{space}minor").values("key") == ("Bb minor",)


@pytest.mark.parametrize("written", AT_TEMPO)
def test_a_tempo_is_read_in_every_wording_that_the_model_was_taught(written: str) -> None:
    read = read_prompt(f"kick, {written.format(128)}, snare")
    assert read.values("tempo") == ("128",)
    assert read.values("source") == ("kick", "snare")


@pytest.mark.parametrize("written", IN_KEY)
def test_a_key_is_read_in_every_wording_that_the_model_was_taught(written: str) -> None:
    read = read_prompt(f"kick, {written.format('F# minor')}, snare")
    assert read.values("key") == ("F# minor",)
    assert not {"key", "scale"} & {*read.unknown}


def test_both_ends_of_a_range_of_tempi_are_read() -> None:
    for text in (
        "house, 120-128 BPM",
        "house, 120 \N{EN DASH} 128 bpm",
        "house, 120 to 128 bpm",
        "house, tempo: 120-128",
        "bpm 120 to 128, house",
        "tempo 120 - 128 bpm",
    ):
        tempi = [each for each in read_prompt(text).found if each.part == "tempo"]
        assert [each.value for each in tempi] == ["120", "128"]
        assert read_prompt(text).unknown == ()
    assert read_prompt("tempo 120-808 kick").values("tempo") == ("120",)


@pytest.mark.parametrize(
    ("text", "part", "value"),
    [("hip hop beat 90 BPM", "kind", "drum loop"), ("breakbeat 140 bpm", "genre", "breakbeat"),
     ("up-tempo 150 BPM", "mood", "fast"), ("violin A minor", "instrument", "violin"),
     ("mandolin Am", "instrument", "mandolin")],
)  # fmt: skip
def test_the_end_of_a_word_is_no_part_of_the_tempo_or_key_behind_it(
    text: str, part: Part, value: str
) -> None:
    assert read_prompt(text).values(part) == (value,)
    assert read_prompt(text).unknown == ()


@pytest.mark.parametrize("text", ["H", "A", "minor", "Am7", "", "in the key of life"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match="key is a note and major or minor"):
        key_name(text)


def test_a_word_inside_another_is_not_read() -> None:
    read = read_prompt("trapdoor, houses, I am here")
    assert "trap" not in read.values("genre")
    assert read.values("key") == ()
    assert read_prompt("Am I dreaming").values("key") == ("A minor",)  # as it would be elsewhere


def test_what_is_not_known_is_told() -> None:
    assert read_prompt("rain on a tin roof").unknown == ("tin", "roof")
    assert read_prompt("metronome tick").unknown == ("metronome",)
    assert read_prompt("R&B drums, F#m7, 4/4.").unknown == ("R&B", "F#m7", "4")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a fiddle tune", {"instrument": ("violin",), "kind": ("melody",)}),
        ("Raindrops, please", {"source": ("rain",)}),
        ("sombre organ chords", {"mood": ("sad",), "instrument": ("organ",), "kind": ("chords",)}),
        (
            "arpeggiator\nin the style of two  step",
            {"kind": ("arpeggio",), "genre": ("uk garage",)},
        ),
    ],
)
def test_words_that_only_wordings_have_are_read_too(
    text: str, parts: dict[Part, tuple[str, ...]]
) -> None:
    prompt = read_prompt(text)
    assert {part: prompt.values(part) for part in parts} == parts
    assert prompt.unknown == ()


def test_further_words_never_overrule_those_of_the_vocabulary() -> None:
    for word in known_words():
        prompt = read_prompt(word)
        assert [found.text for found in prompt.found] == [word]


def test_the_usual_order_keeps_words_together_that_belong_together() -> None:
    read = read_prompt("128 BPM sad piano chords in A minor with reverb, jazz")
    assert read.arranged == "jazz, piano chords, sad, with reverb, A minor, 128 BPM"
    assert not read.is_in_order
    assert read_prompt(read.arranged).is_in_order


def test_a_describing_word_may_stand_before_what_it_describes() -> None:
    assert read_prompt("jazz, sad piano chords, A minor, 90 BPM").is_in_order


def test_a_prompt_is_built_in_the_usual_order() -> None:
    text = build_prompt(
        genre="house",
        elements=["warm arpeggios"],
        moods=["dreamy"],
        effects=["reverb"],
        key="Am",
        bpm=120,
    )
    assert text == "house, warm arpeggios, dreamy, reverb, A minor, 120 BPM"
    assert read_prompt(text).is_in_order


def test_what_a_prompt_states_already_is_not_said_twice() -> None:
    assert build_prompt(elements=["techno, 128 BPM"], bpm=128) == "techno, 128 BPM"
    assert build_prompt(elements=["chords in Am"], key="A minor") == "chords in Am"


def test_a_tempo_of_many_digits_does_not_contradict_itself() -> None:
    text = build_prompt(elements=["techno"], bpm=400 / 3)
    assert text == "techno, 133.333 BPM"
    assert build_prompt(elements=[text], bpm=400 / 3) == text


@pytest.mark.parametrize("name", ["elements", "moods", "effects"])
def test_one_text_where_several_go_is_not_taken_for_its_letters(name: str) -> None:
    with pytest.raises(RequestError, match=rf"{name} must be a list of texts, .* not 'dark'"):
        build_prompt(**{name: "dark"})  # type: ignore[arg-type]


def test_parts_that_contradict_the_prompt_are_refused() -> None:
    with pytest.raises(RequestError, match="says 128 BPM, and bpm is 120"):
        build_prompt(elements=["techno, 128 BPM"], bpm=120)
    with pytest.raises(RequestError, match="in A minor, and the key is C major"):
        build_prompt(elements=["chords in Am"], key="C major")
    with pytest.raises(RequestError, match="nothing to say"):
        build_prompt(elements=["  "])


def test_captions_of_rendered_clips_are_read_as_they_are_meant() -> None:
    """What the default model was taught: tempo and key exactly, and seldom another genre."""
    told = right = 0
    for seed in range(24):
        clip = render_clip(seed, "drum_loop" if seed % 2 else "chords")
        for caption in clip.captions:
            read = read_prompt(caption)
            assert read.bpm in (None, clip.attributes.bpm), caption
            assert read.first("key") in (None, clip.attributes.key), caption
            if read.first("genre") is not None:
                told += 1
                right += read.first("genre") in (clip.attributes.genre, clip.attributes.subgenre)
    assert told > 40
    assert right / told > 0.95
