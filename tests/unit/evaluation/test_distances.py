import numpy as np
import pytest

from soundlet.evaluation.diversity import spread
from soundlet.evaluation.embedding import fit_embedding, frechet_distance


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_a_set_is_no_distance_from_itself(rng: np.random.Generator) -> None:
    places = rng.normal(size=(40, 5))
    assert frechet_distance(places, places) == pytest.approx(0, abs=1e-8)


def test_a_shift_costs_its_square(rng: np.random.Generator) -> None:
    places = rng.normal(size=(40, 3))
    shift = np.array([3, 0, 4])
    assert frechet_distance(places, places + shift) == pytest.approx(25)


def test_a_wider_set_is_further_by_the_difference_of_deviations(rng: np.random.Generator) -> None:
    places = rng.normal(size=(50, 2))
    expected = np.trace(np.cov(places, rowvar=False))  # (2 - 1)² of each deviation
    centred = places - places.mean(axis=0)
    assert frechet_distance(centred, 2 * centred) == pytest.approx(expected)


def test_distance_is_the_same_both_ways(rng: np.random.Generator) -> None:
    one, other = rng.normal(size=(30, 4)), rng.normal(1, 2, size=(25, 4))
    assert frechet_distance(one, other) == pytest.approx(frechet_distance(other, one))


def test_the_embedding_keeps_what_differs_most(rng: np.random.Generator) -> None:
    hidden = rng.normal(size=(100, 2))
    features = hidden @ rng.normal(size=(2, 30)) + rng.normal(0, 0.01, (100, 30))
    places = fit_embedding(features, 2)(features)
    assert places.shape == (100, 2)
    scaled = features / features.std(axis=0)
    far = np.linalg.norm(scaled[0] - scaled[1])
    assert np.linalg.norm(places[0] - places[1]) == pytest.approx(far, rel=0.1)


def test_seeds_that_change_nothing_have_no_spread(rng: np.random.Generator) -> None:
    groups = [np.repeat(rng.normal(size=(1, 3)), 4, axis=0) for _ in range(3)]
    found = spread(groups)
    assert found.within == pytest.approx(0)
    assert found.between > 0


def test_prompts_that_change_nothing_lie_as_far_apart_as_seeds(rng: np.random.Generator) -> None:
    found = spread([rng.normal(size=(30, 3)) for _ in range(4)])
    assert found.between == pytest.approx(found.within, rel=0.05)
