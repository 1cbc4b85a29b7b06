"""A SentencePiece vocabulary of the captions' own words, with every number and key as one piece."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

import numpy as np
import sentencepiece
import torch
from torch import Tensor

NUMBERS = tuple(str(number) for number in range(1, 301))
SHARPS = ("a#", "c#", "d#", "f#", "g#")  # the flats and naturals are words, and common ones


def train_vocabulary(captions: Iterable[str], size: int) -> bytes:
    """The bytes of a `spiece.model` with T5's special pieces: pad 0, end 1, unknown 2.

    Case is folded; each whole number from 1 to 300 and each sharp is a piece of its own.
    """
    model = io.BytesIO()
    trainer: Any = sentencepiece.SentencePieceTrainer
    trainer.train(
        sentence_iterator=iter(captions),
        model_writer=model,
        model_type="unigram",
        vocab_size=size,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        user_defined_symbols=[*NUMBERS, *SHARPS],
        normalization_rule_name="nmt_nfkc_cf",
        required_chars="abcdefghijklmnopqrstuvwxyz#&'-/.,0",
        hard_vocab_limit=False,
        num_threads=1,
        minloglevel=2,
    )
    return model.getvalue()


def number_features(n_features: int) -> Tensor:
    """(300, n_features) starting embeddings of 1 to 300: waves over the number's logarithm.

    Neighbouring numbers begin alike, so that what is learnt at 120 BPM helps at 121.
    """
    octaves = np.log2(np.arange(1, 301))
    rates = np.geomspace(0.1, 12.0, n_features // 2)
    angles = 2 * np.pi * octaves[:, None] * rates[None]
    waves = np.sqrt(2) * np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
    return torch.from_numpy(waves.astype(np.float32))
