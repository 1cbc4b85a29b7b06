"""Workers of a batch on many machines: actors of a Ray cluster."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any

from soundlet.batch.lines import Line
from soundlet.batch.making import Maker, make
from soundlet.batch.processes import Result
from soundlet.errors import EngineError, SoundletError

NEEDED = "the ray extra is not installed: run `pip install 'soundlet[distributed]'`"


class Actor:
    """Holds a model, and makes the lines that Ray hands it."""

    def __init__(self, maker: Maker) -> None:
        """Load the model on the machine where the actor is."""
        from soundlet.pipeline import load

        self._maker = maker
        self._model = load(maker.model, engine=maker.engine, threads=maker.threads)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Make one line; the bytes travel back to where the batch was started."""
        line = Line.from_json(_loaded(row["line"]))
        try:
            data, elapsed = make(self._model, line, self._maker.bits)
        except SoundletError as e:
            return {"line": row["line"], "data": b"", "elapsed": 0.0, "error": str(e)}
        return {"line": row["line"], "data": data, "elapsed": elapsed, "error": ""}


def on_cluster(lines: Sequence[Line], maker: Maker, workers: int, address: str) -> Iterator[Result]:
    """Make lines on a Ray cluster, by a pool of actors; results come as they are ready.

    Ray runs a line again whose worker or machine was lost.

    Args:
        lines: to make.
        maker: how; the model's folder must be there on every machine.
        workers: actors at most.
        address: of the cluster, such as "10.0.0.1:6379", or "local" for one on this machine.

    Raises:
        EngineError: Ray is not installed, or nothing answers at the address.
    """
    try:
        import ray
        import ray.data
    except ModuleNotFoundError as e:
        raise EngineError(NEEDED) from e
    try:
        ray.init(
            address=address,
            log_to_driver=False,
            logging_level=logging.ERROR,
            configure_logging=True,
        )
    except (ConnectionError, ValueError, RuntimeError, OSError) as e:
        first = str(e).splitlines()[0] if str(e) else type(e).__name__
        raise EngineError(f"no Ray cluster at {address}: {first}") from e
    try:
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        items = [{"line": _dumped(line)} for line in lines]
        rows = ray.data.from_items(items, override_num_blocks=len(items)).map(
            Actor,  # type: ignore[arg-type]
            fn_constructor_args=(maker,),
            concurrency=(1, workers),
            num_cpus=maker.threads or 1,
        )
        told: set[str] = set()
        for row in rows.iter_rows():
            line = Line.from_json(_loaded(row["line"]))
            if line.file not in told:  # a block may be made again after a machine was lost
                told.add(line.file)
                yield line, row["data"], row["elapsed"], row["error"]
    finally:
        ray.shutdown()


def _dumped(line: Line) -> str:
    import json

    return json.dumps(line.as_json())


def _loaded(text: str) -> dict[str, Any]:
    import json

    values: dict[str, Any] = json.loads(text)
    return values
