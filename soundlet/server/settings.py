"""What a server is told when it starts: one value, checked once."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from soundlet.errors import ServerError

MEBIBYTE = 2**20
MIN_TOKEN = 16  # characters


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a server runs.

    Attributes:
        models: folders of bundles, the first of them the default. None: the model inside soundlet.
        engine: of the workers. None: the usual one for each model's format.
        threads: cores for each worker. None: the machine's, shared out among the workers.
        workers: processes for each model; each runs one job at a time.
        queue_size: most jobs that wait; further ones are refused with 503.
        jobs_per_client: most unfinished jobs of one address; further ones are refused with 429.
        max_upload: most bytes of a request.
        job_seconds: longest time a job may run.
        drain_seconds: longest wait for running jobs when the server stops.
        results: folder for what is made.
        results_bytes: most bytes of results kept; the oldest go first.
        results_seconds: age at which a result goes.
        token: what requests must carry. None: nothing.
        hosts: names that the `Host` header may hold. None: any.
    """

    models: tuple[Path | None, ...] = (None,)
    engine: str | None = None
    threads: int | None = None
    workers: int = 1
    queue_size: int = 32
    jobs_per_client: int = 16
    max_upload: int = 32 * MEBIBYTE
    job_seconds: float = 300.0
    drain_seconds: float = 60.0
    results: Path
    results_bytes: int = 1024 * MEBIBYTE
    results_seconds: float = 24 * 3600.0
    token: str | None = None
    hosts: tuple[str, ...] | None = ("127.0.0.1", "localhost", "[::1]")

    def __post_init__(self) -> None:
        """Refuse what no server can be run with."""
        positive = {
            "workers": self.workers,
            "queue_size": self.queue_size,
            "jobs_per_client": self.jobs_per_client,
            "max_upload": self.max_upload,
            "job_seconds": self.job_seconds,
            "drain_seconds": self.drain_seconds,
            "results_bytes": self.results_bytes,
            "results_seconds": self.results_seconds,
        }
        for name, value in positive.items():
            if not value > 0:
                raise ServerError(f"{name} must be above 0, not {value}")
        if not self.models:
            raise ServerError("a server needs at least one model")
        if self.token is not None:
            if len(self.token) < MIN_TOKEN:
                raise ServerError(f"a token needs at least {MIN_TOKEN} characters")
            if not self.token.isascii() or not self.token.isprintable() or " " in self.token:
                raise ServerError("a token is made of printable ASCII characters without spaces")


def is_loopback(host: str) -> bool:
    """Whether `host` is an address that only this machine reaches."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def default_results() -> Path:
    """A folder for results in the user's cache."""
    from platformdirs import user_cache_path

    return user_cache_path("soundlet", appauthor=False) / "results"
