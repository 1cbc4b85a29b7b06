"""The `soundlet` command: one file a command, and here what they share.

Nothing heavy is imported before a command runs, and no command but the one that is asked for, so
that `--help` stays quick.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import signal
import sys
import threading
from importlib import import_module
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from soundlet import __version__
from soundlet.errors import SoundletError

COMMANDS = (
    "generate",
    "loop",
    "prompt",
    "reproduce",
    "edit",
    "batch",
    "convert",
    "quantize",
    "bench",
    "info",
    "doctor",
    "evaluate",
    "verify",
    "web",
    "export",
    "serve",
    "dataset",
    "train",
)
"""In the order of the help; each is what its module is named after: a function, or an app."""

FAILED, MISUSED, INTERRUPTED = 1, 2, 130
"""Exit codes. 0 is success; a bug of ours is a traceback."""

REFUSALS = {
    errno.EACCES,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EIO,
    errno.ENOSPC,
    errno.EPERM,
    errno.EROFS,
}
"""What a system says of a file or a disk that is not to be read or written; no bug of ours."""

CommandLineError: Any = typer.BadParameter.__mro__[2]  # click's class, or typer's copy of it


class Commands(TyperGroup):
    """A group that loads a command once it is asked for; its errors are one line on stderr."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        names: dict[str, Any] = dict.fromkeys(COMMANDS)
        self.commands.update(names)  # for the hint at a name that is mistyped

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 - typer's own context
        """The names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401, ARG002
        """The command of that name, or None."""
        if cmd_name not in COMMANDS:
            return None
        found = getattr(import_module(f"soundlet.cli.{cmd_name}"), cmd_name)
        if isinstance(found, typer.Typer):
            group = typer.main.get_command(found)
            group.name = cmd_name
            return group
        alone = typer.Typer(**LOOK)
        alone.command(cmd_name)(found)
        return typer.main.get_command(alone)

    def main(self, *args: Any, standalone_mode: bool = True, **options: Any) -> Any:  # noqa: ANN401
        """Run, and turn what the user can mend into `error: ...` and an exit code."""
        options["standalone_mode"] = False  # raise, and leave what is said of it to us
        if not standalone_mode:
            return super().main(*args, **options)
        write_every_letter()
        end_as_by_ctrl_c()
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
                if e.errno not in REFUSALS:
                    raise  # a bug of ours
                fail(f"{e.filename} cannot be used: {e.strerror}", FAILED)
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing to flush
            fail(f"stdout cannot be written: {e.strerror}", FAILED)
        sys.exit(code if isinstance(code, int) else 0)


def end_as_by_ctrl_c() -> None:
    """Have SIGTERM clean up as Ctrl-C does, where a command has no better answer of its own."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def write_every_letter() -> None:
    """Have stdout take what its encoding has no letter for, as the escapes that JSON has."""
    codecs.register_error("soundlet.escape", escape)
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="soundlet.escape")


def escape(error: UnicodeError) -> tuple[str, int]:
    """What codecs call for letters that an encoding lacks; some take two escapes, as in JSON."""
    assert isinstance(error, UnicodeEncodeError)
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    pairs = (units[i : i + 2].hex() for i in range(0, len(units), 2))
    return "".join(f"\\u{pair}" for pair in pairs), error.end


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


LOOK: dict[str, Any] = {
    "add_completion": False,
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}
"""Settings of the app, and of the apps that hold one command each."""


def group(help: str) -> typer.Typer:
    """An app to hold several commands of one name; without one of them it shows its help."""
    made = typer.Typer(help=help, invoke_without_command=True, **LOOK)

    @made.callback()
    def show_help(context: typer.Context) -> None:
        if context.invoked_subcommand is None:
            typer.echo(context.get_help())

    return made


app = typer.Typer(cls=Commands, name="soundlet", invoke_without_command=True, **LOOK)


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
