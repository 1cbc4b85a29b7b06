"""One bundle of the tiny model of the golden tensors, for all tests that run it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from soundlet.bundle import AGREEMENT, MANIFEST, TOKENIZER, About, open_bundle, seal
from soundlet.convert import convert_checkpoint
from soundlet.hearing import N_HEARD
from soundlet.key_pieces import N_KEYS
from soundlet.tokenizer import Tokenizer
from soundlet.training.agreement import AgreementTowers, bundled_towers

TINY = Path(__file__).parent / "parity" / "golden" / "tiny"


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the bundle. It is shared: copy it before changing anything in it."""
    dest = tmp_path_factory.mktemp("bundles") / "tiny"
    return convert_checkpoint(TINY, dest, precision="float32").folder


@pytest.fixture(scope="session")
def choosing_bundle(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with towers that choose among candidates, 3 unless another number is asked.

    The towers are not trained, but they rate, and always in the same way.
    """
    dest = tmp_path_factory.mktemp("bundles") / "tiny"
    shutil.copytree(tiny_bundle, dest)
    (dest / MANIFEST).unlink()
    bundle = open_bundle(tiny_bundle)
    n_pieces = Tokenizer(dest / TOKENIZER, bundle.config.prompt_max_length).n_pieces
    with torch.random.fork_rng():
        torch.manual_seed(0)
        usual, spread = torch.zeros(N_HEARD), torch.ones(N_HEARD)
        towers = AgreementTowers(usual, spread, n_pieces + N_KEYS, (3, 2), (2.0, 1.0))
    (dest / AGREEMENT).write_bytes(bundled_towers(towers))
    about = About(**bundle.manifest.model_dump(include=set(About.model_fields)))
    defaults = about.defaults.model_copy(update={"candidates": 3})
    seal(dest, about.model_copy(update={"defaults": defaults}))
    return dest
