"""Prompts to token ids, by the rules of T5."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from soundlet.errors import BundleError, RequestError
from soundlet.key_pieces import PLAIN_ACCIDENTALS


class Tokenizer:
    """The SentencePiece model of a T5, with its end mark and its padding.

    Attributes:
        max_length: tokens in the text encoder's window, the end mark included.
    """

    def __init__(self, path: Path, max_length: int) -> None:
        """Load `path`.

        Raises:
            BundleError: not a SentencePiece model, or one without an end mark and a padding.
        """
        from sentencepiece import SentencePieceProcessor

        try:
            self._pieces = SentencePieceProcessor(model_proto=path.read_bytes())
        except (OSError, RuntimeError) as e:
            raise BundleError(f"{path}: not a SentencePiece model ({e})") from e
        self._end, self._padding = int(self._pieces.eos_id()), int(self._pieces.pad_id())
        if min(self._end, self._padding) < 0:
            raise BundleError(f"{path}: not a T5 tokenizer (it has no end mark or no padding)")
        self.max_length = max_length

    @property
    def n_pieces(self) -> int:
        """Token ids it may give: 0 to one less than this."""
        return int(self._pieces.vocab_size())

    @property
    def pieces(self) -> list[str]:
        """What each token id stands for, as SentencePiece writes it."""
        return [str(self._pieces.id_to_piece(token)) for token in range(self.n_pieces)]

    def count(self, prompt: str) -> int:
        """Tokens of a prompt, without the end mark, however many there are."""
        return len(self._split(prompt))

    def encode(
        self, prompts: Sequence[str], *, truncate: bool = False
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Tokens of `prompts`, each closed by the end mark and padded to the window.

        Args:
            prompts: one a clip.
            truncate: cut prompts that are too long, keeping the end mark, instead of refusing them.

        Returns:
            Token ids and their mask (1 for tokens, 0 for padding), each (batch, max_length).

        Raises:
            RequestError: a prompt of more tokens than the window has, and `truncate` is off.
        """
        ids = np.full((len(prompts), self.max_length), self._padding, np.int64)
        mask = np.zeros_like(ids)
        for row, prompt in enumerate(prompts):
            tokens = [*self._split(prompt), self._end]
            if len(tokens) > self.max_length:
                if not truncate:
                    raise RequestError(
                        f"the prompt is {len(tokens) - 1} tokens long; this model reads"
                        f" {self.max_length - 1}: shorten {excerpt(prompt)!r}, or ask for it to be"
                        " cut (truncate_prompt=True, or --truncate)"
                    )
                tokens = [*tokens[: self.max_length - 1], self._end]
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        return ids, mask

    def _split(self, prompt: str) -> list[int]:
        tokens: list[int] = self._pieces.encode(prompt.translate(PLAIN_ACCIDENTALS))
        return tokens


def excerpt(prompt: str) -> str:
    """The beginning of a prompt, for a message."""
    return prompt if len(prompt) <= 40 else f"{prompt[:37]}..."
