"""The instruments: canonical names, the words people use for them, and where they are played.

The first words of a row are training synonyms; `held_out` words never occur in a training caption
and serve the evaluation. Ranges are those in which the soundfont sounds like the instrument.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Instrument:
    """One melodic instrument.

    Attributes:
        name: canonical name.
        family: coarse group, as the evaluation's classifier uses it.
        presets: (bank, program) pairs of the soundfont that are fair examples.
        patches: names of our own synthesiser patches that are fair examples.
        low: lowest MIDI pitch.
        high: highest MIDI pitch.
        roles: kinds of clip it may carry: b(ass), c(hords), a(rpeggio), m(elody), p(ad).
        words: what people write for it, the canonical name first.
        held_out: words kept for the evaluation.
        sustains: whether a held note keeps sounding.
    """

    name: str
    family: str
    presets: tuple[tuple[int, int], ...]
    patches: tuple[str, ...]
    low: int
    high: int
    roles: str
    words: tuple[str, ...]
    held_out: tuple[str, ...]
    sustains: bool


def _row(
    words: str,
    family: str,
    programs: str,
    low: int,
    high: int,
    roles: str,
    held_out: str,
    patches: str = "",
) -> Instrument:
    """A table row: words and patches are split at "|", programs at " " ("8:24" is bank 8).

    Capital letters in `roles` mark an instrument whose notes sustain.
    """
    presets = []
    for program in programs.split():
        bank, _, number = program.rpartition(":")
        presets.append((int(bank or 0), int(number)))
    names = tuple(words.split("|"))
    return Instrument(
        name=names[0],
        family=family,
        presets=tuple(presets),
        patches=tuple(patches.split("|")) if patches else (),
        low=low,
        high=high,
        roles=roles.lower(),
        words=names,
        held_out=tuple(held_out.split("|")),
        sustains=roles.isupper(),
    )


_ROWS = (
    _row("piano|grand piano|acoustic piano|concert piano|pianos|piano keys", "piano", "0 1",
         33, 96, "cam", "pianoforte|steinway"),
    _row("honky-tonk piano|honky tonk|saloon piano|detuned piano|ragtime piano|barroom piano",
         "piano", "3", 36, 90, "cam", "western saloon upright"),
    _row("electric piano|rhodes|e-piano|ep|electric keys|rhodes piano|tine piano",
         "electric piano", "4 5", 36, 90, "cam", "wurlitzer|fender rhodes", "fm electric piano"),
    _row("harpsichord|cembalo|baroque keyboard|harpsichord keys|clavecin", "harpsichord", "6",
         36, 88, "cam", "baroque keys"),
    _row("clavinet|clav|funky clav|clavi|electric clavichord", "harpsichord", "7",
         36, 84, "cam", "hohner clav"),
    _row("celesta|celeste|bell piano|celesta bells|orchestral celesta", "bell", "8",
         60, 100, "cam", "sugar plum keys"),
    _row("glockenspiel|glock|glockenspiel bells|orchestra bells|toy bells", "bell", "9",
         67, 103, "am", "metal bars glock"),
    _row("music box|musicbox|wind-up music box|toy music box|musical box", "bell", "10",
         60, 98, "am", "lullaby box", "music box"),
    _row("vibraphone|vibes|vibraharp|jazz vibes|mallet vibes", "mallet", "11",
         53, 89, "cam", "vibraphone bars", "vibraphone"),
    _row("marimba|marimbas|wooden mallets|marimba mallets|wood mallets", "mallet", "12",
         45, 89, "cam", "rosewood bars", "marimba"),
    _row("xylophone|xylo|wooden xylophone|xylophone mallets|wood xylophone", "mallet", "13",
         62, 98, "am", "wooden bars"),
    _row("tubular bells|chimes|tubular chimes|orchestral chimes|church chimes", "bell", "14",
         55, 84, "m", "tube bells", "tubular bell"),
    _row("dulcimer|hammered dulcimer|cimbalom|santur|hammer dulcimer", "plucked", "15",
         48, 86, "am", "struck zither"),
    _row("organ|hammond|drawbar organ|electric organ|hammond organ|rock organ", "organ",
         "16 17 18", 36, 88, "CAMP", "b3|tonewheel organ", "organ"),
    _row("church organ|pipe organ|cathedral organ|chapel organ|big organ", "organ", "19",
         36, 88, "CMP", "organ pipes"),
    _row("accordion|squeezebox|musette|french accordion|button accordion", "organ", "21",
         50, 88, "CM", "piano accordion"),
    _row("harmonica|blues harp|mouth organ|mouth harp|blues harmonica", "woodwind", "22",
         60, 86, "M", "harp blower"),
    _row("nylon guitar|classical guitar|spanish guitar|nylon string guitar|flamenco guitar",
         "guitar", "24", 40, 80, "cam", "nylon-strung guitar", "karplus guitar"),
    _row("acoustic guitar|steel string guitar|folk guitar|steel guitar|western guitar", "guitar",
         "25 8:25", 40, 82, "cam", "dreadnought guitar"),
    _row("electric guitar|clean guitar|clean electric guitar|jazz guitar|telecaster", "guitar",
         "26 27", 40, 84, "cam", "strat|semi-hollow guitar"),
    _row("muted guitar|palm muted guitar|muted electric guitar|guitar mutes|palm mutes", "guitar",
         "28", 40, 80, "am", "chugging muted strings", "muted guitar"),
    _row("distorted guitar|overdriven guitar|rock guitar|metal guitar|heavy guitar|crunch guitar",
         "distorted guitar", "29 30", 40, 82, "CAM", "high-gain guitar|fuzz guitar"),
    _row("upright bass|double bass|acoustic bass|contrabass|jazz bass|string bass", "bass", "32",
         28, 55, "b", "bull fiddle|standup bass"),
    _row("bass guitar|electric bass|fingered bass|fingerstyle bass|e-bass|picked bass", "bass",
         "33 34", 28, 55, "b", "p-bass|four-string bass"),
    _row("fretless bass|fretless|fretless electric bass|fretless bass guitar|mwah bass", "bass",
         "35", 28, 55, "b", "bass without frets"),
    _row("slap bass|slapped bass|slap bass guitar|popping bass|funk slap bass", "bass", "36 37",
         28, 55, "b", "thumb bass"),
    _row("synth bass|bass synth|analog bass|synthesizer bass|electronic bass|bass synthesizer",
         "synth bass", "38 39 8:38 8:39", 28, 55, "b", "synthesised bass|moog"),
    _row("violin|fiddle|solo violin|violins|solo fiddle", "strings", "40", 56, 96, "MP",
         "stradivarius"),
    _row("cello|violoncello|solo cello|cellos|celli", "strings", "42", 36, 72, "MP", "celloist"),
    _row("pizzicato strings|pizzicato|plucked strings|pizz|pizz strings|string pizzicato",
         "plucked", "45", 40, 88, "cam", "strings plucked by finger"),
    _row("harp|concert harp|orchestral harp|harps|celtic harp", "plucked", "46", 36, 93, "cam",
         "pedal harp", "harp"),
    _row("strings|string section|string ensemble|orchestral strings|violins and cellos|orchestra",
         "strings", "48 49", 36, 92, "CMP", "bowed ensemble|string orchestra"),
    _row("synth strings|string machine|string synth|synthesizer strings|solina|analog strings",
         "synth pad", "50 51", 36, 92, "CP", "string synthesiser", "string pad"),
    _row("choir|voices|vocal choir|choir aahs|choral voices|singing choir", "choir", "52 53",
         43, 84, "CMP", "chorale|vocal ensemble"),
    _row("trumpet|solo trumpet|brass trumpet|trumpets|jazz trumpet", "brass", "56", 54, 86, "M",
         "bugle"),
    _row("muted trumpet|harmon mute trumpet|trumpet with mute|mute trumpet|miles trumpet", "brass",
         "59", 54, 84, "M", "stopped trumpet"),
    _row("trombone|solo trombone|trombones|slide trombone|tenor trombone", "brass", "57",
         40, 72, "M", "sackbut"),
    _row("french horn|horn|french horns|orchestral horn|horns", "brass", "60", 41, 77, "MP",
         "waldhorn"),
    _row("brass section|brass|brass ensemble|horn section|big band brass|orchestral brass",
         "brass", "61", 43, 84, "CM", "brass band"),
    _row("synth brass|brass synth|analog brass|synthesizer brass|80s brass", "synth lead",
         "62 63", 40, 86, "CM", "brassy synthesiser", "synth brass"),
    _row("saxophone|sax|tenor sax|alto sax|solo sax|saxophones", "woodwind", "64 65 66", 50, 82,
         "M", "sax player"),
    _row("baritone sax|bari sax|low sax|baritone saxophone|bari saxophone", "woodwind", "67",
         36, 66, "M", "bass saxophone"),
    _row("oboe|oboes|solo oboe|orchestral oboe|english oboe", "woodwind", "68", 58, 88, "M",
         "hautbois"),
    _row("bassoon|bassoons|solo bassoon|orchestral bassoon|low double reed", "woodwind", "70",
         36, 70, "M", "fagott"),
    _row("clarinet|clarinets|solo clarinet|klezmer clarinet|orchestral clarinet", "woodwind",
         "71", 50, 88, "M", "licorice stick"),
    _row("flute|flutes|solo flute|concert flute|orchestral flute", "woodwind", "73", 60, 94, "M",
         "transverse flute"),
    _row("recorder|wooden flute|soprano recorder|block flute|school recorder", "woodwind", "74",
         62, 92, "M", "fipple flute"),
    _row("pan flute|panpipes|pan pipes|panflute|andean flute", "woodwind", "75", 60, 90, "M",
         "syrinx|zampona"),
    _row("whistle|whistling|tin whistle|human whistle|whistler", "woodwind", "78", 67, 96, "M",
         "whistled tune"),
    _row("ocarina|clay flute|vessel flute|ceramic flute|ocarina flute", "woodwind", "79", 62, 92,
         "M", "ocarina of clay"),
    _row("square lead|chiptune lead|8-bit lead|square wave synth|game boy lead|chip lead",
         "synth lead", "80", 48, 92, "CAM", "nes lead|pulse-wave voice", "square lead|chip lead"),
    _row("saw lead|synth lead|sawtooth lead|lead synth|sawtooth synth|analog lead", "synth lead",
         "81", 48, 92, "CAM", "solo synthesiser", "saw lead"),
    _row("warm pad|synth pad|pad synth|analog pad|ambient pad|soft pad", "synth pad", "89 95",
         40, 84, "CP", "pad sound", "warm pad"),
    _row("choir pad|vocal pad|space voice|synth choir|voice pad|synth voice", "synth pad",
         "91 54", 43, 82, "CP", "synthetic voices", "choir pad"),
    _row("halo pad|glassy pad|bowed glass pad|shimmering pad|glass pad|crystal pad", "synth pad",
         "92 94", 48, 86, "CP", "wine glass rims", "glass pad"),
    _row("sitar|indian sitar|sitars|raga sitar|indian strings", "plucked", "104", 45, 79, "am",
         "hindustani lute"),
    _row("banjo|bluegrass banjo|country banjo|five-string banjo|banjos", "plucked", "105",
         48, 84, "cam", "old-time banjo"),
    _row("shamisen|japanese lute|shamisens|samisen|japanese banjo", "plucked", "106", 50, 80,
         "am", "sangen"),
    _row("koto|japanese koto|japanese zither|kotos|japanese harp", "plucked", "107", 48, 84,
         "am", "so zither"),
    _row("kalimba|thumb piano|mbira|african thumb piano|sansa", "mallet", "108", 55, 86, "cam",
         "lamellophone", "kalimba"),
    _row("steel drum|steel pan|steelpan|caribbean steel drum|steel drums|steel pans", "mallet",
         "114", 55, 84, "cam", "trinidad pans"),
    _row("ukulele|uke|hawaiian ukulele|ukuleles|soprano ukulele", "guitar", "8:24", 58, 82,
         "cam", "four-string uke"),
    _row("mandolin|mandolins|bluegrass mandolin|folk mandolin|italian mandolin", "guitar",
         "16:25", 55, 88, "am", "mandola"),
    _row("saw bass|sawtooth bass|saw wave bass|analog saw bass|sawtooth bass synth", "synth bass",
         "", 28, 52, "B", "jagged bass wave", "saw bass"),
    _row("acid bass|303 bass|tb-303|acid line|303 acid line|squelchy bass", "synth bass", "",
         28, 52, "B", "silver box squelch", "acid bass"),
    _row("sub bass|sub|808 sub|sine bass|sub-bass|deep sub", "synth bass", "", 28, 48, "B",
         "subwoofer rumble bass", "sub bass"),
    _row("reese bass|reese|detuned bass|growling reese|reece bass", "synth bass", "", 28, 50, "B",
         "beating detuned low saws", "reese bass"),
    _row("square bass|square wave bass|hollow bass|pulse bass|chip bass", "synth bass", "",
         28, 52, "B", "hollow pulse low end", "square bass"),
    _row("wobble bass|wobble|wub bass|lfo bass|wobbling bass", "synth bass", "", 28, 50, "B",
         "wubs", "wobble bass"),
    _row("fm bass|fm synth bass|dx bass|dx7 bass|metallic bass", "synth bass", "", 28, 52, "B",
         "frequency modulated bass", "fm bass"),
    _row("supersaw|supersaw lead|super saw|trance lead|detuned saws|edm lead", "synth lead", "",
         52, 88, "CAM", "jp-8000 stack", "supersaw lead"),
    _row("sine lead|sine wave lead|theremin lead|pure sine synth|whistle synth", "synth lead", "",
         55, 90, "M", "ondes martenot", "sine lead"),
    _row("hoover|hoover lead|rave hoover|mentasm|hoover synth", "synth lead", "", 48, 79, "CM",
         "dominator vacuum", "hoover lead"),
    _row("synth pluck|pluck|plucky synth|plucked synth|pluck synth", "synth lead", "", 48, 90,
         "cam", "short synth picks", "pluck|square pluck"),
    _row("synth stab|stab|rave stab|stabs|house stab|synth stabs", "synth lead", "", 45, 79, "c",
         "chord jab", "stab"),
    _row("synth bell|fm bell|bells|bell synth|digital bells|glass bells", "bell", "", 58, 94,
         "cam", "dx chimes", "fm bell|glass bell"),
    _row("dark pad|dark synth pad|low pad|deep pad|murky pad", "synth pad", "", 40, 67, "CP",
         "shadow pad", "dark pad"),
    _row("synth flute|flute synth|analog flute|electronic flute|synthesizer flute", "synth lead",
         "", 60, 91, "M", "breathy triangle lead", "synth flute"),
    _row("airy pad|breathy pad|air pad|light pad|wispy synth pad", "synth pad", "", 52, 86, "CP",
         "vapour pad", "airy pad"),
)  # fmt: skip

INSTRUMENTS: dict[str, Instrument] = {row.name: row for row in _ROWS}


@dataclass(frozen=True)
class Kit:
    """A drum kit: soundfont programs of bank 128, or a kit of our own synthesis."""

    name: str
    programs: tuple[int, ...]
    synthesised: str | None
    words: tuple[str, ...]
    held_out: tuple[str, ...]

    @property
    def sampled_share(self) -> float:
        """Share of the samples where both exist: played drums are seldom synthesised."""
        return 0.5 if self.name == "808 kit" else 0.85


def _kit(words: str, programs: str, held_out: str, synthesised: str | None = None) -> Kit:
    names = tuple(words.split("|"))
    numbers = tuple(int(p) for p in programs.split())
    return Kit(names[0], numbers, synthesised, names, tuple(held_out.split("|")))


_KITS = (
    _kit("acoustic kit|acoustic drums|live drums|drum kit|real drums|acoustic drum kit", "0 1 3",
         "natural drum set|live drum set", "acoustic kit"),
    _kit("room kit|room drums|roomy drums|live room drums|studio drum kit", "8 9 11",
         "drum set in a room"),
    _kit("power kit|power drums|big rock drums|arena drums|heavy drum kit", "16 17",
         "stadium drum set"),
    _kit("electronic kit|electronic drums|synth drums|e-drums|electronic drum kit", "24",
         "electric drum pads"),
    _kit("808 kit|808|808 drums|tr-808|tr808|808 drum machine", "25", "eight-oh-eight", "808 kit"),
    _kit("909 kit|909|909 drums|tr-909|tr909|909 drum machine", "", "nine-oh-nine", "909 kit"),
    _kit("trap kit|trap drums|modern trap kit|trap drum kit|trap drum sounds", "",
         "southern rap drum set", "trap kit"),
    _kit("lo-fi kit|lo-fi drums|lofi drums|dusty drums|lofi kit|sampled drums", "",
         "tape-worn drum set", "lo-fi kit"),
    _kit("industrial kit|industrial drums|distorted drums|harsh drums|factory drums", "",
         "metal-shop drum set", "industrial kit"),
    _kit("8-bit kit|8-bit drums|chiptune drums|8 bit drums|game boy drums", "", "nes noise drums",
         "8-bit kit"),
    _kit("jazz kit|jazz drums|jazz drum kit|small jazz kit|bebop drums", "32 33",
         "jazz drum set", "jazz kit"),
    _kit("brush kit|brushes|brushed drums|brush drums|drums with brushes", "40 41",
         "snare brushes"),
)  # fmt: skip

KITS: dict[str, Kit] = {kit.name: kit for kit in _KITS}


@dataclass(frozen=True)
class Element:
    """A part of a kit that may make a loop of its own."""

    name: str
    pieces: tuple[str, ...]
    words: tuple[str, ...]
    held_out: tuple[str, ...]
    rows: tuple[str, ...]


def _element(words: str, pieces: str, held_out: str, rows: str) -> Element:
    names = tuple(words.split("|"))
    return Element(
        names[0], tuple(pieces.split()), names, tuple(held_out.split("|")), tuple(rows.split())
    )


_ELEMENTS = (
    _element("hi-hat|hi-hats|hihat|hats|hi hat|hihats", "closed_hat open_hat", "high-hat cymbals",
             "x.x.x.x.x.x.x.x. XoxoXoxoXoxoXoxo x.xox.xox.xox.xo X.o.X.o.X.o.X.oo"),
    _element("kick drum|kick|bass drum|kicks|kick drums", "kick", "bassdrum",
             "X...X...X...X... X.....x.X....... X..x..x...x....."),
    _element("snare drum|snare|snares|snare drums|snare hits", "snare", "side drum",
             "X.ggxgggX.ggxggg ....X.......X..g xoooxoooxoooxoxo"),
    _element("shaker|shakers|maracas|egg shaker|shaker percussion", "shaker", "rattled beads",
             "XoxoXoxoXoxoXoxo x.xox.xox.xox.xo"),
    _element("congas|conga|conga drums|hand drums|bongos and congas", "conga tom_high",
             "tumbadora", "x..x..xxx..x..xx ..x...xx..x...xx x.xxx.xxx.xxx.xx"),
    _element("ride cymbal|ride|rides|ride cymbals|cymbal ride", "ride", "riding cymbal",
             "X...X.o.X...X.o. X.x.X.x.X.x.X.x. X...X...X...X..."),
    _element("tambourine|tambourines|tamb|jingles|tambourine percussion", "tambourine",
             "jingle ring", "XoxoXoxoXoxoXoxo ..x...x...x...x."),
    _element("toms|tom drums|tom toms|tom-toms|tribal toms", "tom_low tom_high tom_mid",
             "floor and rack toms", "X..x..x...x.x.x. x.xxx.xxX.xxx.xx X..X..X...X...xx"),
    _element("cowbell|cowbells|cow bell|bell percussion|cowbell percussion", "cowbell",
             "campana", "x..x..x...x.x... x.x.xx.x.x.xx.x. X...x...X...x.x."),
)  # fmt: skip

ELEMENTS: dict[str, Element] = {element.name: element for element in _ELEMENTS}
