"""The options that say what a sound is in parts, and what they make of a prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

GenreOption = Annotated[
    str | None,
    typer.Option(metavar="WORDS", help="Genre or subgenre, such as 'deep house'."),
]
ElementOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="WORDS",
        help="Kind, instrument or texture, such as 'warm arpeggios'; may be repeated.",
    ),
]
MoodOption = Annotated[
    list[str] | None,
    typer.Option(metavar="WORDS", help="Atmosphere, such as dreamy; may be repeated."),
]
EffectOption = Annotated[
    list[str] | None,
    typer.Option(metavar="WORDS", help="Such as reverb; may be repeated."),
]
BpmOption = Annotated[float | None, typer.Option(help="Tempo in beats a minute.")]
KeyOption = Annotated[str | None, typer.Option(metavar="KEY", help="Such as Am or 'Eb major'.")]
BarsOption = Annotated[
    int | None, typer.Option(metavar="N", help="Length in bars, in place of seconds.")
]
BeatsOption = Annotated[int, typer.Option(metavar="N", help="Beats of a bar.")]


@dataclass(frozen=True)
class Structure:
    """The parts that the options name."""

    genre: str | None
    elements: Sequence[str]
    moods: Sequence[str]
    effects: Sequence[str]
    bpm: float | None
    key: str | None

    @property
    def is_empty(self) -> bool:
        """Whether no part is named."""
        named = (self.genre, self.elements, self.moods, self.effects, self.key)
        return not any(named) and self.bpm is None

    def prompt(self, text: str = "") -> str:
        """`text` with the parts around it, in the usual order.

        Raises:
            RequestError: the parts contradict each other, or there is nothing to say.
        """
        from soundlet.prompt import build_prompt

        if self.is_empty and text:
            return text
        return build_prompt(
            genre=self.genre,
            elements=[text, *self.elements],
            moods=self.moods,
            effects=self.effects,
            key=self.key,
            bpm=self.bpm,
        )


def tempo_of(prompt: str, bpm: float | None, bars: int) -> float:
    """The tempo that bars are counted in: `bpm`, or what the prompt states.

    Raises:
        RequestError: there is none.
    """
    from soundlet.errors import RequestError
    from soundlet.prompt import read_prompt
    from soundlet.tempo import FASTEST, SLOWEST

    tempo = read_prompt(prompt).bpm if bpm is None else bpm
    if tempo is None:
        raise RequestError(
            f"{bars} bars have no length without a tempo from {SLOWEST:g} to {FASTEST:g} BPM:"
            " add --bpm, such as --bpm 120"
        )
    return tempo
