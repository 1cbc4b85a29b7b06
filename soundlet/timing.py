"""How long a model takes, part by part and as a whole, and the most memory that it holds.

Every measurement is a process of its own, so that none finds another's caches warm or pays for its
memory: `measure` starts `python -m soundlet.timing` and reads the JSON object that it prints.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from soundlet.errors import EngineError

if TYPE_CHECKING:
    from soundlet.bundle import Part
    from soundlet.pipeline import Model
    from soundlet.request import GenerationRequest

PROMPT = "warm arpeggios on house beats 120BPM with drums effect"  # of the official model's card
SEED = 1


@dataclass(frozen=True, kw_only=True)
class Job:
    """What to measure.

    Attributes:
        model: folder of a bundle. None: the default model.
        engine: what runs it.
        threads: cores to use. None: all.
        seconds: length of the clips.
        steps: of the sampler. None: the model's default.
        repeats: clips after the first, and runs of each part after its first.
        parts: measured on their own, in a process that makes no clip. Empty: clips are made, and
            then all parts measured.
        low_memory: as of `soundlet.load`.
    """

    model: str | None = None
    engine: str = "onnx"
    threads: int | None = None
    seconds: float
    steps: int | None = None
    repeats: int = 3
    parts: tuple[Part, ...] = ()
    low_memory: bool = False


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What was found; all times are in seconds.

    Attributes:
        job: what was measured.
        import_time: of `import soundlet` and all that a generation loads.
        load_time: until the model is ready for requests.
        cold_time: of the first clip, which loads each part. None: no clip was made.
        warm_times: of the clips after it.
        part_times: of each part, as often as it was repeated: one velocity for the dit, the clip's
            latents for the decoder, the clip for the encoder.
        peak_bytes: the most memory that the process held. None: this system does not say.
    """

    job: Job
    import_time: float
    load_time: float
    cold_time: float | None
    warm_times: tuple[float, ...]
    part_times: dict[Part, tuple[float, ...]]
    peak_bytes: int | None


def request_of(job: Job) -> GenerationRequest:
    """The clip that is made.

    Raises:
        RequestError: there is none of this length or of so many steps.
    """
    from soundlet.request import GenerationRequest

    return GenerationRequest(
        prompt=PROMPT, seconds=job.seconds, steps=job.steps, seed=SEED, truncate_prompt=True
    )


def measure(job: Job) -> Measurement:
    """Measure `job` in a new process.

    Raises:
        EngineError: the process failed; its last line says why.
    """
    command = [sys.executable, "-m", "soundlet.timing", json.dumps(asdict(job))]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise EngineError(f"measuring failed: {lines[-1].partition('Error: ')[2] or lines[-1]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return Measurement(
        **{
            **found,
            "job": job,
            "warm_times": tuple(found["warm_times"]),
            "part_times": {part: tuple(times) for part, times in found["part_times"].items()},
        }
    )


def run(job: Job) -> dict[str, Any]:
    """Measure `job` in this process: the attributes of `Measurement`, but for the job."""
    start = time.perf_counter()
    import soundlet
    from soundlet.bundle import PARTS
    from soundlet.engines import onnx, tiling
    from soundlet.pipeline import load

    del soundlet, onnx, tiling
    imported = time.perf_counter()
    model = load(job.model, engine=job.engine, threads=job.threads, low_memory=job.low_memory)
    loaded = time.perf_counter()
    times: list[float] = []
    if not job.parts:
        request = request_of(job)

        def make() -> None:
            model.generate(request)

        times = repeated(make, 1 + job.repeats)
    return {
        "import_time": imported - start,
        "load_time": loaded - imported,
        "cold_time": times[0] if times else None,
        "warm_times": times[1:],
        "part_times": {
            part: repeated(part_call(model, part, job.seconds), 1 + job.repeats)[1:]
            for part in job.parts or PARTS
        },
        "peak_bytes": peak_bytes(),
    }


def repeated(call: Callable[[], object], times: int) -> list[float]:
    """The time of each of so many calls."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return found


def part_call(model: Model, part: Part, seconds: float) -> Callable[[], object]:
    """A call that runs one part on arrays of the size that a clip of this length has."""
    import numpy as np

    from soundlet.guidance import Conditioning
    from soundlet.plan import plan_for
    from soundlet.request import GenerationRequest

    config = model.config
    request = GenerationRequest(prompt=PROMPT, seconds=seconds, seed=SEED, truncate_prompt=True)
    n_frames = plan_for(model.bundle, request).n_frames
    kept = min(n_frames, -(-round(seconds * config.sample_rate) // config.hop_length))
    random = np.random.default_rng(0)

    def noise(*shape: int) -> np.ndarray[Any, np.dtype[np.float32]]:
        return random.standard_normal(shape).astype(np.float32)

    if part == "conditioners":
        tokens = random.integers(3, 100, (1, config.prompt_max_length))
        mask = np.ones_like(tokens)
        length = np.array([seconds], np.float32)
        return lambda: model.engine.condition(tokens, mask, length)
    if part == "dit":
        dim, n_tokens = config.cond_dim, config.prompt_max_length + 1
        told = Conditioning(noise(1, n_tokens, dim), noise(1, dim))
        x, t = noise(1, config.latent_channels, n_frames), np.array([0.5], np.float32)
        return lambda: model.engine.velocity(x, t, told)
    if part == "decoder":
        latents = noise(1, config.latent_channels, kept)
        return lambda: model.engine.decode(latents)
    audio = 0.1 * noise(1, config.audio_channels, kept * config.hop_length)
    return lambda: model.engine.encode(audio)


def peak_bytes() -> int | None:
    """The most memory that this process has held."""
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main() -> None:
    """Measure the job that is the one argument, and print what was found."""
    fields = json.loads(sys.argv[1])
    print(json.dumps(run(Job(**{**fields, "parts": tuple(fields["parts"])}))))  # noqa: T201


if __name__ == "__main__":
    main()
