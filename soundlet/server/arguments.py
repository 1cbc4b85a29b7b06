"""What the server on a cluster is told, checked; no cluster is needed to check it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from soundlet.errors import ServerError
from soundlet.server.settings import MEBIBYTE, Settings, default_results

Many = Annotated[tuple[Path, ...], BeforeValidator(lambda v: [v] if isinstance(v, str) else v)]


class Arguments(BaseModel):
    """What the application is told: the options of `soundlet serve`, by the same names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: Many = ()
    insecure: bool = False
    engine: str | None = None
    workers: int = Field(2, ge=1)
    threads: int = Field(1, ge=1)
    queue: int = 32
    jobs_per_client: int = 16
    max_upload: int = 32
    job_seconds: float = 300.0
    drain_seconds: float = 60.0
    results: Path | None = None
    results_mb: int = 1024
    results_hours: float = 24.0

    def settings(self, token: str | None) -> Settings:
        """As the server takes them. Raises ServerError."""
        if token is None and not self.insecure:
            raise ServerError(
                "a cluster can be reached by others: set SOUNDLET_TOKEN, so that only those who"
                " know it can use the server, or give insecure=true"
            )
        return Settings(
            models=self.model or (None,),
            engine=self.engine,
            threads=self.threads,
            workers=self.workers,
            queue_size=self.queue,
            jobs_per_client=self.jobs_per_client,
            max_upload=self.max_upload * MEBIBYTE,
            job_seconds=self.job_seconds,
            drain_seconds=self.drain_seconds,
            results=self.results or default_results(),
            results_bytes=self.results_mb * MEBIBYTE,
            results_seconds=self.results_hours * 3600,
            token=token,
            hosts=None,
        )


def told(arguments: Mapping[str, Any]) -> Arguments:
    """The arguments checked. Raises ServerError, which names every fault."""
    try:
        return Arguments.model_validate(arguments)
    except ValidationError as e:
        faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in e.errors()]
        raise ServerError("; ".join(faults)) from e
