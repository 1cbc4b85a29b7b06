"""A sample pack's own pages: a sheet of all waveforms, and a page to listen to them."""

from __future__ import annotations

import html
from collections.abc import Sequence
from itertools import groupby, pairwise
from pathlib import Path
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from soundlet.audio import put_in_place, read_audio
from soundlet.batch.manifest import Record
from soundlet.errors import EngineError

PAGE = "index.html"
SHEET_COLUMNS, SHEET_ROWS = 5, 20
POINTS = 240  # of a waveform that is drawn

Outline = NDArray[np.float32]
"""(2, points): the lowest and the highest value of each stretch."""


def write_pack(folder: Path, records: Sequence[Record], title: str) -> list[Path]:
    """Write the contact sheets and the page of a pack whose sounds are in `folder`.

    Args:
        folder: of the batch.
        records: of its sounds.
        title: of the pack.

    Returns:
        What was written.

    Raises:
        EngineError: Matplotlib is not installed.
    """
    records = sorted(records, key=lambda r: (folder_of(r), r["bpm"] or 0, r["file"]))
    outlines = [outline(folder / record["file"]) for record in records]
    per_sheet = SHEET_COLUMNS * SHEET_ROWS
    sheets = []
    for first in range(0, len(records), per_sheet):
        number = first // per_sheet + 1
        path = folder / ("contact-sheet.png" if number == 1 else f"contact-sheet-{number}.png")
        part = slice(first, first + per_sheet)
        put_in_place(path, contact_sheet(records[part], outlines[part], title))
        sheets.append(path)
    page = folder / PAGE
    names = [sheet.name for sheet in sheets]
    put_in_place(page, listening_page(records, outlines, title, names).encode())
    return [page, *sheets]


def folder_of(record: Record) -> str:
    """The folder of a sound within the pack."""
    return str(record["file"]).rpartition("/")[0]


def name_of(record: Record) -> str:
    """The file's name without folder and ending."""
    return Path(record["file"]).stem


def facts_of(record: Record) -> list[str]:
    """What there is to say of a sound, in a few words each."""
    facts = [f"{record['bpm']:g} BPM"] if record["bpm"] is not None else []
    facts += [record["key"]] if record["key"] else []
    if record["is_loop"]:
        facts.append(f"{record['bars']} bar{'s' if record['bars'] > 1 else ''}, loop")
    return [*facts, f"{record['seconds']:.2f} s"]


def outline(path: Path) -> Outline:
    """The shape of a sound's waveform, as tall as there is room."""
    audio, _ = read_audio(path)
    edges = np.linspace(0, audio.shape[1], POINTS + 1).astype(int)
    lows, highs = audio.min(axis=0), audio.max(axis=0)
    ranges = [(a, max(b, a + 1)) for a, b in pairwise(edges)]
    ranges = [(min(a, audio.shape[1] - 1), b) for a, b in ranges]
    shape = [[lows[a:b].min() for a, b in ranges], [highs[a:b].max() for a, b in ranges]]
    drawn = np.array(shape, np.float32)
    return drawn / max(float(np.abs(drawn).max()), 1e-3)


def contact_sheet(records: Sequence[Record], outlines: Sequence[Outline], title: str) -> bytes:
    """A PNG of all waveforms with their names.

    Raises:
        EngineError: Matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ModuleNotFoundError as e:
        raise EngineError("a contact sheet needs Matplotlib: pip install 'soundlet[pack]'") from e
    import io

    columns = min(SHEET_COLUMNS, len(records))
    rows = -(-len(records) // columns)
    figure = Figure(figsize=(2.6 * columns, 1.15 * rows + 0.6), facecolor="white", dpi=120)
    FigureCanvasAgg(figure)
    top = 1 - 0.55 / (1.15 * rows + 0.6)
    figure.text(0.5, (1 + top) / 2, title, ha="center", va="center", size=13, weight="bold")
    grid = figure.subplots(
        rows,
        columns,
        squeeze=False,
        gridspec_kw={
            "left": 0.01,
            "right": 0.99,
            "top": top - 0.2 / (1.15 * rows + 0.6),
            "bottom": 0.01,
            "hspace": 0.75,
            "wspace": 0.06,
        },
    )
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, record, shape in zip(grid.flat, records, outlines, strict=False):
        axes.fill_between(np.arange(POINTS), shape[0], shape[1], color="#2a6f97", linewidth=0)
        axes.axhline(0, color="#2a6f97", linewidth=0.4)
        axes.set_xlim(0, POINTS)
        axes.set_ylim(-1, 1)
        axes.set_title(_shortened(name_of(record), 34), size=6.5, pad=9, loc="left")
        axes.text(
            0, 1.04, " · ".join(facts_of(record)), size=5.5, color="#555", transform=axes.transAxes
        )
    out = io.BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def listening_page(
    records: Sequence[Record], outlines: Sequence[Outline], title: str, sheets: Sequence[str]
) -> str:
    """An HTML page that plays every sound; it needs nothing but the files beside it."""
    cards = []
    pairs = zip(records, outlines, strict=True)
    for folder, group in groupby(pairs, key=lambda pair: folder_of(pair[0])):
        heading = html.escape(folder.replace("-", " ") or "sounds")
        inner = "\n".join(_card(record, shape) for record, shape in group)
        cards.append(f"<section><h2>{heading}</h2><div class=cards>\n{inner}\n</div></section>")
    links = ", ".join(f'<a href="{quote(name)}">{html.escape(name)}</a>' for name in sheets)
    return PAGE_TEXT.format(
        title=html.escape(title), count=len(records), links=links, cards="\n".join(cards)
    )


def _card(record: Record, shape: Outline) -> str:
    words = html.escape(f"{record['prompt']} {' '.join(facts_of(record))}".lower(), quote=True)
    loop = " loop" if record["is_loop"] else ""
    source = quote(str(record["file"]))
    return (
        f'<article data-words="{words}"><h3>{html.escape(name_of(record))}</h3>'
        f"<p>{html.escape(' · '.join(facts_of(record)))}</p>{_drawing(shape)}"
        f'<audio controls preload="none"{loop} src="{source}"></audio>'
        f'<p class="prompt">{html.escape(str(record["prompt"]))} · seed {record["seed"]}</p>'
        "</article>"
    )


def _drawing(shape: Outline) -> str:
    upper = [f"{x},{50 - 48 * float(y):.1f}" for x, y in enumerate(shape[1])]
    lower = [f"{x},{50 - 48 * float(y):.1f}" for x, y in enumerate(shape[0])][::-1]
    points = " ".join([*upper, *lower])
    return (
        f'<svg viewBox="0 0 {POINTS} 100" preserveAspectRatio="none" aria-hidden="true">'
        f'<polygon points="{points}"/></svg>'
    )


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


PAGE_TEXT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --ink: light-dark(#222, #ddd); --line: light-dark(#ccc, #444);
  --wave: light-dark(#2a6f97, #61a5c2); }}
body {{ font: 15px/1.4 system-ui, sans-serif; color: var(--ink); margin: 2rem auto;
  max-width: 76rem; padding: 0 1rem; }}
h1 {{ margin: 0; }} h2 {{ text-transform: capitalize; margin: 2rem 0 .6rem; }}
input {{ font: inherit; padding: .4rem .6rem; width: min(24rem, 100%); margin-top: 1rem; }}
.cards {{ display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); }}
article {{ border: 1px solid var(--line); border-radius: 8px; padding: .8rem; }}
article[hidden] {{ display: none; }}
h3 {{ font-size: .95rem; margin: 0; overflow-wrap: anywhere; }}
p {{ margin: .1rem 0; font-size: .85rem; }} .prompt {{ opacity: .75; }}
svg {{ width: 100%; height: 3.5rem; display: block; fill: var(--wave); stroke: var(--wave);
  stroke-width: .5; margin: .3rem 0; }}
audio {{ width: 100%; height: 2.2rem; }}
</style>
<h1>{title}</h1>
<p>{count} sounds, made with soundlet. Waveforms: {links}.</p>
<label>Find <input type="search" placeholder="words, tempo, key"></label>
{cards}
<script>
const cards = [...document.querySelectorAll("article")];
document.querySelector("input").addEventListener("input", (event) => {{
  const words = event.target.value.toLowerCase().split(/\\s+/).filter(Boolean);
  for (const card of cards)
    card.hidden = !words.every((word) => card.dataset.words.includes(word));
}});
document.addEventListener("play", (event) => {{
  for (const audio of document.querySelectorAll("audio"))
    if (audio !== event.target) audio.pause();
}}, true);
</script>
</html>
"""
