"""Config files, and texts, to typed values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from soundlet.config.model import ModelConfig
from soundlet.config.problems import describe
from soundlet.config.t5 import T5Config
from soundlet.errors import ConfigError

AnyConfig = TypeVar("AnyConfig", bound=BaseModel)


def load_config(path: Path | str) -> ModelConfig:
    """Read a model_config.json.

    Raises:
        ConfigError: no such file, not JSON, or keys that are unknown, missing, of the wrong type,
            at odds with each other, or ask for what soundlet does not do; names all of them.
    """
    return parse_config(_read_text(Path(path)), source=str(path))


def parse_config(text: str, *, source: str = "model_config.json") -> ModelConfig:
    """The config in the JSON `text`; `source` names it in errors, raised as by `load_config`."""
    return _parse(ModelConfig, text, source)


def load_t5_config(path: Path | str) -> T5Config:
    """Read the config.json of a T5 encoder, in the layout of google-t5/t5-base.

    Raises:
        ConfigError: no such file, not JSON, or not the sizes of a T5 encoder; names all problems.
    """
    return _parse(T5Config, _read_text(Path(path)), str(path))


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as e:
        raise ConfigError(f"{path}: no such file") from e
    except OSError as e:
        raise ConfigError(f"{path}: cannot be read ({e.strerror})") from e
    except UnicodeDecodeError as e:
        raise ConfigError(f"{path}: not JSON (not text in UTF-8)") from e


def _parse(kind: type[AnyConfig], text: str, source: str) -> AnyConfig:
    try:
        data = json.loads(text)
    except ValueError as e:
        raise ConfigError(f"{source}: not JSON ({e})") from e
    except RecursionError as e:
        raise ConfigError(f"{source}: nested too deeply for a config") from e
    try:
        return kind.model_validate_json(text)
    except ValidationError as e:
        raise ConfigError("\n  ".join([f"{source}:", *describe(e, data)])) from e
