"""LiteRT wants an environment of its own: `just test-litert` makes it and comes here."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore = [] if find_spec("litert_torch") else ["test_litert.py"]
