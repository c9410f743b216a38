"""The model packages that come with the program, and the choice of one."""

from __future__ import annotations

from pathlib import Path

from mri_batch.errors import UsageError

DEFAULT = "brain-vit"


def bundled_models() -> dict[str, Path]:
    """Return the bundled model packages by name, the default first."""
    folder = Path(__file__).parents[1] / "models"
    names = sorted((p for p in folder.glob("*") if (p / "model.json").is_file()), key=lambda p: (p.name != DEFAULT, p))
    return {path.name: path for path in names}


def choose_model(model: str | None) -> Path:
    """Return the folder of a model package: of a path, of a bundled name, or of the default for None."""
    bundled = bundled_models()
    if model is None:
        if not bundled:
            raise UsageError("no model is bundled with this installation", hint="give one with --model")
        return next(iter(bundled.values()))
    return Path(model) if Path(model).is_dir() else bundled.get(model, Path(model))
