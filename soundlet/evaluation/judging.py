"""Whether the sounds that a model makes are heard as what they were meant to be.

Classifiers learn from the clips of a data set what its kinds, sources and families of instruments
sound like, and name them in made sounds. What chooses among candidates learns from that
(`soundlet train agreement`): with real sounds alone it does not know in what ways made ones fail.
The features are those of the evaluation; the clips are not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from soundlet.evaluation.classifier import Regression, fit_regression
from soundlet.evaluation.features import sound_features
from soundlet.evaluation.spectra import SAMPLE_RATE, Array
from soundlet.sampling import Progress
from soundlet.training.clips import ClipFolder
from soundlet.training.codec import open_codec
from soundlet.training.latents import JUDGEMENTS, LatentStore, write_array
from soundlet.training.loop import TrainingError
from soundlet.vocabulary.instruments import INSTRUMENTS

HEARD = ("kind", "source", "family")
FEWEST = 4  # clips of a class that is learnt
STEEPNESS = 4.0  # of what the margins of a sound's classes add up to, in its judgement

Classes = tuple[tuple[str, ...], Regression]
"""Names, and features to a score for each of them."""


def judge_sounds(
    store: LatentStore,
    codec: Path,
    clips: Path,
    *,
    count: int = 2500,
    threads: int | None = None,
    on_progress: Progress | None = None,
) -> Array:
    """Write beside the sounds of a store how well each is heard as its tags say.

    Args:
        store: of `dataset make`.
        codec: the run or the bundle that its latents are of.
        clips: real sounds with attributes, which the classifiers learn from.
        count: of them, at most.
        threads: of the CPU. None: PyTorch's own choice.
        on_progress: called with (sounds heard, sounds), clips counted too.

    Returns:
        (sounds,) from 0, all is heard as something else, to 1; NaN where nothing is known.

    Raises:
        TrainingError: the clips cannot be read, have nothing to tell apart, or the codec is
            another one's.
        CheckpointError, BundleError, ConfigError: the codec cannot be read.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    opened = open_codec(codec)
    statistics = store.statistics
    if len(statistics.mean) != opened.config.latent_channels:
        raise TrainingError(
            f"{store.folder} has latents of {len(statistics.mean)} channels; {codec} decodes"
            f" {opened.config.latent_channels}"
        )
    folder = ClipFolder(clips, SAMPLE_RATE)
    n_clips = min(count, len(folder.entries))
    places = np.linspace(0, len(folder.entries) - 1, n_clips).astype(int).tolist()
    total, n_done = n_clips + len(store.entries), 0
    features = []
    for place in places:
        features.append(sound_features(folder.audio(place)))
        n_done += 1
        if on_progress is not None:
            on_progress(n_done, total)
    known = fit_classes(features, [folder.entries[place].tags for place in places])
    if not known:
        raise TrainingError(f"{clips} has no attribute to tell sounds apart by: kind or source")
    per_second = opened.config.sample_rate / opened.config.hop_length
    judgements = np.full(len(store.entries), np.nan, np.float32)
    for i, entry in enumerate(store.entries):
        latents = store.latents(i, store.sounding_frames(i, per_second))
        audio = opened.decode(statistics.restore(latents[None]))[0]
        judgements[i] = judgement(known, sound_features(audio), entry.tags)
        n_done += 1
        if on_progress is not None:
            on_progress(n_done, total)
    write_array(store.folder / JUDGEMENTS, judgements)
    return judgements


def fit_classes(features: Sequence[Array], tags: Sequence[Sequence[str]]) -> dict[str, Classes]:
    """Learn what the classes of each attribute sound like.

    An attribute is left out that has fewer than two classes of `FEWEST` clips or more.
    """
    facts = [meant_by(each) for each in tags]
    found: dict[str, Classes] = {}
    for attribute in HEARD:
        named = [each.get(attribute) for each in facts]
        names = tuple(sorted({name for name in named if name and named.count(name) >= FEWEST}))
        if len(names) < 2:
            continue
        rows = [i for i, name in enumerate(named) if name in names]
        targets = np.array([[float(named[i] == name) for name in names] for i in rows])
        found[attribute] = names, fit_regression(np.stack([features[i] for i in rows]), targets)[0]
    return found


def judgement(known: Mapping[str, Classes], features: Array, tags: Sequence[str]) -> float:
    """How well a sound is heard as what its tags say, 0 to 1; NaN where they say nothing known.

    For each attribute it is the score of the class that is meant less that of the best other one
    which counts, between -1 and 1.
    """
    margins = []
    for attribute, name in meant_by(tags).items():
        names, score = known.get(attribute, ((), None))
        if score is None or name not in names:
            continue
        scores = score(features[None])[0]
        meant = names.index(name)
        margins.append(float(np.clip(scores[meant] - np.delete(scores, meant).max(), -1, 1)))
    return float(1 / (1 + np.exp(-STEEPNESS * sum(margins)))) if margins else float("nan")


def meant_by(tags: Sequence[str]) -> dict[str, str]:
    """The kind, the source and, where one instrument plays alone, its family."""
    words = [tag.split(": ", 1) for tag in tags if ": " in tag]
    found = {name: word for name, word in words if name in ("kind", "source")}
    instruments = [word for name, word in words if name == "instruments"]
    if len(instruments) == 1 and instruments[0] in INSTRUMENTS:
        found["family"] = INSTRUMENTS[instruments[0]].family
    return found
