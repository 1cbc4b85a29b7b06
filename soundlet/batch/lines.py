"""The list of a batch: a JSON object a line, checked before anything is made."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from soundlet.audio import Format, read_audio
from soundlet.clip import sha256_of_init_audio
from soundlet.errors import AudioError, RequestError
from soundlet.finish import Finish
from soundlet.loops import loop_request
from soundlet.naming import file_stem
from soundlet.prompt import KIND_NAMES, read_prompt
from soundlet.request import MAX_SEED, GenerationRequest, require_encodable
from soundlet.tempo import Grid

MAX_VARIATIONS = 1000
MAX_LINES = 100_000
GRID = ("bpm", "bars", "beats_per_bar")
FINISH = tuple(field.name for field in fields(Finish))
NOT_TAKEN = ("reference", "n_frames", "loop")
REQUEST = tuple(f.name for f in fields(GenerationRequest) if f.name not in NOT_TAKEN)
KEYS = (*REQUEST, *GRID, *FINISH, "variations", "name")
"""What a line may say."""


@dataclass(frozen=True)
class Line:
    """One sound of a batch, every choice made but the model's defaults.

    Attributes:
        number: of the line in the list, from 1.
        fields: of `GenerationRequest`.
        grid: bars and tempo of a loop. None: not a loop.
        finish: the last touches.
        file: path of the sound within the folder of the batch.
        sha256: of all this but the number and the file, and of the content of the init audio: what
            was made from another is another.
    """

    number: int
    fields: Mapping[str, Any]
    grid: Grid | None
    finish: Finish
    file: str
    sha256: str

    def request(self, sample_rate: int) -> GenerationRequest:
        """The request for a model of that rate."""
        given = dict(self.fields)
        if self.grid is None:
            return GenerationRequest(**given)
        return loop_request(given.pop("prompt"), self.grid, sample_rate, **given)

    def as_json(self) -> dict[str, Any]:
        """All of it as values that JSON has."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Line:
        """The inverse of `as_json`."""
        grid = values["grid"]
        return cls(
            **{
                **values,
                "grid": None if grid is None else Grid(**grid),
                "finish": Finish(**values["finish"]),
            }
        )


def read_lines(
    path: str | os.PathLike[str], *, format: Format = "wav", pack: bool = False
) -> list[Line]:
    """The sounds that a list asks for.

    Args:
        path: a file of JSON objects, one a line; empty lines are none.
        format: of the sound files.
        pack: name them as a sample pack does: a folder for each kind, tempo and key in the name.

    Returns:
        A `Line` for each sound; a line with variations gives several.

    Raises:
        RequestError: the file cannot be read, or a line asks for what cannot be done, or for init
            audio that cannot be read; says which.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as e:
        reason = e.strerror if isinstance(e, OSError) else "not UTF-8 text"
        raise RequestError(f"{path} cannot be read: {reason}") from e
    lines: list[Line] = []
    seen: Counter[str] = Counter()
    taken: Counter[str] = Counter()
    hashes: dict[str, str | None] = {}
    for number, row in enumerate(text.split("\n"), start=1):
        if not row.strip():
            continue
        try:
            for line in _lines_of(number, _object(row), seen, hashes):
                stem = _pack_stem(line) if pack else _stem(line)
                taken[stem.casefold()] += 1
                again = taken[stem.casefold()]
                stem = stem if again == 1 else f"{stem}-{again}"
                lines.append(replace(line, file=f"{stem}.{format}"))
        except (AudioError, RequestError) as e:
            raise RequestError(f"{path}, line {number}: {e}") from e
        except RecursionError as e:
            raise RequestError(f"{path}, line {number}: nested too deeply") from e
    if not lines:
        raise RequestError(f'{path} holds no lines: write {{"prompt": "..."}} on each')
    if len(lines) > MAX_LINES:
        raise RequestError(f"{path} asks for {len(lines)} sounds; a batch has {MAX_LINES} at most")
    return lines


def _object(row: str) -> dict[str, Any]:
    try:
        values = json.loads(row)
    except ValueError as e:
        raise RequestError(f"not JSON ({e})") from e
    if not isinstance(values, dict):
        raise RequestError('a line is a JSON object, such as {"prompt": "rain"}')
    for key in values:
        if key not in KEYS:
            raise RequestError(f"{key!r} is no setting; there are {', '.join(KEYS)}")
    if "prompt" not in values:
        raise RequestError("prompt is missing")
    require_encodable("the line", json.dumps(values, ensure_ascii=False))
    return values


def _lines_of(
    number: int, values: dict[str, Any], seen: Counter[str], hashes: dict[str, str | None]
) -> list[Line]:
    """The sounds of one line of the list.

    Args:
        number: of the line.
        values: what it says.
        seen: how often each line without a seed was there, by its content.
        hashes: of the init audio that was read, by its path.
    """
    count = values.get("variations", 1)
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MAX_VARIATIONS:
        raise RequestError(f"variations must be 1 to {MAX_VARIATIONS}, not {count!r}")
    for key in ("prompt", "name"):
        if key in values and not isinstance(values[key], str):
            raise RequestError(f"{key} must be text, not {values[key]!r}")
    given = {name: values[name] for name in REQUEST if name in values}
    canonical = json.dumps(values, sort_keys=True, ensure_ascii=False)
    first = given.get("seed")
    if first is None:  # the same list draws the same seeds, however often it is started
        seen[canonical] += 1
        digest = hashlib.sha256(f"{canonical}#{seen[canonical]}".encode()).digest()
        first = int.from_bytes(digest[:4], "big") % (MAX_SEED + 2 - count)
    is_number = isinstance(first, int) and not isinstance(first, bool)
    grid = None
    if "bars" in values:
        bpm = values.get("bpm", read_prompt(values["prompt"]).bpm)
        if bpm is None:
            raise RequestError("bars needs a tempo: give bpm, or say it in the prompt")
        grid = Grid(bpm=bpm, bars=values["bars"], beats_per_bar=values.get("beats_per_bar", 4))
    elif "bpm" in values or "beats_per_bar" in values:
        raise RequestError("bpm and beats_per_bar are for loops: give bars too")
    finish = Finish(**{name: values[name] for name in FINISH if name in values})
    if grid is not None:
        finish.require_loop_stays_whole()
    out = []
    for i in range(count):
        each = {**given, "seed": first + i if is_number else first}
        name = values.get("name")
        line = Line(number, each, grid, finish, name or "", "")
        line.request(44100)  # raises what no model takes
        content = {**line.as_json(), "number": 0, "file": ""}
        if each.get("init_audio") is not None:
            content["init_audio_sha256"] = _sha256_of(each["init_audio"], hashes)
        digest_text = json.dumps(content, sort_keys=True, ensure_ascii=False)
        out.append(replace(line, sha256=hashlib.sha256(digest_text.encode()).hexdigest()))
    return out


def _sha256_of(init_audio: str, hashes: dict[str, str | None]) -> str | None:
    """Hash of a sound file, which is checked and read once for all the lines that name it."""
    if init_audio not in hashes:
        try:
            read_audio(init_audio)
            hashes[init_audio] = sha256_of_init_audio(init_audio)
        except OSError as e:
            raise RequestError(f"{init_audio} cannot be read: {e.strerror}") from e
    return hashes[init_audio]


def _stem(line: Line) -> str:
    return file_stem(line.file or str(line.fields["prompt"]), int(line.fields["seed"]))


def _pack_stem(line: Line) -> str:
    """Such as `drum-loop/techno-909-kit_128bpm_Am_7`."""
    text = str(line.fields["prompt"])
    prompt = read_prompt(text)
    words = text
    for found in sorted(prompt.found, key=lambda f: -f.start):
        if found.part in ("tempo", "key"):
            words = words[: found.start] + words[found.start + len(found.text) :]
    name, _, seed = file_stem(line.file or words, int(line.fields["seed"])).rpartition("_")
    bpm = line.grid.bpm if line.grid is not None else prompt.bpm
    key = prompt.first("key")
    parts = [name]
    parts += [f"{bpm:g}bpm"] if bpm is not None else []
    parts += [short_key(key)] if key is not None else []
    kind = prompt.kind
    folder = "sounds" if kind is None else KIND_NAMES[kind].replace(" ", "-")
    return f"{folder}/{'_'.join([*parts, seed])}"


def short_key(key: str) -> str:
    """`A minor` to `Am`, `E flat major` to `Eb`, as file names have it."""
    tonic, _, mode = key.rpartition(" ")
    return tonic.replace("#", "s").replace(" ", "") + ("m" if mode == "minor" else "")
