"""Pieces of a stream are the whole, whatever their sizes."""

from __future__ import annotations

import io
import json
import time

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

import soundlet
from soundlet.bundle import open_bundle
from soundlet.engines import codec
from soundlet.engines.onnx import OnnxEngine
from soundlet.engines.tiling import Array
from soundlet.errors import Cancelled
from soundlet.hearing import heard
from soundlet.spectrogram import analyse, synthesise, synthesise_pieces
from soundlet.stft import SpectrogramFormat
from soundlet.streaming import cut_pieces
from soundlet.wav_stream import wav_comment, wav_header


@given(
    sizes=st.lists(st.integers(1, 50), min_size=1, max_size=10),
    share=st.floats(0.01, 1),
    n_held=st.integers(0, 60),
)
def test_cut_pieces_are_the_start_of_the_whole(sizes: list[int], share: float, n_held: int) -> None:
    whole = np.arange(2 * sum(sizes), dtype=np.float32).reshape(2, -1)
    pieces = np.split(whole, np.cumsum(sizes)[:-1], axis=1)
    n_samples = max(1, round(share * whole.shape[1]))
    cut = list(cut_pieces(pieces, n_samples, n_held))
    assert np.array_equal(np.concatenate(cut, axis=1), whole[:, :n_samples])
    assert all(piece.shape[1] for piece in cut)
    assert cut[-1].shape[1] >= min(n_held, n_samples)


@pytest.mark.parametrize("seconds", [0.1, 1.0, 4.0])
def test_a_spectrogram_is_heard_in_pieces_as_in_one(seconds: float) -> None:
    form = SpectrogramFormat(n_fft=1024, hop_length=256, n_bands=8)
    rng = np.random.default_rng(0)
    n_samples = round(seconds * 44100) // 256 * 256
    audio = rng.standard_normal((1, 2, n_samples), dtype=np.float32) * np.float32(0.1)
    frames = analyse(audio, form)
    whole = synthesise(frames, form, iterations=4)[0]
    pieces = list(synthesise_pieces(lambda _: frames[0], frames.shape[2], form, iterations=4))
    assert np.abs(np.concatenate(pieces, axis=1) - whole).max() <= 1e-5 * np.abs(whole).max()
    assert len(pieces) > 1 or seconds < 0.5


def test_a_sound_is_made_on_the_thread_that_asks() -> None:
    """Threads of OpenBLAS spin for tens of milliseconds after a large product of matrices.

    They would each time; what other tests have left running takes its time now and then.
    """
    form = SpectrogramFormat(n_fft=2048, hop_length=512, n_bands=24)
    frames = np.zeros((1, form.n_features, 345), np.float32)
    synthesise(frames, form, iterations=1)
    elsewhere = []
    for _ in range(5):
        everywhere, here = time.process_time(), time.thread_time()
        synthesise(frames, form, iterations=1)
        time.sleep(0.05)
        elsewhere.append((time.process_time() - everywhere) - (time.thread_time() - here))
    assert min(elsewhere) < 0.01


def test_a_spectral_codec_gives_in_pieces_what_it_gives_at_once() -> None:
    bundle = open_bundle(None)
    engine = OnnxEngine(bundle, threads=1)
    lengths: list[int] = []

    def network(latents: Array) -> Array:
        lengths.append(latents.shape[2])
        return engine.decoder_output(latents)

    shape = (bundle.config.latent_channels, 250)
    latents = np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
    pieces = codec.decode_pieces(bundle.config, network, latents)
    told = [next(pieces)]
    assert sum(lengths) < 50  # the start does not wait for the rest
    told += pieces
    whole = engine.decode(latents[None])[0]
    # A latent too few to the side of a part is heard: 1e-2 and more. Rounding is far below it.
    assert np.abs(np.concatenate(told, axis=1) - whole).max() <= 1e-3 * np.abs(whole).max()


def test_a_draft_is_the_sound_with_phases_that_are_found_in_fewer_rounds() -> None:
    bundle = open_bundle(None)
    engine = OnnxEngine(bundle, threads=1)
    shape = (1, bundle.config.latent_channels, 60)
    latents = np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
    draft = codec.draft(bundle.config, engine.decoder_output, latents)
    whole = engine.decode(latents)
    assert draft.shape == whole.shape
    assert not np.allclose(draft, whole, atol=0.01 * np.abs(whole).max())
    rate = bundle.config.sample_rate
    apart = np.abs(heard(draft[0], rate) - heard(whole[0], rate)).mean()
    other = np.abs(heard(draft[0, :, ::-1], rate) - heard(whole[0], rate)).mean()
    assert apart < 0.5 * other


def test_decoding_stops_where_nobody_listens_any_more() -> None:
    model = soundlet.load(threads=1)
    told: list[Array] = []
    with pytest.raises(Cancelled, match="while it was decoded"):
        model.generate("rain", seconds=6, seed=1, steps=1, candidates=1, on_piece=told.append,
                       should_stop=lambda: bool(told))  # fmt: skip
    assert len(told) == 1
    assert told[0].shape[1] < 3 * model.config.sample_rate


@pytest.mark.parametrize("room", [100, 101])
def test_a_stream_is_as_long_as_its_header_says_whatever_room_its_settings_have(room: int) -> None:
    header = wav_header(sample_rate=44100, channels=2, n_samples=3, room=room)
    data = header + bytes(4 * 2 * 3) + wav_comment({"prompt": "Bläser"}, room)
    assert int.from_bytes(header[4:8], "little") == len(data) - 8
    assert len(data) % 2 == 0  # as each chunk of a RIFF file
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        assert json.loads(file.comment) == {"prompt": "Bläser"}
