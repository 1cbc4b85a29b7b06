"""What this machine's int8 products are worth: measured once, remembered."""

from __future__ import annotations

import hashlib
import json
import platform
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import numpy as np
import onnxruntime

from soundlet.engines.kernels import ONLY_ERRORS, int8_product, product
from soundlet.whole_files import write_whole

ROWS, COLUMNS = 257, 1024  # tokens and width of the official model's dit
RUNS = 7


@dataclass(frozen=True)
class Probe:
    """What was found.

    Attributes:
        float32_seconds: of one float32 product.
        int8_seconds: of the same with int8 weights and activations.
        saturates: sums of 8-bit products overflow 16 bits, as on x86 without VNNI, so that int8
            weights must keep to 7 bits.
    """

    float32_seconds: float
    int8_seconds: float
    saturates: bool

    @property
    def speedup(self) -> float:
        """How many times faster int8 is."""
        return self.float32_seconds / self.int8_seconds


def probe() -> Probe:
    """The probe of this machine, from the cache or, in a second or so, measured."""
    path = _cache_path()
    try:
        return Probe(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        found = measure()
    with suppress(OSError):  # no place to remember it: measured again next time
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(asdict(found)).encode())
    return found


def measure() -> Probe:
    """Time both kinds of product on one core, and try whether int8 sums overflow."""
    random = np.random.default_rng(0)
    x = random.standard_normal((ROWS, COLUMNS)).astype(np.float32)
    weight = random.standard_normal((COLUMNS, COLUMNS)).astype(np.float32)
    whole = np.clip(np.rint(weight * 32), -127, 127).astype(np.int8)
    scale = np.full(COLUMNS, 1 / 32, np.float32)
    runs = {"float32": _session(product(weight)), "int8": _session(int8_product(whole, scale))}
    times: dict[str, list[float]] = {name: [] for name in runs}
    for i in range(RUNS + 1):
        for name, session in runs.items():
            start = time.process_time()  # whatever else runs
            session.run(None, {"x": x})
            if i > 0:  # the first prepares
                times[name].append(time.process_time() - start)
    return Probe(median(times["float32"]), median(times["int8"]), saturates())


def saturates() -> bool:
    """Whether products of the largest 8-bit numbers come out wrong."""
    n = 64
    session = _session(int8_product(np.full((n, n), 127, np.int8), np.ones(n, np.float32)))
    (sums,) = session.run(None, {"x": np.ones((4, n), np.float32)})
    return bool(np.abs(sums / (127 * n) - 1).max() > 0.01)


def _session(model: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = ONLY_ERRORS
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _cache_path() -> Path:
    from platformdirs import user_cache_path

    facts = [onnxruntime.__version__, platform.machine(), _processor(), str(RUNS)]
    key = hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]
    return user_cache_path("soundlet", appauthor=False) / "probe" / f"{key}.json"


def _processor() -> str:
    """Name and abilities of the processor, as far as the system tells them."""
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0].splitlines()
        return "\n".join(
            line for line in lines if line.startswith(("model", "flags", "Features", "CPU part"))
        )
    return platform.processor()
