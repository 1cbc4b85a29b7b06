from __future__ import annotations

import math

import pytest
import torch

from soundlet.config import T5Config
from soundlet.models.t5 import T5Encoder, relative_buckets


@pytest.fixture
def encoder(tiny_t5_config: T5Config) -> T5Encoder:
    torch.manual_seed(0)
    return T5Encoder(tiny_t5_config, max_length=12).eval()


@torch.inference_mode()
def test_padding_changes_nothing_for_the_tokens_before_it(encoder: T5Encoder) -> None:
    ids = torch.tensor([[5, 6, 7, 1]])
    alone = encoder(ids, torch.ones_like(ids))
    padded_ids = torch.tensor([[5, 6, 7, 1, 9, 9, 9]])
    padded = encoder(padded_ids, torch.tensor([[1, 1, 1, 1, 0, 0, 0]]))
    torch.testing.assert_close(padded[:, :4], alone, rtol=0, atol=1e-6)


@torch.inference_mode()
def test_the_order_of_tokens_matters(encoder: T5Encoder) -> None:
    mask = torch.ones(1, 3, dtype=torch.long)
    one, other = (encoder(torch.tensor([ids]), mask)[0, 0] for ids in ([5, 6, 7], [5, 7, 6]))
    assert (one - other).abs().max() > 1e-3


def test_distances_fall_into_buckets_that_widen_and_tell_before_from_after() -> None:
    buckets = relative_buckets(200, n_buckets=32, max_distance=128)
    from_the_first, to_the_first = buckets[0], buckets[:, 0]
    assert to_the_first[:8].tolist() == list(range(8))  # earlier keys, one bucket each
    assert from_the_first[1:8].tolist() == list(range(17, 24))  # later keys
    assert torch.all(to_the_first.diff() >= 0)
    assert to_the_first[[127, 128, 199]].tolist() == [15, 15, 15]
    assert buckets.min() == 0
    assert buckets.max() == 31


def test_the_edges_of_wide_buckets_are_where_the_logarithm_puts_them() -> None:
    to_the_first = relative_buckets(128, n_buckets=32, max_distance=128)[:, 0]
    edges = (to_the_first.diff() > 0).nonzero()[:, 0] + 1
    wide = [math.ceil(8 * 16 ** (step / 8) - 1e-9) for step in range(1, 8)]
    assert edges[8:].tolist() == wide
