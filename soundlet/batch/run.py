"""A batch from start to end: what is there is kept, what is missing is made."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from soundlet.audio import Bits, format_of, put_in_place, subtype_of
from soundlet.batch.cluster import on_cluster
from soundlet.batch.lines import Line
from soundlet.batch.making import Maker, is_sound_of, record_of
from soundlet.batch.manifest import Manifest, Record, locked
from soundlet.batch.processes import in_processes
from soundlet.errors import AudioError, RequestError
from soundlet.metadata import read_sound_file
from soundlet.pipeline import Model

LEFT_OVER = ".soundlet-*.part"  # what a killed process was writing

OnLine = Callable[[int, int], None]
"""Called with (sounds there, sounds in all)."""


@dataclass(frozen=True)
class Outcome:
    """What came of a batch.

    Attributes:
        records: of all sounds that are there, in the order of the list.
        made: files that this run made.
        kept: files that were there before.
        failed: the error of each file that could not be made.
    """

    records: tuple[Record, ...]
    made: tuple[str, ...]
    kept: tuple[str, ...]
    failed: dict[str, str]


def run_batch(
    model: Model,
    lines: Sequence[Line],
    folder: str | os.PathLike[str],
    maker: Maker,
    *,
    workers: int = 1,
    ray: str | None = None,
    on_line: OnLine | None = None,
) -> Outcome:
    """Make every sound of a list that is not in the folder yet.

    Whatever ends the process, files in the folder are whole, and the next run with the same list
    makes only what is missing.

    Args:
        model: checks the lines; the workers load their own.
        lines: as `read_lines` gives them.
        folder: where the sounds and the manifest go; it is made.
        maker: how the sounds are made.
        workers: processes, or actors of the cluster.
        ray: address of a Ray cluster. None: this machine.
        on_line: told of progress.

    Raises:
        RequestError: a line that this model cannot do, or a folder where another batch is at work.
        AudioError: the folder cannot be written.
        EngineError: no such cluster.
    """
    if workers < 1:
        raise RequestError(f"workers must be 1 or more, not {workers}")
    for line in lines:
        try:
            _check(model, line)
        except RequestError as e:
            raise RequestError(f"line {line.number}: {e}") from e
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
        for line in lines:
            (place / line.file).parent.mkdir(exist_ok=True)
    except OSError as e:
        raise AudioError(f"{place} cannot be written: {e.strerror or e}") from e
    with locked(place):
        for rest in place.rglob(LEFT_OVER):
            rest.unlink(missing_ok=True)
        manifest = Manifest(place)
        kept = [line.file for line in lines if _is_there(line, place, manifest, model, maker.bits)]
        manifest.keep(kept)  # a record must not outlive the sound that it speaks of
        missing = [line for line in lines if line.file not in set(kept)]
        made: list[str] = []
        failed: dict[str, str] = {}
        if on_line is not None:
            on_line(len(kept), len(lines))
        if missing:
            results = (
                in_processes(missing, maker, workers)
                if ray is None
                else on_cluster(missing, maker, workers, ray)
            )
            for line, data, elapsed, error in results:
                if error:
                    failed[line.file] = error
                    continue
                put_in_place(place / line.file, data)
                manifest.add(record_of(line, place / line.file, elapsed))
                made.append(line.file)
                if on_line is not None:
                    on_line(len(kept) + len(made), len(lines))
        manifest.keep([line.file for line in lines])
        return Outcome(tuple(manifest.records.values()), tuple(made), tuple(kept), failed)


def _check(model: Model, line: Line) -> None:
    """Refuse what this model cannot do; prompts too long for it and fades too long included."""
    rate = model.config.sample_rate
    request = model.resolve(line.request(rate))
    assert request.seconds is not None
    line.finish.require_fades_fit(round(request.seconds * rate), rate)
    if not request.truncate_prompt:
        model.require_readable(*filter(None, (request.prompt, request.negative_prompt)))


def _is_there(
    line: Line, folder: Path, manifest: Manifest, model: Model, bits: Bits | None
) -> bool:
    """Whether the sound of a line is made already; a record that is missing is written."""
    path = folder / line.file
    if not path.is_file():
        return False
    try:
        file = read_sound_file(path)
    except AudioError:
        return False
    if file.subtype != subtype_of(format_of(path), bits):
        return False
    record = manifest.records.get(line.file)
    if record is not None:
        made_from = record["line_sha256"], record["model_sha256"]
        return made_from == (line.sha256, model.bundle.sha256)
    if not is_sound_of(line, file, model):
        return False
    manifest.add(record_of(line, path, None))
    return True
