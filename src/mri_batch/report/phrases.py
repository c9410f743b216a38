"""What the pages say, in English, French and Russian. Machine files stay English.

The words stand in ``templates/phrases.toml``. Sentences that come from elsewhere in the tool (reasons, notes: the
phrases ``s_...``) are known by their English pattern; what is not known is shown as it is.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from importlib.resources import files

from mri_batch.settings import Language

LANGUAGES: tuple[Language, ...] = ("en", "fr", "ru")

PHRASES: dict[str, dict[Language, str]] = tomllib.loads(
    files("mri_batch.report").joinpath("templates", "phrases.toml").read_text("utf-8")
)

SENTENCES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(re.sub(r"\\\{\d\\\}", r"(\\S+)", re.escape(said["en"]))), key)
    for key, said in PHRASES.items()
    if key.startswith("s_")
)

CAVEATS = {
    "rollout": "caveat_attention",
    "attention": "caveat_attention",
    "gradient_rollout": "caveat_relevance",
    "relevance": "caveat_relevance",
    "gradient": "caveat_gradient",
    "input_x_gradient": "caveat_gradient",
    "integrated_gradients": "caveat_gradient",
    "smoothgrad": "caveat_gradient",
    "guided_backprop": "caveat_guided",
    "gradcam": "caveat_cam",
    "gradcam_pp": "caveat_cam",
    "activations": "caveat_activations",
    "occlusion": "caveat_perturbation",
    "rise": "caveat_perturbation",
    "lime": "caveat_perturbation",
    "kernel_shap": "caveat_perturbation",
}


def say(key: str, lang: Language, values: Sequence[object] = ()) -> str:
    """Say a phrase in a language, with its places filled."""
    return PHRASES[key][lang].format(*values)


def find_sentence(text: str) -> tuple[str, tuple[str, ...]] | None:
    """Find the phrase that a sentence from elsewhere is, and what fills its places; None where it is not known."""
    for pattern, key in SENTENCES:
        match = pattern.fullmatch(text)
        if match:
            return key, match.groups()
    return None
