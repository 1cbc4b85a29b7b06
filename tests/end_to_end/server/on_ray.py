"""A cluster of this machine with the server on it, until standard input ends.

    python -m tests.end_to_end.server.on_ray PORT ARGUMENTS

Prints a line when it is up.
"""

from __future__ import annotations

import json
import os
import sys
from functools import partial

PATIENCE = {
    "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "60",
    "RAY_raylet_start_wait_time_s": "40",
    "RAY_worker_niceness": "0",
}
"""For the parts of Ray to start on a busy machine."""

TRIES = 3  # Ray gives its agent 15 s to start, which a busy machine may not have for it


def main(port: int, arguments: str) -> None:
    os.environ.update(PATIENCE)
    import ray
    from ray import serve

    from soundlet.server.cluster import app

    start = partial(
        ray.init,
        address="local",
        num_cpus=2,
        object_store_memory=80_000_000,
        include_dashboard=False,
        log_to_driver=False,
        _node_ip_address="127.0.0.1",
    )
    for left in reversed(range(TRIES)):
        try:
            start()
            break
        except Exception:  # Ray has no class of its own for it
            if not left:
                raise
            ray.shutdown()
    serve.start(http_options={"host": "127.0.0.1", "port": port})
    serve.run(app(json.loads(arguments)), name="soundlet")
    sys.stdout.write("up\n")
    sys.stdout.flush()
    sys.stdin.read()
    serve.shutdown()  # type: ignore[no-untyped-call]
    ray.shutdown()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
