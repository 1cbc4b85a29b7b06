"""Editing a sound: restyle, vary, fill in, make longer, blend, cut out a hit."""

from __future__ import annotations

from soundlet.editing.operations import (
    apply,
    blend,
    extract_one_shot,
    inpaint,
    outpaint,
    restyle,
)
from soundlet.editing.request import (
    OPERATIONS,
    BlendRequest,
    EditRequest,
    InpaintRequest,
    OneShotRequest,
    OutpaintRequest,
    RestyleRequest,
    VariationRequest,
    request_from_json,
)

__all__ = [
    "OPERATIONS",
    "BlendRequest",
    "EditRequest",
    "InpaintRequest",
    "OneShotRequest",
    "OutpaintRequest",
    "RestyleRequest",
    "VariationRequest",
    "apply",
    "blend",
    "extract_one_shot",
    "inpaint",
    "outpaint",
    "request_from_json",
    "restyle",
]
