"""What the exporters of programs are given."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from soundlet.bundle import PARTS, Part, Precision, open_bundle
from soundlet.errors import CheckpointError
from soundlet.export.programs import load_model, programs


@pytest.mark.parametrize("part", ["decoder", "encoder"])
def test_weights_that_float16_cannot_hold_are_not_exported_in_it(
    tiny_bundle: Path, part: Part
) -> None:
    bundle = open_bundle(tiny_bundle)
    model = load_model(bundle)
    name, weight = next(
        (name, each) for name, each in model.get_submodule(part).named_parameters() if each.ndim > 1
    )
    weight.data[0] = 1e6
    whole: dict[Part, Precision] = dict.fromkeys(PARTS, "float32")
    assert len(list(programs(model, bundle.config, whole, is_variable=True))) == len(PARTS)
    half: dict[Part, Precision] = {**whole, part: "float16"}
    with pytest.raises(CheckpointError, match=rf"{part}\.{name} has numbers that float16 cannot"):
        next(programs(model, bundle.config, half, is_variable=True))
    weight.data[0] = 1
    made = dict(programs(model, bundle.config, half, is_variable=True))
    kinds = {each.dtype for each in made[part].module.parameters()}
    assert torch.float16 in kinds
