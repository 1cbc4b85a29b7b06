"""What Prometheus may read: jobs, waits, memory, results; each server has numbers of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)

Reading = tuple[str, str, Callable[[], float]]
"""Name, meaning, and how to take it."""


class Metrics:
    """The counters of one server.

    Attributes:
        jobs: that ended, by model, operation and state.
        refused: that were not queued, by reason.
        restarts: of workers that died.
        queue_seconds, job_seconds: from submission to start, and from start to end.
        sound_seconds: of sound made.
        requests: answered, by method, route and status.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        r = self._registry
        self.jobs = Counter(
            "soundlet_jobs", "Jobs that ended.", ["model", "operation", "state"], registry=r
        )
        self.refused = Counter("soundlet_refused", "Jobs refused.", ["reason"], registry=r)
        self.restarts = Counter("soundlet_worker_restarts", "Workers that died.", registry=r)
        self.queue_seconds = Histogram(
            "soundlet_queue_seconds", "Wait in the queue.", buckets=SECONDS, registry=r
        )
        self.job_seconds = Histogram(
            "soundlet_job_seconds",
            "From a job's start to its end.",
            ["operation"],
            buckets=SECONDS,
            registry=r,
        )
        self.sound_seconds = Counter("soundlet_sound_seconds", "Sound made.", registry=r)
        self.requests = Counter(
            "soundlet_http_requests", "Requests.", ["method", "route", "status"], registry=r
        )

    def watch(self, readings: Iterable[Reading], pids: Callable[[], list[int]]) -> None:
        """Take these readings, and these processes' memory, when metrics are asked for."""
        self._registry.register(_Readings(list(readings), pids))

    def text(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self._registry)


class _Readings(Collector):
    def __init__(self, readings: list[Reading], pids: Callable[[], list[int]]) -> None:
        self._readings, self._pids = readings, pids

    def collect(self) -> Iterator[Metric]:
        for name, meaning, take in self._readings:
            yield GaugeMetricFamily(name, meaning, value=take())
        memory = GaugeMetricFamily(
            "soundlet_resident_bytes", "Memory of a process.", labels=["process"]
        )
        memory.add_metric(["server"], resident_bytes("self"))
        for number, pid in enumerate(self._pids()):
            memory.add_metric([f"worker-{number}"], resident_bytes(pid))
        yield memory


def resident_bytes(pid: int | str) -> float:
    """Memory that a process holds; 0 where the system does not say (it has no /proc)."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    for line in status.splitlines():
        if line.startswith("VmRSS:"):
            return float(line.split()[1]) * 1024
    return 0.0
