"""Every error that soundlet raises on purpose.

SoundletError
  ConfigError       model_config.json does not describe a model that can be built
  CheckpointError   the weights do not fit the model, or are not weights at all
  BundleError       a model folder is incomplete, damaged or of another format
  EngineError       the engine asked for cannot run here
  HubError          a model could not be fetched
  RequestError      the caller asked for something that this model cannot do
  AudioError        a sound file could not be read or written
  GenerationError   the model produced something that is not a sound
  WebError          the page for the browser cannot be put together or served
  ServerError       a server cannot start, cannot be reached, or refused a request
  Cancelled         the caller stopped the generation
"""

from __future__ import annotations


class SoundletError(Exception):
    """Base class: `except SoundletError` catches what a user can mend, and no bugs."""


class ConfigError(SoundletError):
    """A model config is malformed; the message lists every problem found."""


class CheckpointError(SoundletError):
    """Weights that cannot be read safely, or whose names or shapes do not fit the model."""


class BundleError(SoundletError):
    """A model folder is incomplete, damaged, or written in a format this version cannot read."""


class EngineError(SoundletError):
    """The engine asked for is unknown, not installed, or cannot run on this machine."""


class HubError(SoundletError):
    """A model could not be fetched: no network, no such repository, or terms not yet accepted."""


class RequestError(SoundletError, ValueError):
    """A request is outside what the model supports."""


class AudioError(SoundletError):
    """A sound file could not be read or written."""


class GenerationError(SoundletError):
    """The model produced NaN, silence, or a level far beyond full scale."""


class WebError(SoundletError):
    """The page for the browser lacks a file, or the place or port to be served from."""


class ServerError(SoundletError):
    """A server cannot start, or one that was asked cannot be reached or said no."""


class Cancelled(SoundletError):
    """The caller asked to stop between two steps."""


def first_line(error: Exception) -> str:
    """What an error of a library says, without what follows it; its name if it says nothing."""
    return str(error).split("\n")[0] or type(error).__name__
