"""The options that several commands have, in the same words."""

from __future__ import annotations

from typing import Annotated

import typer

from soundlet.request import MAX_THREADS, SAMPLERS

ENGINE_NAMES = "onnx, torch, openvino, executorch, litert."

FormatOption = Annotated[
    str | None,
    typer.Option(
        metavar="FORMAT", help="wav, flac, ogg or mp3.  [default: the ending of --out, or wav]"
    ),
]
BitsOption = Annotated[
    str | None,
    typer.Option(metavar="BITS", help="16, 24 or 32f, for wav and flac.  [default: 16]"),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace files that exist.")]
StepsOption = Annotated[int | None, typer.Option(help="Sampler steps; more is slower.")]
SamplerOption = Annotated[str | None, typer.Option(metavar="NAME", help=f"{', '.join(SAMPLERS)}.")]
CfgScaleOption = Annotated[
    float | None, typer.Option(help="Strength of guidance by the prompt; 1 is none.")
]
NegativePromptOption = Annotated[
    str | None, typer.Option(metavar="TEXT", help="What it should not sound like.")
]
TruncateOption = Annotated[
    bool, typer.Option("--truncate", help="Cut prompts that are too long for the model.")
]
ModelOption = Annotated[
    str | None,
    typer.Option(metavar="FOLDER", help="A model.  [default: the one inside soundlet]"),
]
EngineOption = Annotated[str | None, typer.Option(metavar="NAME", help=ENGINE_NAMES)]
ThreadsOption = Annotated[
    int | None, typer.Option(min=1, max=MAX_THREADS, help="Cores to use.  [default: all]")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print a JSON object.")]
EachJsonOption = Annotated[bool, typer.Option("--json", help="Print a JSON object for each clip.")]
QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print only the paths, and no progress.")
]
