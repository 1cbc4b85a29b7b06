"""The sound that a prompt makes likely: the mean of the latents of all sounds that fit it.

Not in the reference: what follows from a prompt in the mean over many sounds, such as the spectrum
of an instrument or the notes of a key, is a plain regression. A flow learns it slowly, from one
noisy sound at a time; told the mean, it has only the difference from it to learn.

Source: a prior that depends on the condition, as in PriorGrad, https://arxiv.org/abs/2106.06406;
here only its mean moves, and the noise stays what it is.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from soundlet.config import PriorConfig
from soundlet.key_pieces import N_KEYS, N_MODES, N_NOTES
from soundlet.models.rhythm import TempoReading

N_OCTAVES = 9
"""Stretches of time since the beginning, in frames: the first, then two, four, up to 256."""

CYCLES_PER_BEAT = (1 / 4, 1 / 2, 1, 2, 3, 4)
"""Of the waves over a bar of four beats, down to sixteenth notes."""

N_CURVES = N_OCTAVES + 2 * len(CYCLES_PER_BEAT)

MOST_TIMES = 2.0
"""That a word or key counts: a prompt may repeat it without end, and a mean may not grow so."""

LARGEST_SIZE = 1.25
"""Of the mean in any frame, the root of its mean square over channels: that of 99 captions in 100
is smaller, and of a list of twenty instruments it would be twice as large."""


class KeyReader(nn.Module):
    """How often each key is named: by one piece, or by a note before the piece of its mode.

    Which pieces those are is of the vocabulary, and stored with the weights.

    Shape: words (batch, tokens, words), each token's shares of them, to (batch, keys).
    """

    notes: Tensor
    modes: Tensor
    whole: Tensor

    def __init__(self, n_words: int) -> None:
        super().__init__()
        for name, size in (("notes", N_NOTES), ("modes", N_MODES), ("whole", N_KEYS)):
            self.register_buffer(name, torch.zeros(n_words, size))

    def forward(self, words: Tensor) -> Tensor:
        note, mode = (words @ self.notes)[:, :-1], (words @ self.modes)[:, 1:]
        pairs = note.transpose(1, 2) @ mode
        named: Tensor = pairs.flatten(1) + (words @ self.whole).sum(dim=1)
        return named


class PromptPrior(nn.Module):
    """A mean for each frame and channel: what each word calls for, added up.

    The vector of a token is turned back into the word that it stands for; a word has a spectrum for
    each stretch of time since the beginning, and one for each wave of beat and bar at the tempo
    that the prompt names. A key (`keys`) counts as a word more: what its note and its mode call for
    together is not what they call for one by one. What is repeated counts twice at most, and what
    is too much together is scaled down to `LARGEST_SIZE`. After the end that the seconds name, the
    mean is that of silence.

    Shape: prompt (batch, tokens, cond_dim), zero where padded, global_cond (batch, cond_dim), a
    reading of (batch,) and a number of frames to (batch, channels, frames).
    """

    def __init__(self, config: PriorConfig, cond_dim: int, channels: int) -> None:
        super().__init__()
        self.frames_per_second = config.frames_per_second
        self.word = nn.Linear(cond_dim, config.n_words)
        self.keys = KeyReader(config.n_words) if config.keys else None
        n_keys = N_KEYS if config.keys else 0
        self.narrow = nn.Linear(config.n_words + n_keys, config.rank, bias=False)
        self.spectra = nn.Linear(config.rank, channels * N_CURVES)
        self.seconds = nn.Linear(cond_dim, 1)
        self.silence = nn.Parameter(torch.zeros(channels, 1))
        nn.init.zeros_(self.spectra.weight)
        nn.init.zeros_(self.spectra.bias)
        cycles = torch.tensor(CYCLES_PER_BEAT, device="cpu")[:, None]
        self.register_buffer("cycles", cycles, persistent=False)
        octaves = torch.arange(N_OCTAVES, device="cpu").float()[:, None]
        self.register_buffer("octaves", octaves, persistent=False)

    cycles: Tensor
    octaves: Tensor

    def forward(
        self, prompt: Tensor, global_cond: Tensor, reading: TempoReading, n_frames: int
    ) -> Tensor:
        is_token = (prompt != 0).any(dim=-1, keepdim=True).to(prompt.dtype)
        each = self.word(prompt).softmax(dim=-1) * is_token
        words = each.sum(dim=1)
        if self.keys is not None:
            words = torch.cat([words, self.keys(each)], dim=1)
        words = words.clamp(max=MOST_TIMES)
        spectra = self.spectra(self.narrow(words)).unflatten(1, (-1, N_CURVES))
        mean = spectra @ self.curves(reading, n_frames)
        size = mean.square().mean(dim=1, keepdim=True).sqrt()
        mean = mean * (LARGEST_SIZE / size.clamp(min=LARGEST_SIZE))
        middles = torch.arange(n_frames, device=self.cycles.device) + 0.5
        left = self.seconds(global_cond) * self.frames_per_second - middles
        is_sounding = (left + 0.5).clamp(0, 1)[:, None]
        out: Tensor = self.silence + is_sounding * (mean - self.silence)
        return out

    def curves(self, reading: TempoReading, n_frames: int) -> Tensor:
        """What the spectra are multiplied by: (batch, curves, frames)."""
        frames = torch.arange(n_frames, device=self.cycles.device).float()
        octave = (frames + 1.5).log2()  # half a frame from where it changes
        is_in = (octave >= self.octaves).float() - (octave >= self.octaves + 1).float()
        beats = reading.bpm[:, None] * ((frames + 0.5) / (60 * self.frames_per_second))
        angles = (2 * math.pi) * beats[:, None] * self.cycles
        told = reading.told[:, None, None]
        is_in = is_in.expand(told.shape[0], -1, -1)
        return torch.cat([is_in, told * angles.cos(), told * angles.sin()], dim=1)
