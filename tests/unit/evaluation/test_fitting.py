"""The two ways of fitting that the rulers rest on."""

import numpy as np
import pytest

from soundlet.evaluation.choice import fit_choice
from soundlet.evaluation.classifier import fit_classifier, fit_regression


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_classes_that_lie_apart_are_told_apart(rng: np.random.Generator) -> None:
    centres = {"kick": [0, 0, 5], "rain": [5, 0, 0], "piano": [0, 5, 0]}
    labels = [name for name in centres for _ in range(20)]
    near = np.array([centres[name] for name in labels]) + rng.normal(0, 0.7, (60, 3))
    classify = fit_classifier(near, labels)
    fresh = np.array([centres[name] for name in labels]) + rng.normal(0, 0.7, (60, 3))
    assert classify(fresh) == labels


def test_the_unit_of_a_feature_does_not_matter(rng: np.random.Generator) -> None:
    features = rng.normal(size=(50, 4))
    labels = ["up" if row[0] > 0 else "down" for row in features]
    fresh = rng.normal(size=(50, 4))
    unit = np.array([1, 10, 0.1, 1000])
    assert fit_classifier(features, labels)(fresh) == fit_classifier(features * unit, labels)(
        fresh * unit
    )


def test_a_regression_follows_a_smooth_function(rng: np.random.Generator) -> None:
    x = rng.uniform(-1, 1, (200, 2))
    y = (np.sin(2 * x[:, :1]) + x[:, 1:]).astype(float)
    predict, _ = fit_regression(x, y)
    fresh = rng.uniform(-0.9, 0.9, (50, 2))
    expected = np.sin(2 * fresh[:, :1]) + fresh[:, 1:]
    np.testing.assert_allclose(predict(fresh), expected, atol=0.1)


def test_left_out_predictions_are_those_of_a_fit_without_the_sound(
    rng: np.random.Generator,
) -> None:
    x, y = rng.normal(size=(30, 3)), rng.normal(size=(30, 1))
    _, left_out = fit_regression(x, y, ridge=0.5)
    other = y.copy()
    other[0] += 100  # of which a prediction that never saw it knows only the mean
    _, left_out_after = fit_regression(x, other, ridge=0.5)
    assert abs(left_out_after[0, 0] - left_out[0, 0]) < 100 / 30
    assert abs(left_out[0, 0] - y[0, 0]) > 1e-3


def test_weights_of_a_choice_are_found(rng: np.random.Generator) -> None:
    truth = np.array([2.0, -1.0, 0.0])
    options = [rng.normal(size=(int(rng.integers(2, 6)), 3)) for _ in range(300)]
    right = [int(np.argmax(each @ truth)) for each in options]
    choose = fit_choice(options, right)
    fresh = [rng.normal(size=(4, 3)) for _ in range(100)]
    agreed = [choose(each) == int(np.argmax(each @ truth)) for each in fresh]
    assert np.mean(agreed) > 0.9
    assert abs(choose.weights[2]) < 0.2 * abs(choose.weights[0])
