"""The tiny model as ExecuTorch programs, and the C++ runner built for it."""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import warnings
from pathlib import Path

import pytest

from soundlet.bundle import Bundle, open_bundle

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # ExecuTorch warns of its own imports
    for name in ("executorch.exir", "executorch.runtime", "soundlet.export.executorch"):
        importlib.import_module(name)

DEVICE = Path(__file__).parents[2] / "device"


@pytest.fixture(scope="session")
def bundle(tiny_bundle: Path) -> Bundle:
    """The tiny model, converted."""
    return open_bundle(tiny_bundle)


@pytest.fixture(scope="session")
def programs(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of its programs, all in float32. It is shared: copy it before changing it."""
    from soundlet.export.executorch import export_executorch

    dest = tmp_path_factory.mktemp("programs") / "tiny"
    export_executorch(bundle, dest, precision={"dit": "float32"})
    return dest


@pytest.fixture(scope="session")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The C++ runner, with AddressSanitizer and UndefinedBehaviorSanitizer."""
    package = importlib.util.find_spec("executorch")
    assert package is not None
    assert package.submodule_search_locations is not None
    prefix = package.submodule_search_locations[0]
    build = tmp_path_factory.mktemp("build")
    options = ["-DSANITIZE=ON", f"-DCMAKE_PREFIX_PATH={prefix}"]
    for command in (
        ["cmake", "-S", str(DEVICE), "-B", str(build), *options],
        ["cmake", "--build", str(build), "--parallel", "2"],
    ):
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    return build / "soundlet-runner"
