"""Running a server: its socket, its signals, and its end."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from types import FrameType

import uvicorn

from soundlet.errors import ServerError
from soundlet.server.app import Application

KEEP_ALIVE_SECONDS = 15
MAX_CONNECTIONS = 1000  # answered with 503 beyond


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 takes a free one.

    Raises:
        ServerError: the port is taken, or the address is not of this machine.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=512)
    except (OSError, OverflowError) as e:
        reason = getattr(e, "strerror", None) or e
        raise ServerError(f"cannot listen on {host}:{port} ({reason}): try another --port") from e


def run(
    app: Application, listening: socket.socket, *, drain_seconds: float, access_log: bool = False
) -> None:
    """Serve until SIGTERM or SIGINT, then let running jobs end.

    Args:
        app: of `create_app`.
        listening: of `bind`.
        drain_seconds: to wait for connections at most.
        access_log: log every request.
    """
    config = uvicorn.Config(
        app,
        log_level="info" if access_log else "warning",
        access_log=access_log,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(drain_seconds),
        limit_concurrency=MAX_CONNECTIONS,
        ws="none",
        loop="asyncio",  # not whatever else is installed: what is tested is what is run
        http="h11",
    )
    server = DrainingServer(config, app)
    asyncio.run(server.serve(sockets=[listening]))


class DrainingServer(uvicorn.Server):
    """Tells the jobs that wait as soon as a signal comes, not when the last connection closes."""

    def __init__(self, config: uvicorn.Config, app: Application) -> None:
        super().__init__(config)
        self._drain = app.drain

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal drains; Ctrl-C after it ends at once. Either is an end as it should be.

        Uvicorn's own would raise the signal again once all is done, as if it had been ignored.
        """
        del frame
        logging.getLogger(__name__).info("%s: draining", signal.Signals(sig).name)
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self.should_exit = True
        asyncio.get_running_loop().call_soon_threadsafe(self._drain)
