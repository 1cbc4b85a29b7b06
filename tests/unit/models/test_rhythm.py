from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from soundlet.config import AttentionConfig, DiTConfig
from soundlet.config.model import BeatConfig
from soundlet.models.dit import DiffusionTransformer
from soundlet.models.modulation import Modulation
from soundlet.models.rhythm import SLOWEST, BeatEmbedding, TempoReader, TempoReading

DIM = 12
CONFIG = DiTConfig(
    io_channels=4,
    embed_dim=64,
    depth=2,
    num_heads=2,
    patch_size=2,
    cond_token_dim=DIM,
    global_cond_dim=DIM,
    attn_kwargs=AttentionConfig(qk_norm="ln"),
    global_prompt=True,
    modulation_rank=4,
    beats=BeatConfig(frames_per_second=20.0),
)


def reader_of_first_channel() -> TempoReader:
    """Reads 90 BPM from tokens whose first channel is 1, 120 from those where it is -1."""
    reader = TempoReader(DIM)
    with torch.no_grad():
        for parameter in reader.parameters():
            parameter.zero_()
        reader.gate.bias.fill_(-20)
        reader.gate.weight[0, 1] = 40
        reader.number.weight[90 - SLOWEST, 0] = 40
        reader.number.weight[120 - SLOWEST, 0] = -40
    return reader


def prompt(*tokens: tuple[float, float]) -> Tensor:
    """One prompt of six tokens: the first two channels of some, the rest padding."""
    out = torch.zeros(1, 6, DIM)
    for place, (number, is_tempo) in enumerate(tokens):
        out[0, place, :3] = torch.tensor([number, is_tempo, 0.5])
    return out


@torch.inference_mode()
def test_the_tempo_is_that_of_the_token_that_says_it() -> None:
    reader = reader_of_first_channel()
    for tokens, bpm in (([(1, 1), (-1, 0)], 90), ([(1, 0), (0, 0), (-1, 1)], 120)):
        reading = reader(prompt(*tokens))
        assert reading.bpm.item() == pytest.approx(bpm, abs=1e-3)
        assert reading.told.item() == pytest.approx(1, abs=1e-6)


@torch.inference_mode()
def test_where_no_token_says_it_no_tempo_is_told() -> None:
    reader = reader_of_first_channel()
    for tokens in ([], [(1, 0)]):
        reading = reader(prompt(*tokens))
        assert reading.told.item() < 1e-6
        assert math.isfinite(reading.bpm.item())


def reading(bpm: float, told: float) -> TempoReading:
    return TempoReading(torch.tensor([bpm]), torch.tensor([told]), torch.zeros(1, 1))


def loud_beats() -> BeatEmbedding:
    torch.manual_seed(0)
    beats = BeatEmbedding(8, tokens_per_second=10.0)
    torch.nn.init.normal_(beats.project.weight)
    return beats


@torch.inference_mode()
def test_tokens_a_pattern_of_four_bars_apart_hear_the_same_phase() -> None:
    # At 120 BPM and ten tokens a second, a beat has 5 tokens and sixteen beats have 80.
    out = loud_beats()(reading(120, 1), 100)[0]
    # Sixteen beats are 400 radians of the fastest wave: 2e-5 of them are lost in float32.
    torch.testing.assert_close(out[:20], out[80:], rtol=0, atol=1e-3)
    assert (out[:5] - out[5:10]).abs().max() > 0.01  # the beats of a bar differ


@torch.inference_mode()
def test_without_a_tempo_every_token_hears_the_same() -> None:
    out = loud_beats()(reading(120, 0), 30)[0]
    torch.testing.assert_close(out, out[:1].expand_as(out), rtol=0, atol=0)


@torch.inference_mode()
def test_a_fresh_modulation_changes_nothing() -> None:
    for parts in Modulation(16, depth=3, rank=4)([torch.randn(2, 16)]):
        assert parts.attention_scale.shape == (2, 1, 16)
        assert not any(bool(value.any()) for value in vars(parts).values())


@torch.inference_mode()
def test_a_loud_part_does_not_drown_a_quiet_one() -> None:
    modulation = Modulation(16, depth=1, rank=8)
    torch.nn.init.normal_(modulation.expand.weight)
    time, prompts = torch.randn(1, 16).expand(2, 16), torch.randn(2, 16)
    (parts,), (louder,) = modulation([time, prompts]), modulation([1000 * time, prompts])
    torch.testing.assert_close(louder.attention_gate, parts.attention_gate, rtol=0, atol=1e-4)
    assert (parts.attention_gate[0] - parts.attention_gate[1]).abs().max() > 0.1


def random_dit() -> DiffusionTransformer:
    torch.manual_seed(0)
    dit = DiffusionTransformer(CONFIG).eval()
    for parameter in dit.parameters():
        parameter.data.normal_(std=0.2)
    return dit


def inputs() -> list[Tensor]:
    torch.manual_seed(1)
    cond = torch.randn(2, 9, DIM)
    cond[:, 5:-1] = 0  # three tokens of padding before the seconds
    return [torch.randn(2, 4, 8), torch.rand(2), cond, torch.randn(2, DIM)]


@torch.inference_mode()
def test_padding_may_be_left_out() -> None:
    dit = random_dit()
    x, t, cond, global_cond = inputs()
    shorter = torch.cat([cond[:, :6], cond[:, -1:]], dim=1)
    whole = dit(x, t, cond, global_cond)
    torch.testing.assert_close(dit(x, t, shorter, global_cond, 2), whole, rtol=1e-5, atol=1e-5)
    assert (dit(x, t, shorter, global_cond) - whole).abs().max() > 1e-4


@torch.inference_mode()
def test_the_seconds_are_no_part_of_the_prompt() -> None:
    dit = random_dit()
    assert dit.tempo is not None
    _, _, cond, _ = inputs()
    seen: list[Tensor] = []
    dit.tempo.register_forward_hook(lambda _m, given, _o: seen.append(given[0]))
    dit(*inputs())
    torch.testing.assert_close(seen[0], cond[:, :-1], rtol=0, atol=0)


@torch.inference_mode()
def test_all_zeros_stand_for_no_prompt() -> None:
    dit = random_dit()
    x, t, cond, global_cond = inputs()
    out = dit(x, t, torch.zeros_like(cond), global_cond)
    assert bool(torch.isfinite(out).all())
