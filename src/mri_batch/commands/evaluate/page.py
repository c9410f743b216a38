"""Pages of the research commands, each one self-contained file. A command's templates lie in its ``templates/``."""

from __future__ import annotations

import base64
from functools import cache
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from mri_batch import __version__
from mri_batch.commands.evaluate import charts
from mri_batch.commands.evaluate.charts import Chart


def render_page(command: str, template: str, **values: Any) -> str:
    """Render a page of a command (``evaluate``, ``audit``)."""
    return _environment(command).get_template(template).render(**values)


def render_chart(chart: Chart) -> str:
    """Render one chart as an SVG file."""
    return _environment("evaluate").get_template("chart.svg").render(chart=chart).strip() + "\n"


@cache
def _environment(command: str) -> Environment:
    commands = dict.fromkeys(("evaluate", command))
    env = Environment(
        loader=ChoiceLoader([PackageLoader(f"mri_batch.commands.{name}") for name in commands]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(
        b64=lambda content: base64.b64encode(content).decode("ascii"),
        name=lambda words: words.replace("_", " "),
        number=lambda value: f"{value:.3g}" if value == value else "none",
        fixed=lambda value: f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}",
    )
    env.globals.update(
        version=__version__,
        colours=charts.COLOURS,
        dashes=charts.DASHES,
        ticks=charts.choose_ticks,
        sizes=(
            charts.WIDTH_PX,
            charts.HEIGHT_PX,
            charts.LEFT_PX,
            charts.TOP_PX,
            charts.RIGHT_PX,
            charts.BOTTOM_PX,
        ),
    )
    return env
