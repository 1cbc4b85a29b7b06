"""Post-training for few steps: guesses of the data that a discriminator cannot tell from it.

The generator is the flow, whose guess from any time is x - t * velocity. The discriminator is a
copy of the first layers of the DiT with a head of its own; it compares a real sound and the guess
under the same prompt, noise and time (relativistic), and learns that a sound goes with its own
prompt and not with another's (contrastive), since without guidance nothing else insists on that.

Source: ARC, https://arxiv.org/abs/2505.08175. The head works on any number of tokens, down to one,
since windows vary here.
"""

from __future__ import annotations

import copy
import math

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from soundlet.config.section import Count
from soundlet.models.dit import DiffusionTransformer
from soundlet.tokenizer import Tokenizer
from soundlet.training.flow import (
    BatchSettings,
    Flow,
    FlowBatch,
    LatentTrainee,
    Told,
    condition,
    mixed,
)
from soundlet.training.latents import LatentStore
from soundlet.training.loop import Figures, NotNegative, Positive, on_device


class ArcSettings(BatchSettings):
    """What the flow is post-trained on and how.

    Attributes:
        logsnr_low: least log signal-to-noise ratio of the generator's times, drawn evenly.
        logsnr_high: the greatest.
        time_mean: of the normal that the logits of the discriminator's times are drawn from.
        time_deviation: of the same normal.
        discriminator_layers: of the DiT, that the discriminator copies; None: three quarters.
        contrastive_weight: of the loss on swapped prompts.
    """

    logsnr_low: float = -6.0
    logsnr_high: float = 2.0
    time_mean: float = 0.5
    time_deviation: Positive = 1.0
    discriminator_layers: Count | None = None
    contrastive_weight: NotNegative = 1.0


class ArcDiscriminator(nn.Module):
    """The first layers of a DiT and a convolutional head: a score a stretch of time.

    Shape: as the DiT's, to (batch, 1, stretches).
    """

    HEAD_DEPTH = 4

    def __init__(self, dit: DiffusionTransformer, n_layers: int) -> None:
        super().__init__()
        self.dit = copy.deepcopy(dit).requires_grad_(True)
        self.dit.keep_blocks(n_layers)
        width = dit.project_in.out_features
        # Groups of 16 channels or more: of a window's last token alone, fewer would leave nothing.
        n_groups = math.gcd(width, max(1, width // 16), 32)
        halvings: list[nn.Module] = []
        for _ in range(self.HEAD_DEPTH):
            halvings.append(nn.Conv1d(width, width, kernel_size=3, stride=2, padding=1))
            halvings.append(nn.GroupNorm(n_groups, width))
            halvings.append(nn.SiLU())
        self.head = nn.Sequential(*halvings, nn.Conv1d(width, 1, kernel_size=1))

    def forward(
        self,
        x: Tensor,
        t: Tensor,
        cross_attn_cond: Tensor,
        global_cond: Tensor,
        n_left_out: int = 0,
    ) -> Tensor:
        """Scores of noisy latents."""
        tokens = self.dit.tokens(x, t, cross_attn_cond, global_cond, n_left_out)
        scores: Tensor = self.head(tokens.transpose(1, 2)).float()
        return scores


class ArcTrainee(LatentTrainee):
    """The DiT against the discriminator; the conditioners stay as they are, and serve both."""

    def __init__(
        self,
        flow: Flow,
        store: LatentStore,
        tokenizer: Tokenizer,
        silence: Tensor,
        settings: ArcSettings,
    ) -> None:
        super().__init__(flow, store, tokenizer, silence, settings)
        self.settings = settings
        flow.conditioners.requires_grad_(False)
        n_blocks = len(flow.dit.blocks)
        n_layers = settings.discriminator_layers or max(1, n_blocks * 3 // 4)
        self.discriminator = ArcDiscriminator(flow.dit, min(n_layers, n_blocks))

    @property
    def opponent(self) -> ArcDiscriminator:
        """The discriminator."""
        return self.discriminator

    def loss(self, batch: FlowBatch, generator: torch.Generator) -> tuple[Tensor, Figures]:
        """How much less real than the real sounds the guesses look."""
        batch = on_device(batch, next(self.flow.parameters()).device)
        with torch.no_grad():
            told = condition(self.flow, batch)
        guess = self._guess(batch, told, generator)
        noise, t = self._noise_and_times(batch, generator)
        fake = self.discriminator(mixed(guess, noise, t), t, *told)
        with torch.no_grad():
            real = self.discriminator(mixed(batch.latents, noise, t), t, *told)
        distance = (guess - batch.latents).detach().square().mean()
        figures = {"guess_error": distance.item(), "margin": (real - fake).mean().item()}
        return softplus(real - fake).mean(), figures

    def opponent_loss(self, batch: FlowBatch, generator: torch.Generator) -> tuple[Tensor, Figures]:
        """How badly the discriminator tells guesses, and other sounds' prompts, from the real."""
        batch = on_device(batch, next(self.flow.parameters()).device)
        with torch.no_grad():
            told = condition(self.flow, batch)
            guess = self._guess(batch, told, generator)
        noise, t = self._noise_and_times(batch, generator)
        x = mixed(batch.latents, noise, t)
        real = self.discriminator(x, t, *told)
        fake = self.discriminator(mixed(guess, noise, t), t, *told)
        relativistic = softplus(fake - real).mean()
        if len(x) == 1:  # no other prompt to swap with
            return relativistic, {"relativistic": relativistic.item()}
        swapped = torch.cat([told[0][:, :-1].roll(1, dims=0), told[0][:, -1:]], dim=1)
        other = self.discriminator(x, t, swapped, *told[1:])
        contrastive = softplus(other - real).mean()
        figures = {"relativistic": relativistic.item(), "contrastive": contrastive.item()}
        return relativistic + self.settings.contrastive_weight * contrastive, figures

    def _guess(self, batch: FlowBatch, told: Told, generator: torch.Generator) -> Tensor:
        """The data as the DiT guesses it from a random time: (batch, channels, frames)."""
        low, high = self.settings.logsnr_low, self.settings.logsnr_high
        logsnr = low + (high - low) * torch.rand(len(batch.latents), generator=generator)
        t = torch.sigmoid(-logsnr).to(batch.latents.device)
        noise = torch.randn(batch.latents.shape, generator=generator).to(batch.latents.device)
        x = mixed(batch.latents, noise, t)
        guess: Tensor = x - t[:, None, None] * self.flow.dit(x, t, *told).float()
        return guess

    def _noise_and_times(
        self, batch: FlowBatch, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """What real and guess are hidden in alike before the discriminator sees them."""
        settings, device = self.settings, batch.latents.device
        noise = torch.randn(batch.latents.shape, generator=generator)
        logits = torch.randn(len(batch.latents), generator=generator)
        t = torch.sigmoid(settings.time_mean + settings.time_deviation * logits)
        return noise.to(device), t.to(device)
