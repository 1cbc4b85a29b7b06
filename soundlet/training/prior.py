"""The prior of a prompt by regression: exact, in minutes, before the flow is trained."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from soundlet.models.prior import (
    CYCLES_PER_BEAT,
    MOST_TIMES,
    N_CURVES,
    N_OCTAVES,
    PromptPrior,
)
from soundlet.models.rhythm import TempoReading
from soundlet.tokenizer import Tokenizer
from soundlet.training.flow import Flow
from soundlet.training.keys import fill_keys
from soundlet.training.latents import LatentStore
from soundlet.training.loop import TrainingError

RIDGE = 3e-4  # of the sum of weights: what a word must be heard to be believed
WORD_RIDGE = 1e-3  # of the mean variance of a token's vector
MIN_COUNT = 12  # captions that a piece must be in to be known
UNKNOWN = -1e4  # the logit of the others
CHUNK = 512  # captions at once


@dataclass(frozen=True)
class _Captions:
    """All captions of a store, the one with the fewest tokens first.

    Attributes:
        sounds: (captions,) the entry that each is of.
        tokens: (captions, max_length) integers.
        mask: the same.
        keys: (captions, keys) how often each is named; no columns where the prior has no keys.
        bpm: (captions,) the tempo that the model reads.
        told: (captions,) from 0, no tempo in it, to 1.
    """

    sounds: Tensor
    tokens: Tensor
    mask: Tensor
    keys: Tensor
    bpm: Tensor
    told: Tensor


@torch.no_grad()
def fit_prior(flow: Flow, store: LatentStore, tokenizer: Tokenizer) -> None:
    """Give the DiT's prior its weights, for the text encoder and seconds conditioner as they are.

    Words are told apart by linear discriminants of the encoder's outputs. The table from words to
    spectra is a ridge regression, first on the time since the beginning, then on the phase of the
    beat, whose rank is reduced by what it explains.

    Raises:
        TrainingError: the DiT has no prior.
    """
    prior = flow.dit.prior
    if prior is None:
        raise TrainingError("the model's config names no prior to fit")
    silence = torch.from_numpy(store.silence)
    prior.silence.copy_(silence.mean(dim=1, keepdim=True))
    if prior.keys is not None:
        fill_keys(prior.keys, tokenizer.pieces)
    _fit_seconds(prior, flow)
    captions = _read_captions(flow, store, tokenizer, prior)
    table, sizes = _regress(prior, captions, store)
    _reduce_rank(prior, captions, table, sizes)


def _fit_seconds(prior: PromptPrior, flow: Flow) -> None:
    """The seconds are linear in their embedding, since it has them among its features."""
    embedder = flow.conditioners.seconds
    seconds = torch.linspace(embedder.min_val, embedder.max_val, 4096)
    features = _with_ones(embedder(seconds).double())
    found = torch.linalg.lstsq(features, seconds.double()[:, None]).solution[:, 0]
    prior.seconds.weight.copy_(found[None, :-1])
    prior.seconds.bias.copy_(found[-1:])


def _read_captions(
    flow: Flow, store: LatentStore, tokenizer: Tokenizer, prior: PromptPrior
) -> _Captions:
    """Run the text encoder over all captions: what it says of their tempo, and of each word."""
    assert flow.dit.tempo is not None
    texts = [(c, i) for i, entry in enumerate(store.entries) for c in entry.captions]
    found = tokenizer.encode([caption for caption, _ in texts], truncate=True)
    tokens, mask = (torch.from_numpy(array) for array in found)
    order = mask.sum(dim=1).argsort(stable=True)
    tokens, mask = tokens[order], mask[order]
    sounds = torch.tensor([sound for _, sound in texts])[order]
    n_words, width = prior.word.weight.shape
    counts = torch.zeros(n_words).double()
    sums, squares = torch.zeros(n_words, width).double(), torch.zeros(width, width).double()
    bpm, told = torch.empty(len(tokens)), torch.empty(len(tokens))
    keys = torch.zeros(len(tokens), prior.narrow.in_features - n_words)
    for start in range(0, len(tokens), CHUNK):
        rows = torch.arange(start, min(start + CHUNK, len(tokens)))
        length = int(mask[rows].sum(dim=1).max())
        ids, kept = tokens[rows, :length], mask[rows, :length]
        cross, _, _ = flow.conditioners(ids, kept, torch.zeros(len(rows)))
        reading = flow.dit.tempo(cross[:, :-1])
        bpm[rows], told[rows] = reading.bpm, reading.told
        if prior.keys is not None:
            keys[rows] = prior.keys(one_hot(ids, n_words) * kept[:, :, None].float())
        pieces, vectors = ids[kept.bool()], cross[:, :-1][kept.bool()].double()
        counts.index_add_(0, pieces, torch.ones(len(pieces)).double())
        sums.index_add_(0, pieces, vectors)
        squares += vectors.T @ vectors
    _fit_words(prior, counts, sums, squares)
    return _Captions(sounds, tokens, mask, keys, bpm, told)


def _fit_words(prior: PromptPrior, counts: Tensor, sums: Tensor, squares: Tensor) -> None:
    """Linear discriminants of pieces, from the sums over their vectors."""
    means = sums / counts.clamp(min=1)[:, None]
    within = (squares - means.T @ sums) / counts.sum()
    within += WORD_RIDGE * within.diagonal().mean() * torch.eye(len(within)).double()
    directions = torch.linalg.solve(within, means.T).T
    share = (counts / counts.sum()).clamp(min=1e-12)
    bias = share.log() - 0.5 * (directions * means).sum(dim=1)
    is_known = counts >= MIN_COUNT
    prior.word.weight.copy_(directions * is_known[:, None])
    prior.word.bias.copy_(torch.where(is_known, bias, torch.tensor(UNKNOWN).double()))


def _regress(prior: PromptPrior, captions: _Captions, store: LatentStore) -> tuple[Tensor, Tensor]:
    """A table (words + 1, curves, channels), whose last row belongs to every prompt.

    Beside it, how much each curve is heard: (curves,).
    """
    n_words = prior.narrow.in_features
    lengths = [_sounding_frames(prior, store, i) for i in range(len(store.entries))]
    octaves = _octaves(max(lengths))
    sums = torch.zeros(len(lengths), N_OCTAVES, store.channels)
    for i, length in enumerate(lengths):
        latents = torch.from_numpy(store.latents(i, length)).T
        sums[i].index_add_(0, octaves[:length], latents)
    sizes = torch.stack([octaves[:n].bincount(minlength=N_OCTAVES) for n in lengths]).float()
    table = torch.zeros(n_words + 1, N_CURVES, store.channels)
    wanted = ((sizes[c.sounds], sums[c.sounds]) for c in _chunks(captions))
    of_time = list(range(N_OCTAVES))
    table[:, :N_OCTAVES], time_sizes = _ridge(captions, n_words, wanted, of_time)
    waves = (_waves(prior, c, table, lengths, store) for c in _chunks(captions))
    of_waves = list(range(len(CYCLES_PER_BEAT))) * 2
    table[:, N_OCTAVES:], wave_sizes = _ridge(captions, n_words, waves, of_waves)
    return table, torch.cat([time_sizes, wave_sizes])


def _waves(
    prior: PromptPrior, chunk: _Captions, table: Tensor, lengths: list[int], store: LatentStore
) -> tuple[Tensor, Tensor]:
    """How much of each wave is in what the table leaves of each sound, and the waves' own size."""
    n_cycles, octaves = len(CYCLES_PER_BEAT), _octaves(max(lengths))
    expected = torch.einsum("cw,wkd->ckd", _words(chunk, len(table) - 1), table[:, :N_OCTAVES])
    found = torch.zeros(len(chunk.sounds), 2 * n_cycles, store.channels)
    sizes = torch.zeros(len(chunk.sounds), n_cycles)
    for row, sound in enumerate(chunk.sounds.tolist()):
        length = lengths[sound]
        reading = TempoReading(chunk.bpm[row : row + 1], chunk.told[row : row + 1], torch.empty(0))
        waves = prior.curves(reading, length)[0, N_OCTAVES:]
        left = torch.from_numpy(store.latents(sound, length)).T - expected[row, octaves[:length]]
        found[row] = waves @ left
        sizes[row] = waves.square().sum(dim=1).reshape(2, n_cycles).mean(dim=0)
    return sizes, found


def _ridge(
    captions: _Captions,
    n_words: int,
    wanted: Iterator[tuple[Tensor, Tensor]],
    weights_of: list[int],
) -> tuple[Tensor, Tensor]:
    """Regress curves on words, each curve alone.

    Args:
        captions: all of them.
        n_words: pieces of the vocabulary, and keys.
        wanted: of each chunk of captions its weights (captions, kinds of weights) and the weighted
            sums (captions, curves, channels).
        weights_of: which kind of weights belongs to each curve.

    Returns:
        (words + 1, curves, channels), and the sum of the weights of each curve.
    """
    products: dict[int, Tensor] = {}
    sides: Tensor | None = None
    for chunk, (weights, sums) in zip(_chunks(captions), wanted, strict=True):
        words = _words(chunk, n_words)
        side = torch.einsum("cw,ckd->kwd", words, sums).double()
        sides = side if sides is None else sides + side
        for kind in sorted(set(weights_of)):
            product = (words.T * weights[:, kind]) @ words
            products[kind] = products[kind] + product if kind in products else product.double()
    assert sides is not None
    diagonal = torch.full((n_words + 1,), RIDGE).double()
    diagonal[-1] = 1e-9
    sizes = torch.stack([products[kind][-1, -1] for kind in weights_of]).clamp(min=1)
    curves = [
        torch.linalg.solve(products[kind] + torch.diag(diagonal * size), side)
        for kind, size, side in zip(weights_of, sizes, sides, strict=True)
    ]
    return torch.stack(curves, dim=1).float(), sizes.float()


def _reduce_rank(prior: PromptPrior, captions: _Captions, table: Tensor, sizes: Tensor) -> None:
    """Keep of the table what makes the greatest difference from caption to caption."""
    n_words, rank = prior.narrow.in_features, prior.narrow.out_features
    together = torch.zeros(n_words, n_words).double()
    for chunk in _chunks(captions):
        words = _words(chunk, n_words)[:, :-1]
        together += words.T @ words
    together = together / len(captions.sounds) + 1e-6 * torch.eye(n_words).double()
    root = torch.linalg.cholesky(together)
    weights = (sizes / sizes.max()).sqrt().clamp(min=0.03).double()
    words_only = (table[:-1].double() * weights[:, None]).transpose(1, 2)
    left, found, right = torch.linalg.svd(root.T @ words_only.flatten(1), full_matrices=False)
    scale = found[:rank].sqrt()
    down = torch.linalg.solve_triangular(root.T, left[:, :rank] * scale, upper=True)
    up = (scale[:, None] * right[:rank]).reshape(rank, -1, N_CURVES) / weights
    prior.narrow.weight.copy_(down.T)
    prior.spectra.weight.copy_(up.flatten(1).T)
    prior.spectra.bias.copy_(table[-1].T.flatten())


def _sounding_frames(prior: PromptPrior, store: LatentStore, index: int) -> int:
    entry = store.entries[index]
    return max(1, min(entry.frames, round(entry.seconds * prior.frames_per_second)))


def _octaves(n_frames: int) -> Tensor:
    """Which stretch of time each frame belongs to, (frames,) integers."""
    return torch.tensor([int(math.log2(frame + 1.5)) for frame in range(n_frames)])


def _chunks(captions: _Captions) -> Iterator[_Captions]:
    for start in range(0, len(captions.sounds), CHUNK):
        rows = slice(start, start + CHUNK)
        yield _Captions(
            captions.sounds[rows],
            captions.tokens[rows],
            captions.mask[rows],
            captions.keys[rows],
            captions.bpm[rows],
            captions.told[rows],
        )


def _words(captions: _Captions, n_words: int) -> Tensor:
    """How often each piece and key counts in each caption, and a one: (captions, words + 1)."""
    counts = torch.zeros(len(captions.tokens), n_words - captions.keys.shape[1])
    counts.scatter_add_(1, captions.tokens, captions.mask.float())
    return _with_ones(torch.cat([counts, captions.keys], dim=1).clamp(max=MOST_TIMES))


def _with_ones(rows: Tensor) -> Tensor:
    return torch.cat([rows, torch.ones(len(rows), 1, dtype=rows.dtype)], dim=1)
