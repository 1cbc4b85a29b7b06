"""Who may import whom, and what a plain import or `--help` costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import soundlet

PACKAGE = Path(soundlet.__file__).parent

LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"errors", "config", "interrupts", "request", "vocabulary", "whole_files"}),
    frozenset(
        {
            "advice",
            "audio",
            "circle",
            "finish",
            "guidance",
            "hearing",
            "ideas",
            "loudness",
            "metadata",
            "noise",
            "key_pieces",
            "phase_recovery",
            "phases",
            "prompt",
            "repetition",
            "rhythm",
            "sampling",
            "seam",
            "source",
            "spectrogram",
            "stft",
            "naming",
            "streaming",
            "tempo",
            "playback",
            "wav_chunks",
            "wav_stream",
        }
    ),
    frozenset(
        {"agreement", "bundle", "tokenizer", "hub", "engines", "models", "checkpoint", "precision"}
    ),
    frozenset(
        {
            "client_fields",
            "clip",
            "decoding",
            "editing",
            "loops",
            "pipeline",
            "plan",
            "reproduce",
            "timing",
        }
    ),
    frozenset(
        {
            "batch",
            "convert",
            "export",
            "verify",
            "web",
            "training",
            "evaluation",
            "server",
            "client",
        }
    ),
    frozenset({"cli", "__main__"}),
)
"""From the bottom up. A module imports from its own layer and those below it."""

APART = LAYERS[4]
"""Never import each other, but for `SIDEWAYS`."""

SIDEWAYS = (
    ("convert", "export"),  # what export is for
    ("evaluation", "training.dataset"),  # the real renders that a model is measured against
)

TORCH_IS_ALLOWED = (
    "models",
    "checkpoint",
    "engines.torch",
    "engines.executorch",
    "engines.litert",
    "export",
    "training",
    "evaluation",
)
HEAVY = (
    "torch",
    "transformers",
    "onnx",
    "onnxscript",
    "safetensors",
    "matplotlib",
    "scipy",
    "executorch",
    "ai_edge_litert",
)


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Every module of the package as (name without `soundlet.`, syntax tree)."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        if name:
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def imports(tree: ast.AST) -> Iterator[str]:
    """Full names of all modules imported in `tree`, at whatever depth."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "no relative imports"
            assert node.module is not None
            if node.module == "soundlet":
                yield from (f"soundlet.{alias.name}" for alias in node.names)
            else:
                yield node.module


def imports_on_load(tree: ast.Module) -> Iterator[str]:
    """Only those that run when the module is imported."""
    for node in tree.body:
        is_for_types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if not is_for_types and not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield from imports(node)


def layer(name: str) -> int:
    top = name.partition(".")[0]
    for height, names in enumerate(LAYERS):
        if top in names:
            return height
    raise AssertionError(f"soundlet.{top} is in no layer: add it to LAYERS")


def test_imports_point_down() -> None:
    wrong = []
    for name, tree in modules():
        own = name.partition(".")[0]
        for target in imports(tree):
            package, _, inner = target.partition(".")
            top = inner.partition(".")[0]
            if package != "soundlet" or not inner or top in {own, "__version__"}:
                continue
            is_allowed = any(own == a and f"{inner}.".startswith(f"{b}.") for a, b in SIDEWAYS)
            sideways = own in APART and top in APART and not is_allowed
            if layer(top) > layer(own) or sideways:
                wrong.append(f"{name} imports {target}")
    assert not wrong


def test_commands_import_their_work_only_when_they_run() -> None:
    allowed = {f"soundlet{name}" for name in ("", ".errors", ".request", ".naming", ".__version__")}
    wrong = [
        f"{name} imports {target}"
        for name, tree in modules()
        if name.partition(".")[0] == "cli"
        for target in imports_on_load(tree)
        if not target.startswith("soundlet.cli")
        and target not in allowed
        and target.partition(".")[0] not in {*sys.stdlib_module_names, "typer"}
    ]
    assert not wrong


def test_the_runtime_needs_no_extra() -> None:
    wrong = [
        f"{name} imports {target}"
        for name, tree in modules()
        if not name.startswith(TORCH_IS_ALLOWED)
        for target in imports_on_load(tree)
        if target.partition(".")[0] in HEAVY
    ]
    assert not wrong


def loaded_by(code: str) -> set[str]:
    """Top-level names in `sys.modules` of a fresh interpreter after `code`."""
    code += "\nimport sys; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_import_soundlet_is_light() -> None:
    assert not loaded_by("import soundlet") & {"numpy", "onnxruntime", "pydantic", *HEAVY}


def test_the_command_line_is_light() -> None:
    assert not loaded_by("import soundlet.cli") & {"numpy", "onnxruntime", "soundfile", *HEAVY}


def test_the_runtime_loads_without_torch() -> None:
    names = [name for name, _ in modules() if not name.startswith((*TORCH_IS_ALLOWED, "__main__"))]
    block = f"import sys; sys.modules.update(dict.fromkeys({HEAVY!r}))\n"
    loaded_by(block + "\n".join(f"import soundlet.{name}" for name in names))


@pytest.mark.parametrize(
    "command",
    [
        (),
        ("generate",),
        ("edit",),
        ("batch",),
        ("loop",),
        ("prompt",),
        ("reproduce",),
        ("convert",),
        ("info",),
        ("doctor",),
        ("serve",),
    ],
)
def test_help_takes_under_300_ms(command: tuple[str, ...]) -> None:
    code = (
        "import sys, time\n"
        "from soundlet.cli import app\n"
        f"try: app({[*command, '--help']!r})\n"
        "finally: print(time.process_time(), file=sys.stderr)\n"
    )
    times = []
    for _ in range(5):  # the quickest counts: the others were held up by whatever else runs
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.returncode == 0
        assert "Usage:" in done.stdout
        times.append(float(done.stderr))
        if times[-1] < 0.3:
            break
    assert min(times) < 0.3
