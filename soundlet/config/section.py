"""What every object of model_config.json has in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(gt=0)]
Counts = Annotated[tuple[Count, ...], Field(min_length=1)]


class Section(BaseModel):
    """One object of model_config.json: immutable, and a key it does not name is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
