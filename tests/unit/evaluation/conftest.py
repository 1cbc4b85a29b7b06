"""What several tests need and what takes a while to make."""

from __future__ import annotations

from pathlib import Path

import pytest

from soundlet.evaluation.prompts import Brief, held_out_prompts
from soundlet.evaluation.reference import ReferenceClip, reference_clips

N_REFERENCE = 40
N_BRIEFS = 22


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that keeps measured renders, as the user's cache does."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def reference(cache: Path) -> list[ReferenceClip]:
    """A few measured renders of every kind."""
    return reference_clips(N_REFERENCE, folder=cache / "soundlet" / "evaluation")


@pytest.fixture(scope="session")
def briefs() -> list[Brief]:
    """All kinds of prompts, with their renders."""
    return list(held_out_prompts(N_BRIEFS, seed=0))
