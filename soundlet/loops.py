"""Loops of whole bars: made on the circle, measured, and the best of several chosen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from soundlet.clip import Clip
from soundlet.errors import GenerationError, RequestError
from soundlet.finish import Level, level_of
from soundlet.pipeline import Model, ShouldStop
from soundlet.prompt import build_prompt
from soundlet.request import MAX_SEED, GenerationRequest, require_whole
from soundlet.rhythm import Rhythm, measure_rhythm
from soundlet.sampling import Progress
from soundlet.seam import Seam, measure_seam
from soundlet.tempo import Grid

MAX_BEST_OF = 100
USUAL_TRIES = 4  # if one seed in three is good, four loops of five are
REPEATS = 64  # after which the drift is told

TEMPO_ERROR_COSTS = 0.03  # of tempo error counts as much as a seam of twice the jumps inside
QUIET_COSTS = 12.0  # dB below `USUAL_LOUDNESS` count as much
USUAL_LOUDNESS = -16.0  # LUFS


@dataclass(frozen=True)
class Measured:
    """What was measured on a loop.

    Attributes:
        rhythm: tempo and downbeat.
        seam: how well it closes.
        level: loudness and true peak.
        drift_seconds: from the exact tempo, after 64 repeats.
    """

    rhythm: Rhythm
    seam: Seam
    level: Level
    drift_seconds: float

    @property
    def cost(self) -> float:
        """What the best of several is chosen by: the least.

        The tempo error in units of 3 % (no beat counts as 3 %), the seam score where it is above
        1, and how far the loop is below -16 LUFS in units of 12 dB.
        """
        error = self.rhythm.tempo_error
        tempo = 1.0 if error is None else min(error / TEMPO_ERROR_COSTS, 2.0)
        quiet = max(0.0, USUAL_LOUDNESS - max(self.level.loudness, -100)) / QUIET_COSTS
        return tempo + max(self.seam.score, 1.0) + quiet

    @property
    def is_good(self) -> bool:
        """Whether there is no need to try another seed.

        The tempo was heard within 3 %, the seam jumps no more than the other beats, and the loop is
        at most 12 dB below -16 LUFS.
        """
        error = self.rhythm.tempo_error
        keeps_time = error is not None and error <= TEMPO_ERROR_COSTS
        is_loud = self.level.loudness >= USUAL_LOUDNESS - QUIET_COSTS
        return keeps_time and self.seam.score <= 1 and is_loud

    def as_json(self) -> dict[str, Any]:
        """The measures, for JSON."""
        return {
            "tempo": self.rhythm.as_json(),
            "seam": self.seam.as_json(),
            "level": self.level.as_json(),
            "drift_ms_after_64": round(1000 * self.drift_seconds, 3),
            "cost": round(self.cost, 3),
        }


@dataclass(frozen=True)
class Loop:
    """A loop, what was measured on it, and those it was chosen from.

    Attributes:
        clip: the loop.
        measured: on it.
        tried: seed and measures of every one that was made, in their order; seeds whose result was
            not a sound are left out.
    """

    clip: Clip
    measured: Measured
    tried: tuple[tuple[int, Measured], ...]


def loop_request(
    prompt: str,
    grid: Grid,
    sample_rate: int,
    **fields: Any,  # noqa: ANN401 - of the request
) -> GenerationRequest:
    """The request for a loop of whole bars; its prompt states the tempo.

    Raises:
        RequestError: the prompt states another tempo, or a field is wrong.
    """
    if "seconds" in fields:
        raise RequestError("a loop has no seconds: bars and bpm set its length")
    is_said = isinstance(prompt, str) and prompt.strip()  # what is not, the request refuses
    text = build_prompt(elements=[prompt], bpm=grid.bpm) if is_said else prompt
    seconds = grid.n_samples(sample_rate) / sample_rate
    return GenerationRequest(prompt=text, seconds=seconds, loop=True, **fields)


def make_loop(
    model: Model,
    request: GenerationRequest,
    grid: Grid,
    *,
    best_of: int = 1,
    stop_early: bool = False,
    on_step: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> Loop:
    """Make a loop, or several with seeds counting up, and keep the one with the least cost.

    Args:
        model: that makes it.
        request: as `loop_request` gives it.
        grid: its bars and tempo.
        best_of: how many to make, 1 to 100.
        stop_early: make no more, and keep the last, once it `Measured.is_good`.
        on_step: called after each step with (steps done, steps in all), over all loops.
        should_stop: asked between steps; True ends the work.

    Raises:
        RequestError: something that this model cannot do, or a grid of another length.
        GenerationError: what came out is not a sound, with any of the seeds.
        Cancelled: `should_stop` said so.
    """
    require_whole("best_of", best_of, 1, MAX_BEST_OF)
    request = model.resolve(request)
    assert request.seed is not None
    assert request.seconds is not None
    rate = model.config.sample_rate
    n_asked, n_samples = round(request.seconds * rate), grid.n_samples(rate)
    if n_asked != n_samples:
        raise RequestError(
            f"the request is for {n_asked} samples and its grid has {n_samples}: make it with"
            " loop_request, of the same grid and the model's sample rate"
        )
    if request.seed + best_of - 1 > MAX_SEED:
        raise RequestError(
            f"seed must be {MAX_SEED + 1 - best_of} or less with best_of {best_of}: seeds count up"
        )
    best: tuple[Clip, Measured] | None = None
    failure: GenerationError | None = None
    tried = []
    for i in range(best_of):
        step = None if on_step is None else _counted(on_step, i, best_of)
        each = replace(request, seed=request.seed + i)
        try:
            clip = model.generate(each, on_step=step, should_stop=should_stop)
        except GenerationError as e:  # one that went astray does not spoil the others
            failure = e
            continue
        clip = replace(clip, grid=grid)
        measured = measure_loop(clip, grid)
        tried.append((clip.seed, measured))
        is_enough = stop_early and measured.is_good
        if is_enough or best is None or measured.cost < best[1].cost:
            best = (clip, measured)
        if is_enough:
            break
    if best is None:
        assert failure is not None
        raise failure
    return Loop(*best, tuple(tried))


def measure_loop(clip: Clip, grid: Grid) -> Measured:
    """Tempo, downbeat, seam, level and drift of a loop."""
    audio, rate = clip.audio, clip.sample_rate
    rhythm = measure_rhythm(audio, rate, expected_bpm=grid.bpm, beats_per_bar=grid.beats_per_bar)
    seam = measure_seam(audio, rate, grid.n_beats)
    return Measured(rhythm, seam, level_of(audio, rate), grid.drift_seconds(rate, REPEATS))


def _counted(on_step: Progress, done_before: int, n_loops: int) -> Callable[[int, int], None]:
    def step(done: int, total: int) -> None:
        on_step(done_before * total + done, n_loops * total)

    return step
