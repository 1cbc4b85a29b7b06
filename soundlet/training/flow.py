"""Training of the text encoder, the seconds conditioner and the DiT as one rectified flow.

Source: rectified flow with logit-normal times as in Stable Diffusion 3, arXiv 2403.03206.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from soundlet.models.conditioners import Conditioners
from soundlet.models.dit import DiffusionTransformer
from soundlet.tokenizer import Tokenizer
from soundlet.training.latents import LatentStore
from soundlet.training.loop import Trainee


@dataclass(frozen=True, kw_only=True)
class FlowSettings:
    """What the flow is trained on and how.

    Attributes:
        batch_frames: frames of latents in a step; short sounds come in larger batches.
        frames_multiple: window lengths are multiples of this many frames.
        longer_share: share of batches whose window is one multiple longer than their sounds.
        cfg_dropout: share of sounds whose cross-attention conditioning is all zeros.
        time_mean: of the normal that the times' logits are drawn from.
        time_deviation: of the same normal.
        latent_scale: latents are divided by this, so that their spread is about 1.
    """

    batch_frames: int = 4096
    frames_multiple: int = 16
    longer_share: float = 0.15
    cfg_dropout: float = 0.1
    time_mean: float = 0.0
    time_deviation: float = 1.0
    latent_scale: float = 1.0


@dataclass(frozen=True)
class FlowBatch:
    """A step's sounds.

    Attributes:
        latents: (batch, channels, frames).
        prompt_tokens: (batch, max_length) integers.
        prompt_mask: (batch, max_length) integers.
        seconds: (batch,).
    """

    latents: Tensor
    prompt_tokens: Tensor
    prompt_mask: Tensor
    seconds: Tensor


class Flow(nn.Module):
    """The two parts that are trained together."""

    def __init__(self, conditioners: Conditioners, dit: DiffusionTransformer) -> None:
        super().__init__()
        self.conditioners = conditioners
        self.dit = dit


class FlowTrainee(Trainee[FlowBatch]):
    """Latents and captions to the error of the velocity."""

    def __init__(
        self,
        flow: Flow,
        store: LatentStore,
        tokenizer: Tokenizer,
        silence: Tensor,
        settings: FlowSettings,
    ) -> None:
        self.flow = flow
        self.store = store
        self.tokenizer = tokenizer
        self.silence = silence  # (channels, frames_multiple): what follows a sound's end
        self.settings = settings
        self._buckets: dict[int, list[int]] = {}
        for index, entry in enumerate(store.entries):
            self._buckets.setdefault(entry.frames, []).append(index)
        self._lengths = sorted(self._buckets)
        self._weights = torch.tensor([float(n * len(self._buckets[n])) for n in self._lengths])

    @property
    def module(self) -> Flow:
        """The conditioners and the DiT."""
        return self.flow

    def batch(self, generator: torch.Generator) -> FlowBatch:
        """Sounds of one length, each with one of its captions."""
        settings = self.settings
        length = self._lengths[int(torch.multinomial(self._weights, 1, generator=generator))]
        longer = float(torch.rand((), generator=generator)) < settings.longer_share
        window = length + settings.frames_multiple * longer
        count = max(1, settings.batch_frames // window)
        bucket = self._buckets[length]
        chosen = torch.randint(len(bucket), (count,), generator=generator).tolist()
        rows, captions, seconds = [], [], []
        for position in chosen:
            entry = self.store.entries[bucket[position]]
            latents = torch.from_numpy(self.store.latents(bucket[position], length))
            rows.append(torch.cat([latents, self.silence], dim=1) if longer else latents)
            pick = int(torch.randint(len(entry.captions), (), generator=generator))
            captions.append(entry.captions[pick])
            seconds.append(entry.seconds)
        tokens, mask = self.tokenizer.encode(captions, truncate=True)
        return FlowBatch(
            torch.stack(rows) / settings.latent_scale,
            torch.from_numpy(tokens),
            torch.from_numpy(mask),
            torch.tensor(seconds),
        )

    def loss(self, batch: FlowBatch, generator: torch.Generator) -> tuple[Tensor, dict[str, float]]:
        """Mean squared error of the velocity at random times."""
        settings, count = self.settings, len(batch.latents)
        logits = torch.randn(count, generator=generator)
        t = torch.sigmoid(settings.time_mean + settings.time_deviation * logits)
        noise = torch.randn(batch.latents.shape, generator=generator)
        kept = torch.rand(count, generator=generator) >= settings.cfg_dropout
        cross, _, global_cond = self.flow.conditioners(
            batch.prompt_tokens, batch.prompt_mask, batch.seconds
        )
        cross = cross * kept[:, None, None]
        mixed = (1 - t)[:, None, None] * batch.latents + t[:, None, None] * noise
        velocity = self.flow.dit(mixed, t, cross, global_cond).float()
        error = (velocity - (noise - batch.latents)).square().mean(dim=(1, 2))
        early = error[t < 0.5].mean() if bool((t < 0.5).any()) else error.mean()
        return error.mean(), {"error_below_half": early.item()}
