"""Training of a flow by what its own sounds are heard as.

The flow makes sounds for captions as it will make them later. Each is decoded, and heard in the
words that known sounds taught (`soundlet.training.words`). How plainly these are the words that
were asked for is the reward, and its gradient goes the same way back: through hearing, decoder and
the late steps of the sampler to the weights. Two sounds of each caption and the real one can be
told to lie as far from each other as real ones do, so that sounds stay varied and like real ones.

Sources: the gradient of a reward through the last steps of a sampler, Clark et al., "Directly
fine-tuning diffusion models on differentiable rewards", https://arxiv.org/abs/2309.17400; the
energy score, Gneiting, Raftery, "Strictly proper scoring rules, prediction, and estimation", 2007,
section 4.3, https://doi.org/10.1198/016214506000001437.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise

import torch
from torch import Tensor

from soundlet.config import SpectralDecoderConfig
from soundlet.config.section import Count
from soundlet.engines.codec import DRAFT_ROUNDS, spectrogram_format
from soundlet.sampling import LEAST_PINGPONG, half_logsnr, logsnr_schedule
from soundlet.tokenizer import Tokenizer
from soundlet.training.codec import Codec
from soundlet.training.flow import (
    BatchSettings,
    Chosen,
    Flow,
    FlowBatch,
    LatentTrainee,
    Told,
    condition,
)
from soundlet.training.latents import LatentStore
from soundlet.training.listening import heard, synthesised
from soundlet.training.loop import Figures, NotNegative, Share
from soundlet.training.words import HeardWords, asked_words

MOST = 1.5  # times the median that a sound's gradient counts: a few must not outweigh the rest
QUIET = 0.25  # so that a sound in five ends above the level of real ones
TINY = 1e-12


class RewardSettings(BatchSettings):
    """How sounds are made and judged.

    Attributes:
        steps: of the sampler, pingpong-dpmpp; gradients pass through those after the ping-pong.
        likeness: how much it counts, in nats for each standard deviation, that sounds are heard
            to be spread as real ones are: the energy score of two sounds of each caption and of
            its real one. Without it, all sounds of a caption end as the one that is heard most
            plainly. 0: each caption has one sound.
        disturbance: of each number that is heard, in its standard deviations among known sounds:
            what is only just heard as its words is so no longer.
        level: how much it counts, in nats for each e-fold, that a sound's peak is above that of
            its caption's real sound; it counts `QUIET` of that to be below. What is heard of a
            sound says nothing of its level.
        held: tags, such as "kind: drum_loop": sounds with one of them are not judged, and what
            the flow makes of their captions is held where it was when the training began.
        hold: how much it counts that these have moved.
    """

    batch_frames: Count = 700
    longer_share: Share = 0.0
    steps: Count = 8
    likeness: NotNegative = 0.0
    disturbance: NotNegative = 0.3
    level: NotNegative = 0.0
    held: tuple[str, ...] = ()
    hold: NotNegative = 1.0


@dataclass(frozen=True)
class AskedBatch(FlowBatch):
    """A step's sounds, and what they are asked to be heard as.

    Attributes:
        asked: of each sound, a word for some attributes.
        sounding: of each sound, frames before its end.
        is_held: of each sound, whether it is to stay as it is.
    """

    asked: tuple[Mapping[str, str], ...]
    sounding: tuple[int, ...]
    is_held: tuple[bool, ...]

    def part(self, rows: Sequence[int]) -> AskedBatch:
        """Some of the sounds."""
        chosen = list(rows)
        return AskedBatch(
            self.latents[chosen],
            self.prompt_tokens[chosen],
            self.prompt_mask[chosen],
            self.seconds[chosen],
            asked=tuple(self.asked[i] for i in chosen),
            sounding=tuple(self.sounding[i] for i in chosen),
            is_held=tuple(self.is_held[i] for i in chosen),
        )


class RewardTrainee(LatentTrainee):
    """The DiT before a judge of its sounds; conditioners, prior and tempo stay as they are."""

    def __init__(
        self,
        flow: Flow,
        store: LatentStore,
        tokenizer: Tokenizer,
        silence: Tensor,
        settings: RewardSettings,
        *,
        codec: Codec,
        words: HeardWords,
    ) -> None:
        """Begin with the weights that `flow` has.

        Args:
            flow: trained.
            store: whose captions, lengths and tags are asked for.
            tokenizer: of the flow.
            silence: of the store.
            settings: how sounds are made and judged.
            codec: that the latents are of, a spectral one.
            words: what sounds are heard as.
        """
        super().__init__(flow, store, tokenizer, silence, settings)
        self._first = (
            copy.deepcopy(flow.dit).eval().requires_grad_(False) if settings.held else None
        )
        decoder = codec.config.autoencoder.decoder.config
        assert isinstance(decoder, SpectralDecoderConfig)
        self.settings = settings
        self.codec, self.words = codec, words
        self._form = spectrogram_format(decoder)
        codec.decoder.eval().requires_grad_(False)
        statistics = store.statistics
        self._mean, self._std = (
            torch.tensor(x)[:, None] for x in (statistics.mean, statistics.std)
        )
        for told in (flow.conditioners, flow.dit.prior, flow.dit.tempo):
            if told is not None:
                told.requires_grad_(False)

    def batch(self, generator: torch.Generator) -> AskedBatch:
        """Captions of sounds of one length, and the words of each sound."""
        chosen = self.batches.choose(generator)
        if self.settings.likeness:
            half = max(1, len(chosen.indices) // 2)
            chosen = Chosen(chosen.indices[:half] * 2, chosen.captions[:half] * 2, chosen.window)
        batch, store = self.batches.batch(chosen), self.batches.store
        config = self.codec.config
        per_second = config.sample_rate / config.hop_length
        asked = [
            asked_words(replace(store.entries[index], captions=(caption,)))
            for index, caption in zip(chosen.indices, chosen.captions, strict=True)
        ]
        sounding = [store.sounding_frames(index, per_second) for index in chosen.indices]
        held = set(self.settings.held)
        is_held = [not held.isdisjoint(store.entries[index].tags) for index in chosen.indices]
        return AskedBatch(
            batch.latents,
            batch.prompt_tokens,
            batch.prompt_mask,
            batch.seconds,
            asked=tuple(asked),
            sounding=tuple(sounding),
            is_held=tuple(is_held),
        )

    def loss(self, batch: FlowBatch, generator: torch.Generator) -> tuple[Tensor, Figures]:
        """How far sounds are from what they should be heard as, in nats; and those without one.

        Of those that are held, how far they have moved: half of the square, in the mean of their
        frames.
        """
        assert isinstance(batch, AskedBatch)
        count = len(batch.is_held)
        held = [i for i in range(count) if batch.is_held[i]]
        judged = [i for i in range(count) if not batch.is_held[i]]
        loss = torch.zeros((), device=next(self.flow.parameters()).device)
        figures: Figures = {}
        if judged:
            missed, figures = self._missed(batch.part(judged), generator)
            loss = loss + missed * len(judged) / count
        if held:
            moved = self._moved(batch.part(held), generator)
            figures["moved"] = moved.item()
            loss = loss + self.settings.hold * moved * len(held) / count
        return loss, figures

    def _missed(self, batch: AskedBatch, generator: torch.Generator) -> tuple[Tensor, Figures]:
        """How far sounds are from being heard as what was asked for."""
        told, noise = self._asked(batch, generator)
        steps = self.settings.steps
        made = sampled(lambda x, t: self.flow.dit(x, t, *told).float(), noise, steps)
        latents = made.detach().float().cpu()
        reward, pulls = torch.zeros(len(made)), torch.zeros_like(latents)
        n_captions = len(made) // 2 if self.settings.likeness else len(made)
        for first in range(n_captions):
            alike, n_frames = slice(first, None, n_captions), batch.sounding[first]
            own = latents[alike, :, :n_frames]
            real = batch.latents[first, :, :n_frames].float()
            reward[alike], pulls[alike, :, :n_frames] = self._judged(
                own, batch.asked[alike], real, generator
            )
        size = pulls.flatten(1).norm(dim=1)
        is_lost = ~torch.isfinite(size)
        pulls[is_lost], size[is_lost] = 0, 0
        pulls *= (MOST * size.median() / (size + TINY)).clamp(max=1)[:, None, None]
        # A number whose gradient is that of the reward: the pulls are constants.
        pulled = (made.float() * pulls.to(made.device)).sum() / len(made)
        loss = pulled.detach() - pulled - reward[~is_lost].mean().to(made.device)
        return loss, {"lost": is_lost.float().mean().item()}

    def _moved(self, batch: AskedBatch, generator: torch.Generator) -> Tensor:
        """How far guesses are from those at first, on the way that the flow took at first."""
        assert self._first is not None
        told, noise = self._asked(batch, generator)
        first = self._first.to(told[0].device)
        taken = int(torch.randint(self.settings.steps, (), generator=generator))
        way = walked(lambda x, t: first(x, t, *told).float(), noise, self.settings.steps)
        with torch.no_grad():
            x, t = next(islice(way, taken, None))
            times = torch.full((len(x),), t, device=x.device)
            at_first = first(x, times, *told).float()
        apart: Tensor = t * (self.flow.dit(x, times, *told).float() - at_first)
        return apart.square().sum(dim=1).mean() / 2

    @torch.no_grad()
    def _asked(
        self, batch: AskedBatch, generator: torch.Generator
    ) -> tuple[Told, Callable[[], Tensor]]:
        """What a DiT is told of sounds, and fresh noise for them, where the flow is."""
        device = next(self.flow.parameters()).device
        on_device = FlowBatch(
            batch.latents,
            batch.prompt_tokens.to(device),
            batch.prompt_mask.to(device),
            batch.seconds.to(device),
        )

        def noise() -> Tensor:
            return torch.randn(batch.latents.shape, generator=generator).to(device)

        return condition(self.flow, on_device), noise

    def _judged(
        self,
        latents: Tensor,
        asked: Sequence[Mapping[str, str]],
        real: Tensor,
        generator: torch.Generator,
    ) -> tuple[Tensor, Tensor]:
        """Of the sounds of a caption, rewards (sounds,) and gradients (sounds, channels, frames).

        They are no numbers where one is no sound. `real` (channels, frames) is what the caption
        was written for.
        """
        own, spread = latents.clone().requires_grad_(), self.words.spread
        with torch.autocast("cpu", enabled=False):
            sounds, known = self._sounds(own), self._known(real)
            if not bool(torch.isfinite(sounds).all() and torch.isfinite(known).all()):
                return torch.full((len(own),), math.nan), torch.full_like(latents, math.nan)
            found = self._heard(sounds)
            astray = torch.randn(found.shape, generator=generator) * spread
            reward = self.words.plainness(found + self.settings.disturbance * astray, asked)
            if self.settings.level:
                reward = reward - self.settings.level * off_level(sounds, known)
            if self.settings.likeness:
                unlike = energy_score(found / spread, self._heard(known)[0] / spread)
                reward = reward - self.settings.likeness * unlike
            (pulls,) = torch.autograd.grad(reward.sum(), own)
        return reward.detach().float(), pulls

    @torch.no_grad()
    def _known(self, real: Tensor) -> Tensor:
        """The draft of a real sound, (1, 2, samples); silence where no setting asks for it."""
        is_wanted = bool(self.settings.likeness or self.settings.level)
        return self._sounds(real[None]) if is_wanted else torch.zeros(1, 2, 1)

    def _sounds(self, latents: Tensor) -> Tensor:
        """Drafts of normalised latents, (sounds, 2, samples); not finite where one is no sound."""
        frames = self.codec.decoder(latents[:, : len(self._mean)] * self._std + self._mean)
        if not bool(torch.isfinite(frames).all()):
            return torch.full((len(frames), 2, 1), math.nan)
        return torch.stack([synthesised(each, self._form, DRAFT_ROUNDS) for each in frames])

    def _heard(self, sounds: Tensor) -> Tensor:
        return torch.stack([heard(each, self.codec.config.sample_rate) for each in sounds])


def off_level(made: Tensor, real: Tensor) -> Tensor:
    """How far peaks are above that of a real sound, in e-folds, or `QUIET` of how far below.

    Args:
        made: (sounds, channels, samples).
        real: (1, channels, samples).

    Returns:
        (sounds,), 0 or above.
    """
    above = _peak(made).log() - _peak(real).log()
    return above.clamp(min=0) - QUIET * above.clamp(max=0)


def _peak(sounds: Tensor) -> Tensor:
    return sounds.abs().amax(dim=(1, 2)).clamp(min=TINY)


def energy_score(made: Tensor, real: Tensor) -> Tensor:
    """How far two made sounds are from being drawn as the real one was.

    In the mean over many it is least where made and real sounds have the same distribution: it
    rises where made ones lie elsewhere, and where they lie too near to each other.

    Args:
        made: (2, numbers) that are heard of two sounds.
        real: (numbers,) of another.

    Returns:
        The mean distance from the real one, less half of that between the two; a distance is the
        root of the mean square.
    """
    from_real = _distance(made, real).mean()
    return from_real - _distance(made[0], made[1]) / 2


def _distance(one: Tensor, other: Tensor) -> Tensor:
    return (one - other).square().mean(dim=-1).clamp(min=TINY).sqrt()


def sampled(
    velocity: Callable[[Tensor, Tensor], Tensor], noise: Callable[[], Tensor], steps: int
) -> Tensor:
    """The latents that `soundlet.sampling.PingpongDpmppStep` leads to.

    Gradients pass through the steps after the ping-pong.

    Args:
        velocity: v(x, t) of latents (batch, channels, frames) and times (batch,).
        noise: fresh noise of the shape of the latents: what to begin with, and what each step of
            ping-pong adds.
        steps: 1 or more.
    """
    *_, (made, _) = walked(velocity, noise, steps)
    return made


def walked(
    velocity: Callable[[Tensor, Tensor], Tensor], noise: Callable[[], Tensor], steps: int
) -> Iterator[tuple[Tensor, float]]:
    """The latents and the time before each step of `sampled`, and after the last."""
    x, previous, previous_h = noise(), None, math.inf
    for t, t_next in pairwise(logsnr_schedule(steps).tolist()):
        yield x, t
        is_early = t_next > LEAST_PINGPONG
        with torch.set_grad_enabled(torch.is_grad_enabled() and not is_early):
            denoised = estimate = x - t * velocity(x, torch.full((len(x),), t, device=x.device))
            if is_early:
                x = (1 - t_next) * denoised + t_next * noise()
                continue
            h = half_logsnr(t_next) - half_logsnr(t)
            if previous is not None and t_next > 0:
                correction = h / (2 * previous_h)
                estimate = (1 + correction) * denoised - correction * previous
            x = t_next / t * x - (1 - t_next) * math.expm1(-h) * estimate
            previous, previous_h = denoised, h
    yield x, 0.0
