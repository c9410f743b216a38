"""What commands share: errors to exit codes, output that is safe for the terminal, the choice of a model."""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from pathlib import Path
from traceback import extract_tb
from types import FrameType
from typing import NoReturn

import click

from mri_batch.errors import ExtraMissing, MriBatchError, UsageError
from mri_batch.model.bundled import bundled_models, choose_model
from mri_batch.report.i18n.words import describe_error
from mri_batch.text import to_visible

INTERRUPTED = 130


def run_guarded(command: click.Command) -> int:
    """Run a command line; print an expected error as one line and return the exit code."""
    signal.signal(signal.SIGTERM, _interrupt)  # a shutdown leaves things as tidy as Ctrl-C does
    try:
        code = command.main(standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.ClickException as error:
        error.show(sys.stderr)
        return UsageError.exit_code
    except (click.Abort, KeyboardInterrupt):
        complain("interrupted")
        return INTERRUPTED
    except MriBatchError as error:
        complain(describe_error(error), is_error=True)
        return error.exit_code
    except BrokenPipeError:  # the reader of our output went away, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # an error of our own: where it is, and not its message, which may quote a patient's tag
        at = " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(extract_tb(error.__traceback__)))
        complain(f"internal error: {type(error).__name__} in {at} (please report it) [INTERNAL]", is_error=True)
        return MriBatchError.exit_code


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def complain(line: str, *, is_error: bool = False) -> None:
    """Write one line to standard error, an error in red where that is a terminal and colour is wanted."""
    text = f"mri-batch: {to_visible(line)}"
    if sys.stderr is None or sys.stderr.closed:
        return
    colour = sys.stderr.isatty() and not colour_is_off()
    try:
        click.secho(text, err=True, fg="red" if is_error else None, color=colour)
    except OSError:  # closed, full, or its reader is gone: no reason to stop a scan
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123 - for the rest of this process


def colour_is_off() -> bool:
    """Whether NO_COLOR is set (no-color.org), as ``--no-color`` sets it too."""
    return bool(os.environ.get("NO_COLOR"))


def load_extra_command(name: str, module: str) -> click.Command:
    """Load a command of the PyTorch side; where its extra is absent, one that says what to install.

    The module is given by name, so that the runtime does not depend on it.
    """
    try:
        loaded = import_module(module).command
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] not in (
            "torch",
            "onnx",
            "onnxscript",
            "safetensors",
            "optuna",
        ):
            raise
        absent = error.name

        @click.command(name=name, context_settings={"ignore_unknown_options": True}, add_help_option=False)
        @click.argument("words", nargs=-1, type=click.UNPROCESSED)
        def refuse(words: tuple[str, ...]) -> None:
            raise ExtraMissing(
                f"'mri-batch {name}' needs {absent}, which is not installed",
                hint="pip install 'mri-batch[export]'",
            )

        return refuse
    assert isinstance(loaded, click.Command)
    return loaded


def choose_tried_model(asked: str | None) -> Path:
    """Choose the model package; one that is not bundled is loaded and run once in a process that can be ended."""
    folder = choose_model(asked)
    if folder not in bundled_models().values():
        from mri_batch.run.executors.sandbox import try_model

        try_model(folder)
    return folder
