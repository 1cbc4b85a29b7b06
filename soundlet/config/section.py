"""What every object of model_config.json has in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(gt=0, le=1_000_000)]
"""Of most sizes, and Hz: beyond what any model has, and no product of two or three overflows."""

Depth = Annotated[int, Field(ge=0, le=1000)]
"""Of a stack of blocks; without any, only the linear layers around it are left."""


class Section(BaseModel):
    """One object of model_config.json: immutable, and a key it does not name is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
