"""Where things lie in the repository."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests" / "golden"
VIT, CNN = GOLDEN / "vit", GOLDEN / "cnn"
