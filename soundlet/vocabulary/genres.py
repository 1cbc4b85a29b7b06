"""The genres: their words, usual tempi and instruments, and the narrower styles inside them."""

from __future__ import annotations

from dataclasses import dataclass

from soundlet.vocabulary.traits import Traits


@dataclass(frozen=True)
class Style:
    """A narrower style of a genre: what it promises, and where it departs from the genre.

    Attributes:
        words: synonyms, the canonical name first.
        traits: what the renderer obeys.
        kits: canonical names of its drum kits; empty for those of the genre.
        instruments: canonical names that it needs in a tonal clip; empty for those of the genre.
    """

    words: tuple[str, ...]
    traits: Traits
    kits: tuple[str, ...]
    instruments: tuple[str, ...]


@dataclass(frozen=True)
class Genre:
    """A genre.

    Attributes:
        words: synonyms, the canonical name first.
        held_out: words kept for the evaluation.
        tempo: usual range in BPM.
        instruments: canonical names that suit its tonal parts.
        styles: canonical name to style.
    """

    words: tuple[str, ...]
    held_out: tuple[str, ...]
    tempo: tuple[int, int]
    instruments: tuple[str, ...]
    styles: dict[str, Style]


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split("|")) if text else ()


def _style(words: str, traits: Traits, kits: str = "", instruments: str = "") -> Style:
    return Style(_split(words), traits, _split(kits), _split(instruments))


def _genre(
    words: str, held_out: str, low: int, high: int, instruments: str, *styles: Style
) -> Genre:
    named = {style.words[0]: style for style in styles}
    return Genre(_split(words), _split(held_out), (low, high), _split(instruments), named)


_BASSES = "synth bass|saw bass|square bass|sub bass|reese bass|fm bass|"
_ELECTRONIC = _BASSES + "saw lead|square lead|supersaw|synth pluck|synth strings|warm pad|airy pad"

GENRES: dict[str, Genre] = {
    "house": _genre(
        "house|house music|club house|chicago house|dance house|four on the floor house",
        "disco house|warehouse dance", 116, 130,
        "piano|organ|strings|brass section|choir pad|vibraphone|synth stab|electric piano|"
        + _ELECTRONIC,
        _style("deep house|deep house music|deephouse", Traits(
            tempo=(116, 124), low_pass=(2600, 4500), reverb_wet=(0.15, 0.3),
            reverb_size=(0.3, 0.6)), "909 kit|808 kit",
            "electric piano|organ|warm pad|sub bass|synth stab|vibraphone"),
        _style("tech house|tech-house|techhouse", Traits(tempo=(122, 128), busy=(0.7, 1.0)),
               "909 kit|electronic kit", "saw bass|square bass|fm bass|synth stab|synth pluck"),
        _style("acid house|acidhouse|acid", Traits(tempo=(118, 128)), "909 kit|808 kit",
               "acid bass")),
    "techno": _genre(
        "techno|club techno|detroit techno|warehouse techno|techno music|rave techno",
        "berlin club|berghain", 120, 150,
        "halo pad|choir pad|synth brass|dark pad|synth stab|synth bell|" + _ELECTRONIC,
        _style("minimal techno|minimal|micro techno", Traits(tempo=(122, 130), busy=(0.0, 0.1))),
        _style("hard techno|hardtechno|industrial techno", Traits(
            tempo=(138, 156), drive=(0.35, 0.6)), "industrial kit|909 kit",
            "saw bass|reese bass|hoover|synth stab|distorted guitar"),
        _style("dub techno|dubtechno|deep dub techno", Traits(
            tempo=(118, 128), delay_wet=(0.4, 0.6), reverb_wet=(0.3, 0.5),
            reverb_size=(0.5, 0.8)), "", "synth stab|sub bass|dark pad|warm pad"),
        _style("acid techno|acid tekno|303 techno", Traits(tempo=(128, 146)), "909 kit",
               "acid bass")),
    "trance": _genre(
        "trance|trance music|club trance|euro trance|rave trance|classic trance",
        "goa|hands in the air", 128, 145,
        "halo pad|choir pad|strings|piano|supersaw|synth bell|" + _ELECTRONIC,
        _style("psytrance|psy trance|psychedelic trance", Traits(tempo=(138, 148)), "",
               "acid bass|saw bass|saw lead|square lead|synth pluck")),
    "drum and bass": _genre(
        "drum and bass|dnb|drum & bass|d&b|drum n bass|drum'n'bass",
        "breakneck bass music|d'n'b roller", 165, 180,
        "halo pad|choir pad|strings|piano|reese bass|sub bass|wobble bass|" + _ELECTRONIC,
        _style("liquid drum and bass|liquid dnb|liquid d&b", Traits(
            tempo=(170, 178), reverb_wet=(0.2, 0.4), reverb_size=(0.4, 0.7)), "",
            "electric piano|piano|strings|warm pad|airy pad|sub bass"),
        _style("neurofunk|neuro|neuro dnb", Traits(tempo=(170, 178), drive=(0.3, 0.5)),
               "electronic kit|industrial kit", "reese bass|wobble bass|fm bass|hoover")),
    "jungle": _genre(
        "jungle|oldschool jungle|ragga jungle|90s jungle|jungle music|jungle breaks",
        "amen breaks|hardcore breaks", 155, 180,
        "halo pad|choir pad|organ|sub bass|reese bass|" + _ELECTRONIC),
    "dubstep": _genre(
        "dubstep|dub step|dubstep music|140 bass music|uk dubstep|dubstep style",
        "wub wub|grime", 136, 146,
        "distorted guitar|choir|halo pad|wobble bass|reese bass|sub bass|dark pad|" + _ELECTRONIC,
        _style("brostep|heavy dubstep|tearout", Traits(tempo=(138, 150), drive=(0.35, 0.6)),
               "power kit|industrial kit|electronic kit", "wobble bass|reese bass|fm bass|hoover")),
    "hip hop": _genre(
        "hip hop|hip-hop|rap|hiphop|hip hop style|rap style", "mc backing|b-boy", 80, 105,
        "piano|electric piano|strings|bass guitar|upright bass|muted trumpet|vibraphone|clavinet"
        "|flute|synth bass|choir|saxophone|harp|sub bass",
        _style("boom bap|boom-bap|90s boom bap", Traits(tempo=(84, 98)),
               "acoustic kit|room kit|lo-fi kit"),
        _style("old school hip hop|oldschool hip hop|electro rap", Traits(tempo=(96, 116)),
               "808 kit", "synth bass|synth stab|clavinet|synth brass")),
    "trap": _genre(
        "trap|trap music|atlanta trap|southern trap|trap style|trap rap", "drill|plugg", 130, 165,
        "piano|music box|strings|choir|flute|sub bass|halo pad|glockenspiel|harp|church organ"
        "|saw lead|koto|kalimba|synth bell|synth pluck|dark pad"),
    "lo-fi": _genre(
        "lo-fi|lofi|lo-fi hip hop|lofi hip hop|chillhop|lo fi", "study session|bedroom tape",
        65, 92,
        "electric piano|piano|nylon guitar|electric guitar|upright bass|vibraphone|muted trumpet"
        "|saxophone|bass guitar|kalimba|warm pad|flute"),
    "rock": _genre(
        "rock|rock music|indie rock|classic rock|alternative rock|garage rock",
        "rock and roll|stadium anthem", 95, 165,
        "distorted guitar|electric guitar|acoustic guitar|bass guitar|organ|piano|muted guitar"
        "|honky-tonk piano",
        _style("punk rock|punk|pop punk", Traits(tempo=(156, 180), loudness=(0.9, 1.0)),
               "power kit|acoustic kit", "distorted guitar|bass guitar"),
        _style("hard rock|heavy rock|arena rock", Traits(
            tempo=(96, 140), loudness=(0.9, 1.0), body=(0.4, 0.8)), "power kit",
            "distorted guitar|bass guitar"),
        _style("soft rock|rock ballad|slow rock", Traits(
            tempo=(66, 88), loudness=(0.5, 0.7)), "acoustic kit|room kit",
            "acoustic guitar|electric guitar|piano|bass guitar|strings")),
    "metal": _genre(
        "metal|heavy metal|thrash metal|metal music|thrash|metal style", "mosh pit|headbanger",
        120, 180, "distorted guitar|bass guitar|muted guitar|church organ|choir",
        _style("doom metal|doom|sludge metal", Traits(
            tempo=(60, 84), body=(0.6, 1.0), loudness=(0.9, 1.0)), "power kit",
            "distorted guitar|bass guitar")),
    "funk": _genre(
        "funk|funky|funk music|70s funk|funk style|soul funk", "p-funk|get on the good foot",
        92, 122, "clavinet|electric piano|organ|slap bass|bass guitar|brass section"
        "|electric guitar|saxophone|trumpet|muted guitar|fretless bass"),
    "disco": _genre(
        "disco|70s disco|nu disco|disco music|disco funk|disco dance",
        "studio 54|mirror ball", 108, 128,
        "strings|synth strings|electric piano|piano|bass guitar|slap bass|brass section"
        "|electric guitar|clavinet|synth bass"),
    "reggae": _genre(
        "reggae|roots reggae|reggae music|jamaican reggae|reggae style|island reggae",
        "rocksteady|kingston riddim", 66, 96,
        "organ|electric guitar|bass guitar|piano|clavinet|trombone|brass section|saxophone"
        "|steel drum|harmonica",
        _style("dub|dub reggae|dub music", Traits(
            tempo=(64, 84), delay_wet=(0.45, 0.7), reverb_wet=(0.3, 0.5),
            reverb_size=(0.5, 0.8)), "", "bass guitar|organ|electric guitar|sub bass")),
    "bossa nova": _genre(
        "bossa nova|bossa|brazilian|brazilian bossa nova|bossanova|latin bossa",
        "ipanema|rio samba", 100, 160,
        "nylon guitar|upright bass|piano|flute|vibraphone|electric piano|saxophone|whistle"
        "|electric guitar"),
    "latin": _genre(
        "latin|salsa|latin music|cuban|afro-cuban|latin dance", "mambo|tropical fiesta", 85, 125,
        "piano|brass section|trumpet|upright bass|bass guitar|nylon guitar|marimba|flute"
        "|accordion|vibraphone|trombone"),
    "reggaeton": _genre(
        "reggaeton|dembow|latin urban|reggaeton music|perreo|regueton", "urbano|dancehall",
        86, 104, "nylon guitar|piano|marimba|flute|accordion|pizzicato strings|" + _ELECTRONIC),
    "jazz": _genre(
        "jazz|swing jazz|jazz music|bebop|jazz club|cool jazz", "hard bop|nightclub quartet",
        95, 180, "piano|upright bass|saxophone|trumpet|muted trumpet|vibraphone|electric guitar"
        "|clarinet|trombone|brass section|flute",
        _style("jazz ballad|slow jazz|ballad jazz", Traits(
            tempo=(60, 84), loudness=(0.4, 0.62)), "brush kit",
            "piano|upright bass|saxophone|muted trumpet|vibraphone|electric guitar")),
    "synthwave": _genre(
        "synthwave|retrowave|80s synthwave|outrun|synth wave|80s synth", "neon eighties|vaporwave",
        84, 118, "synth brass|choir pad|halo pad|synth bell|electric piano|" + _ELECTRONIC),
    "downtempo": _genre(
        "downtempo|chillout|down tempo|chill out|trip hop|trip-hop", "lounge|slow electronica",
        62, 98, "electric piano|piano|harp|vibraphone|kalimba|strings|choir|choir pad|halo pad"
        "|warm pad|nylon guitar|synth bass|cello|flute|koto|pan flute|marimba|synth strings"
        "|fretless bass|saw lead|sitar|sub bass|airy pad|synth bell"),
    "uk garage": _genre(
        "uk garage|ukg|2-step|garage|two-step garage|uk garage music", "speed garage|london club",
        128, 138, "organ|piano|strings|choir pad|synth stab|" + _ELECTRONIC),
    "breakbeat": _genre(
        "breakbeat|breaks|big beat|break beat|nu skool breaks|breakbeats",
        "chopped-up funk|breakdance", 105, 142,
        "distorted guitar|organ|piano|strings|acid bass|" + _ELECTRONIC),
    "pop": _genre(
        "pop|pop music|dance pop|indie pop|mainstream pop|radio pop", "chart hit|top 40", 88, 132,
        "piano|acoustic guitar|electric guitar|strings|bass guitar|electric piano|glockenspiel"
        "|ukulele|marimba|supersaw|" + _ELECTRONIC),
}  # fmt: skip

UNDRUMMED_GENRES: dict[str, Genre] = {
    "ambient": _genre(
        "ambient|ambient music|atmospheric|new age|meditation|drone ambient",
        "sleep soundscape|spa", 60, 90,
        "warm pad|halo pad|choir pad|airy pad|dark pad|synth strings|strings|choir|piano|harp"
        "|kalimba|synth bell|cello|flute|electric piano"),
    "classical": _genre(
        "classical|classical music|orchestral|chamber music|symphonic|baroque",
        "concert hall repertoire|philharmonic", 60, 150,
        "piano|harpsichord|violin|cello|strings|flute|oboe|clarinet|bassoon|french horn|trumpet"
        "|harp|pizzicato strings|celesta|church organ|choir|trombone|glockenspiel|recorder"),
    "cinematic": _genre(
        "cinematic|film score|soundtrack|movie score|film music|trailer music",
        "movie underscore|big-screen", 60, 140,
        "strings|piano|french horn|choir|cello|harp|brass section|synth strings|celesta"
        "|tubular bells|pizzicato strings|halo pad|warm pad|violin|oboe|church organ|choir pad"
        "|music box|dark pad"),
    "folk": _genre(
        "folk|country|acoustic folk|americana|folk music|bluegrass", "barn dance|appalachian",
        76, 160, "acoustic guitar|banjo|mandolin|violin|harmonica|accordion|upright bass|recorder"
        "|whistle|nylon guitar|ukulele|dulcimer|pan flute|honky-tonk piano"),
    "chiptune": _genre(
        "chiptune|8-bit|video game|8 bit|retro game|game music", "arcade console|nes", 100, 180,
        "square lead|square bass|saw lead"),
    "world": _genre(
        "world|world music|ethnic|traditional|oriental|eastern", "global fusion|exotic", 66, 140,
        "sitar|koto|shamisen|kalimba|steel drum|pan flute|ocarina|marimba|dulcimer|nylon guitar"
        "|whistle|harp"),
}  # fmt: skip

ALL_GENRES: dict[str, Genre] = GENRES | UNDRUMMED_GENRES
