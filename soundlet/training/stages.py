"""The stages of training from settings to a run: where data, modules, loop and recorder meet."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path

import torch
from torch import Tensor

from soundlet.bundle import MODEL_CONFIG, T5_CONFIG, TOKENIZER
from soundlet.config import (
    ModelConfig,
    SpectralDecoderConfig,
    SpectralEncoderConfig,
    T5Config,
    load_config,
    load_t5_config,
)
from soundlet.engines.codec import spectrogram_format
from soundlet.engines.torch import ModuleEngine
from soundlet.models import build_model
from soundlet.sampling import Progress
from soundlet.tokenizer import Tokenizer
from soundlet.training.agreement import AgreementBatch, AgreementTrainee, Pairs, named_tags
from soundlet.training.arc import ArcTrainee
from soundlet.training.autoencoder import (
    AutoencoderTrainee,
    SpectralCodec,
    start_from_principal_components,
)
from soundlet.training.clips import ClipFolder, read_entries
from soundlet.training.codec import Codec, open_codec
from soundlet.training.discriminants import (
    widened_codec_config,
    widened_config,
    widened_flow,
)
from soundlet.training.flow import (
    Flow,
    FlowBatch,
    FlowTrainee,
    LatentTrainee,
    build_flow,
    calibrate_context,
    calibrate_prompt,
)
from soundlet.training.guidance import GuidanceTrainee
from soundlet.training.heard import HeardSounds, hear_clips, require_its_codec
from soundlet.training.latents import STATISTICS, LatentStore
from soundlet.training.loop import Batch, Figures, Run, TrainingError
from soundlet.training.output import fit_output, spread_of
from soundlet.training.prior import fit_prior
from soundlet.training.recorder import Draw, Recorder
from soundlet.training.reward import RewardTrainee
from soundlet.training.samples import draw_clips, draw_reconstructions
from soundlet.training.settings import (
    AgreementStage,
    ArcStage,
    AutoencoderStage,
    FlowStage,
    GuidanceStage,
    PostTrainingStage,
    RewardStage,
    TextStage,
    model_files,
)
from soundlet.training.text import TextBatch, TextReader, TextTrainee, kept_tags, tags_of
from soundlet.training.trained_flow import flow_weights, require_its_latents
from soundlet.training.weights import CHECKPOINT, average_weights, load_weights, part_of
from soundlet.training.words import HeardWords, known_words, words_apart
from soundlet.whole_files import make_folder, write_whole

OnLog = Callable[[Figures], None]

FlowLikeStage = FlowStage | PostTrainingStage

MIN_START_BATCHES = 12  # that the principal components are taken from
START_FRAMES_A_FEATURE = 64
PRIOR = "dit.prior"  # what the names of its weights begin with
SPREAD = "dit.spread"
FIRST_SEED = 900  # of the batches that a flow is prepared with


def train_autoencoder(stage: AutoencoderStage, on_log: OnLog | None = None) -> Run[Tensor]:
    """Train a spectral codec, or go on with it.

    Args:
        stage: the settings.
        on_log: given each line of the curve.

    Returns:
        The run, stopped or done.

    Raises:
        TrainingError, ConfigError, CheckpointError: something that is given does not fit.
    """
    path = model_files(stage)[MODEL_CONFIG]
    config = load_config(path)
    encoder, decoder = config.autoencoder.encoder.config, config.autoencoder.decoder.config
    if not isinstance(encoder, SpectralEncoderConfig) or not isinstance(
        decoder, SpectralDecoderConfig
    ):
        raise TrainingError(f"{path} has no codec of the type 'spectral': others are not trained")
    kept = stage.run / MODEL_CONFIG
    if not _is_new(stage.run) and load_config(kept).autoencoder != config.autoencoder:
        raise TrainingError(f"{kept} has another codec than {path}: name a new run")
    torch.manual_seed(stage.loop.seed)
    codec = SpectralCodec(encoder, decoder)
    form = spectrogram_format(encoder)
    clips = ClipFolder(stage.clips, config.sample_rate)
    trainee = AutoencoderTrainee(codec, form, clips, stage.autoencoder)
    if _is_new(stage.run) and stage.start_from is not None:
        start = open_codec(stage.start_from)
        load_weights(codec.encoder, start.encoder.state_dict(), stage.start_from)
        load_weights(codec.decoder, start.decoder.state_dict(), stage.start_from)
    elif _is_new(stage.run):
        frames = _typical_frames(trainee, encoder.n_features)
        start_from_principal_components(codec, frames, form)
    run = Run(trainee, stage.run, stage.loop)
    _write_files(stage.run, {MODEL_CONFIG: path.read_bytes()})
    average, samples = run.average, stage.samples
    assert isinstance(average, SpectralCodec)
    shown = Codec(config, average.encoder, average.decoder, is_final=False)
    n_frames = max(1, round(samples.seconds * config.sample_rate / config.hop_length))
    crops = clips.crops(samples.count, n_frames * config.hop_length, run.generator(0, 2))
    _train(run, on_log, samples.every, lambda: draw_reconstructions(shown, crops))
    return run


def train_text(stage: TextStage, on_log: OnLog | None = None) -> Run[TextBatch]:
    """Train a text encoder on captions and what is known of their sounds, or go on with it.

    Arguments, result and errors are those of `train_autoencoder`.
    """
    files = {name: path.read_bytes() for name, path in model_files(stage).items()}
    config, t5_config, tokenizer = _read_model(stage.run, files)
    entries = read_entries(stage.clips)
    tags = kept_tags(stage.run, tags_of(entries, stage.text.min_count))
    torch.manual_seed(stage.loop.seed)
    flow = build_flow(config, t5_config, stage.run / TOKENIZER)
    reader = TextReader(flow.conditioners.t5, len(tags))
    run = Run(TextTrainee(reader, entries, tags, tokenizer, stage.text), stage.run, stage.loop)
    _train(run, on_log, 1, None)
    return run


def train_flow(stage: FlowStage, on_log: OnLog | None = None) -> Run[FlowBatch]:
    """Train text encoder, seconds conditioner and DiT, or go on with them.

    Arguments, result and errors are those of `train_autoencoder`.
    """
    if stage.text_from is not None and stage.start_from is not None:
        raise TrainingError(
            "text_from has no effect with start_from, which has a text encoder: name one of the two"
        )
    if stage.flow.learnt and stage.start_from is None:
        raise TrainingError(
            "[flow] learnt holds all else as it is: name the run or the bundle to go on from"
            " with start_from"
        )
    files = {name: path.read_bytes() for name, path in model_files(stage).items()}
    flow, parts = _prepare(stage, files)
    silence = torch.from_numpy(parts.store.silence)
    trainee = FlowTrainee(flow, parts.store, parts.tokenizer, silence, stage.flow)
    if _is_new(stage.run) or stage.flow.learnt:
        if stage.text_from is not None:
            weights = average_weights(stage.text_from)
            load_weights(flow.conditioners.t5, part_of(weights, "t5"), stage.text_from)
            if flow.dit.tempo is not None:
                load_weights(flow.dit.tempo, part_of(weights, "tempo"), stage.text_from)
        if flow.dit.spread is not None:
            flow.dit.spread.copy_(spread_of(parts.store))
        lacks_prior, lacks_spread = True, False
        if stage.start_from is None:
            calibrate_context(flow, trainee.batch(torch.Generator().manual_seed(FIRST_SEED)))
            calibrate_prompt(flow, _batches(trainee, 50))
        else:
            weights = _starting_weights(stage.start_from, flow, parts.store)
            if stage.flow.refit_prior:
                weights = {n: w for n, w in weights.items() if not n.startswith(f"{PRIOR}.")}
            lacks_prior = not any(name.startswith(f"{PRIOR}.") for name in weights)
            lacks_spread = SPREAD not in weights
            own = _beginning_with(PRIOR, flow) if lacks_prior else {}
            own |= _beginning_with(SPREAD, flow) if lacks_spread else {}
            load_weights(flow, {**own, **weights}, stage.start_from)
        if flow.dit.prior is not None and lacks_prior:
            fit_prior(flow, parts.store, parts.tokenizer)
        if flow.dit.spread is not None and lacks_spread:
            fit_output(flow, _batches(trainee, 40), torch.Generator().manual_seed(FIRST_SEED))
    trainee.begin()
    return _train_on_latents(trainee, stage, parts, on_log)


def train_guidance(stage: GuidanceStage, on_log: OnLog | None = None) -> Run[FlowBatch]:
    """Teach a flow what guidance makes of it, or go on with that.

    Arguments, result and errors are those of `train_autoencoder`.
    """
    files = {name: path.read_bytes() for name, path in model_files(stage).items()}
    flow, parts = _prepare_trained(stage, files)
    silence = torch.from_numpy(parts.store.silence)
    trainee = GuidanceTrainee(flow, parts.store, parts.tokenizer, silence, stage.guidance)
    return _train_on_latents(trainee, stage, parts, on_log)


def train_reward(stage: RewardStage, on_log: OnLog | None = None) -> Run[FlowBatch]:
    """Train a flow by what its own sounds are heard as, or go on with that.

    Arguments, result and errors are those of `train_autoencoder`.
    """
    files = {name: path.read_bytes() for name, path in model_files(stage).items()}
    flow, parts = _prepare_trained(stage, files)
    codec = open_codec(stage.autoencoder)
    require_its_codec(parts.store, codec)
    if not isinstance(codec.config.autoencoder.decoder.config, SpectralDecoderConfig):
        raise TrainingError(
            f"{stage.autoencoder} has no codec of the type 'spectral': no others are judged"
        )
    trainee = RewardTrainee(
        flow,
        parts.store,
        parts.tokenizer,
        torch.from_numpy(parts.store.silence),
        stage.reward,
        codec=codec,
        words=HeardWords(hear_sounds(stage)),
    )
    return _train_on_latents(trainee, stage, parts, on_log)


def train_arc(stage: ArcStage, on_log: OnLog | None = None) -> Run[FlowBatch]:
    """Post-train a flow for few steps, or go on with it.

    Arguments, result and errors are those of `train_autoencoder`.
    """
    paths = model_files(stage)
    load_config(paths[MODEL_CONFIG])  # what follows takes it to be one
    files = {name: path.read_bytes() for name, path in paths.items()}
    files[MODEL_CONFIG] = _for_few_steps(files[MODEL_CONFIG])
    flow, parts = _prepare_trained(stage, files)
    silence = torch.from_numpy(parts.store.silence)
    trainee = ArcTrainee(flow, parts.store, parts.tokenizer, silence, stage.arc)
    return _train_on_latents(trainee, stage, parts, on_log)


def train_agreement(stage: AgreementStage, on_log: OnLog | None = None) -> Run[AgreementBatch]:
    """Train the towers that tell how well sounds and captions fit, or go on with them.

    Arguments, result and errors are those of `train_autoencoder`.
    """
    sounds = hear_sounds(stage)
    tokenizer = Tokenizer(
        stage.run / TOKENIZER, load_config(stage.run / MODEL_CONFIG).prompt_max_length
    )
    pairs = Pairs(sounds, tokenizer)
    tags = kept_tags(stage.run, named_tags(sounds.entries))
    torch.manual_seed(stage.loop.seed)
    trainee = AgreementTrainee(pairs, tags, stage.agreement)
    run = Run(trainee, stage.run, stage.loop)
    _train(run, on_log, 1, None)
    return run


def hear_sounds(
    stage: AgreementStage | RewardStage, on_progress: Progress | None = None
) -> HeardSounds:
    """What is heard of the sounds that towers or words are learnt from; the run keeps it.

    Args:
        stage: the settings.
        on_progress: called with (sounds heard, sounds), unless the run has heard them before.

    Raises:
        TrainingError, ConfigError, BundleError: the sounds or the model cannot be read, or the run
            was begun with another model.
        TrainingError: no attribute tells the sounds apart that words are to be learnt from, or no
            sound has a tag that is to be held.
    """
    paths = model_files(stage)
    config = load_config(paths[MODEL_CONFIG])
    clips = ClipFolder(stage.clips, config.sample_rate)
    if isinstance(stage, RewardStage):
        words_apart(stage.clips, [known_words(entry) for entry in clips.entries])
        LatentStore(stage.latents).require_tags(stage.reward.held)
    _read_model(stage.run, {name: path.read_bytes() for name, path in paths.items()})
    return hear_clips(clips, stage.run, config.sample_size, on_progress)


class _LatentParts:
    """What the stages on latents have in common."""

    def __init__(
        self, config: ModelConfig, t5_config: T5Config, tokenizer: Tokenizer, store: LatentStore
    ) -> None:
        self.config, self.t5_config = config, t5_config
        self.tokenizer, self.store = tokenizer, store

    def draw(self, run: Run[FlowBatch], stage: FlowLikeStage) -> Draw | None:
        """What makes samples, if the settings name prompts and what decodes them."""
        if not stage.samples.prompts or stage.autoencoder is None or not run.processes.is_first:
            return None
        codec = open_codec(stage.autoencoder)
        statistics, multiple = self.store.statistics, self.store.silence.shape[1]
        sizes = widened_codec_config(codec.config.autoencoder, statistics.n_added)
        if sizes != self.config.autoencoder:
            raise TrainingError(f"{stage.autoencoder} is another codec than the model's")
        model = build_model(self.config, self.t5_config, device="meta")
        average = run.average
        assert isinstance(average, Flow)
        model.conditioners, model.dit = average.conditioners, average.dit
        model.decoder, model.encoder = codec.decoder, codec.encoder
        engine = ModuleEngine(model, self.config, device=str(run.device))
        return lambda: draw_clips(
            engine,
            self.config,
            self.tokenizer,
            lambda latents: engine.decode(statistics.restore(latents)),
            stage.samples,
            frames_multiple=multiple,
        )


def _prepare(stage: FlowLikeStage, files: dict[str, bytes]) -> tuple[Flow, _LatentParts]:
    """A flow with fresh weights and its data, once all that is given has been found to fit."""
    parts = _read_parts(stage, files)
    store, config = parts.store, parts.config
    if store.silence.shape[1] % config.dit.patch_size:
        raise TrainingError(
            f"{stage.latents} has windows of multiples of {store.silence.shape[1]} frames; the"
            f" model wants multiples of {config.dit.patch_size}"
        )
    torch.manual_seed(stage.loop.seed)
    return build_flow(config, parts.t5_config, stage.run / TOKENIZER), parts


def _prepare_trained(
    stage: PostTrainingStage, files: dict[str, bytes]
) -> tuple[Flow, _LatentParts]:
    """The same with the weights of what the stage starts from, once its latents fit them."""
    flow, parts = _prepare(stage, files)
    require_its_latents(stage.start_from, parts.store)
    load_weights(flow, flow_weights(stage.start_from), stage.start_from)
    return flow, parts


def _read_parts(stage: FlowLikeStage, files: dict[str, bytes]) -> _LatentParts:
    """What a stage on latents is given, once it has been found to fit; it is kept in the run."""
    store = LatentStore(stage.latents)
    if isinstance(stage, FlowStage):
        store.require_tags(stage.flow.learnt)
    files = {**files, STATISTICS: store.statistics.as_json()}
    if n_added := _channels_to_add(files[MODEL_CONFIG], store):
        files[MODEL_CONFIG] = widened_config(files[MODEL_CONFIG], n_added)
    config, t5_config, tokenizer = _read_model(stage.run, files)
    if store.channels != config.latent_channels:
        raise TrainingError(
            f"{stage.latents} has {store.channels} channels; the model's latents have"
            f" {config.latent_channels}: encode with the model's codec"
        )
    return _LatentParts(config, t5_config, tokenizer, store)


def _channels_to_add(text: bytes, store: LatentStore) -> int:
    """How many channels a model's config lacks: the discriminants of a store of its codec."""
    n_added = store.statistics.n_added
    with suppress(ValueError, LookupError, TypeError):  # not a config: what reads it says so
        n_latents = json.loads(text)["model"]["pretransform"]["config"]["latent_dim"]
        return n_added if n_latents + n_added == store.channels else 0
    return 0


def _starting_weights(source: Path, flow: Flow, store: LatentStore) -> dict[str, Tensor]:
    """Weights to go on from, for all channels also where their own flow had no discriminants."""
    weights, target = flow_weights(source), flow.state_dict()
    name, n_added = "dit.preprocess_conv.weight", store.statistics.n_added
    if n_added and len(weights[name]) + n_added == len(target[name]):
        return widened_flow(weights, target, source)
    return weights


def _read_model(run: Path, files: Mapping[str, bytes]) -> tuple[ModelConfig, T5Config, Tokenizer]:
    """What the files of a model say, which a run keeps; it must not have others already."""
    _require_same_files(run, files)
    _write_files(run, files)
    config, t5_config = load_config(run / MODEL_CONFIG), load_t5_config(run / T5_CONFIG)
    tokenizer = Tokenizer(run / TOKENIZER, config.prompt_max_length)
    if tokenizer.n_pieces > t5_config.vocab_size:
        raise TrainingError(
            f"{run / TOKENIZER} has {tokenizer.n_pieces} pieces; {T5_CONFIG} has a vocab_size of"
            f" {t5_config.vocab_size}"
        )
    return config, t5_config, tokenizer


def _train_on_latents(
    trainee: LatentTrainee, stage: FlowLikeStage, parts: _LatentParts, on_log: OnLog | None
) -> Run[FlowBatch]:
    """Begin the run of a flow, or go on with it, and show samples."""
    run = Run(trainee, stage.run, stage.loop)
    _train(run, on_log, stage.samples.every, parts.draw(run, stage))
    return run


def _train(run: Run[Batch], on_log: OnLog | None, every: int, draw: Draw | None) -> None:
    """Run the loop, with a recorder in the first process."""
    if not run.processes.is_first:
        run.train()
        return
    recorder = Recorder(run.folder, first_step=run.step + 1, every=every, draw=draw)

    def log(line: Figures) -> None:
        recorder.log(line)
        if on_log is not None:
            on_log(line)

    with closing(recorder):
        run.train(log, recorder.after_step)


def _is_new(run: Path) -> bool:
    return not (run / CHECKPOINT).is_file()


def _typical_frames(trainee: AutoencoderTrainee, n_features: int) -> Tensor:
    """Enough frames of random crops to take principal components from."""
    batches: list[Tensor] = []
    while (
        len(batches) < MIN_START_BATCHES
        or sum(len(b) * b.shape[2] for b in batches) < START_FRAMES_A_FEATURE * n_features
    ):
        batches.append(trainee.batch(torch.Generator().manual_seed(900 + len(batches))))
    return torch.cat(batches)


def _batches(trainee: FlowTrainee, count: int) -> Iterator[FlowBatch]:
    return (trainee.batch(torch.Generator().manual_seed(FIRST_SEED + i)) for i in range(count))


def _beginning_with(start: str, flow: Flow) -> dict[str, Tensor]:
    return {name: w for name, w in flow.state_dict().items() if name.startswith(start)}


def _for_few_steps(text: bytes) -> bytes:
    """A model config that says what the model has become."""
    data = json.loads(text)
    data["model"]["diffusion"]["diffusion_objective"] = "rf_denoiser"
    return json.dumps(data, indent=2).encode() + b"\n"


def _require_same_files(run: Path, files: Mapping[str, bytes]) -> None:
    """Refuse to go on with a run under another model or on other latents."""
    if _is_new(run):
        return
    for name, content in files.items():
        if (run / name).is_file() and (run / name).read_bytes() != content:
            raise TrainingError(
                f"{run} was begun with another {name}: name a new run, or the same model and"
                " latents as before"
            )


def _write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    make_folder(folder)
    for name, content in files.items():
        write_whole(folder / name, content)
