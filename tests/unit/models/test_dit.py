from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from soundlet.config import AttentionConfig, DiTConfig
from soundlet.models.dit import DiffusionTransformer, FourierFeatures, RotaryEmbedding, rotate

CONFIG = DiTConfig(
    io_channels=4,
    embed_dim=64,
    depth=2,
    num_heads=2,
    cond_token_dim=12,
    global_cond_dim=12,
    attn_kwargs=AttentionConfig(qk_norm="ln"),
)


def random_dit(config: DiTConfig = CONFIG) -> DiffusionTransformer:
    """No weight is zero, so that no branch is silent."""
    torch.manual_seed(0)
    dit = DiffusionTransformer(config).eval()
    for name, parameter in dit.named_parameters():
        if not name.startswith("time_features"):
            parameter.data.normal_(std=0.2)
    return dit


def inputs(batch: int = 2, frames: int = 6, tokens: int = 5) -> list[Tensor]:
    torch.manual_seed(1)
    return [
        torch.randn(batch, 4, frames),
        torch.rand(batch),
        torch.randn(batch, tokens, 12),
        torch.randn(batch, 12),
    ]


@pytest.mark.parametrize("patch_size", [1, 2, 3])
@torch.inference_mode()
def test_the_velocity_has_the_shape_of_the_latents_at_any_length(patch_size: int) -> None:
    dit = random_dit(CONFIG.model_copy(update={"patch_size": patch_size}))
    for frames in (6, 12):
        assert dit(*inputs(frames=frames)).shape == (2, 4, frames)


@torch.inference_mode()
def test_items_of_a_batch_do_not_hear_each_other() -> None:
    dit = random_dit()
    whole = dit(*inputs())
    alone = dit(*(value[1:] for value in inputs()))
    torch.testing.assert_close(whole[1:], alone, rtol=0, atol=1e-5)


@pytest.mark.parametrize("changed", [0, 1, 2, 3])
@torch.inference_mode()
def test_every_input_matters(changed: int) -> None:
    dit = random_dit()
    other = inputs()
    other[changed] = other[changed] + 0.5
    assert (dit(*inputs()) - dit(*other)).abs().max() > 1e-3


@torch.inference_mode()
def test_the_order_of_the_conditioning_does_not_matter() -> None:
    dit = random_dit()
    x, t, cross, glob = inputs()
    torch.testing.assert_close(
        dit(x, t, cross.flip(1), glob), dit(x, t, cross, glob), rtol=0, atol=1e-5
    )


@torch.inference_mode()
def test_the_order_of_the_frames_does_matter() -> None:
    dit = random_dit()
    x, t, cross, glob = inputs()
    backwards = dit(x.flip(2), t, cross, glob).flip(2)
    assert (backwards - dit(x, t, cross, glob)).abs().max() > 1e-3


@torch.inference_mode()
def test_a_zero_token_of_conditioning_is_attended_to() -> None:
    dit = random_dit()
    x, t, cross, glob = inputs()
    padded = torch.cat([cross, torch.zeros(2, 20, 12)], dim=1)
    assert (dit(x, t, padded, glob) - dit(x, t, cross, glob)).abs().max() > 1e-3


@torch.inference_mode()
def test_an_untrained_block_adds_nothing() -> None:
    dit = DiffusionTransformer(CONFIG).eval()
    x, *rest = inputs()
    tokens = x.transpose(1, 2) @ dit.project_in.weight.T
    expected = (tokens @ dit.project_out.weight.T).transpose(1, 2)
    torch.testing.assert_close(dit(x, *rest), expected)


@torch.inference_mode()
def test_patches_keep_the_frames_in_order() -> None:
    """With blocks that add nothing and projections that undo each other, x comes back."""
    dit = DiffusionTransformer(CONFIG.model_copy(update={"patch_size": 3})).eval()
    dit.project_in.weight.copy_(torch.eye(64, 12))
    dit.project_out.weight.copy_(torch.eye(12, 64))
    x, *rest = inputs()
    torch.testing.assert_close(dit(x, *rest), x)


@torch.inference_mode()
def test_a_patch_holds_channels_first_and_frames_within() -> None:
    dit = DiffusionTransformer(CONFIG.model_copy(update={"patch_size": 3})).eval()
    dit.project_in.weight.copy_(torch.eye(64, 12))
    dit.project_out.weight.zero_()
    dit.project_out.weight[0, 1] = 1  # channel 0, frame 0 of the patch, from feature 1
    x, *rest = inputs()
    torch.testing.assert_close(dit(x, *rest)[:, 0, ::3], x[:, 0, 1::3])


def test_without_qk_norm_there_are_no_weights_of_it() -> None:
    plain = DiffusionTransformer(CONFIG.model_copy(update={"attn_kwargs": AttentionConfig()}))
    assert not any(".norm." in name for name in plain.state_dict())


@torch.inference_mode()
def test_rotation_depends_on_the_distance_alone_and_leaves_the_rest() -> None:
    rotation = RotaryEmbedding(32)(20)
    q, k = torch.randn(1, 1, 1, 64), torch.randn(1, 1, 1, 64)
    rotated_q = rotate(q.expand(1, 1, 20, 64), rotation)
    rotated_k = rotate(k.expand(1, 1, 20, 64), rotation)
    products = rotated_q @ rotated_k.transpose(-1, -2)
    for distance in (0, 3, 11):
        along = products[0, 0].diagonal(distance)
        torch.testing.assert_close(along, along[:1].expand_as(along), rtol=0, atol=1e-4)
    assert torch.equal(rotated_q[..., 32:], q.expand(1, 1, 20, 64)[..., 32:])


@torch.inference_mode()
def test_the_features_of_a_time_are_cosines_then_sines() -> None:
    features = FourierFeatures(8)
    angles = 2 * math.pi * 0.3 * features.weight[:, 0]
    expected = torch.cat([angles.cos(), angles.sin()])
    torch.testing.assert_close(features(torch.tensor([0.3]))[0], expected)


@torch.inference_mode()
def test_a_velocity_of_predicted_data_leads_to_them() -> None:
    dit = random_dit(CONFIG.model_copy(update={"predicts": "data"}))
    assert dit.spread is not None
    dit.spread.copy_(torch.tensor([3.0, 1.0, 0.3, 0.1]))
    x, _, cross, end = inputs()
    for share in (1.0, 0.5, 0.1, 1e-3, 0.0):
        t = torch.full((2,), share)
        of_x, of_out = dit.shares(t)
        velocity = dit(x, t, cross, end)
        out = (of_x * x - velocity) / of_out
        unknown = 0.25 * dit.spread[:, None]
        sure = (1 - share) * unknown**2 / ((unknown * (1 - share)) ** 2 + share**2)
        data = sure * x + share * of_out * out
        torch.testing.assert_close(x - share * velocity, data, rtol=1e-4, atol=1e-4)
        assert velocity.isfinite().all()


@torch.inference_mode()
def test_a_network_that_predicts_data_has_one_velocity_at_times_it_hardly_learns() -> None:
    x, _, cross, end = inputs()

    def velocity(dit: DiffusionTransformer, time: float) -> Tensor:
        out: Tensor = dit(x, torch.full((2,), time), cross, end)
        return out

    of_data = random_dit(CONFIG.model_copy(update={"predicts": "data"})).eval()
    least = velocity(of_data, of_data.LEAST_TIME)
    for time in (0.0, 0.01, 0.1):
        assert torch.equal(velocity(of_data, time), least)
    assert not torch.allclose(velocity(of_data, 0.2), least)
    plain = random_dit().eval()
    for dit in (plain, of_data.train()):
        assert not torch.allclose(velocity(dit, 0.01), velocity(dit, dit.LEAST_TIME))


@torch.inference_mode()
def test_at_pure_noise_only_the_blocks_say_what_the_data_are() -> None:
    dit = random_dit(CONFIG.model_copy(update={"predicts": "data"}))
    of_x, of_out = dit.shares(torch.ones(1))
    torch.testing.assert_close(of_x, torch.ones(1, 4, 1))
    torch.testing.assert_close(of_out, torch.ones(1, 4, 1))


@torch.inference_mode()
def test_guidance_moves_what_the_blocks_say_and_keeps_the_size_of_channels() -> None:
    dit, given = random_dit(), inputs(frames=16)
    plain = dit(*given)
    unheard = dit(given[0], given[1], torch.zeros_like(given[2]), given[3])
    own, guided = dit.guided(*given, scale=torch.tensor([1.0, 3.0]))
    torch.testing.assert_close(own, plain)
    torch.testing.assert_close(guided[0], plain[0])
    moved = (unheard + 3 * (plain - unheard))[1]
    sizes = (each.square().mean(dim=1).sqrt() for each in (plain[1], guided[1]))
    torch.testing.assert_close(*sizes, rtol=1e-4, atol=0)
    alike = torch.nn.functional.cosine_similarity(moved, guided[1], dim=1)
    torch.testing.assert_close(alike, torch.ones_like(alike))
    assert not torch.allclose(guided[1], plain[1], atol=0.1)
