# The tasks of this project; .ci/run calls the same ones. `just` alone lists them.
_list:
    @just --list

# Install soundlet and what its developers need into the active environment.
setup:
    python -m pip install --editable ".[dev]"

# Lint, format and types.
check:
    ruff check .
    ruff format --check .
    mypy

# The tests but the slow ones.
test *args:
    pytest -m "not slow" {{args}}

# Every test.
test-all *args:
    pytest {{args}}

# The tests of LiteRT, in an environment of its own: a gigabyte, some minutes.
test-litert:
    #!/usr/bin/env bash
    set -euo pipefail
    room=$(mktemp -d)
    trap 'rm -rf "$room"' EXIT
    python -m venv "$room/venv"
    "$room/venv/bin/pip" install --quiet --editable ".[litert]" pytest
    "$room/venv/bin/python" -m pytest -p no:anyio -p no:jaxtyping tests/litert

# Run the code of README.md and docs/.
docs:
    pytest tests/test_documentation.py

# Build a wheel, and check that the installed command makes a sound without PyTorch.
release:
    #!/usr/bin/env bash
    set -euo pipefail
    room=$(mktemp -d)
    trap 'rm -rf "$room"' EXIT
    rm -rf dist
    python -m pip wheel --quiet --no-deps --wheel-dir dist .
    python -m venv "$room/venv"
    "$room/venv/bin/pip" install --quiet dist/*.whl
    cd "$room"
    venv/bin/python -c "import sys, soundlet; assert 'torch' not in sys.modules"
    venv/bin/soundlet generate "techno drum loop 128 BPM" --seconds 2 --seed 1 --out loop.wav
    venv/bin/soundlet doctor
