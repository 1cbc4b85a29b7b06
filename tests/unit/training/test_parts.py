"""Parts of the stages on their own: discriminators, folding, vocabulary, latents, pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from sentencepiece import SentencePieceProcessor
from torch import Tensor

from soundlet.config import (
    SpectralDecoderConfig,
    SpectralEncoderConfig,
    load_config,
    load_t5_config,
)
from soundlet.models.bottleneck import mean_and_std
from soundlet.models.dit import mean_of_tokens
from soundlet.models.spectral import SpectralDecoder, SpectralEncoder
from soundlet.stft import SpectrogramFormat
from soundlet.tokenizer import Tokenizer
from soundlet.training.adversary import (
    SpectrogramDiscriminator,
    feature_distance,
    generator_loss,
    hinge_loss,
)
from soundlet.training.arc import ArcSettings, ArcTrainee
from soundlet.training.autoencoder import (
    SpectralCodec,
    feature_weights,
    start_from_principal_components,
)
from soundlet.training.bundle import fold_statistics
from soundlet.training.clips import ClipFolder
from soundlet.training.encoding import learn_vocabulary
from soundlet.training.flow import (
    BatchSettings,
    FlowBatch,
    FlowBatches,
    build_flow,
    calibrate_prompt,
    spread_times,
)
from soundlet.training.latents import LatentStatistics, LatentStore, encode_clips
from soundlet.training.loop import TrainingError
from soundlet.training.pictures import LOWEST_HZ, Sample, grid, spectrogram, write_png


def test_the_discriminator_learns_to_tell_noise_from_haze() -> None:
    torch.manual_seed(0)
    net = SpectrogramDiscriminator(4)
    optimizer = torch.optim.AdamW(net.parameters(), lr=5e-3)
    losses = []
    for _ in range(40):
        real = torch.rand(4, 65, 32)
        loss = hinge_loss(net(real), net(torch.full_like(real, 0.5)))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]
    haze, noise = net(torch.full((2, 65, 32), 0.5)), net(torch.rand(2, 65, 32))
    assert generator_loss(haze) > generator_loss(noise)
    assert feature_distance(noise, haze) > 1.3 * feature_distance(noise, net(torch.rand(2, 65, 32)))


@pytest.fixture
def form() -> SpectrogramFormat:
    return SpectrogramFormat(n_fft=2048, hop_length=512, n_bands=24)


@pytest.fixture
def arc(model_folder: Path, store: LatentStore) -> ArcTrainee:
    config = load_config(model_folder / "model_config.json")
    t5_config = load_t5_config(model_folder / "t5_config.json")
    torch.manual_seed(0)
    flow = build_flow(config, t5_config, model_folder / "spiece.model")
    for parameter in flow.dit.parameters():
        if not parameter.any():  # what begins as zero would hide the prompt
            torch.nn.init.normal_(parameter, std=0.1)
    tokenizer = Tokenizer(model_folder / "spiece.model", config.prompt_max_length)
    silence = torch.from_numpy(store.silence)
    return ArcTrainee(flow, store, tokenizer, silence, ArcSettings(batch_frames=256))


@pytest.fixture(scope="module")
def store(clip_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> LatentStore:
    def encode(audio: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Array:
        return audio[:, 0].reshape(len(audio), -1, 256)[:, :, :8].swapaxes(1, 2)

    folder = tmp_path_factory.mktemp("latents")
    return encode_clips(
        ClipFolder(clip_folder), folder, encode, hop_length=256, frames_multiple=8, max_frames=32
    )


Array = np.ndarray[tuple[int, ...], np.dtype[np.float32]]


def batch_of(arc: ArcTrainee) -> FlowBatch:
    return arc.batch(torch.Generator().manual_seed(1))


def test_the_discriminator_of_arc_learns(arc: ArcTrainee) -> None:
    batch = batch_of(arc)
    optimizer = torch.optim.AdamW(arc.discriminator.parameters(), lr=2e-3)
    losses = []
    for step in range(15):
        loss, figures = arc.opponent_loss(batch, torch.Generator().manual_seed(step % 3))
        assert figures.keys() == {"relativistic", "contrastive"}
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]
    assert all(p.grad is None for p in arc.flow.parameters())


def test_the_generators_loss_reaches_the_dit_and_not_the_conditioners(arc: ArcTrainee) -> None:
    loss, _ = arc.loss(batch_of(arc), torch.Generator().manual_seed(2))
    loss.backward()  # type: ignore[no-untyped-call]
    gradient = arc.flow.dit.project_in.weight.grad
    assert gradient is not None
    assert gradient.abs().max() > 0
    assert all(p.grad is None for p in arc.flow.conditioners.parameters())


@pytest.mark.parametrize("n_frames", [2, 8, 30])
def test_the_discriminator_of_arc_takes_windows_of_any_length(
    arc: ArcTrainee, n_frames: int
) -> None:
    x, t = torch.randn(3, 8, n_frames), torch.rand(3)
    scores = arc.discriminator(x, t, torch.randn(3, 17, 16), torch.randn(3, 16))
    assert scores.shape[:2] == (3, 1)
    assert scores.isfinite().all()


def test_folded_statistics_normalise_latents_and_change_no_sound(model_folder: Path) -> None:
    config = load_config(model_folder / "model_config.json").autoencoder
    assert config.encoder.type == config.decoder.type == "spectral"
    torch.manual_seed(0)
    encoder, decoder = (
        SpectralEncoder(config.encoder.config),
        SpectralDecoder(config.decoder.config),
    )
    rng = np.random.default_rng(0)
    statistics = LatentStatistics(
        mean=tuple(rng.normal(size=8)), std=tuple(rng.uniform(0.2, 3, 8)), deviation=(0.05,) * 8
    )
    frames = torch.randn(2, 137, 16)
    with torch.no_grad():
        mean = encoder(frames)[:, :8]
        sound = decoder(mean)
        fold_statistics(encoder, decoder, statistics)
        folded, scale = encoder(frames).chunk(2, dim=1)
        again = decoder(folded)
    np.testing.assert_allclose(folded, statistics.normalise(mean.numpy()), atol=1e-5)
    torch.testing.assert_close(again, sound, atol=1e-4, rtol=1e-4)
    deviation = torch.nn.functional.softplus(scale) + 1e-4
    expected = torch.tensor(statistics.deviation) / torch.tensor(statistics.std)
    torch.testing.assert_close(deviation[0, :, 0], expected, atol=1e-5, rtol=1e-4)
    restored = statistics.restore(statistics.normalise(mean.numpy()))
    np.testing.assert_allclose(restored, mean, atol=1e-5)


def test_latents_of_layers_that_are_not_linear_are_not_folded() -> None:
    statistics = LatentStatistics(mean=(1.0,), std=(2.0,), deviation=(0.1,))
    with pytest.raises(TrainingError, match="of the type 'spectral'"):
        fold_statistics(torch.nn.Conv1d(1, 2, 1), torch.nn.Conv1d(1, 1, 1), statistics)


def test_each_filter_of_the_ear_counts_alike(form: SpectrogramFormat) -> None:
    weights = feature_weights(form)
    levels = weights[: form.n_bins]
    assert levels.square().mean() == pytest.approx(1, rel=1e-5)
    assert (levels[1:] < levels[:-1]).all()
    # The filters at 1 and at 10 kHz are 132.6 and 1103.9 Hz wide.
    kilohertz = torch.linspace(0, 22.05, form.n_bins)
    low, high = (float(levels[(kilohertz - k).abs().argmin()]) ** 2 for k in (1.0, 10.0))
    assert low / high == pytest.approx(1103.9 / 132.6, rel=0.02)
    assert (weights[form.n_bins :] == weights[-1]).all()


def test_a_codec_without_blocks_begins_as_the_best_linear_one(form: SpectrogramFormat) -> None:
    generator = torch.Generator().manual_seed(4)
    sources = torch.randn(64, 5, 8, generator=generator)
    mixing = torch.randn(form.n_features, 5, generator=generator)
    frames = mixing @ sources + torch.linspace(0, 1, form.n_features)[:, None]
    sizes = {"n_fft": form.n_fft, "hop_length": form.hop_length, "n_bands": form.n_bands}
    sizes |= {"frames_per_latent": 2, "frame_width": 12, "frame_depth": 0, "depth": 0}
    encoder = SpectralEncoderConfig(**sizes, width=10, latent_dim=20, in_channels=2)
    decoder = SpectralDecoderConfig(**sizes, width=10, latent_dim=10, out_channels=2)
    codec = SpectralCodec(encoder, decoder)
    start_from_principal_components(codec, frames, form)
    mean, _ = mean_and_std(codec.encoder(frames))
    # Ten numbers hold five sources in each of two frames; nothing is lost but by rounding.
    torch.testing.assert_close(codec.decoder(mean), frames, atol=2e-3, rtol=1e-3)
    assert mean.std().item() == pytest.approx(1, abs=0.05)


def test_times_leave_no_span_out() -> None:
    count, mean, deviation = 64, 1.5, 2.0
    times = spread_times(count, mean, deviation, torch.Generator().manual_seed(3))
    shares = torch.special.ndtr((torch.logit(times.double()) - mean) / deviation)
    assert sorted((shares * count).floor().int().tolist()) == list(range(count))
    assert (shares.diff() < 0).any()  # not in order


def test_details_of_prompts_begin_as_loud_as_their_gist(
    model_folder: Path, store: LatentStore
) -> None:
    flow = build_flow(
        load_config(model_folder / "model_config.json"),
        load_t5_config(model_folder / "t5_config.json"),
        model_folder / "spiece.model",
    )
    tokenizer = Tokenizer(model_folder / "spiece.model", 16)
    silence = torch.zeros(8, 8)
    batches = FlowBatches(store, tokenizer, silence, BatchSettings(batch_frames=512))
    drawn = [batches.draw(torch.Generator().manual_seed(i)) for i in range(20)]
    calibrate_prompt(flow, drawn)
    assert flow.dit.prompt_embed is not None
    prompts = []
    for b in drawn:
        cross, _, _ = flow.conditioners(b.prompt_tokens, b.prompt_mask, b.seconds)
        prompts.append(mean_of_tokens(cross[:, :-1]).detach())
    before = torch.cat(prompts)
    after = flow.dit.prompt_embed[0](before).detach()
    assert share_of_the_strongest(after) < 0.5 * share_of_the_strongest(before)
    assert after.mean(dim=0).norm() < 0.2 * after.std(dim=0).norm()


def share_of_the_strongest(rows: Tensor) -> float:
    """Of the variance of rows (count, dim), along its main direction."""
    spread = torch.linalg.eigvalsh(torch.cov(rows.T))
    return float((spread[-1] / spread.sum()).item())


def test_long_sounds_become_windows_with_the_captions_of_the_whole(store: LatentStore) -> None:
    assert max(entry.frames for entry in store.entries) == 32
    assert len(store.entries) == 30  # half of the twenty are longer than 32 frames
    pieces = [entry for entry in store.entries if entry.captions == store.entries[1].captions]
    assert sum(entry.seconds for entry in pieces) == pytest.approx(0.3, abs=0.01)


def test_numbers_and_sharps_are_pieces_of_their_own(clip_folder: Path, tmp_path: Path) -> None:
    n_pieces, n_captions = learn_vocabulary(clip_folder, 400, tmp_path / "spiece.model")
    assert n_captions == 30
    pieces = SentencePieceProcessor(model_file=str(tmp_path / "spiece.model"))
    assert pieces.vocab_size() == n_pieces <= 400
    for number in ("1", "128", "300"):
        assert pieces.encode(f"drums {number} BPM", out_type=str).count(number) == 1
    assert pieces.encode("F# 12", out_type=str)[-3:] == ["f#", "\u2581", "12"]
    assert (pieces.pad_id(), pieces.eos_id(), pieces.unk_id()) == (0, 1, 2)


def test_a_vocabulary_too_small_for_the_letters_is_told(clip_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no vocabulary of 20 pieces"):
        learn_vocabulary(clip_folder, 20, tmp_path / "spiece.model")
    assert not list(tmp_path.iterdir())


def test_the_text_encoder_begins_with_numbers_in_order(model_folder: Path) -> None:
    config = load_config(model_folder / "model_config.json")
    t5_config = load_t5_config(model_folder / "t5_config.json")
    flow = build_flow(config, t5_config, model_folder / "spiece.model")
    pieces = SentencePieceProcessor(model_file=str(model_folder / "spiece.model"))

    def row(number: int) -> Tensor:
        return flow.conditioners.t5.embedding.weight[pieces.piece_to_id(str(number))].detach()

    near = torch.cosine_similarity(row(120), row(121), dim=0)
    far = torch.cosine_similarity(row(120), row(60), dim=0)
    assert near > far


def test_samples_become_a_picture(tmp_path: Path) -> None:
    t = np.arange(8000, dtype=np.float32) / 44100
    sound = np.stack([np.sin(2 * np.pi * 440 * t)] * 2).astype(np.float32)
    picture = grid([Sample("tone", sound, 44100), Sample("silence", 0 * sound, 44100)], 2)
    assert picture.ndim == 3
    levels = spectrogram(Sample("tone", sound, 44100))
    pitches = np.geomspace(LOWEST_HZ, 0.98 * 22050, len(levels))
    assert pitches[levels[:, 5].argmax()] == pytest.approx(440, abs=15)
    assert levels.max() == pytest.approx(1, abs=0.05)
    write_png(picture, tmp_path / "grid.png")
    assert (tmp_path / "grid.png").read_bytes().startswith(b"\x89PNG")
