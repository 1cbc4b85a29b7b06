"""Pre-training of the text encoder: name what a caption says, so that the DiT is told it plainly.

A flow alone teaches its text encoder slowly: for long, its loss hardly depends on the prompt. Here
the encoder learns from the captions and what is known of their sounds, without any sound: from the
mean of its outputs, and from a single one, since the DiT attends to each.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy, binary_cross_entropy_with_logits

from soundlet.config.section import Count, Section
from soundlet.errors import CheckpointError
from soundlet.models.rhythm import FASTEST, SLOWEST, TempoReader, TempoReading
from soundlet.models.t5 import T5Encoder
from soundlet.tokenizer import Tokenizer
from soundlet.training.clips import ClipEntry
from soundlet.training.dataset.captions import tells_tempo
from soundlet.training.loop import Figures, NotNegative, Trainee, TrainingError, on_device
from soundlet.training.weights import CHECKPOINT, require_files
from soundlet.whole_files import make_folder, write_whole

TAGS = "tags.json"
TEMPO_BLUR = 0.5  # beats per minute
WINDOW = 4  # batches; captions of a step are drawn from so many of about their length


class TextSettings(Section):
    """What the text encoder is trained on and for.

    Attributes:
        batch_size: captions in a step.
        min_count: of the sounds that a tag is of, to be learnt.
        tag_weight: weight of naming the tags.
        tempo_weight: weight of naming the tempo, where a caption says it.
    """

    batch_size: Count = 224
    min_count: Count = 8
    tag_weight: NotNegative = 30.0
    tempo_weight: NotNegative = 0.3


@dataclass(frozen=True)
class TextBatch:
    """A step's captions.

    Attributes:
        tokens: (batch, length) integers.
        mask: (batch, length) integers.
        tags: (batch, tags), 1 for those of the sound.
        bpm: (batch,), 0 where the caption does not say it.
    """

    tokens: Tensor
    mask: Tensor
    tags: Tensor
    bpm: Tensor


class TextReader(nn.Module):
    """A text encoder with a linear layer for tags and a reader of tempi.

    Shape: tokens and mask (batch, length) to outputs (batch, length, d_model), zero where padded.
    """

    def __init__(self, t5: T5Encoder, n_tags: int) -> None:
        super().__init__()
        width = t5.embedding.embedding_dim
        self.t5 = t5
        self.tags = nn.Linear(width, n_tags)
        self.tempo = TempoReader(width)

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Outputs of the text encoder."""
        outputs: Tensor = self.t5(tokens, mask) * mask[:, :, None]
        return outputs


class TextTrainee(Trainee[TextBatch]):
    """Captions to the tags and the tempo of their sounds."""

    def __init__(
        self,
        reader: TextReader,
        entries: Sequence[ClipEntry],
        tags: Sequence[str],
        tokenizer: Tokenizer,
        settings: TextSettings,
    ) -> None:
        self.reader = reader
        self.settings = settings
        places = {tag: place for place, tag in enumerate(tags)}
        captions = [(caption, entry) for entry in entries for caption in entry.captions]
        tokens, mask = tokenizer.encode([caption for caption, _ in captions], truncate=True)
        self._tokens, self._mask = torch.from_numpy(tokens), torch.from_numpy(mask)
        self._n_tags = len(tags)
        self._tags = [[places[t] for t in e.tags if t in places] for _, e in captions]
        self._bpm = torch.tensor(
            [
                entry.bpm if entry.bpm is not None and tells_tempo(caption, entry.bpm) else 0.0
                for caption, entry in captions
            ]
        )
        self._lengths = self._mask.sum(dim=1)
        self._order = self._lengths.argsort(stable=True)

    @property
    def module(self) -> TextReader:
        """The text encoder and its two layers."""
        return self.reader

    def batch(self, generator: torch.Generator) -> TextBatch:
        """Captions of about one length, cut to the longest of them."""
        count = min(self.settings.batch_size, len(self._order))
        span = min(WINDOW * count, len(self._order))
        start = int(torch.randint(len(self._order) - span + 1, (), generator=generator))
        rows = self._order[start + torch.randperm(span, generator=generator)[:count]]
        length = int(self._lengths[rows].max())
        tags = torch.zeros(count, self._n_tags)
        for i, row in enumerate(rows.tolist()):
            tags[i, self._tags[row]] = 1
        return TextBatch(
            self._tokens[rows, :length], self._mask[rows, :length], tags, self._bpm[rows]
        )

    def loss(self, batch: TextBatch, generator: torch.Generator) -> tuple[Tensor, Figures]:
        """How badly tags and tempo are named, by one output and by the mean of all."""
        lengths = batch.mask.sum(dim=1)
        picked = (torch.rand(len(lengths), generator=generator) * lengths).long()
        device = next(self.reader.parameters()).device
        batch, lengths, picked = on_device(batch, device), lengths.to(device), picked.to(device)
        outputs = self.reader(batch.tokens, batch.mask).float()
        single = outputs[torch.arange(len(picked), device=device), picked]
        mean = outputs.sum(dim=1) / lengths[:, None]
        tags = torch.zeros((), device=device)
        for view in (single, mean):
            tags = tags + binary_cross_entropy_with_logits(
                self.reader.tags(view).float(), batch.tags
            )
        tempo = tempo_loss(self.reader.tempo(outputs), batch.bpm)
        settings = self.settings
        total = settings.tag_weight * tags + settings.tempo_weight * tempo
        found = self.reader.tags(mean).float().sigmoid().round() * batch.tags
        recall = found.sum() / batch.tags.sum().clamp(min=1)
        return total, {"tags": tags.item(), "tempo": tempo.item(), "recall": recall.item()}


def tempo_loss(reading: TempoReading, bpm: Tensor) -> Tensor:
    """How badly tempi are read: whether one is told, and where it is, which.

    Args:
        reading: of (batch,) prompts.
        bpm: (batch,), 0 where the caption does not say it.
    """
    is_told = (bpm > 0).float()
    told = binary_cross_entropy(reading.told.float().clamp(1e-5, 1 - 1e-5), is_told)
    tempi = torch.arange(SLOWEST, FASTEST + 1, device=bpm.device)
    distance = tempi[None] - bpm.float().clamp(SLOWEST, FASTEST)[:, None]
    wanted = (-distance.square() / (2 * TEMPO_BLUR**2)).softmax(dim=1)
    surprise = -(wanted * reading.log_shares.float()).sum(dim=1)
    return told + (is_told * surprise).sum() / is_told.sum().clamp(min=1)


def tags_of(entries: Sequence[ClipEntry], min_count: int) -> list[str]:
    """The tags of at least `min_count` sounds, in alphabetical order.

    Raises:
        TrainingError: there are none.
    """
    counts = Counter(tag for entry in entries for tag in entry.tags)
    tags = sorted(tag for tag, count in counts.items() if count >= min_count)
    if not tags:
        raise TrainingError(
            f"no tag is of {min_count} sounds or more: the text encoder is trained on the"
            " attributes of sounds, which `soundlet dataset build` writes"
        )
    return tags


def kept_tags(run: Path, tags: list[str]) -> list[str]:
    """The tags that a run was begun with; `tags`, which are then kept, if it is new.

    Raises:
        CheckpointError: the run lacks them, or they are damaged.
    """
    path = run / TAGS
    if (run / CHECKPOINT).is_file():
        require_files(run, TAGS)
        return _read_tags(path)
    make_folder(run)
    write_whole(path, json.dumps(tags, indent=1).encode())
    return tags


def _read_tags(path: Path) -> list[str]:
    try:
        tags = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as e:
        raise CheckpointError(f"{path} is damaged: {e}") from e
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise CheckpointError(f"{path} is damaged: it must be a list of tags")
    return tags
