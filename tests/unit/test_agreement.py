"""The towers that rate sounds: PyTorch's numbers in NumPy, and files that are not theirs."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from soundlet.agreement import STRIDE, Agreement
from soundlet.errors import BundleError
from soundlet.training.agreement import AgreementTowers, bundled_towers

CHANNELS, N_WORDS = 6, 40
LENGTHS = (1, 2, 3, 4, 5, 7, 8, 18, 127, 130)
TOKENS = np.array([5, 3, 17, 3, 3, 39, 1])
ROUNDED = 0.005  # of 8 bits a weight
NEAR = 2e-5  # of points of length 1: float32 rounds at 6e-8, over some hundred sums a layer

Array = NDArray[np.float32]


@pytest.fixture(scope="module")
def exact() -> AgreementTowers:
    """Towers before their weights are rounded."""
    torch.manual_seed(3)
    return AgreementTowers(torch.linspace(0.5, 2, CHANNELS), N_WORDS).eval()


@pytest.fixture(scope="module")
def path(exact: AgreementTowers, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Their file."""
    file = tmp_path_factory.mktemp("agreement") / "agreement.safetensors"
    file.write_bytes(bundled_towers(exact))
    return file


@pytest.fixture(scope="module")
@torch.no_grad()
def towers(exact: AgreementTowers, path: Path) -> AgreementTowers:
    """The same with the weights that are in the file."""
    arrays, rounded = load_file(path), copy.deepcopy(exact)
    for name, parameter in rounded.named_parameters():
        layer, _, kind = name.removeprefix("sound.").rpartition(".")
        if kind == "weight":
            whole, scale = arrays[f"{layer}.weight"], arrays[f"{layer}.scale"]
            assert whole.dtype == np.int8
            weight = torch.from_numpy(whole * scale.reshape(-1, *[1] * (whole.ndim - 1)))
            parameter.copy_(weight.T if layer == "narrow" else weight)
    return rounded


@pytest.fixture(scope="module")
def agreement(path: Path) -> Agreement:
    return Agreement(path, channels=CHANNELS, n_words=N_WORDS)


def sounds(count: int, n_frames: int, seed: int = 0) -> Array:
    random = np.random.default_rng(seed)
    return random.standard_normal((count, CHANNELS, n_frames)).astype(np.float32)


def counts(tokens: NDArray[np.integer]) -> torch.Tensor:
    return torch.from_numpy(np.bincount(tokens, minlength=N_WORDS).astype(np.float32))[None]


@torch.no_grad()
def fits_of(
    towers: AgreementTowers, latents: list[Array], tokens: NDArray[np.integer]
) -> list[float]:
    """What PyTorch finds of sounds of any lengths, padded to one as training has them."""
    longest = -(-max(each.shape[1] for each in latents) // STRIDE) * STRIDE
    x, is_sounding = (
        torch.zeros(len(latents), CHANNELS, longest),
        torch.zeros(len(latents), longest),
    )
    for i, each in enumerate(latents):
        x[i, :, : each.shape[1]] = torch.from_numpy(each)
        is_sounding[i, : each.shape[1]] = 1
    points = towers.sounds(x, is_sounding) @ towers.captions(counts(tokens)).T
    return [float(fit) for fit in points[:, 0]]


@pytest.mark.parametrize("n_frames", LENGTHS)
def test_the_numbers_are_those_of_training(
    towers: AgreementTowers, agreement: Agreement, n_frames: int
) -> None:
    latents = sounds(3, n_frames)
    found = agreement(latents, TOKENS)
    assert found.shape == (3,)
    assert found.dtype == np.float32
    assert np.ptp(found) > 100 * NEAR  # they do tell the sounds apart
    np.testing.assert_allclose(found, fits_of(towers, [*latents], TOKENS), atol=NEAR)


def test_padding_in_training_changes_nothing(towers: AgreementTowers, agreement: Agreement) -> None:
    latents = [sounds(1, n_frames, seed=n_frames)[0] for n_frames in LENGTHS]
    found = [float(agreement(each[None], TOKENS)[0]) for each in latents]
    np.testing.assert_allclose(found, fits_of(towers, latents, TOKENS), atol=NEAR)


def test_rounding_the_weights_changes_little(exact: AgreementTowers, agreement: Agreement) -> None:
    latents = sounds(8, 50)
    expected = fits_of(exact, [*latents], TOKENS)
    found = agreement(latents, TOKENS)
    assert np.abs(found - expected).max() < ROUNDED
    assert np.ptp(expected) > 5 * ROUNDED


def test_a_sound_is_rated_alone_as_among_others(agreement: Agreement) -> None:
    latents = sounds(4, 21)
    together = agreement(latents, TOKENS)
    alone = [agreement(each[None], TOKENS)[0] for each in latents]
    np.testing.assert_allclose(together, alone, atol=1e-6)  # products of matrices add otherwise
    assert np.abs(together).max() <= 1


def test_a_prompt_counts_by_its_pieces_each_twice_at_most(
    towers: AgreementTowers, agreement: Agreement
) -> None:
    latents = sounds(2, 9)
    rated = agreement(latents, TOKENS)
    assert np.array_equal(agreement(latents, np.sort(TOKENS)), rated)
    assert np.array_equal(agreement(latents, np.append(TOKENS, 3)), rated)
    for tokens in (np.append(TOKENS, 5), TOKENS[1:]):
        other = agreement(latents, tokens)
        assert np.abs(other - rated).max() > 10 * NEAR
        np.testing.assert_allclose(other, fits_of(towers, [*latents], tokens), atol=NEAR)


@pytest.mark.parametrize(
    ("channels", "n_words", "says"),
    [
        (
            CHANNELS + 1,
            N_WORDS,
            "6 channels and 40 words, not 7 and 40: it is of another",
        ),
        (
            CHANNELS,
            N_WORDS - 1,
            "6 channels and 40 words, not 6 and 39: it is of another",
        ),
    ],
)
def test_towers_of_another_model_are_refused(
    path: Path, channels: int, n_words: int, says: str
) -> None:
    refused(path, says, channels=channels, n_words=n_words)


def refused(path: Path, says: str, *, channels: int = CHANNELS, n_words: int = N_WORDS) -> None:
    with pytest.raises(BundleError) as caught:
        Agreement(path, channels=channels, n_words=n_words)
    assert str(path) in str(caught.value)
    assert says in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda _data: b"", "cannot be read as safetensors"),
        (lambda _data: b"not what it was" * 99, "cannot be read as safetensors"),
        (lambda data: data[: len(data) // 2], "damaged"),
        (lambda data: data[:-2], "damaged"),
        (lambda _data: (2).to_bytes(8, "little") + b"[]", "damaged"),
        (lambda _data: (2).to_bytes(8, "little") + b"{}", "has no tensor spread"),
        (lambda data: data.replace(b'"shape"', b'"shaqe"'), "damaged"),
    ],
)
def test_a_damaged_file_is_refused(
    path: Path, tmp_path: Path, damage: Callable[[bytes], bytes], says: str
) -> None:
    (tmp_path / "a.safetensors").write_bytes(damage(path.read_bytes()))
    refused(tmp_path / "a.safetensors", says)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    refused(tmp_path / "nowhere.safetensors", "cannot be read")


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("spread", lambda array: array[1:], "near.weight is (160, 6, 3), not (160, 5, 3)"),
        ("point.weight", lambda array: array[:, 1:], "point.weight is (128, 319), not (128, 320)"),
        ("far.1.weight", lambda array: array[:, :, 1:], "far.1.weight is (160, 160, 2)"),
        ("joined.bias", lambda array: array[1:], "joined.weight is (192, 192), not (191, 192)"),
        ("narrow.bias", lambda array: array[1:], "narrow.weight is"),
        ("narrow.weight", lambda array: array.reshape(-1), "damaged"),
        ("caption.scale", lambda array: array[1:], "damaged"),
    ],
)
def test_tensors_that_do_not_belong_together_are_refused(
    path: Path, tmp_path: Path, name: str, change: Callable[[Any], Any], says: str
) -> None:
    arrays = load_file(path)
    arrays[name] = np.ascontiguousarray(change(arrays[name]))
    save_file(arrays, tmp_path / "a.safetensors")
    refused(tmp_path / "a.safetensors", says)


@pytest.mark.parametrize("name", ["spread", "near.weight", "narrow.scale", "caption.bias"])
def test_a_tensor_that_is_missing_is_named(path: Path, tmp_path: Path, name: str) -> None:
    arrays = load_file(path)
    del arrays[name]
    save_file(arrays, tmp_path / "a.safetensors")
    refused(tmp_path / "a.safetensors", f"has no tensor {name}")
