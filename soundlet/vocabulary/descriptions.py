"""The words of captions and what each of them promises about the sound.

A word that describes (a mood, a texture, an effect) stands here together with the traits that the
renderer gives to a clip before a caption may use it. `words` begin with the canonical name;
`held_out` words never occur in a training caption and serve the evaluation. Genres are in
`genres`, instruments in `instruments`, the things that one-shots and effects sound like in
`sources`.
"""

from __future__ import annotations

from dataclasses import dataclass

from soundlet.vocabulary.traits import Traits

TEMPO_RANGE = (60, 180)  # BPM

DRUMS = frozenset({"drum_loop"})
TONAL = frozenset({"chords", "arpeggio", "melody", "pad"})
MUSIC = TONAL | DRUMS | {"bass_line", "arrangement"}
SONGS = TONAL | {"arrangement"}


@dataclass(frozen=True)
class Words:
    """Synonyms of one value, the canonical name first."""

    words: tuple[str, ...]
    held_out: tuple[str, ...]


@dataclass(frozen=True)
class Description:
    """A describing word: its synonyms, the kinds of clip it may describe, and its traits.

    Drum loops have no key and no register; where a word needs other traits there, `drum_traits`
    says which, and the word may describe them too.
    """

    words: tuple[str, ...]
    held_out: tuple[str, ...]
    kinds: frozenset[str]
    traits: Traits
    drum_traits: Traits | None = None

    def traits_for(self, kind: str) -> Traits | None:
        """The traits in a clip of a kind, or None where the word says nothing."""
        if kind == "drum_loop" and self.drum_traits is not None:
            return self.drum_traits
        return self.traits if kind in self.kinds else None


def _words(words: str, held_out: str) -> Words:
    return Words(tuple(words.split("|")), tuple(held_out.split("|")))


def _description(
    words: str,
    held_out: str,
    kinds: frozenset[str],
    traits: Traits,
    drum_traits: Traits | None = None,
) -> tuple[str, Description]:
    names = tuple(words.split("|"))
    return names[0], Description(names, tuple(held_out.split("|")), kinds, traits, drum_traits)


KIND_WORDS: dict[str, Words] = {
    "drum_loop": _words("drum loop|beat|drums|groove|drum pattern|percussion loop|drum beat"
                        "|drum groove|rhythm|drum track", "drumming|percussive pattern"),
    "bass_line": _words("bass line|bassline|bass|bass riff|bass loop|bass groove|bass part",
                        "low-end riff|bass figure"),
    "chords": _words("chords|chord progression|chord loop|chord sequence|chord pattern"
                     "|chord changes", "harmonies|chordal passage"),
    "arpeggio": _words("arpeggio|arp|arpeggios|arpeggiated pattern|arp loop|arpeggiated chords"
                       "|arp sequence", "broken triads|rolling arpeggiator"),
    "melody": _words("melody|lead|tune|melodic loop|melody line|lead line|melodic line|solo",
                     "topline|theme"),
    "pad": _words("pad|pads|sustained chords|atmosphere|held chords|pad loop|ambient layer"
                  "|long chords", "sound bed|harmonic wash"),
    "arrangement": _words("track|full track|song|music|instrumental|full arrangement"
                          "|backing track|full beat|music loop", "full mix|composition"),
    "one_shot": _words("one shot|one-shot|hit|single hit|oneshot|single sound", "lone strike"),
    "sound_effect": _words("sound effect|sfx|fx|sound fx|foley|noise effect", "audio effect clip"),
}  # fmt: skip

MOODS: dict[str, Description] = dict([
    _description("happy|cheerful|joyful|sunny|merry|feel-good", "jolly|gleeful", SONGS,
                 Traits(mode="major", tempo=(105, 180), loudness=(0.75, 0.95))),
    _description("sad|melancholic|sorrowful|melancholy|heartbroken|mournful", "tearful|wistful",
                 SONGS, Traits(mode="minor", tempo=(60, 92), loudness=(0.4, 0.65))),
    _description("dark|gloomy|sinister|brooding|ominous|menacing", "shadowy|bleak",
                 TONAL | {"bass_line", "arrangement"},
                 Traits(mode="minor", register=-1, low_pass=(700, 1800)),
                 Traits(low_pass=(1400, 2600), body=(0.3, 0.6))),
    _description("bright|brilliant|sparkling|shiny|shimmering", "gleaming|radiant",
                 TONAL | DRUMS, Traits(register=1, lift=(1.0, 2.0))),
    _description("calm|peaceful|relaxing|gentle|soothing|tranquil|serene", "restful|placid",
                 SONGS, Traits(tempo=(60, 88), loudness=(0.35, 0.55), busy=(0.0, 0.3))),
    _description("energetic|high-energy|powerful|lively|upbeat|vigorous", "pumped-up|spirited",
                 MUSIC, Traits(tempo=(122, 180), loudness=(0.9, 1.0), busy=(0.6, 1.0))),
    _description("dreamy|ethereal|hazy|floating|celestial|heavenly", "otherworldly|cloudlike",
                 SONGS, Traits(reverb_wet=(0.45, 0.65), reverb_size=(0.7, 1.0),
                               loudness=(0.45, 0.7)),
                 Traits(reverb_wet=(0.45, 0.65), reverb_size=(0.7, 1.0), loudness=(0.45, 0.7))),
    _description("aggressive|angry|brutal|violent|fierce|raging", "hostile|savage",
                 MUSIC - {"pad"}, Traits(mode="minor", drive=(0.4, 0.7), loudness=(0.9, 1.0))),
    _description("mysterious|eerie|spooky|haunting|enigmatic|suspenseful", "uncanny|cryptic",
                 TONAL, Traits(mode="minor", tempo=(60, 104), reverb_wet=(0.35, 0.55),
                               reverb_size=(0.6, 0.95))),
    _description("chill|laid-back|mellow|relaxed|easygoing|laid back", "lazy|without a rush",
                 MUSIC, Traits(tempo=(64, 98), loudness=(0.45, 0.68), low_pass=(3200, 5500))),
    _description("driving|pulsing|relentless|propulsive|pounding|hard-driving",
                 "unstoppable|pushing", MUSIC - {"pad", "melody"},
                 Traits(tempo=(118, 180), loudness=(0.85, 1.0))),
    _description("epic|heroic|grand|majestic|monumental|triumphant", "mighty|larger than life",
                 SONGS - {"arpeggio"},
                 Traits(loudness=(0.9, 1.0), reverb_wet=(0.3, 0.45), reverb_size=(0.7, 0.95),
                        body=(0.5, 1.0)),
                 Traits(loudness=(0.9, 1.0), reverb_wet=(0.3, 0.45), reverb_size=(0.7, 0.95),
                        body=(0.5, 1.0))),
    _description("playful|quirky|bouncy|cute|whimsical|silly", "frisky|tongue-in-cheek",
                 TONAL - {"pad"}, Traits(mode="major", tempo=(96, 160), register=1,
                                         gate=(0.25, 0.45))),
    _description("uplifting|euphoric|hopeful|inspiring|optimistic|feelgood anthem",
                 "soaring|life-affirming", SONGS,
                 Traits(mode="major", tempo=(118, 150), reverb_wet=(0.2, 0.35),
                        reverb_size=(0.4, 0.7))),
    _description("lonely|desolate|empty|forlorn|isolated", "solitary|abandoned",
                 TONAL, Traits(mode="minor", busy=(0.0, 0.15), reverb_wet=(0.4, 0.6),
                               reverb_size=(0.6, 1.0))),
    _description("fast|quick|rapid|speedy|uptempo|fast-paced", "brisk|breakneck",
                 MUSIC - {"pad"}, Traits(tempo=(150, 180))),
    _description("swinging|swung|shuffled|with swing|shuffle feel|swing feel",
                 "lilting|triplet-feel", DRUMS, Traits(swing=(0.62, 0.667), busy=(0.4, 0.8))),
    _description("slow|slow-paced|sluggish|low-tempo|slow tempo", "leisurely|crawling",
                 MUSIC - {"pad"}, Traits(tempo=(60, 80))),
])  # fmt: skip

TEXTURES: dict[str, Description] = dict([
    _description("warm|smooth|cozy|rounded|mellow-toned", "velvety|toasty", MUSIC,
                 Traits(low_pass=(2200, 4000), body=(0.25, 0.5))),
    _description("crisp|clear|sharp|polished|sizzling", "glassy-clean|etched", MUSIC - {"pad"},
                 Traits(lift=(0.8, 1.6))),
    _description("lo-fi sounding|dusty|vinyl|old record|crackly|grainy", "worn-out|antique",
                 MUSIC, Traits(high_pass=(90, 160), low_pass=(2800, 4500), devices=("vinyl",))),
    _description("airy|breathy|weightless|feathery|light", "gossamer|gauzy", SONGS,
                 Traits(high_pass=(280, 480), reverb_wet=(0.2, 0.35), reverb_size=(0.4, 0.7))),
    _description("punchy|hard-hitting|tight|compressed|slamming",
                 "walloping|with a kick to it", MUSIC,
                 Traits(devices=("compressor",), body=(0.3, 0.6))),
    _description("heavy|massive|huge|thick|fat", "hefty|colossal", MUSIC - {"pad"},
                 Traits(body=(0.7, 1.2), drive=(0.2, 0.35), loudness=(0.9, 1.0))),
    _description("soft|delicate|softly played|tender|subtle", "faint|featherlight", MUSIC,
                 Traits(loudness=(0.3, 0.48))),
    _description("muffled|underwater|dull|blanketed|veiled", "behind a wall|smothered", MUSIC,
                 Traits(low_pass=(420, 800))),
    _description("thin|tinny|narrow|narrow band|bassless", "reedy small speaker|skinny",
                 MUSIC - {"bass_line"}, Traits(high_pass=(500, 900))),
    _description("wide|stereo-wide|panoramic|broad|wide stereo", "expansive|all around",
                 SONGS, Traits(devices=("wide",))),
    _description("dry|close|no reverb|upfront|direct", "anechoic|bone-dry",
                 MUSIC, Traits(reverb_wet=(0.0, 0.0), devices=("mono",))),
    _description("spacious|roomy|vast|cavernous|big-room", "boundless|hall-like", MUSIC,
                 Traits(reverb_wet=(0.35, 0.55), reverb_size=(0.55, 0.9))),
    _description("minimal|sparse|simple|stripped-down|minimalistic", "bare|pared-back",
                 DRUMS | {"melody", "bass_line", "chords"}, Traits(busy=(0.0, 0.08))),
    _description("busy|dense|complex|intricate|hectic", "crowded|jam-packed",
                 DRUMS | {"melody", "arpeggio", "chords"}, Traits(busy=(0.9, 1.0))),
    _description("staccato|short notes|clipped|detached|plucky", "spiky|cut short",
                 frozenset({"bass_line", "chords", "arpeggio", "melody"}),
                 Traits(gate=(0.15, 0.35))),
    _description("deep|low|low-pitched|subby|bassy", "bottomless|subterranean",
                 TONAL | {"bass_line"}, Traits(register=-1, body=(0.4, 0.8))),
    _description("high-pitched|high|high register|soprano range|high up", "treble-range",
                 TONAL - {"pad"}, Traits(register=1)),
])  # fmt: skip

EFFECTS: dict[str, Description] = dict([
    _description("reverb|reverberation|with reverb|reverberant|big reverb|reverbed",
                 "drenched in hall|echo chamber", MUSIC,
                 Traits(reverb_wet=(0.35, 0.6), reverb_size=(0.4, 0.95))),
    _description("delay|echo|with delay|echoes|ping pong delay|delayed", "repeats|tape echoing",
                 MUSIC, Traits(delay_wet=(0.4, 0.7))),
    _description("distortion|distorted|overdriven|saturated|fuzz|crunchy", "clipped amp|dirty",
                 MUSIC - {"pad"}, Traits(drive=(0.45, 0.8))),
    _description("low-pass filter|filtered|low-passed|lowpass|low pass filter|filtered down",
                 "highs removed|treble cut", MUSIC, Traits(low_pass=(450, 1200))),
    _description("high-pass filter|high-passed|highpass|high pass filter|no bass",
                 "lows removed|bass cut", MUSIC - {"bass_line"}, Traits(high_pass=(500, 1100))),
    _description("chorus|chorused|chorus effect|with chorus|detuned chorus", "ensemble effect",
                 SONGS | {"bass_line"}, Traits(devices=("chorus",))),
    _description("tremolo|trembling|with tremolo|pulsating tremolo|amplitude modulation",
                 "wavering volume", TONAL, Traits(devices=("tremolo",))),
    _description("bitcrushed|bitcrusher|8-bit crushed|crushed|low bit depth", "pixelated|decimated",
                 MUSIC, Traits(devices=("bitcrusher",))),
    _description("telephone|telephone filter|phone speaker|old radio|radio filter",
                 "walkie-talkie|megaphone", MUSIC - {"bass_line"},
                 Traits(high_pass=(450, 650), low_pass=(2200, 3200), drive=(0.15, 0.3))),
    _description("filter sweep|opening filter|rising filter sweep|filter opening|sweeping filter",
                 "cutoff opening up", MUSIC - {"bass_line"}, Traits(devices=("opening filter",))),
    _description("closing filter|falling filter sweep|filter closing|filter closing down"
                 "|filter sweep down", "cutoff shutting", MUSIC - {"bass_line"},
                 Traits(devices=("closing filter",))),
    _description("sidechain|sidechained|pumping|sidechain compression|ducking", "breathing with"
                 " the kick", TONAL - {"melody"}, Traits(devices=("sidechain",))),
])  # fmt: skip

FILLERS = (
    "high quality",
    "royalty free",
    "sample pack",
    "professional",
    "studio quality",
    "44.1khz",
    "hq",
    "wav",
    "sample",
    "free sample",
    "best quality",
    "production ready",
    "for my video",
    "please",
    "splice",
)
