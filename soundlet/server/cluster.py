"""The server as an application of Ray Serve: jobs live in one place, replicas make the sounds.

    serve run soundlet.server.cluster:app workers=2

The HTTP interface, the queue and the jobs are one deployment with one replica, so that a job is
found whoever asks for it. Each model is a deployment of its own, of as many replicas as wanted.
"""

from __future__ import annotations

import os
from typing import Any, cast

from ray import serve

from soundlet.server.app import Application, create_app
from soundlet.server.arguments import told
from soundlet.server.messages import Work
from soundlet.server.models import open_models
from soundlet.server.process import WorkerProcess
from soundlet.server.remote import Call, RemoteWorker
from soundlet.server.renderer import Renderer
from soundlet.server.worker import WorkerSettings

MOST_CONNECTIONS = 1000
HEALTH_SECONDS = 5.0  # between looks at a replica: how soon a lost one is replaced


class Replica(Renderer):
    """A worker process on whichever machine Ray has room; it is up when its model is loaded.

    The process ends with the replica, whose pipe it reads.
    """

    async def __init__(self, settings: WorkerSettings) -> None:  # type: ignore[misc]
        """Load the model; Ray Serve waits for it."""
        super().__init__(WorkerProcess(settings))
        await self.ready()


def app(arguments: dict[str, Any]) -> serve.Application:
    """Build the application; the token is read from SOUNDLET_TOKEN.

    Args:
        arguments: see `soundlet.server.arguments`.

    Raises:
        ServerError: an argument is wrong or missing.
        BundleError: a model is damaged or no model.
    """
    settings = told(arguments).settings(os.environ.get("SOUNDLET_TOKEN"))
    folders = {name: model.bundle.folder for name, model in open_models(settings.models).items()}
    replicas = [
        serve.deployment(
            name=replica_name(number),
            num_replicas=settings.workers,
            max_ongoing_requests=1,
            ray_actor_options={"num_cpus": settings.threads},
            health_check_period_s=HEALTH_SECONDS,
            graceful_shutdown_timeout_s=settings.drain_seconds,
        )(Replica).bind(WorkerSettings(folder, settings.engine, settings.threads))
        for number, folder in enumerate(folders.values())
    ]

    def build() -> Application:
        workers = {
            name: remote_workers(replica_name(number), settings.workers)
            for number, name in enumerate(folders)
        }
        return create_app(settings, workers=workers)

    ingress = serve.deployment(
        name="soundlet",
        num_replicas=1,  # the jobs are in its memory
        ray_actor_options={"num_cpus": 0},  # it passes on what others make
        max_ongoing_requests=MOST_CONNECTIONS,
        graceful_shutdown_timeout_s=settings.drain_seconds,
    )(serve.ingress(build)())
    return ingress.bind(*replicas)


def replica_name(number: int) -> str:
    """Of the deployment of a model: its own name may have characters that Ray does not allow."""
    return f"model-{number}"


def remote_workers(deployment: str, count: int) -> list[RemoteWorker]:
    """Room for as many jobs as the deployment has replicas."""
    handle = serve.get_deployment_handle(deployment)
    streamed = handle.options(stream=True)

    def render(work: Work) -> Call:
        return cast("Call", streamed.render.remote(work))

    return [RemoteWorker(handle.ready.remote, render) for _ in range(count)]
