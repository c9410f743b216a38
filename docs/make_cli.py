"""Write ``docs/reference/cli.md`` from the commands' ``--help``: ``python docs/make_cli.py``. A test compares them."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from mri_batch.cli import COMMANDS, cli

PAGE = Path(__file__).parent / "reference" / "cli.md"
HEAD = """# Commands

Generated from the commands' `--help` by `python docs/make_cli.py`.

Options take precedence over `MRI_BATCH_*` variables (for example `MRI_BATCH_SCAN_JOBS=2`), and those over a
`mri-batch.toml` in the working directory (one table per command, for example `[scan]` with `jobs = "2"`). Data goes to
standard output, messages and progress to standard error.

## Exit codes

| code | meaning |
|---|---|
| 0 | every study done |
| 1 | internal error |
| 2 | usage error |
| 3 | no readable study |
| 4 | some studies failed |
| 5 | all studies failed |
| 6 | model package invalid or unreadable |
| 7 | output not writable, in use, or not ours |
| 130 | interrupted |

What a scan finds in the images never changes the exit code.
"""


def write_help() -> str:
    """Return the page: the help of every command and sub-command, 100 columns wide."""
    parts = [HEAD]
    for name in COMMANDS:
        parts += _describe(cli, name, "mri-batch")
    return "\n".join(parts)


def _describe(group: click.Group, name: str, path: str) -> list[str]:
    parent = click.Context(group, info_name=path)
    command = group.get_command(parent, name)
    assert command is not None
    context = click.Context(command, info_name=f"{path} {name}", max_content_width=100, terminal_width=100)
    parts = [f"## {path} {name}", "", "```", command.get_help(context), "```", ""]
    if isinstance(command, click.Group):
        for sub in command.list_commands(context):
            parts += _describe(command, sub, f"{path} {name}")
    return parts


if __name__ == "__main__":
    PAGE.write_text(write_help(), "utf-8", newline="\n")
    sys.stdout.write(f"{PAGE}\n")
