"""The models of a server: what they are, and what they would say to a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, cast

from soundlet.bundle import Bundle, open_bundle
from soundlet.engines import Engine
from soundlet.errors import EngineError, ServerError
from soundlet.pipeline import Model
from soundlet.request import GenerationRequest


class Served:
    """One model as the server's own process knows it: no weights, but every limit.

    Attributes:
        name: as its manifest has it.
        bundle: what the workers load.
    """

    def __init__(self, bundle: Bundle) -> None:
        """Read what is needed to check requests."""
        self.name, self.bundle = bundle.manifest.name, bundle
        self._model = Model(bundle, cast("Engine", NoEngine()))

    def resolve(self, request: GenerationRequest) -> GenerationRequest:
        """The request with every default and a seed.

        Raises:
            RequestError: this model cannot do it.
        """
        resolved = self._model.resolve(request)
        if not resolved.truncate_prompt:
            self._model.require_readable(resolved.prompt, *filter(None, [resolved.negative_prompt]))
        return resolved

    def describe(self) -> dict[str, Any]:
        """The facts of `schema.ModelView` that never change."""
        manifest, config = self.bundle.manifest, self.bundle.config
        return {
            "name": self.name,
            "description": manifest.description,
            "licence": manifest.licence,
            "sample_rate": config.sample_rate,
            "channels": config.audio_channels,
            "max_seconds": self._model.max_seconds,
            "prompt_max_tokens": config.prompt_max_tokens,  # without the end mark
            "defaults": manifest.defaults.model_dump(),
        }


class NoEngine:
    """Stands where a model has its engine, in a process that only checks requests."""

    def __getattr__(self, name: str) -> NoReturn:
        """No part can be run."""
        raise EngineError(f"this process checks requests: it has no {name}")


def open_models(folders: Sequence[Path | None]) -> Mapping[str, Served]:
    """The models in these folders by name, in their order.

    Raises:
        BundleError: not a bundle, or damaged.
        ServerError: two of the same name.
    """
    models: dict[str, Served] = {}
    for folder in folders:
        served = Served(open_bundle(folder))
        if served.name in models:
            raise ServerError(
                f"two models are called {served.name}: requests could not tell them apart"
            )
        models[served.name] = served
    return models
