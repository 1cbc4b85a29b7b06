"""Drum grooves as text: per genre, alternatives for each layer, drawn independently.

A row is a piece and its steps, sixteen to the bar. X is an accent, x a plain hit, o a soft one,
g a ghost note, ? a soft hit that comes in two loops of five, r a roll of two, t a roll of three.
Rows of one alternative are joined by "|". A pattern of 32 steps spans two bars.
"""

from __future__ import annotations

from dataclasses import dataclass

STEPS_PER_BAR = 16
LEVELS = {"X": 1.0, "x": 0.82, "o": 0.62, "g": 0.36, "?": 0.5, "r": 0.7, "t": 0.66}
ROLLS = {"r": 2, "t": 3}


@dataclass(frozen=True)
class Groove:
    """The drum language of a genre.

    Attributes:
        layers: per layer its alternatives; each alternative is a tuple of (piece, steps).
        optional: layers that may be left out, such as percussion.
        kits: canonical kit names.
        swing: range of the swing ratio; 0.5 is straight, 0.667 is triplets.
        swing_steps: sixteenths that form one swung unit: 1 swings sixteenths, 2 eighths.
        fills: chance of a fill in the last beat of the loop.
    """

    layers: tuple[tuple[tuple[tuple[str, str], ...], ...], ...]
    optional: tuple[tuple[tuple[str, str], ...], ...]
    kits: tuple[str, ...]
    swing: tuple[float, float]
    swing_steps: int
    fills: float


def _alternative(text: str) -> tuple[tuple[str, str], ...]:
    rows = []
    for row in text.split("|"):
        piece, steps = row.split()
        rows.append((piece, steps))
    return tuple(rows)


def _groove(
    kicks: list[str],
    snares: list[str],
    hats: list[str],
    extras: list[str],
    kits: str,
    swing: tuple[float, float] = (0.5, 0.5),
    swing_steps: int = 1,
    fills: float = 0.4,
) -> Groove:
    layers = tuple(tuple(_alternative(a) for a in layer) for layer in (kicks, snares, hats))
    return Groove(
        layers=layers,
        optional=tuple(_alternative(a) for a in extras),
        kits=tuple(kits.split("|")),
        swing=swing,
        swing_steps=swing_steps,
        fills=fills,
    )


FOUR = "kick X...X...X...X..."
BACKBEAT = "snare ....X.......X..."

GROOVES: dict[str, Groove] = {
    "house": _groove(
        [FOUR, "kick X...X...X...X..g", "kick X..?X...X...X..."],
        ["clap ....X.......X...", "clap ....X.......X...|snare ....x.......x...",
         "clap ....X.......X..o", "snare ....X.......X..."],
        ["open_hat ..x...x...x...x.", "open_hat ..x...x...x...x.|closed_hat x.g.x.g.x.g.x.g.",
         "closed_hat xoxoxoxoxoxoxoxo|open_hat ..x...x...x...x.",
         "closed_hat g.xgg.xgg.xgg.xg"],
        ["shaker ogxoogxoogxoogxo", "conga ..x..x....x..x.o", "rim ...x..x....x..x.",
         "cowbell ..x..x..x..x..x.", "tambourine ....x.......x...",
         "tom_low ...........x..x."],
        "909 kit|electronic kit|808 kit", (0.5, 0.58)),
    "techno": _groove(
        [FOUR, "kick X...X...X...X..?", "kick X...X...X...X.g."],
        ["clap ....X.......X...", "rim ...x..x...x..x..", "rim ......x.......x.",
         "clap ............X...", "snare ....o.......o..."],
        ["closed_hat ..X...X...X...X.", "open_hat ..X...X...X...X.",
         "closed_hat xgXgxgXgxgXgxgXg", "closed_hat oooooooooooooooo|open_hat ..X...X...X...X."],
        ["tom_low ...x..x..x....x.", "ride ..x...x...x...x.", "cowbell ...o....o..o....",
         "rim x..x..x...x..x..", "tom_mid ..........x..x..", "shaker xoxoxoxoxoxoxoxo"],
        "909 kit|industrial kit|electronic kit"),
    "trance": _groove(
        [FOUR],
        ["clap ....X.......X...", "clap ....X.......X...|snare ....X.......X...",
         "clap ....X.......X.g."],
        ["open_hat ..X...X...X...X.", "open_hat ..X...X...X...X.|closed_hat xoooxoooxoooxooo",
         "closed_hat xoXoxoXoxoXoxoXo"],
        ["ride x.x.x.x.x.x.x.x.", "shaker xoxoxoxoxoxoxoxo", "crash X..............."],
        "909 kit|electronic kit", fills=0.6),
    "drum and bass": _groove(
        ["kick X.........X.....", "kick X.........x.....", "kick X..x......X.....",
         "kick X.....x...X....."],
        ["snare ....X.......X...", "snare ....X..g.g..X..g", "snare ....X..g.g..X...",
         "snare ....X.......X..o"],
        ["closed_hat x.x.x.x.x.x.x.x.", "closed_hat xoxoxoxoxoxoxoxo",
         "ride x.x.x.x.x.x.x.x.", "closed_hat x.xox.xox.xox.xo|open_hat ......x........."],
        ["shaker xoxoxoxoxoxoxoxo", "crash X...............", "rim ......o..o......"],
        "acoustic kit|power kit|electronic kit"),
    "jungle": _groove(
        ["kick X.X.......XX....", "kick X.X.......XX....X.X.......X.....",
         "kick X.x......xx.....X..x......x....."],
        ["snare ....X..g.g..X..g", "snare ....X..x.x..X..x",
         "snare ....X..g.g..X..g....X..x.g....X.",
         "snare ....X..o.g.g..X."],
        ["ride x.x.x.x.x.x.x.x.", "closed_hat x.x.x.x.x.x.x.x.", "closed_hat xgx.xgx.xgx.xgx."],
        ["crash ..........x.....", "conga x..x..x.x..x..x.", "shaker xoxoxoxoxoxoxoxo"],
        "acoustic kit|room kit", (0.5, 0.55), fills=0.7),
    "dubstep": _groove(
        ["kick X...............", "kick X.....x.........", "kick X..x............",
         "kick X.........x.....", "kick X.....x...x....."],
        ["snare ........X.......", "snare ........X......g",
         "clap ........X.......|snare ........X......."],
        ["closed_hat x.x.x.x.x.x.x.x.", "closed_hat x..x..x.x..x..x.",
         "closed_hat x..x..x..x..x.r.", "closed_hat x...x...x...x.t."],
        ["rim ...o......o..o..", "open_hat ..............x.", "tom_low ............x.x."],
        "electronic kit|power kit|808 kit|industrial kit", (0.5, 0.56)),
    "hip hop": _groove(
        ["kick X......x..X.....", "kick X.x....x..x.....", "kick X.....x.x.......",
         "kick X..x......x.....", "kick X......X.xX....."],
        [BACKBEAT, "snare ....X..g.g..X...", "snare ....X.......X..g",
         "snare ....X.......X...|clap ....x.......x..."],
        ["closed_hat x.x.x.x.x.x.x.x.", "closed_hat x.o.x.o.x.o.x.o.",
         "closed_hat xoxgxox.xoxgxox.", "closed_hat x.x.x.x.x.x...x.|open_hat ............x..."],
        ["shaker x.o.x.o.x.o.x.o.", "tambourine ....x.......x...", "rim ..o..o....o..o.."],
        "acoustic kit|room kit|808 kit|lo-fi kit", (0.52, 0.62)),
    "trap": _groove(
        ["kick X......x..x.....", "kick X.....x...x.x...", "kick X.........x..x..",
         "kick X..x......x....."],
        ["clap ........X.......", "snare ........X.......",
         "clap ........X.......|snare ........X......."],
        ["closed_hat x.x.x.x.x.x.x.x.", "closed_hat x.x.x.r.x.x.x.x.",
         "closed_hat xoxoxorrxoxoxoto",
         "closed_hat x.xtx.x.x.rrx.x.", "closed_hat x.x.x.x.xoxotttt"],
        ["open_hat ......x.........", "rim ...x..x.....x...", "cowbell ....o.......o.o.",
         "open_hat ..............x."],
        "808 kit|trap kit|electronic kit"),
    "lo-fi": _groove(
        ["kick X......x..x.....", "kick X..o......x.....", "kick X......ox.......",
         "kick X.o....x........"],
        ["snare ....x.......x...", "rim ....x.......x...", "snare ....x..g....x..g"],
        ["closed_hat o.o.o.o.o.o.o.o.", "closed_hat o.g.o.g.o.g.o.g.",
         "closed_hat ogo.ogo.ogo.ogo."],
        ["shaker o.g.o.g.o.g.o.g.", "rim .......o..o.....", "open_hat ..............o."],
        "lo-fi kit|brush kit|room kit|acoustic kit", (0.55, 0.64), fills=0.2),
    "rock": _groove(
        ["kick X.......X.......", "kick X.......X.x.....", "kick X.....x.X.......",
         "kick X.x.....X.x.....", "kick X......xX..x...."],
        [BACKBEAT, "snare ....X.......X.o."],
        ["closed_hat X.x.X.x.X.x.X.x.", "ride X.x.X.x.X.x.X.x.", "open_hat X...X...X...X...",
         "closed_hat X.o.X.o.X.o.X.o."],
        ["crash X...............", "tambourine x.x.x.x.x.x.x.x.", "cowbell x...x...x...x..."],
        "power kit|acoustic kit|room kit", fills=0.6),
    "metal": _groove(
        ["kick XxXxXxXxXxXxXxXx", "kick X.xxX.xxX.xxX.xx", "kick X..xX..xX..xX..x",
         "kick XxX.XxX.XxX.XxX."],
        [BACKBEAT, "snare ..X...X...X...X.", "snare ........X......."],
        ["ride X...X...X...X...", "crash X...X...X...X...", "closed_hat X.X.X.X.X.X.X.X.",
         "ride X.x.X.x.X.x.X.x."],
        ["crash X...............", "tom_low ............xxxx"],
        "power kit", fills=0.7),
    "funk": _groove(
        ["kick X.x.......x..x..", "kick X..x..x...x.....", "kick X.x....x.xx.....",
         "kick X.....x...x..x.."],
        ["snare ....X..g.g.gX..g", "snare ....X..g.g..X...", "snare ....X..g.gx.X..g",
         "snare ....X.gg.g..X.g."],
        ["closed_hat xoxoxoxoxoxoxoxo", "closed_hat x.x.x.x.x.x.x.x.",
         "closed_hat xoxoxox.xoxoxoxo|open_hat .......x........"],
        ["cowbell x..x..x...x.x...", "tambourine ....x.......x...", "conga x..x..x.x..x.xx."],
        "acoustic kit|room kit", (0.5, 0.57)),
    "disco": _groove(
        [FOUR],
        [BACKBEAT, "snare ....X.......X...|clap ....x.......x..."],
        ["closed_hat x...x...x...x...|open_hat ..X...X...X...X.",
         "closed_hat xo.ox.o.xo.ox.o.|open_hat ..X...X...X...X.", "open_hat ..X...X...X...X."],
        ["tambourine xoxoxoxoxoxoxoxo", "conga ..x...xx..x...xx", "cowbell x...x...x...x..."],
        "acoustic kit|room kit|909 kit", fills=0.55),
    "reggae": _groove(
        ["kick ........X.......", "kick X.......X.......", "kick X...X...X...X..."],
        ["rim ........X.......", "snare ........X.......", "rim ........X..o...."],
        ["closed_hat x.x.x.x.x.x.x.x.", "closed_hat X.o.X.o.X.o.X.o.",
         "closed_hat x.xox.xox.xox.xo"],
        ["tom_high ..........x..x..", "conga ..x..x....x..x..", "open_hat ..............x."],
        "acoustic kit|room kit", (0.54, 0.64)),
    "bossa nova": _groove(
        ["kick X.....xxX.....xx", "kick X.....x.X.....x."],
        ["rim x..x..x...x..x..", "rim x..x..x.....x..x..x.....x..x...."],
        ["closed_hat xoxoxoxoxoxoxoxo", "closed_hat x.x.x.x.x.x.x.x.", "ride x.x.x.x.x.x.x.x."],
        ["shaker xoxoxoxoxoxoxoxo", "conga ..o...xx..o...xx"],
        "brush kit|jazz kit|acoustic kit", fills=0.15),
    "latin": _groove(
        ["kick ......x.....x...", "kick X..x..x.X..x..x.", "kick X...X...X...X..."],
        ["rim ..x.x...x..x..x.", "rim x..x..x...x.x...", "snare ...x..x....x..x."],
        ["cowbell x.x.x.xx.x.x.xx.", "cowbell x...x...x...x.x.", "closed_hat x.x.x.x.x.x.x.x.",
         "shaker xoxoxoxoxoxoxoxo"],
        ["conga ..x...xx..x...xx", "conga x..x..xxx..x..xx", "tom_high ......x.x.....xx"],
        "acoustic kit|room kit"),
    "reggaeton": _groove(
        [FOUR],
        ["snare ...x..x....x..x.", "rim ...x..x....x..x.", "clap ...x..x....x..x."],
        ["closed_hat x.x.x.x.x.x.x.x.", "closed_hat xoxoxoxoxoxoxoxo", "shaker xoxoxoxoxoxoxoxo"],
        ["tom_low ..............x.", "conga ..x...x...x...x.", "open_hat ......x........."],
        "electronic kit|808 kit|909 kit"),
    "jazz": _groove(
        ["kick g...g...g...g...", "kick o.....g...g.....", "kick o.......g..g...."],
        ["snare ......g.......g.", "snare ......g....g....", "rim ............o..."],
        ["ride X...X.o.X...X.o.|closed_hat ....x.......x...",
         "ride x...X.o.x...X.o.|closed_hat ....o.......o..."],
        ["snare ..g.......g.....", "tom_mid ..............o."],
        "jazz kit|brush kit", (0.6, 0.667), 2, fills=0.25),
    "synthwave": _groove(
        [FOUR, "kick X.......X.......", "kick X.....x.X......."],
        [BACKBEAT, "snare ....X.......X...|clap ....x.......x..."],
        ["closed_hat x.x.x.x.x.x.x.x.", "closed_hat xoxoxoxoxoxoxoxo",
         "closed_hat x...x...x...x...|open_hat ..x...x...x...x."],
        ["tom_mid ............x.x.", "tom_low ..............xx", "cowbell ..x...x...x...x.",
         "tambourine ....x.......x..."],
        "electronic kit|power kit", fills=0.7),
    "downtempo": _groove(
        ["kick X.........x.....", "kick X......x........", "kick X.......x..x...."],
        ["snare ....x.......x...", "rim ....x.......x...", "clap ........x......."],
        ["closed_hat o...o...o...o...", "closed_hat o.o.o.o.o.o.o.o.", "shaker o.g.o.g.o.g.o.g."],
        ["conga ..o..o....o..o..", "ride o.......o.......", "tambourine ....o.......o...",
         "open_hat ..........o....."],
        "electronic kit|lo-fi kit|brush kit|808 kit", (0.5, 0.58), fills=0.2),
    "uk garage": _groove(
        ["kick X.........x.....", "kick X......x..x.....", "kick X..x......x....."],
        ["snare ....X.......X...", "clap ....X.......X...", "snare ....X..g....X..g"],
        ["closed_hat x.xox.xox.xox.xo", "closed_hat ..x...x...x...x.|open_hat ......x.......x.",
         "closed_hat xgxgx.xgxgxgx.xg"],
        ["rim ...x......x..x..", "shaker xoxoxoxoxoxoxoxo", "open_hat ..x...x...x...x."],
        "909 kit|electronic kit", (0.56, 0.64)),
    "breakbeat": _groove(
        ["kick X.x.......x.....", "kick X.....x...x.....", "kick X..x......xx....",
         "kick X.x.......xx...."],
        ["snare ....X..g.g..X...", "snare ....X.......X..g", "snare ....X..x....X..."],
        ["closed_hat x.x.x.x.x.x.x.x.", "closed_hat xoxoxoxoxoxoxoxo", "ride x.x.x.x.x.x.x.x."],
        ["crash X...............", "open_hat ......x.........", "tambourine x.x.x.x.x.x.x.x."],
        "acoustic kit|room kit|electronic kit", (0.5, 0.56)),
    "pop": _groove(
        ["kick X.......X.......", FOUR, "kick X.....x.X.......", "kick X.......X.x....."],
        [BACKBEAT, "clap ....X.......X...", "snare ....X.......X...|clap ....X.......X..."],
        ["closed_hat x.x.x.x.x.x.x.x.", "closed_hat xoxoxoxoxoxoxoxo", "shaker xoxoxoxoxoxoxoxo"],
        ["tambourine ....x.......x...", "crash X...............", "shaker x.o.x.o.x.o.x.o."],
        "acoustic kit|electronic kit|room kit"),
}  # fmt: skip
