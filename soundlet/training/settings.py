"""The config file of a training stage: TOML, strict, all problems told at once.

Paths in it are relative to the file. `model` is a folder with `model_config.json`, and for the
flow `t5_config.json` and `spiece.model`: one's own, or a bundle.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import Field, ValidationError

from soundlet.bundle import MODEL_CONFIG, T5_CONFIG, TOKENIZER
from soundlet.config.problems import describe
from soundlet.config.section import Count, Section
from soundlet.errors import ConfigError
from soundlet.request import MAX_CFG_SCALE, MAX_STEPS, Sampler
from soundlet.training.agreement import AgreementSettings
from soundlet.training.arc import ArcSettings
from soundlet.training.autoencoder import AutoencoderSettings
from soundlet.training.flow import FlowSettings
from soundlet.training.guidance import GuidanceSettings
from soundlet.training.loop import DecayRate, LoopSettings, NotNegative, Positive, Share
from soundlet.training.reward import RewardSettings
from soundlet.training.text import TextSettings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class AutoencoderSamples(Section):
    """What is shown of a codec while it trains.

    Attributes:
        every: steps between two rounds.
        count: sounds of a round, real and rebuilt.
        seconds: of each.
    """

    every: Count = 1000
    count: Count = 4
    seconds: Positive = 4.0


class FlowSamples(Section):
    """What is shown of a flow while it trains.

    Attributes:
        every: steps between two rounds.
        prompts: of a round; empty shows nothing.
        seconds: of each clip.
        steps: of the sampler.
        sampler: its name.
        cfg_scale: of guidance; 1 is none.
        seed: of each clip, the same in every round.
    """

    every: Count = 1000
    prompts: tuple[str, ...] = ()
    seconds: Positive = 4.0
    steps: Annotated[int, Field(ge=1, le=MAX_STEPS)] = 50
    sampler: Sampler = "euler"
    cfg_scale: Annotated[float, Field(ge=0, le=MAX_CFG_SCALE)] = 4.0
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0


class GuidanceSamples(FlowSamples):
    """The same, without guidance."""

    steps: Annotated[int, Field(ge=1, le=MAX_STEPS)] = 16
    sampler: Sampler = "dpmpp"
    cfg_scale: Annotated[float, Field(ge=0, le=MAX_CFG_SCALE)] = 1.0


class ArcSamples(FlowSamples):
    """The same, in the few steps that it trains for."""

    steps: Annotated[int, Field(ge=1, le=MAX_STEPS)] = 8
    sampler: Sampler = "pingpong"
    cfg_scale: Annotated[float, Field(ge=0, le=MAX_CFG_SCALE)] = 1.0


class ArcLoop(LoopSettings):
    """How a post-training run advances: carefully."""

    learning_rate: Positive = 2e-5
    opponent_learning_rate: Positive = 4e-5
    betas: tuple[DecayRate, DecayRate] = (0.5, 0.99)
    weight_decay: NotNegative = 0.0


class GuidanceLoop(LoopSettings):
    """How a run advances whose student begins as its teacher."""

    learning_rate: Positive = 1e-4
    betas: tuple[DecayRate, DecayRate] = (0.9, 0.98)
    weight_decay: NotNegative = 0.0
    ema: Share = 0.99


class RewardSamples(FlowSamples):
    """The same, as the sounds are made that are judged."""

    steps: Annotated[int, Field(ge=1, le=MAX_STEPS)] = 8
    sampler: Sampler = "pingpong-dpmpp"
    cfg_scale: Annotated[float, Field(ge=0, le=MAX_CFG_SCALE)] = 1.0


class RewardLoop(LoopSettings):
    """How a run advances that a judge leads: carefully, for few steps."""

    learning_rate: Positive = 4e-5
    warmup: Annotated[int, Field(ge=0)] = 10
    betas: tuple[DecayRate, DecayRate] = (0.9, 0.98)
    weight_decay: NotNegative = 0.0
    ema: Share = 0.95
    log_every: Count = 10
    save_every: Count = 40
    bfloat16: bool = False


class AutoencoderStage(Section):
    """`soundlet train autoencoder`.

    Attributes:
        run: the folder that is made, or gone on with.
        model: a folder with model_config.json.
        clips: a folder with sounds and captions, or a built data set.
        start_from: a run or a bundle whose codec to start from. None: fresh weights.
        loop: how the run advances.
        autoencoder: what is trained.
        samples: what is shown.
    """

    run: Path
    model: Path
    clips: Path
    start_from: Path | None = None
    loop: LoopSettings = LoopSettings()
    autoencoder: AutoencoderSettings = AutoencoderSettings()
    samples: AutoencoderSamples = AutoencoderSamples()


class TextStage(Section):
    """`soundlet train text`.

    Attributes:
        run: the folder that is made, or gone on with.
        model: a folder with model_config.json, t5_config.json and spiece.model.
        clips: a folder with captions and attributes; its sounds are not read.
        loop: how the run advances.
        text: what is trained.
    """

    run: Path
    model: Path
    clips: Path
    loop: LoopSettings = LoopSettings()
    text: TextSettings = TextSettings()


class FlowStage(Section):
    """`soundlet train flow`.

    Attributes:
        run: the folder that is made, or gone on with.
        model: a folder with model_config.json, t5_config.json and spiece.model.
        latents: what `soundlet dataset encode` made.
        autoencoder: the run or bundle that decodes samples. None: there are none.
        text_from: a run of `train text` whose text encoder to start from. None: a fresh one.
        start_from: a run or a bundle whose conditioners and DiT to start from; not with
            `text_from`. None: fresh ones.
        loop: how the run advances.
        flow: what is trained.
        samples: what is shown.
    """

    run: Path
    model: Path
    latents: Path
    autoencoder: Path | None = None
    text_from: Path | None = None
    start_from: Path | None = None
    loop: LoopSettings = LoopSettings()
    flow: FlowSettings = FlowSettings()
    samples: FlowSamples = FlowSamples()


class PostTrainingStage(Section):
    """What the stages that go on from a trained flow have in common.

    Attributes:
        run: the folder that is made, or gone on with.
        start_from: the run of `train flow`, or the bundle, to begin with.
        latents: what `soundlet dataset encode` made.
        autoencoder: the run or bundle that decodes samples. None: there are none.
        loop: how the run advances.
        samples: what is shown.
    """

    run: Path
    start_from: Path
    latents: Path
    autoencoder: Path | None = None
    loop: LoopSettings = LoopSettings()
    samples: FlowSamples = FlowSamples()


class GuidanceStage(PostTrainingStage):
    """`soundlet train guidance`: what it starts from is the teacher too.

    Attributes:
        guidance: what is taught.
    """

    loop: GuidanceLoop = GuidanceLoop()
    guidance: GuidanceSettings = GuidanceSettings()
    samples: GuidanceSamples = GuidanceSamples()


class RewardStage(PostTrainingStage):
    """`soundlet train reward`.

    Attributes:
        autoencoder: the run or bundle whose latents they are, to hear them by.
        clips: a folder of known sounds, with attributes, that the judge learns from.
        reward: how sounds are made and judged.
    """

    autoencoder: Path
    clips: Path
    loop: RewardLoop = RewardLoop()
    reward: RewardSettings = RewardSettings()
    samples: RewardSamples = RewardSamples()


class ArcStage(PostTrainingStage):
    """`soundlet train arc`.

    Attributes:
        arc: what is trained.
    """

    loop: ArcLoop = ArcLoop()
    arc: ArcSettings = ArcSettings()
    samples: ArcSamples = ArcSamples()


class AgreementStage(Section):
    """`soundlet train agreement`.

    Attributes:
        run: the folder that is made, or gone on with.
        model: a folder with model_config.json, t5_config.json and spiece.model.
        clips: a folder with sounds and captions.
        loop: how the run advances.
        agreement: what is trained.
    """

    run: Path
    model: Path
    clips: Path
    loop: LoopSettings = LoopSettings()
    agreement: AgreementSettings = AgreementSettings()


AnyStage = AutoencoderStage | TextStage | FlowStage | PostTrainingStage | AgreementStage

Stage = TypeVar("Stage", bound=Section)


def read_stage(kind: type[Stage], path: Path) -> Stage:
    """The settings in a config file, with its paths made absolute.

    Raises:
        ConfigError: no such file, not TOML, keys that are unknown, missing or out of range, or
            folders that are not there; names all of them.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as e:
        raise ConfigError(f"{path}: cannot be read ({e.strerror})") from e
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise ConfigError(f"{path}: not TOML ({e})") from e
    try:
        stage = kind.model_validate_json(json.dumps(data, default=str))
    except ValidationError as e:
        raise ConfigError("\n  ".join([f"{path}:", *describe(e, data)])) from e
    base = path.absolute().parent
    paths = {
        name: (base / value.expanduser()).resolve()
        for name, value in stage
        if isinstance(value, Path)
    }
    if problems := [line for name, place in paths.items() for line in _absent(name, place)]:
        raise ConfigError("\n  ".join([f"{path}:", *problems]))
    return stage.model_copy(update=paths)


def _absent(name: str, place: Path) -> list[str]:
    if name == "run":
        return [f"run: {place} is a file; must be a folder"] if place.is_file() else []
    return [] if place.is_dir() else [f"{name}: {place}: no such folder"]


def model_files(stage: AnyStage) -> dict[str, Path]:
    """The files that a stage takes from its model's folder, by name.

    Raises:
        ConfigError: some are not there.
    """
    folder = stage.start_from if isinstance(stage, PostTrainingStage) else stage.model
    is_codec = isinstance(stage, AutoencoderStage)
    names = [MODEL_CONFIG] if is_codec else [MODEL_CONFIG, T5_CONFIG, TOKENIZER]
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise ConfigError(f"{folder} lacks {', '.join(missing)}: see `soundlet train configs`")
    return {name: folder / name for name in names}
