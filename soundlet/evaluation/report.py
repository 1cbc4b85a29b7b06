"""The report of an evaluation: `report.json` with every figure, `report.html` to read.

docs/evaluation.md says what each field of the JSON means.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from soundlet import __version__
from soundlet.audio import encode_audio
from soundlet.bundle import Bundle
from soundlet.evaluation import plots
from soundlet.evaluation.findings import Asked, Collected, Findings, Setting, Trip
from soundlet.evaluation.scores import METRICS, QUIET_AFTER_DB, Answer, Score, score, share
from soundlet.evaluation.spectra import SAMPLE_RATE, Array
from soundlet.whole_files import write_whole

FORMAT_VERSION = 1
JSON_NAME, PAGE_NAME, SOUNDS = "report.json", "report.html", "sounds"

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 1000px; padding: 0 1em }
table { border-collapse: collapse; margin: 1em 0 } th, td { padding: .25em .7em; text-align: left }
tr { border-bottom: 1px solid #ccc } td.n, th.n { text-align: right; white-space: nowrap }
small { color: #777 } img { max-width: 100% } audio { height: 2em; width: 220px }
"""


def as_json(findings: Findings, asked: Asked, bundle: Bundle) -> dict[str, Any]:
    """The report as values that JSON has."""
    manifest = bundle.manifest
    repeated = findings.repeated
    return {
        "format_version": FORMAT_VERSION,
        "soundlet": __version__,
        "model": {
            "name": manifest.name,
            "created_by": manifest.created_by,
            "source": manifest.source,
            "weights": sorted({record.sha256[:16] for record in manifest.files.values()}),
        },
        "asked": {
            "prompts": asked.n_prompts,
            "seed": asked.seed,
            "quick": asked.quick,
            "loops": asked.loops,
        },
        "prompts_cut": findings.n_cut,
        "metrics": {name: asdict_of(metric) for name, metric in METRICS.items()},
        "real": _set_of(findings.real),
        "codec": {
            **_set_of(findings.through_codec),
            "renders": _trips(findings.renders),
            "loops": _trips(findings.loops),
        },
        "settings": [
            {
                **asdict(setting),
                "times_real_time": _speed(collected),
                "frechet": _rounded(findings.frechet[setting]),
                **_set_of(collected),
                "clips": [_clip(a) for a in (*collected.answers, *collected.others)],
            }
            for setting, collected in findings.generated.items()
        ],
        "frechet_floor": _rounded(findings.frechet_floor),
        "after_end": _after_end(findings.ends),
        "diversity": None
        if repeated is None
        else {"generated": _spread(repeated[0]), "real": _spread(repeated[1])},
    }


def asdict_of(metric: Any) -> dict[str, str]:  # noqa: ANN401 - a Metric, less its function
    """What a metric says of itself."""
    return {"title": metric.title, "meaning": metric.meaning, "unit": metric.unit}


def write_report(folder: Path, findings: Findings, asked: Asked, bundle: Bundle) -> dict[str, Any]:
    """Write the report and the sounds that it shows into `folder`; returns the JSON."""
    report = as_json(findings, asked, bundle)
    (folder / SOUNDS).mkdir(parents=True, exist_ok=True)
    sounds = []
    for i, pair in enumerate(findings.pairs):
        names = []
        for label, audio in (("real", pair.real), ("model", pair.generated)):
            if audio is not None:
                name = f"{SOUNDS}/{i + 1:02}-{label}.flac"
                write_whole(
                    folder / name, encode_audio(_in_range(audio), SAMPLE_RATE, format="flac")
                )
                names.append(name)
        sounds.append((pair.prompt.text, names))
    text = json.dumps(report, ensure_ascii=False, indent=1)
    write_whole(folder / JSON_NAME, (text + "\n").encode())
    write_whole(folder / PAGE_NAME, _page(report, findings, sounds).encode())
    return report


def _in_range(audio: Array) -> Array:
    return np.clip(audio, -1, 1)


def _rounded(value: float | None, digits: int = 4) -> float | None:
    return None if value is None else round(float(value), digits)


def _score(found: Score) -> dict[str, Any]:
    values = {"value": _rounded(found.value), "n": found.n}
    if found.low is not None:
        values |= {"low": _rounded(found.low), "high": _rounded(found.high)}
    return values


def _scores(answers: Sequence[Answer]) -> dict[str, Any]:
    return {name: _score(found) for name, found in score(answers).items()}


def _set_of(collected: Collected) -> dict[str, Any]:
    """The figures of a set of sounds, of all and by wording and kind."""
    return {
        "scores": _scores(collected.answers),
        "by_wording": _split(
            [*collected.answers, *collected.others], lambda answer: answer.prompt.wording
        ),
        "by_kind": _split(collected.answers, lambda answer: answer.prompt.kind),
    }


def _split(answers: Sequence[Answer], name: Callable[[Answer], str]) -> dict[str, Any]:
    names = sorted({name(answer) for answer in answers})
    return {each: _scores([a for a in answers if name(a) == each]) for each in names}


def _speed(collected: Collected) -> float | None:
    return _rounded(collected.seconds / collected.elapsed, 2) if collected.elapsed else None


def _clip(answer: Answer) -> dict[str, Any]:
    found = None if answer.heard is None else asdict(answer.heard)
    if found is not None:
        found = {k: _rounded(v) if isinstance(v, float) else v for k, v in found.items()}
    return {
        **answer.prompt.as_json(),
        "heard": found,
        "failure": answer.failure,
        "gain_db": answer.gain_db,
    }


def _middle(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return _rounded(float(np.median(known))) if known else None


def _trips(trips: Sequence[Trip]) -> dict[str, Any] | None:
    if not trips:
        return None
    opus = [trip.opus_distance for trip in trips if trip.opus_distance is not None]
    return {
        "n": len(trips),
        "distance": _rounded(float(np.mean([trip.distance for trip in trips]))),
        "opus_distance": _rounded(float(np.mean(opus))) if opus else None,
        "opus_kbits": _middle([trip.opus_kbits for trip in trips]),
        "after_end_db": _middle([trip.after_db for trip in trips]),
        "sounds": [
            {k: _rounded(v) if isinstance(v, float) else v for k, v in asdict(trip).items()}
            for trip in trips
        ],
    }


def _after_end(levels: Sequence[float]) -> dict[str, Any] | None:
    if not levels:
        return None
    return {
        "n": len(levels),
        "median_db": _rounded(float(np.median(levels)), 1),
        "loudest_db": _rounded(max(levels), 1),
        "share_quiet": _score(share(level < QUIET_AFTER_DB for level in levels)),
    }


def _spread(found: Any) -> dict[str, Any]:  # noqa: ANN401 - a Spread
    return {k: _rounded(v) for k, v in asdict(found).items()}


def _page(report: dict[str, Any], findings: Findings, sounds: list[tuple[str, list[str]]]) -> str:
    """The report as one page of HTML, pictures inside, sounds beside it."""
    first = next(iter(findings.generated.values()))
    parts = [
        f"<h1>{escape(report['model']['name'])}</h1>",
        f"<p>{report['asked']['prompts']} held-out prompts, seed {report['asked']['seed']}."
        " Each ruler was also read on the real renders that the prompts describe: that is the"
        " best it can give. In brackets the 95 % interval.</p>",
        _table(report),
        _extras(report),
        "<h2>Tempo</h2>",
        _image(plots.tempo(findings.real.answers, first.answers), "tempo heard by tempo asked for"),
        "<h2>Kind</h2>",
        _image(
            plots.confusion(findings.real.answers, first.answers), "kind heard by kind asked for"
        ),
        "<h2>Codec</h2>",
        _image(
            plots.codec({"held-out renders": findings.renders, "loops": findings.loops}),
            "STFT distances of the codec by those of Opus",
        ),
        "<h2>Ten prompts</h2>",
        _image(plots.spectrograms(findings.pairs), "spectrograms of real renders and the model"),
        _players(sounds),
        _wordings(report),
    ]
    head = f"<!doctype html><meta charset=utf-8><title>soundlet evaluation</title><style>{STYLE}"
    return "\n".join([head + "</style>", *parts, ""])


def _image(png: bytes, shows: str) -> str:
    return f'<img alt="{shows}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'


def _setting_name(setting: Setting) -> str:
    guided = "" if setting.cfg_scale == 1 else f", guidance {setting.cfg_scale:g}"
    chosen = "" if setting.candidates == 1 else f", best of {setting.candidates}"
    return f"{setting.steps} steps{guided}{chosen}"


def _setting_of(entry: dict[str, Any]) -> Setting:
    return Setting(**{each.name: entry[each.name] for each in fields(Setting)})


def _cell(found: dict[str, Any] | None, unit: str) -> str:
    if found is None or found["value"] is None:
        return "<td class=n>"
    if unit != "share":
        return f"<td class=n>{found['value']:.2f} {unit}"
    text = f"{100 * found['value']:.1f} %"
    if "low" in found:
        text += f" <small>({100 * found['low']:.0f}-{100 * found['high']:.0f})</small>"
    return f"<td class=n>{text}"


def _table(report: dict[str, Any]) -> str:
    columns = [("real", report["real"]["scores"]), ("codec", report["codec"]["scores"])]
    for entry in report["settings"]:
        columns.append((_setting_name(_setting_of(entry)), entry["scores"]))
    heads = "".join(f"<th class=n>{escape(name)}" for name, _ in columns)
    rows = [f"<tr><th>Figure<th class=n>n{heads}"]
    for name, metric in METRICS.items():
        found = [scores.get(name) for _, scores in columns]
        if not any(found):
            continue
        n = max(each["n"] for each in found if each)
        cells = "".join(_cell(each, metric.unit) for each in found)
        title = f'<td title="{escape(metric.meaning)}">{escape(metric.title)}'
        rows.append(f"<tr>{title}<td class=n>{n}{cells}")
    return "<table>" + "\n".join(rows) + "</table>"


def _extras(report: dict[str, Any]) -> str:
    rows = []
    for entry in report["settings"]:
        name = _setting_name(_setting_of(entry))
        rows.append((f"Fréchet distance, {name}", entry["frechet"]))
        rows.append((f"Seconds of sound a second, {name}", entry["times_real_time"]))
    rows.append(("Fréchet distance between two sets of real renders", report["frechet_floor"]))
    for title, key in (("held-out renders", "renders"), ("loops", "loops")):
        trips = report["codec"][key]
        if trips:
            rows.append((f"STFT distance of the codec, {trips['n']} {title}", trips["distance"]))
            kbits = trips["opus_kbits"]
            opus = f"... of Opus at {kbits:.0f} kbit/s" if kbits else "... of Opus"
            rows.append((opus, trips["opus_distance"]))
    after = report["after_end"]
    if after:
        rows.append((f"Level after the end, dB, median of {after['n']}", after["median_db"]))
        rows.append(("... the loudest", after["loudest_db"]))
    if report["diversity"]:
        for who in ("generated", "real"):
            for what in ("within", "between"):
                value = report["diversity"][who][what]
                rows.append((f"Mean distance {what} prompts, {who}", value))
    if report["prompts_cut"]:
        rows.append(("Prompts longer than the model reads, cut", report["prompts_cut"]))
    cells = [
        f"<tr><td>{escape(title)}<td class=n>{'' if value is None else value}"
        for title, value in rows
    ]
    return "<table>" + "\n".join(cells) + "</table>"


def _players(sounds: list[tuple[str, list[str]]]) -> str:
    rows = [
        f"<tr><td>{escape(text)}"
        + "".join(f'<td><audio controls preload=none src="{name}"></audio>' for name in names)
        for text, names in sounds
    ]
    return "<table><tr><th>Prompt<th>Real<th>Model" + "\n".join(rows) + "</table>"


def _wordings(report: dict[str, Any]) -> str:
    """The main figures by wording and by kind, of the first setting."""
    first = report["settings"][0]
    names = ("tempo.beats", "kind", "family", "source", "key")
    heads = "".join(f"<th class=n>{escape(METRICS[name].title)}" for name in names)
    rows = [f"<tr><th>Prompts{heads}"]
    for group in ("by_wording", "by_kind"):
        for label, scores in first[group].items():
            cells = "".join(_cell(scores.get(name), METRICS[name].unit) for name in names)
            rows.append(f"<tr><td>{escape(label.replace('_', ' '))}{cells}")
    return "<h2>By wording and kind</h2><table>" + "\n".join(rows) + "</table>"
