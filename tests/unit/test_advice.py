"""What a prompt lacks or contradicts is said in one sentence each."""

from __future__ import annotations

from itertools import product

import pytest

from soundlet.advice import advise, usual_tempo
from soundlet.bundle import TOKENIZER, open_bundle
from soundlet.errors import RequestError
from soundlet.ideas import PRESETS, random_prompt
from soundlet.key_pieces import KEYS, KeyPieces, key_number
from soundlet.prompt import Prompt, read_prompt
from soundlet.tokenizer import Tokenizer
from soundlet.vocabulary.genres import ALL_GENRES


def codes(text: str) -> list[str]:
    return [advice.code for advice in advise(read_prompt(text))]


def messages(text: str) -> str:
    return "\n".join(advice.message for advice in advise(read_prompt(text)))


@pytest.mark.parametrize(
    "text",
    ["house, drum loop, 909 kit, 124 BPM", "kick", "thunder, distant",
     "lo-fi, electric piano chords, chill, A minor, 80 BPM"],
)  # fmt: skip
def test_a_whole_prompt_needs_no_advice(text: str) -> None:
    assert codes(text) == []


def test_what_is_missing_is_named_with_an_example() -> None:
    told = messages("chords")
    for words in ("no genre", "no tempo", "no key", "no instrument"):
        assert words in told
    assert "house is usually 116 to 130 BPM" in messages("house drum loop")
    assert "what kind of sound" in messages("techno, 130 BPM")


def test_a_tempo_that_is_unusual_for_the_genre_or_was_not_taught_is_told() -> None:
    assert "90 BPM is unusual for house, which is 116 to 130 BPM" in messages("house drums 90 BPM")
    assert "unusual for lo-fi" in messages("lo-fi, jazz, drums, 190 BPM")
    assert "tempo" not in codes("lo-fi, house, drums, 120 BPM")
    assert "outside of what was taught" in messages("house drums 190 BPM")
    assert "tempo" not in codes("deep house drums 118 BPM")


def test_a_subgenre_has_a_range_of_its_own() -> None:
    assert usual_tempo("deep house") == (116.0, 124.0)
    assert usual_tempo("house") == (116.0, 130.0)
    assert usual_tempo("polka") is None


def test_contradictions_are_told() -> None:
    assert "more than one tempo: 120, 128" in messages("house drums, 120-128 BPM")
    told = messages("jazz, sad happy piano chords, C major, 150 BPM, 90 BPM")
    for words in ("more than one tempo", "minor keys, not in C major", "sad and happy contradict"):
        assert words in told


def test_contradictions_are_told_in_the_words_of_the_prompt() -> None:
    told = messages("jazz, mournful cheerful piano chords, C major, 140 BPM, half-time")
    assert "mournful (sad) and cheerful (happy) contradict each other" in told
    assert "mournful (sad) was taught in minor keys, not in C major" in told
    assert "half-time (slow) was taught at 60 to 80 BPM" in told


def test_a_word_that_negates_is_told_to_be_left_out_with_what_follows() -> None:
    told = messages("lo-fi piano chords without drums, no vocals, don\u2019t sing")
    assert "what 'don\u2019t' means" in told
    assert "what 'without' means: it may make what follows, so leave both out" in told
    assert "what 'no' means" in told


def test_an_order_that_is_not_the_usual_one_comes_with_the_usual_one() -> None:
    assert "techno, drum loop, 909 kit, 128 BPM" in messages("128 BPM drum loop, 909 kit, techno")


def test_a_key_that_the_default_model_does_not_read_is_told_with_its_spelling() -> None:
    told = messages("house, piano chords in B flat minor, F-sharp major, C♯m, 120 BPM")
    assert "not taught the spelling 'in B flat minor': write Bb minor" in told
    assert "not taught the spelling 'F-sharp major': write F# major" in told
    assert "'C♯m'" not in told


def test_the_default_model_reads_the_keys_that_are_not_told() -> None:
    bundle = open_bundle()
    tokenizer = Tokenizer(bundle.folder / TOKENIZER, bundle.config.prompt_max_length)
    read = KeyPieces(tokenizer.pieces)
    accidentals = ("", "#", "b", "♯", "♭", " sharp", " flat", "-sharp", "-flat")
    modes = (" minor", " major", " min", " maj", "-minor", "m", "min", "maj")
    for note, accidental, mode in product("ABCDEFG", accidentals, modes):
        key = note + accidental + mode
        prompt = read_prompt(key)
        if prompt.first("key") is None or note + accidental in ("Cb", "Fb", "C♭", "F♭"):
            continue  # such as "A sharpm"; and of "Fb minor" it reads the B
        tokens = tokenizer.encode([key])[0][0].tolist()
        numbers = [word - read.n_pieces for word in read.words(tokens) if word >= read.n_pieces]
        is_told = "not taught the spelling" in messages(key)
        assert [KEYS[number] for number in numbers] == ([] if is_told else [named(prompt)]), key
        assert "not taught the spelling" not in messages(named(prompt))


def named(prompt: Prompt) -> str:
    """The key of a prompt, as `KEYS` has it."""
    number = key_number(str(prompt.first("key")))
    assert number is not None
    return KEYS[number]


def test_a_slip_of_the_finger_is_recognised() -> None:
    told = messages("techo drum lop 128 BPM")
    assert "did you mean techno?" in told
    assert "'drum lop'; did you mean drum loop?" in told


def test_ideas_are_prompts_without_fault() -> None:
    for seed in range(150):
        preset = list(PRESETS)[seed % len(PRESETS)]
        idea = random_prompt(seed, preset=preset)
        assert codes(idea) == [], idea
        assert read_prompt(idea).kind in {*PRESETS[preset].kinds, "chords", "melody", "pad"}


def test_ideas_repeat_by_seed_and_keep_to_their_genre() -> None:
    assert random_prompt(3) == random_prompt(3)
    assert len({random_prompt(seed) for seed in range(50)}) > 45
    for genre, entry in ALL_GENRES.items():
        allowed = {genre, *entry.styles}
        assert read_prompt(random_prompt(1, genre=genre)).first("genre") in allowed
    with pytest.raises(RequestError, match="polka"):
        random_prompt(1, genre="polka")
    for preset in ("song", ""):
        with pytest.raises(RequestError, match="preset is one of"):
            random_prompt(1, preset=preset)
    with pytest.raises(RequestError, match="has none"):
        random_prompt(1, genre="house", preset="effect")


def test_the_examples_of_presets_are_prompts_without_fault() -> None:
    for name, preset in PRESETS.items():
        assert codes(preset.example) == [], name
        assert read_prompt(preset.example).kind in preset.kinds
