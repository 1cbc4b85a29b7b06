"""The config.json of a T5 encoder, in the layout of google-t5/t5-base."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from soundlet.config.problems import mismatch
from soundlet.config.section import Count, Depth


class T5Config(BaseModel):
    """Sizes of a T5 encoder, by the names of its own config.json; its other keys are not needed."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, allow_inf_nan=False)

    model_type: Literal["t5"] = "t5"
    vocab_size: Count
    d_model: Count
    d_kv: Count
    d_ff: Count
    num_layers: Annotated[Depth, Field(gt=0)]
    num_heads: Count
    relative_attention_num_buckets: Annotated[int, Field(ge=4, le=1000, multiple_of=4)] = 32
    relative_attention_max_distance: Count = 128
    layer_norm_epsilon: float = 1e-6
    feed_forward_proj: Literal["relu", "gated-gelu"] = "relu"

    @model_validator(mode="after")
    def _distances_exceed_the_exact_buckets(self) -> T5Config:
        if self.relative_attention_max_distance <= self.relative_attention_num_buckets // 4:
            raise mismatch(
                f"relative_attention_max_distance {self.relative_attention_max_distance} must be"
                f" above a quarter of relative_attention_num_buckets"
                f" {self.relative_attention_num_buckets}"
            )
        return self
