"""Weights on disk to a model, and a model to tensors for the disk."""

from __future__ import annotations

from soundlet.checkpoint.loading import (
    LoadReport,
    load_bundle_weights,
    load_official,
    official_layout,
    state_dict_of,
    t5_to_official,
    to_official,
)
from soundlet.checkpoint.names import (
    official_name,
    official_t5_name,
    our_name,
    our_t5_name,
)

__all__ = [
    "LoadReport",
    "load_bundle_weights",
    "load_official",
    "official_layout",
    "official_name",
    "official_t5_name",
    "our_name",
    "our_t5_name",
    "state_dict_of",
    "t5_to_official",
    "to_official",
]
