from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest
import torch

from soundlet.checkpoint import load_official, official_layout
from soundlet.config import load_config, load_t5_config
from soundlet.models import build_model

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = ROOT / "benchmarks" / "random_checkpoint.py"
    spec = importlib.util.spec_from_file_location("random_checkpoint", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(
    script: ModuleType, dest: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch, more: Sequence[str]
) -> None:
    sizes = ["--config", f"{tiny / 'model_config.json'}", "--t5-config", f"{tiny}/t5/config.json"]
    monkeypatch.setattr("sys.argv", ["random_checkpoint.py", str(dest), *sizes, *more])
    script.main()


@pytest.mark.parametrize(
    ("options", "name", "precision"),
    [
        ([], "model.ckpt", "float32"),
        (["--half", "--safetensors"], "model.safetensors", "float16"),
    ],
)
def test_a_folder_in_the_official_format_is_written(
    script: ModuleType,
    tmp_path: Path,
    tiny_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    name: str,
    precision: str,
) -> None:
    run(script, tmp_path / "model", tiny_folder, monkeypatch, options)
    *_, report = load_official(tmp_path / "model")
    assert report.weights.name == name
    assert report.precision["decoder"] == precision
    assert (tmp_path / "model" / "t5" / "spiece.model").is_file()


def test_the_seed_decides_the_weights(script: ModuleType, tiny_folder: Path) -> None:
    config = load_config(tiny_folder / "model_config.json")
    t5_config = load_t5_config(tiny_folder / "t5" / "config.json")
    one, same, other = (
        script.random_tensors(config, t5_config, seed=seed, half=False)[0] for seed in (1, 1, 2)
    )
    assert one.keys() == official_layout(build_model(config, t5_config), config).keys()
    assert all(torch.equal(one[name], same[name]) for name in one)
    name = "model.model.preprocess_conv.weight"
    assert not torch.equal(one[name], other[name])


@torch.inference_mode()
def test_activations_are_as_large_as_in_a_trained_model(
    script: ModuleType, tmp_path: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(script, tmp_path / "model", tiny_folder, monkeypatch, [])
    model, *_ = load_official(tmp_path / "model")
    torch.manual_seed(0)
    ids = torch.randint(2, 200, (2, 16))
    cross, _, glob = model.conditioners(ids, torch.ones_like(ids), torch.tensor([3.0, 11.0]))
    velocity = model.dit(torch.randn(2, 8, 32), torch.tensor([0.9, 0.1]), cross, glob)
    audio = model.decoder(torch.randn(1, 8, 32))
    assert 0.3 < cross.std() < 3
    assert 0.3 < velocity.std() < 3
    assert 0.02 < audio.std() < 0.5
    assert audio.abs().max() < 1
