"""Training of the text encoder, the seconds conditioner and the DiT as one rectified flow.

Source: rectified flow with logit-normal times as in Stable Diffusion 3, arXiv 2403.03206.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from soundlet.config import ModelConfig, T5Config
from soundlet.config.section import Count, Section
from soundlet.models.conditioners import Conditioners
from soundlet.models.dit import DiffusionTransformer, mean_of_tokens
from soundlet.tokenizer import Tokenizer
from soundlet.training.latents import LatentStore
from soundlet.training.loop import Figures, NotNegative, Positive, Share, Trainee, on_device
from soundlet.training.vocabulary import NUMBERS, number_features

MOST = 4.0  # that the error of a sound counts: a few that are all wrong must not outweigh the rest
WEAKEST = 2e-4  # share of the spread of prompts under which a direction is not raised further


class BatchSettings(Section):
    """How batches are drawn.

    Attributes:
        batch_frames: most frames of latents in a step.
        batch_sounds: most sounds in a step. Lengths come in proportion to how many sounds have
            them, so short sounds are in many small steps rather than in few large ones.
        longer_share: share of batches whose window is one step longer than their sounds.
    """

    batch_frames: Count = 4096
    batch_sounds: Count = 48
    longer_share: Share = 0.15


class FlowSettings(BatchSettings):
    """What the flow is trained on and how.

    Attributes:
        train_text: off, the text encoder and the reader of tempi stay as they are; as they always
            do, and the seconds conditioner with them, where the DiT has a prior.
        refit_prior: fit the DiT's prior to these captions also where `start_from` has one.
        cfg_dropout: share of sounds whose cross-attention conditioning is all zeros.
        time_mean: of the normal that the times' logits are drawn from.
        time_deviation: of the same normal.
        earliest: time that no sound is drawn before.
        learnt: tags, such as "source: fire": sounds that have none of them are not learnt, and what
            the flow makes of them is held where it was when the training began, at `start_from`.
            Empty: all are learnt.
        hold: how much it counts that it has moved there.
    """

    train_text: bool = True
    refit_prior: bool = False
    cfg_dropout: Share = 0.1
    time_mean: float = 0.0
    time_deviation: Positive = 1.0
    earliest: Share = 0.0
    learnt: tuple[str, ...] = ()
    hold: NotNegative = 12.0


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


@dataclass(frozen=True)
class HeldBatch(FlowBatch):
    """A step's sounds, of which some are held.

    Attributes:
        is_held: (batch,) booleans.
    """

    is_held: Tensor


@dataclass(frozen=True)
class Chosen:
    """Which sounds are in a batch.

    Attributes:
        indices: of their entries in the store.
        captions: of each, one of its own.
        window: frames of each, silence after its end included.
    """

    indices: tuple[int, ...]
    captions: tuple[str, ...]
    window: int


Told = tuple[Tensor, Tensor, int]
"""What a DiT is told: cross_attn_cond (batch, tokens, dim), global_cond (batch, dim), and how many
tokens of padding have been left out of the first."""


class Flow(nn.Module):
    """The two parts that are trained together."""

    def __init__(self, conditioners: Conditioners, dit: DiffusionTransformer) -> None:
        super().__init__()
        self.conditioners = conditioners
        self.dit = dit


def build_flow(config: ModelConfig, t5_config: T5Config, vocabulary: Path) -> Flow:
    """A flow with fresh weights, whose text encoder can tell numbers apart from the first step.

    Attention starts flatter than PyTorch has it, since T5 does not scale its products.

    Raises:
        BundleError: `vocabulary` is no SentencePiece model of a T5.
    """
    pieces = Tokenizer(vocabulary, config.prompt_max_length).pieces
    tokens = {piece: token for token, piece in enumerate(pieces)}
    flow = Flow(Conditioners(config, t5_config), DiffusionTransformer(config.dit))
    if flow.dit.prior is not None:
        for told in (flow.dit.prior, flow.dit.tempo, flow.conditioners):
            assert told is not None
            told.requires_grad_(False)  # it fits them as they are
    with torch.no_grad():
        for block in flow.conditioners.t5.blocks:
            block.get_submodule("attention").get_parameter("to_q.weight").mul_(0.25)
        embedding = flow.conditioners.t5.embedding.weight
        features = number_features(embedding.shape[1])
        for number, row in zip(NUMBERS, features, strict=True):
            if number in tokens:
                embedding[tokens[number]] = row
    return flow


@torch.no_grad()
def calibrate_context(flow: Flow, batch: FlowBatch) -> None:
    """Let fresh layers hand prompts on to the attention at unit size.

    Drawn as PyTorch draws them they shrink what they are given, thrice in a row, and the DiT begins
    nearly deaf to its prompt.
    """
    cross, _, _ = flow.conditioners(batch.prompt_tokens, batch.prompt_mask, batch.seconds)
    words = cross[:, :-1][batch.prompt_mask.bool()]
    embed = flow.dit.cross_embed
    embed[0].get_parameter("weight").div_(embed[0](words).std())
    embed[2].get_parameter("weight").div_(embed(words).std())
    for block in flow.dit.blocks:
        block.get_parameter("cross_attention.to_kv.weight").mul_(math.sqrt(3))


@torch.no_grad()
def calibrate_prompt(flow: Flow, batches: Iterable[FlowBatch]) -> None:
    """Let the DiT hear the details of prompts as loudly as their gist.

    In the mean of a prompt's tokens a few directions, the kinds of sound, are a hundred times as
    strong as those of single sources or keys, which a network then learns a hundred times as
    slowly. The first layer begins by levelling the directions, and leaves out what all prompts
    share; the second begins at random.

    Args:
        flow: with a trained text encoder; without `global_prompt` nothing is changed.
        batches: of typical prompts, a few hundred in all or more.
    """
    if flow.dit.prompt_embed is None:
        return
    prompts = []
    for batch in batches:
        cross, _, _ = flow.conditioners(batch.prompt_tokens, batch.prompt_mask, batch.seconds)
        prompts.append(mean_of_tokens(cross[:, :-1]))
    rows = torch.cat(prompts)
    shared = functional.normalize(rows.mean(dim=0), dim=0)
    rows = rows - torch.outer(rows @ shared, shared)
    spread, directions = torch.linalg.eigh(torch.cov(rows.T).double())
    levelling = (directions / (spread + WEAKEST * spread.sum()).sqrt()).T.float()
    first, second = (flow.dit.prompt_embed[i].get_parameter("weight") for i in (0, 2))
    weight = torch.randn(first.shape) @ levelling
    weight -= torch.outer(weight @ shared, shared)
    first.copy_(weight / (rows @ weight.T).std(dim=0).mean())
    second.normal_(std=math.sqrt(3 / second.shape[1]))


class FlowBatches:
    """Batches of sounds of one length, each with one of its captions."""

    def __init__(
        self, store: LatentStore, tokenizer: Tokenizer, silence: Tensor, settings: BatchSettings
    ) -> None:
        self.store = store
        self.tokenizer = tokenizer
        self.silence = silence  # (channels, frames): what follows a sound's end
        self.settings = settings
        self._buckets: dict[int, list[int]] = {}
        for index, entry in enumerate(store.entries):
            self._buckets.setdefault(entry.frames, []).append(index)
        self._lengths = sorted(self._buckets)
        self._weights = torch.tensor([float(len(self._buckets[n])) for n in self._lengths])

    def draw(self, generator: torch.Generator) -> FlowBatch:
        """The batch that `generator` decides on."""
        return self.batch(self.choose(generator))

    def choose(self, generator: torch.Generator) -> Chosen:
        """Sounds of one length, and a caption of each."""
        settings = self.settings
        length = self._lengths[int(torch.multinomial(self._weights, 1, generator=generator))]
        longer = float(torch.rand((), generator=generator)) < settings.longer_share
        window = length + self.silence.shape[1] * longer
        count = min(max(1, settings.batch_frames // window), settings.batch_sounds)
        bucket = self._buckets[length]
        places = torch.randint(len(bucket), (count,), generator=generator).tolist()
        indices = tuple(bucket[place] for place in places)
        captions = []
        for index in indices:
            own = self.store.entries[index].captions
            captions.append(own[int(torch.randint(len(own), (), generator=generator))])
        return Chosen(indices, tuple(captions), window)

    def batch(self, chosen: Chosen) -> FlowBatch:
        """The batch of these sounds."""
        rows = []
        for index in chosen.indices:
            latents = torch.from_numpy(self.store.latents(index, chosen.window))
            is_longer = latents.shape[1] < chosen.window
            rows.append(torch.cat([latents, self.silence], dim=1) if is_longer else latents)
        tokens, mask = self.tokenizer.encode(chosen.captions, truncate=True)
        seconds = [self.store.entries[index].seconds for index in chosen.indices]
        return FlowBatch(
            torch.stack(rows),
            torch.from_numpy(tokens),
            torch.from_numpy(mask),
            torch.tensor(seconds),
        )


class LatentTrainee(Trainee[FlowBatch]):
    """What the stages of a flow have in common: its two parts, and batches of a store's sounds."""

    def __init__(
        self,
        flow: Flow,
        store: LatentStore,
        tokenizer: Tokenizer,
        silence: Tensor,
        settings: BatchSettings,
    ) -> None:
        self.flow = flow
        self.batches = FlowBatches(store, tokenizer, silence, settings)

    @property
    def module(self) -> Flow:
        """The conditioners and the DiT."""
        return self.flow

    def batch(self, generator: torch.Generator) -> FlowBatch:
        """Sounds of one length, each with one of its captions."""
        return self.batches.draw(generator)


class FlowTrainee(LatentTrainee):
    """Latents and captions to the error of the velocity."""

    def __init__(
        self,
        flow: Flow,
        store: LatentStore,
        tokenizer: Tokenizer,
        silence: Tensor,
        settings: FlowSettings,
    ) -> None:
        super().__init__(flow, store, tokenizer, silence, settings)
        self.settings = settings
        self._first: DiffusionTransformer | None = None
        if not settings.train_text:
            flow.conditioners.t5.requires_grad_(False)
            if flow.dit.tempo is not None:
                flow.dit.tempo.requires_grad_(False)

    def begin(self) -> None:
        """Remember the DiT as it is now, where some of what it makes is to be held."""
        if self.settings.learnt:
            self._first = copy.deepcopy(self.flow.dit).eval().requires_grad_(False)

    def batch(self, generator: torch.Generator) -> FlowBatch:
        """Sounds of one length, each with one of its captions."""
        chosen = self.batches.choose(generator)
        batch = self.batches.batch(chosen)
        if not self.settings.learnt:
            return batch
        learnt, entries = set(self.settings.learnt), self.batches.store.entries
        is_held = [learnt.isdisjoint(entries[index].tags) for index in chosen.indices]
        return HeldBatch(
            batch.latents,
            batch.prompt_tokens,
            batch.prompt_mask,
            batch.seconds,
            is_held=torch.tensor(is_held),
        )

    def loss(self, batch: FlowBatch, generator: torch.Generator) -> tuple[Tensor, Figures]:
        """Mean squared error of the velocity at random times.

        Of sounds that are held it is how far the guess at the sound has moved, squared.
        """
        settings, count = self.settings, len(batch.latents)
        t = spread_times(count, settings.time_mean, settings.time_deviation, generator)
        t = t.clamp(min=settings.earliest)
        noise = torch.randn(batch.latents.shape, generator=generator)
        kept = torch.rand(count, generator=generator) >= settings.cfg_dropout
        device = next(self.flow.parameters()).device
        batch = on_device(batch, device)
        t, noise, kept = t.to(device), noise.to(device), kept.to(device)
        cross, global_cond, n_left_out = condition(self.flow, batch)
        cross = cross * kept[:, None, None]
        x = mixed(batch.latents, noise, t)
        velocity = self.flow.dit(x, t, cross, global_cond, n_left_out).float()
        error = (velocity - (noise - batch.latents)).square().mean(dim=(1, 2))
        early = error[t < 0.5].mean() if bool((t < 0.5).any()) else error.mean()
        figures = {"error_below_half": early.item()}
        counted = (MOST / error.detach()).clamp(max=1) * error
        if isinstance(batch, HeldBatch) and bool(batch.is_held.any()):
            held = batch.is_held
            told = (cross[held], global_cond[held], n_left_out)
            moved = self._moved(velocity[held], x[held], t[held], told)
            figures["moved"] = moved.mean().item()
            counted = torch.cat([counted[~held], settings.hold * moved])
        return counted.mean(), figures

    def _moved(self, velocity: Tensor, x: Tensor, t: Tensor, told: Told) -> Tensor:
        """(sounds,): how far the guesses at sounds are from those at first, squared."""
        assert self._first is not None
        with torch.no_grad():
            at_first = self._first.to(x.device)(x, t, *told).float()
        apart: Tensor = t[:, None, None] * (velocity - at_first)
        return apart.square().mean(dim=(1, 2))


def spread_times(count: int, mean: float, deviation: float, generator: torch.Generator) -> Tensor:
    """Logit-normal times (count,), one from each of `count` equally likely spans, in random order.

    Each alone is distributed as if drawn freely; together they leave no span out, and gradients
    vary less from step to step.

    Source: the low-discrepancy sampler of Kingma et al., arXiv 2107.00630.
    """
    places = torch.randperm(count, generator=generator) + torch.rand(count, generator=generator)
    shares = (places / count).clamp(1e-6, 1 - 1e-6)
    return torch.sigmoid(mean + deviation * torch.special.ndtri(shares))


def condition(flow: Flow, batch: FlowBatch) -> Told:
    """The conditioning of a batch without the padding that all of its prompts share."""
    length = int(batch.prompt_mask.sum(dim=1).max())
    tokens, mask = batch.prompt_tokens[:, :length], batch.prompt_mask[:, :length]
    cross, _, global_cond = flow.conditioners(tokens, mask, batch.seconds)
    return cross, global_cond, batch.prompt_tokens.shape[1] - length


def mixed(latents: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """Latents (batch, channels, frames) on their way to noise, at times (batch,)."""
    share = t[:, None, None]
    return (1 - share) * latents + share * noise
