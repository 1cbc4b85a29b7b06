"""What an evaluation is asked to do, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass, field

from soundlet.evaluation.diversity import Spread
from soundlet.evaluation.prompts import Prompt
from soundlet.evaluation.scores import Answer
from soundlet.evaluation.spectra import Array


@dataclass(frozen=True)
class Asked:
    """What an evaluation is to do.

    Attributes:
        n_prompts: held-out prompts.
        steps: step counts; None is the model's default.
        cfg_scales: strengths of guidance; None is the model's default.
        candidates: how many sounds the best is chosen from; None is the model's default.
        seed: of prompts and noise.
        quick: a glance: coarser rulers, less of everything but the prompts.
        loops: folder or pattern of sounds for the codec.
        n_reference: real renders that the rulers are fitted to.
    """

    n_prompts: int = 300
    steps: tuple[int | None, ...] = (None,)
    cfg_scales: tuple[float | None, ...] = (None,)
    candidates: tuple[int | None, ...] = (None,)
    seed: int = 0
    quick: bool = False
    loops: str | None = None
    n_reference: int = 2200

    @property
    def n_codec(self) -> int:
        """Real renders, and loops, that go through the codec."""
        return 6 if self.quick else max(10, min(60, self.n_prompts // 3))

    @property
    def n_ends(self) -> int:
        """Prompts whose sound is followed beyond its end."""
        return 4 if self.quick else max(10, min(40, self.n_prompts // 5))

    @property
    def n_repeated(self) -> tuple[int, int]:
        """Prompts that are repeated with several seeds, and how many seeds."""
        if self.quick:
            return 4, 3
        return max(4, min(20, self.n_prompts // 15)), 10 if self.n_prompts >= 300 else 5


@dataclass
class Collected:
    """What was heard in a set of sounds.

    Attributes:
        answers: one for each prompt.
        others: those to the further prompts for some of the sounds.
        features: of those that are sounds.
        seconds: of sound that were made.
        elapsed: seconds that it took.
    """

    answers: list[Answer] = field(default_factory=list)
    others: list[Answer] = field(default_factory=list)
    features: list[Array] = field(default_factory=list)
    seconds: float = 0.0
    elapsed: float = 0.0


@dataclass(frozen=True)
class Setting:
    """A way to run the model.

    Attributes:
        steps: of the sampler.
        sampler: its name.
        cfg_scale: 1 is no guidance.
        candidates: sounds that are sampled, of which the one that fits the prompt best is kept.
    """

    steps: int
    sampler: str
    cfg_scale: float
    candidates: int


@dataclass(frozen=True)
class Pair:
    """A prompt with the render that it describes and what the model made of it.

    Attributes:
        prompt: what was asked for.
        real: (2, samples) at 44.1 kHz.
        generated: the same; None where nothing came.
    """

    prompt: Prompt
    real: Array
    generated: Array | None


@dataclass(frozen=True)
class Trip:
    """A sound that went through the codec, and through Opus.

    Attributes:
        name: of the sound.
        distance: STFT distance to the codec's copy.
        opus_distance: to the copy from an Opus file; None where libsndfile has no Opus.
        opus_kbits: kbit/s of that file.
        after_db: level after the end in the codec's copy; None where that was not measured.
    """

    name: str
    distance: float
    opus_distance: float | None
    opus_kbits: float | None
    after_db: float | None


@dataclass
class Findings:
    """All that an evaluation found.

    Attributes:
        real: real renders of the prompts.
        through_codec: some of them after encoding and decoding.
        generated: what the model made, by setting; the first has the best part of the report.
        frechet: distance of each setting's sounds to the real ones.
        frechet_floor: distance between two sets of real renders.
        renders: held-out renders through the codec.
        loops: the user's own sounds through the codec.
        ends: level after the end, in dB relative to the clip.
        repeated: spread over seeds and prompts, of the model and of real renders.
        n_cut: prompts that were longer than the model reads.
        pairs: to be shown.
    """

    real: Collected
    through_codec: Collected
    generated: dict[Setting, Collected]
    frechet: dict[Setting, float | None]
    frechet_floor: float | None
    renders: list[Trip]
    loops: list[Trip]
    ends: list[float]
    repeated: tuple[Spread, Spread] | None
    n_cut: int
    pairs: list[Pair]
