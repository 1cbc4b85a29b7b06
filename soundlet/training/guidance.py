"""Training of a flow to say at once what guidance makes of it, so that a step is one evaluation.

The teacher is the flow as it was at the start. What its blocks say with the prompt is moved away
from what they say without it, as far as a scale says, in a span of times; the student learns the
velocity that follows.

Source: guidance in a span of times, https://arxiv.org/abs/2404.07724; the distillation of it,
https://arxiv.org/abs/2210.03142, at one scale.
"""

from __future__ import annotations

import copy
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from soundlet.request import MAX_CFG_SCALE
from soundlet.tokenizer import Tokenizer
from soundlet.training.flow import (
    BatchSettings,
    Flow,
    FlowBatch,
    LatentTrainee,
    condition,
    mixed,
    spread_times,
)
from soundlet.training.latents import LatentStore
from soundlet.training.loop import Figures, Positive, Share, on_device


class GuidanceSettings(BatchSettings):
    """What the student is taught and how.

    Attributes:
        cfg_scale: how far the teacher is guided: 1 is not at all.
        first: the latest time, nearest to noise, at which it is.
        last: the earliest.
        time_mean: of the normal that the times' logits are drawn from.
        time_deviation: of the same normal.
    """

    cfg_scale: Annotated[float, Field(ge=1, le=MAX_CFG_SCALE)] = 4.5
    first: Share = 0.995
    last: Share = 0.5
    time_mean: float = 1.5
    time_deviation: Positive = 1.5


class GuidanceTrainee(LatentTrainee):
    """The DiT after its own guided self; conditioners, prior and tempo stay as they are."""

    def __init__(
        self,
        flow: Flow,
        store: LatentStore,
        tokenizer: Tokenizer,
        silence: Tensor,
        settings: GuidanceSettings,
    ) -> None:
        """`flow` has the weights of the teacher."""
        super().__init__(flow, store, tokenizer, silence, settings)
        self.settings = settings
        self.teacher = copy.deepcopy(flow.dit).eval().requires_grad_(False)
        for told in (flow.conditioners, flow.dit.prior, flow.dit.tempo):
            if told is not None:
                told.requires_grad_(False)

    def loss(self, batch: FlowBatch, generator: torch.Generator) -> tuple[Tensor, Figures]:
        """Mean squared distance from the guided velocity; beside it, that of the teacher's own."""
        settings = self.settings
        t = spread_times(len(batch.latents), settings.time_mean, settings.time_deviation, generator)
        noise = torch.randn(batch.latents.shape, generator=generator)
        device = next(self.flow.parameters()).device
        batch, t, noise = on_device(batch, device), t.to(device), noise.to(device)
        x = mixed(batch.latents, noise, t)
        with torch.no_grad():
            told = condition(self.flow, batch)
            self.teacher.to(device)
            is_guided = (t >= settings.last) & (t <= settings.first)
            scale = torch.where(is_guided, settings.cfg_scale, 1.0)
            own, guided = self.teacher.guided(x, t, *told, scale=scale)
            untaught = (guided.float() - own.float()).square().mean()
        velocity = self.flow.dit(x, t, *told).float()
        return (velocity - guided.float()).square().mean(), {"untaught": untaught.item()}
