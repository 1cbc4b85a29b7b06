"""Workers of a batch on many machines: actors of a Ray cluster.

They are plain actors, handed one line at a time, as the processes of one machine are. Ray Data
would keep such a pool too, but starts a lost one again without end: a line that ends its worker
would never be given up, and those that wait behind it would be lost with it.
"""

from __future__ import annotations

import logging
import socket
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from soundlet.batch.lines import Line
from soundlet.batch.making import Maker, make
from soundlet.batch.processes import MAX_ATTEMPTS, Result
from soundlet.errors import EngineError, SoundletError
from soundlet.pipeline import Model

if TYPE_CHECKING:
    import ray

NEEDED = "the ray extra is not installed: run `pip install 'soundlet[distributed]'`"


class Actor:
    """Holds a model on the machine where it is, and makes lines."""

    def __init__(self, maker: Maker) -> None:
        """Load the model; one that is not there is the error of every line."""
        from soundlet.pipeline import load

        self._bits = maker.bits
        self._model: Model | SoundletError
        try:
            self._model = load(maker.model, engine=maker.engine, threads=maker.threads)
        except SoundletError as e:
            self._model = e

    def make(self, line: Line) -> Result:
        """Make one line; the bytes travel back to where the batch was started."""
        try:
            if isinstance(self._model, SoundletError):
                raise self._model
            data, elapsed = make(self._model, line, self._bits)
        except SoundletError as e:
            return line, b"", 0.0, str(e)
        return line, data, elapsed, ""


def on_cluster(lines: Sequence[Line], maker: Maker, workers: int, address: str) -> Iterator[Result]:
    """Make lines on a Ray cluster; results come as they are ready.

    A worker that is lost, with its machine or alone, is replaced, and its line made again; a line
    that takes three workers with it is given up.

    Args:
        lines: to make.
        maker: how; the model's folder must be there on every machine.
        workers: actors at most; those for which the cluster has no room yet wait for it.
        address: of the cluster, such as "10.0.0.1:6379", or "local" for one on this machine.

    Raises:
        EngineError: Ray is not installed, nothing answers at the address, no machine of the cluster
            has as many cores as a worker is to have, or workers cannot be started there.
    """
    try:
        import ray
    except ModuleNotFoundError as e:
        raise EngineError(NEEDED) from e
    _require_listener(address)
    try:
        ray.init(
            address=address,
            log_to_driver=False,
            logging_level=logging.ERROR,
            configure_logging=True,
        )
    except Exception as e:  # a bare one tells that a node did not start
        raise EngineError(f"no Ray cluster at {address}: {_first_line(e)}") from e
    try:
        threads = maker.threads or 1
        nodes = ray.nodes()  # type: ignore[no-untyped-call]
        require_cores(nodes, threads, address)
        yield from _by_actors(lines, maker, workers, threads)
    finally:
        ray.shutdown()


def require_cores(nodes: Sequence[Mapping[str, Any]], threads: int, address: str) -> None:
    """Refuse workers for which no machine will ever have room: they would wait for ever.

    Args:
        nodes: of the cluster, as Ray describes them.
        threads: cores of a worker.
        address: of the cluster.

    Raises:
        EngineError: no machine has so many.
    """
    largest = max(int(node["Resources"].get("CPU", 0)) for node in nodes if node["Alive"])
    if threads > largest:
        raise EngineError(
            f"no machine of the cluster at {address} offers {threads} cores for a worker: set"
            f" --threads to {largest} or less"
        )


def _require_listener(address: str) -> None:
    """Tell at once where nothing listens: Ray tries for minutes."""
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not port.isdecimal():
        return  # "local", "auto" or the like
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
    except (OSError, OverflowError) as e:
        raise EngineError(f"no Ray cluster at {address}: {e}") from e


def _by_actors(lines: Sequence[Line], maker: Maker, workers: int, threads: int) -> Iterator[Result]:
    import ray

    kind = ray.remote(num_cpus=threads, max_restarts=0)(Actor)
    waiting, attempts = deque(lines), Counter[str]()
    at_work: dict[ray.ObjectRef[Any], tuple[Any, Line | None]] = {}  # actor; no line: it starts
    failed_starts = 0

    def start() -> None:
        actor: Any = kind.remote(maker)
        at_work[actor.__ray_ready__.remote()] = (actor, None)

    for _ in range(min(workers, len(lines))):
        start()
    while waiting or any(line is not None for _, line in at_work.values()):
        (ready,), _ = ray.wait(list(at_work))
        actor, line = at_work.pop(ready)
        try:
            result = ray.get(ready)
        except ray.exceptions.RayError as e:
            if line is None:
                failed_starts += 1
                if failed_starts >= MAX_ATTEMPTS * workers:
                    raise EngineError(f"workers cannot be started: {_first_line(e)}") from e
            elif attempts[line.file] >= MAX_ATTEMPTS:
                yield line, b"", 0.0, f"its worker ended {MAX_ATTEMPTS} times ({_first_line(e)})"
            else:
                waiting.appendleft(line)
            if waiting:
                start()
            continue
        if waiting:
            following = waiting.popleft()
            attempts[following.file] += 1
            at_work[actor.make.remote(following)] = (actor, following)
        if line is not None:
            failed_starts = 0
            yield result


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
