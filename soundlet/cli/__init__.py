"""The `soundlet` command: one file a command, and here what they share.

Nothing heavy is imported before a command runs, so that `--help` stays quick.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from soundlet import __version__
from soundlet.cli.batch import batch
from soundlet.cli.bench import bench
from soundlet.cli.convert import convert
from soundlet.cli.dataset import dataset
from soundlet.cli.doctor import doctor
from soundlet.cli.edit import edit
from soundlet.cli.evaluate import evaluate
from soundlet.cli.export import export
from soundlet.cli.generate import generate
from soundlet.cli.info import info
from soundlet.cli.loop import loop
from soundlet.cli.prompt import prompt
from soundlet.cli.quantize import quantize
from soundlet.cli.reproduce import reproduce
from soundlet.cli.serve import serve
from soundlet.cli.train import train
from soundlet.cli.verify import verify
from soundlet.cli.web import web
from soundlet.errors import SoundletError

FAILED, MISUSED, INTERRUPTED = 1, 2, 130
"""Exit codes. 0 is success; a bug of ours is a traceback."""

CommandLineError: Any = typer.BadParameter.__mro__[2]  # click's class, or typer's copy of it


class OneLineErrors(TyperGroup):
    """A group whose errors are one line on stderr."""

    def main(self, *args: Any, standalone_mode: bool = True, **options: Any) -> Any:  # noqa: ANN401
        """Run, and turn what the user can mend into `error: ...` and an exit code."""
        options["standalone_mode"] = False  # raise, and leave what is said of it to us
        if not standalone_mode:
            return super().main(*args, **options)
        try:
            code = super().main(*args, **options)
        except CommandLineError as e:
            context = getattr(e, "ctx", None)
            where = context.command_path if context else "soundlet"
            fail(f"{e.format_message().rstrip('.')} (see '{where} --help')", MISUSED)
        except SoundletError as e:
            fail(str(e), FAILED)
        except (typer.Abort, KeyboardInterrupt):
            code = INTERRUPTED
        except OSError as e:
            if e.filename is not None:
                raise  # of a file: a bug of ours
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing to flush
            fail(f"stdout cannot be written: {e.strerror}", FAILED)
        sys.exit(code if isinstance(code, int) else 0)


def fail(message: str, code: int) -> NoReturn:
    """End with `message` as one line on stderr."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    typer.echo("error: " + "; ".join(lines).replace(":;", ":"), err=True)
    sys.exit(code)


def show_version(wanted: bool) -> None:
    """Print the version and end."""
    if wanted:
        typer.echo(f"soundlet {__version__}")
        raise typer.Exit


app = typer.Typer(
    cls=OneLineErrors,
    name="soundlet",
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def main(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and exit.", callback=show_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Text to short stereo sound, on this machine."""
    del version  # its callback has acted on it
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


app.command()(generate)
app.command()(loop)
app.command()(prompt)
app.command()(reproduce)
app.command()(edit)
app.command()(batch)
app.command()(convert)
app.command()(quantize)
app.command()(bench)
app.command()(info)
app.command()(doctor)
app.command()(evaluate)
app.command()(verify)
app.command()(web)
app.add_typer(export, name="export")
app.command()(serve)
app.add_typer(dataset, name="dataset")
app.add_typer(train, name="train")
