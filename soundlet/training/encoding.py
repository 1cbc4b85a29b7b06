"""The steps between a folder of sounds and a flow: its latents, and the words of its captions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from sentencepiece import SentencePieceProcessor

from soundlet.training.clips import ClipFolder, read_entries
from soundlet.training.codec import measure_latents, open_codec, weigh_channels
from soundlet.training.discriminants import find_discriminants, sounds_by_word
from soundlet.training.latents import ENTRIES, LatentStore, add_discriminants, encode_clips
from soundlet.training.loop import TrainingError
from soundlet.training.vocabulary import train_vocabulary
from soundlet.whole_files import write_whole


def encode_folder(
    clips: Path,
    autoencoder: Path,
    out: Path,
    *,
    frames_multiple: int = 16,
    is_weighed: bool = False,
    discriminants: Mapping[str, int] | None = None,
    threads: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> LatentStore:
    """Encode the sounds of a folder, normalised per channel, into a store.

    Sounds longer than the model's window are cut into pieces of that length.

    Args:
        clips: a folder with sounds and captions.
        autoencoder: a run of `train autoencoder`, or a bundle, whose latents stay as they are.
        out: the store to be.
        frames_multiple: each sound is followed by silence up to a multiple of this many frames.
        is_weighed: give channels that are heard more a greater spread; see `weigh_channels`.
        discriminants: how many channels to add for each name of an attribute; see
            `find_discriminants`. None: none.
        threads: of the CPU. None: PyTorch's own choice.
        on_progress: called with (sounds done, sounds in all).

    Raises:
        TrainingError, CheckpointError, ConfigError, BundleError: as for reading the two folders.
    """
    codec = open_codec(autoencoder)
    config = codec.config
    if not 1 <= frames_multiple <= config.n_frames or frames_multiple % config.dit.patch_size:
        raise TrainingError(
            f"frames_multiple must be a multiple of {config.dit.patch_size} from"
            f" {config.dit.patch_size} to {config.n_frames}, not {frames_multiple}"
        )
    if threads is not None:
        torch.set_num_threads(threads)
    folder = ClipFolder(clips, config.sample_rate)
    for name in discriminants or ():  # what lacks them is told before it is encoded
        sounds_by_word(folder.entries, name, least=1)
    statistics = measure_latents(codec, folder)
    if is_weighed:
        statistics = weigh_channels(codec, statistics, folder)
    store = encode_clips(
        folder,
        out,
        lambda audio: statistics.normalise(codec.encode(audio)[0]),
        hop_length=config.hop_length,
        frames_multiple=frames_multiple,
        max_frames=config.n_frames // frames_multiple * frames_multiple,
        statistics=statistics,
        on_progress=on_progress,
    )
    if not discriminants:
        return store
    try:
        found = find_discriminants(store, discriminants, config.sample_rate / config.hop_length)
    except TrainingError:
        (out / ENTRIES).unlink()  # without the channels that were asked for it is no store
        raise
    return add_discriminants(store, found)


def learn_vocabulary(clips: Path, size: int, out: Path) -> tuple[int, int]:
    """Write a `spiece.model` learnt from the captions of a folder.

    Returns:
        How many pieces it has, and how many captions it was learnt from.

    Raises:
        TrainingError: a size that the captions cannot fill, or that has no room for their letters;
            `out` cannot be written.
    """
    captions = [caption for entry in read_entries(clips) for caption in entry.captions]
    try:
        model = train_vocabulary(captions, size)
    except RuntimeError as e:
        reason = " ".join(str(e).split())
        raise TrainingError(f"no vocabulary of {size} pieces: {reason}") from e
    if not out.absolute().parent.is_dir():
        raise TrainingError(f"{out}: there is no folder {out.parent}: make it first")
    try:
        write_whole(out, model)
    except OSError as e:
        raise TrainingError(f"{out} cannot be written: {e.strerror or e}") from e
    return int(SentencePieceProcessor(model_proto=model).vocab_size()), len(captions)
