"""From the command line to settings, nothing else: one file per command, imported when it is run."""

from __future__ import annotations

import os
import sys
import warnings
from importlib import import_module
from pathlib import Path

import click

from mri_batch import __version__

# name: (module, help), so that --help and --version import no command
COMMANDS = {
    "scan": ("mri_batch.cli.scan", "Read folders of scans; write one report per study."),
    "explain": ("mri_batch.cli.explain", "One picture, every explanation method side by side."),
    "report": ("mri_batch.cli.report", "Make the pages of a finished scan again, without the model."),
    "verify": ("mri_batch.cli.verify", "Check that a finished scan is as it was written."),
    "inspect": ("mri_batch.cli.inspect", "Show what a scan would read, and what it would skip and why."),
    "model": ("mri_batch.cli.model", "Show or verify a model package."),
    "doctor": ("mri_batch.cli.doctor", "Check this installation, one line per part."),
    "airgap": ("mri_batch.cli.airgap", "Build or verify a folder to install from without a network."),
    "export": ("mri_batch.cli.export", "Make a model package from a PyTorch checkpoint."),
    "train": ("mri_batch.cli.train", "Train a classifier by a recipe."),
    "tune": ("mri_batch.cli.tune", "Search the best settings of a recipe."),
    "audit": ("mri_batch.cli.audit", "Look for duplicates, leaks and shortcuts in a data set."),
    "evaluate": ("mri_batch.cli.evaluate", "Measure a model on labelled pictures."),
}


def _turn_colour_off(ctx: click.Context, option: click.Parameter, value: bool) -> None:
    if value:
        os.environ["NO_COLOR"] = "1"  # libraries that draw honour it, too


NO_COLOR = click.option(
    "--no-color", is_flag=True, expose_value=False, is_eager=True, callback=_turn_colour_off, help="No colour."
)
VERSION = f"mri-batch {__version__}\nFor research use only; not a medical device."


class LazyGroup(click.Group):
    """A group that imports a command when it is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        command = import_module(COMMANDS[cmd_name][0]).command
        assert isinstance(command, click.Command)
        _add_no_color(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


def _add_no_color(command: click.Command) -> None:
    """Add ``--no-color`` to a command and its sub-commands."""
    if not any(option.name == "no_color" for option in command.params):
        NO_COLOR(command)
    for sub in command.commands.values() if isinstance(command, click.Group) else ():
        _add_no_color(sub)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "MRI_BATCH"})
@click.version_option(__version__, message=VERSION)
@NO_COLOR
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Offline batch reports on brain scans: model output, calibrated confidence, heatmaps.

    For research use only; not a medical device.
    """
    ctx.default_map = _read_defaults(Path("mri-batch.toml"))


def main() -> None:
    """Run the command line; every expected error is one line and an exit code."""
    _keep_private()
    from mri_batch.cli.common import run_guarded

    sys.exit(run_guarded(cli))


def _keep_private() -> None:
    """Keep what is read from everybody but the person who asked: files, core dumps, and what libraries say."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # those of pydicom quote values
    if os.name != "posix":
        return
    import resource

    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.stderr is None:
        return
    # Native decoders write to descriptor 2 themselves, and quote what they read; we write to a copy of it.
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, encoding=sys.stderr.encoding, errors="backslashreplace")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    os.close(null)


def _read_defaults(path: Path) -> dict[str, object]:
    if not path.is_file():
        return {}
    import tomllib

    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise click.UsageError(f"{path} cannot be read: {error}") from error
