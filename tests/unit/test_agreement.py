"""The towers that rate sounds: PyTorch's numbers in NumPy, and files that are not theirs."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from soundlet.agreement import LEAST, Agreement
from soundlet.errors import BundleError
from soundlet.hearing import N_HEARD, heard
from soundlet.key_pieces import N_KEYS
from soundlet.tokenizer import Tokenizer
from soundlet.training.agreement import COMMON, HIDDEN, NARROW, AgreementTowers, bundled_towers

RATE = 44100
N_TAGS = (3, 5)  # words of two attributes
LENGTHS = (0, 1, 700, 1024, 5000, 44100)
PROMPT = "kick drum kick"
ROUNDED = 0.1  # nats, of 8 bits a weight
NEAR = 1e-4  # nats: float32 rounds at 6e-8, over some hundred sums a layer, and heads are sharp

Array = NDArray[np.float32]


@pytest.fixture(scope="module")
def tokenizer(tiny_folder: Path) -> Tokenizer:
    return Tokenizer(tiny_folder / "t5" / "spiece.model", 32)


@pytest.fixture(scope="module")
def n_words(tokenizer: Tokenizer) -> int:
    return tokenizer.n_pieces + N_KEYS


def made(n_words: int, n_tags: Sequence[int]) -> AgreementTowers:
    """Towers that are not trained, but are as sure of what they hear and read as trained ones."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        usual, spread = 0.3 * torch.randn(N_HEARD), torch.linspace(0.1, 1, N_HEARD)
        importance = [2.0 + i for i in range(len(n_tags))]
        towers = AgreementTowers(usual, spread, n_words, n_tags, importance).eval()
    for layer in (*towers.heads, *towers.readers):
        layer.get_parameter("weight").data *= 10
    return towers


@pytest.fixture(scope="module")
def exact(n_words: int) -> AgreementTowers:
    """Towers before their weights are rounded."""
    return made(n_words, N_TAGS)


@pytest.fixture(scope="module")
def path(exact: AgreementTowers, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Their file."""
    file = tmp_path_factory.mktemp("agreement") / "agreement.safetensors"
    file.write_bytes(bundled_towers(exact))
    return file


@torch.no_grad()
def rounded(exact: AgreementTowers, path: Path) -> AgreementTowers:
    """The same with the weights that are in the file, in which heads are one layer."""
    arrays, towers = load_file(path), copy.deepcopy(exact)
    places = {"named": 0, "asked": 0}
    for name, parameter in towers.named_parameters():
        layer, _, kind = name.rpartition(".")
        part, _, _ = layer.partition(".")
        if kind != "weight":
            continue
        stored = {"heads": "named", "readers": "asked"}.get(part, layer)
        whole, scale = arrays[f"{stored}.weight"], arrays[f"{stored}.scale"]
        assert whole.dtype == np.int8
        weight = torch.from_numpy(whole * scale.reshape(-1, 1))
        if stored in places:
            first = places[stored]
            places[stored] = last = first + len(parameter)
            weight = weight[first:last]
        parameter.copy_(weight.T if layer == "narrow" else weight)
    return towers


@pytest.fixture(scope="module")
def towers(exact: AgreementTowers, path: Path) -> AgreementTowers:
    return rounded(exact, path)


@pytest.fixture(scope="module")
def agreement(path: Path, tokenizer: Tokenizer) -> Agreement:
    return Agreement(path, tokenizer, sample_rate=RATE)


def sound(n_samples: int, seed: int = 0) -> Array:
    """Noise that dies away, with a tone in it."""
    random, seconds = np.random.default_rng(seed), np.arange(n_samples) / RATE
    noise = random.standard_normal((2, n_samples)) * np.exp(-random.uniform(0, 20) * seconds)
    tone = np.sin(2 * np.pi * random.uniform(60, 2000) * seconds)
    return (random.uniform(0, 0.5) * noise + tone).astype(np.float32)


def sounds(count: int, n_samples: int = 9000) -> list[Array]:
    return [sound(n_samples, seed) for seed in range(count)]


@torch.no_grad()
def fits_of(towers: AgreementTowers, given: Sequence[Array], words: Sequence[int]) -> Array:
    """What PyTorch finds of sounds and the words of a prompt."""
    x = torch.from_numpy(np.stack([heard(each, RATE) for each in given]))
    counts = torch.bincount(torch.tensor(words), minlength=towers.narrow.in_features)
    read = towers.read(counts[None].float())
    hidden = towers.sound(x)
    cosines = towers.sounds(x) @ towers.caption_points(read)[0]
    fits = towers.log_scale.exp() * cosines
    for head, reader, counted in zip(towers.heads, towers.readers, towers.importance, strict=True):
        is_asked = reader(read).softmax(dim=1)[0, :-1]
        is_heard = head(hidden).log_softmax(dim=1)
        fits = fits + counted * is_heard.clamp(min=LEAST) @ is_asked
    found: Array = fits.numpy()
    return found


def words_of(tokenizer: Tokenizer, prompt: str) -> list[int]:
    """Of one that names no key."""
    tokens, mask = tokenizer.encode([prompt])
    return [int(token) for token in tokens[0, mask[0] > 0]]


@pytest.mark.parametrize("n_samples", LENGTHS)
def test_the_numbers_are_those_of_training(
    towers: AgreementTowers, agreement: Agreement, tokenizer: Tokenizer, n_samples: int
) -> None:
    given = [sound(n_samples, seed) for seed in range(3)]
    found = agreement(given, PROMPT)
    assert found.shape == (3,)
    assert found.dtype == np.float32
    assert n_samples < 2 or np.ptp(found) > 100 * NEAR  # they do tell the sounds apart
    np.testing.assert_allclose(
        found, fits_of(towers, given, words_of(tokenizer, PROMPT)), atol=NEAR
    )


@torch.no_grad()
def test_what_is_far_out_counts_as_less(towers: AgreementTowers) -> None:
    """Or else the test before would not have seen it."""
    x = torch.from_numpy(np.stack([heard(each, RATE) for each in sounds(3)]))
    assert ((x - towers.usual) / towers.spread).abs().max() > 4
    hidden = towers.sound(x)
    assert min(float(head(hidden).log_softmax(dim=1).min()) for head in towers.heads) < LEAST


def test_towers_that_name_nothing_rate_by_their_points(
    n_words: int, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    plain = made(n_words, ())
    path = tmp_path / "agreement.safetensors"
    path.write_bytes(bundled_towers(plain))
    given = sounds(4)
    found = Agreement(path, tokenizer, sample_rate=RATE)(given, PROMPT)
    expected = fits_of(rounded(plain, path), given, words_of(tokenizer, PROMPT))
    np.testing.assert_allclose(found, expected, atol=NEAR)
    assert np.ptp(found) > 100 * NEAR
    assert np.abs(found).max() <= float(plain.log_scale.exp().detach()) + NEAR


def test_rounding_the_weights_changes_little(
    exact: AgreementTowers, agreement: Agreement, tokenizer: Tokenizer
) -> None:
    given = sounds(8)
    expected = fits_of(exact, given, words_of(tokenizer, PROMPT))
    found = agreement(given, PROMPT)
    assert np.abs(found - expected).max() < ROUNDED
    assert np.ptp(expected) > 5 * ROUNDED


def test_a_sound_is_rated_alone_as_among_others(agreement: Agreement) -> None:
    given = [sound(n_samples) for n_samples in LENGTHS]
    together = agreement(iter(given), PROMPT)
    alone = [agreement([each], PROMPT)[0] for each in given]
    assert np.array_equal(together, alone)


def test_no_sounds_have_no_ratings(agreement: Agreement) -> None:
    assert agreement([], PROMPT).shape == (0,)


def test_the_level_of_a_sound_does_not_matter(agreement: Agreement) -> None:
    given = sounds(3)
    quiet = agreement([each * np.float32(0.01) for each in given], PROMPT)
    np.testing.assert_allclose(quiet, agreement(given, PROMPT), atol=10 * NEAR)


def test_a_sound_is_heard_at_the_rate_of_the_model(path: Path, tokenizer: Tokenizer) -> None:
    given = sounds(3)
    slow, fast = (Agreement(path, tokenizer, sample_rate=rate) for rate in (22050, RATE))
    assert np.abs(slow(given, PROMPT) - fast(given, PROMPT)).max() > 100 * NEAR


def test_a_prompt_counts_by_its_pieces_each_twice_at_most(
    towers: AgreementTowers, agreement: Agreement, tokenizer: Tokenizer
) -> None:
    given = sounds(2)
    rated = agreement(given, PROMPT)
    for prompt in ("kick kick drum", "kick drum kick kick"):
        assert words_of(tokenizer, prompt) != words_of(tokenizer, PROMPT)
        assert np.array_equal(agreement(given, prompt), rated)
    for prompt in ("kick drum", "kick drum drum kick"):
        other = agreement(given, prompt)
        assert np.abs(other - rated).max() > 10 * NEAR
        expected = fits_of(towers, given, words_of(tokenizer, prompt))
        np.testing.assert_allclose(other, expected, atol=NEAR)


def test_padding_changes_nothing_and_what_is_beyond_the_window_is_not_read(
    path: Path, tiny_folder: Path, agreement: Agreement
) -> None:
    given = sounds(2)
    short, wide = (
        Agreement(path, Tokenizer(tiny_folder / "t5" / "spiece.model", n), sample_rate=RATE)
        for n in (8, 64)
    )
    assert np.array_equal(wide(given, PROMPT), agreement(given, PROMPT))
    long = "drum " * 40
    assert np.array_equal(short(given, long), short(given, f"{long} rain"))
    assert np.array_equal(short(given, long), agreement(given, "drum " * 20))


@pytest.mark.parametrize("named", ["c minor", "f# major"])
def test_a_key_is_a_word_of_its_own(
    path: Path, towers: AgreementTowers, tmp_path: Path, named: str
) -> None:
    """With a vocabulary that has notes and modes as pieces."""
    pieces = ["<pad>", "</s>", "▁c", "▁f#", "▁minor", "▁major"]
    n_words = len(pieces) + N_KEYS
    arrays = load_file(path)
    arrays["narrow.weight"] = arrays["narrow.weight"][:n_words]
    arrays["narrow.scale"] = arrays["narrow.scale"][:n_words]
    save_file(arrays, tmp_path / "a.safetensors")
    tokenizer = WordTokenizer(pieces)
    tokens = [pieces.index(f"▁{word}") for word in named.split()]
    key = {"c minor": 0, "f# major": 13}[named]
    narrowed = copy.deepcopy(towers)
    narrowed.narrow = torch.nn.Linear(n_words, towers.narrow.out_features)
    narrowed.narrow.weight.data = towers.narrow.weight.data[:, :n_words]
    narrowed.narrow.bias.data = towers.narrow.bias.data
    found = Agreement(tmp_path / "a.safetensors", tokenizer, sample_rate=RATE)(sounds(3), named)
    expected = fits_of(narrowed, sounds(3), [*tokens, 1, len(pieces) + key])
    np.testing.assert_allclose(found, expected, atol=NEAR)
    without = fits_of(narrowed, sounds(3), [*tokens, 1])
    assert np.abs(without - expected).max() > 10 * NEAR


class WordTokenizer(Tokenizer):
    """Pieces that are words, of which the first is padding and the second the end."""

    def __init__(self, pieces: list[str]) -> None:
        self._words, self.max_length = pieces, 8

    @property
    def pieces(self) -> list[str]:
        return self._words

    def encode(
        self, prompts: Sequence[str], *, truncate: bool = False
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        assert truncate
        rows = [[self._words.index(f"▁{word}") for word in each.split()] + [1] for each in prompts]
        ids = np.array([row + [0] * (self.max_length - len(row)) for row in rows], np.int64)
        return ids, (ids > 0).astype(np.int64)


def test_towers_of_another_model_are_refused(
    n_words: int, tmp_path: Path, tokenizer: Tokenizer
) -> None:
    other = tmp_path / "a.safetensors"
    other.write_bytes(bundled_towers(made(n_words - 1, N_TAGS)))
    refused(other, tokenizer, f"is for {n_words - 1} words, not {n_words}: it is of another model")


def refused(path: Path, tokenizer: Tokenizer, says: str) -> None:
    with pytest.raises(BundleError) as caught:
        Agreement(path, tokenizer, sample_rate=RATE)
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
        (lambda _data: (2).to_bytes(8, "little") + b"{}", "has no tensor usual"),
        (lambda data: data.replace(b'"shape"', b'"shaqe"'), "damaged"),
    ],
)
def test_a_damaged_file_is_refused(
    path: Path,
    tokenizer: Tokenizer,
    tmp_path: Path,
    damage: Callable[[bytes], bytes],
    says: str,
) -> None:
    (tmp_path / "a.safetensors").write_bytes(damage(path.read_bytes()))
    refused(tmp_path / "a.safetensors", tokenizer, says)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path, tokenizer: Tokenizer) -> None:
    refused(tmp_path / "nowhere.safetensors", tokenizer, "cannot be read")


def shapes(layer: str, found: tuple[int, int], expected: tuple[int, int]) -> str:
    return f"{layer}.weight is {found}, not {expected}"


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("usual", lambda array: array[1:], f"usual is ({N_HEARD - 1},), not ({N_HEARD},)"),
        ("spread", lambda array: array[1:], f"spread is ({N_HEARD - 1},), not ({N_HEARD},)"),
        ("spread", lambda array: array[None], f"spread is (1, {N_HEARD}), not ({N_HEARD},)"),
        ("sharpness", lambda array: array[1:], "damaged"),
        ("choices", lambda array: array[1:], shapes("named", (8, HIDDEN), (5, HIDDEN))),
        ("choices", lambda array: array * 0, shapes("named", (8, HIDDEN), (0, HIDDEN))),
        ("choices", lambda array: -array, "damaged"),
        ("importance", lambda array: array[1:], "importance is (1,), not (2,)"),
        ("choices", lambda array: array + 1, shapes("named", (8, HIDDEN), (10, HIDDEN))),
        ("choices", lambda array: array * np.nan, "damaged"),
        ("choices", lambda array: array * np.inf, "damaged"),
        (
            "choices",
            lambda _array: np.full(1, 8, np.float32),
            shapes("asked", (10, NARROW), (9, NARROW)),
        ),
        (
            "hidden.weight",
            lambda array: array[:, 1:],
            shapes("hidden", (HIDDEN, N_HEARD - 1), (HIDDEN, N_HEARD)),
        ),
        (
            "point.weight",
            lambda array: array[:, 1:],
            shapes("point", (COMMON, HIDDEN - 1), (COMMON, HIDDEN)),
        ),
        ("named.weight", lambda array: array[:, 1:], shapes("named", (8, HIDDEN - 1), (8, HIDDEN))),
        (
            "asked.weight",
            lambda array: array[:, 1:],
            shapes("asked", (10, NARROW - 1), (10, NARROW)),
        ),
        (
            "joined.bias",
            lambda array: array[1:],
            shapes("joined", (NARROW, NARROW), (NARROW - 1, NARROW)),
        ),
        (
            "point.bias",
            lambda array: array[1:],
            shapes("point", (COMMON, HIDDEN), (COMMON - 1, HIDDEN)),
        ),
        ("narrow.bias", lambda array: array[1:], "narrow.weight is"),
        ("narrow.weight", lambda array: array.reshape(-1), "damaged"),
        ("caption.scale", lambda array: array[1:], "damaged"),
    ],
)
def test_tensors_that_do_not_belong_together_are_refused(
    path: Path,
    tokenizer: Tokenizer,
    tmp_path: Path,
    name: str,
    change: Callable[[Any], Any],
    says: str,
) -> None:
    arrays = load_file(path)
    arrays[name] = np.ascontiguousarray(change(arrays[name]))
    save_file(arrays, tmp_path / "a.safetensors")
    refused(tmp_path / "a.safetensors", tokenizer, says)


@pytest.mark.parametrize(
    "name",
    [
        "usual",
        "spread",
        "sharpness",
        "choices",
        "importance",
        "hidden.weight",
        "narrow.scale",
        "asked.bias",
    ],
)
def test_a_tensor_that_is_missing_is_named(
    path: Path, tokenizer: Tokenizer, tmp_path: Path, name: str
) -> None:
    arrays = load_file(path)
    del arrays[name]
    save_file(arrays, tmp_path / "a.safetensors")
    refused(tmp_path / "a.safetensors", tokenizer, f"has no tensor {name}")
