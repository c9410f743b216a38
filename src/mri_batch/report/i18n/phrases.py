"""What the pages say, in English, French and Russian. Machine files stay English.

The words of the pages stand in ``templates/phrases.toml``. Sentences that come from elsewhere in the tool (reasons,
notes, hints: the phrases ``s_...`` of ``templates/sentences.toml``) are known by their English pattern; what is not
known, such as the words of a model package, is shown as it is.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Union

from mri_batch.settings import Language

LANGUAGES: tuple[Language, ...] = ("en", "fr", "ru")

_WORDS = files("mri_batch.report").joinpath("templates")
_SENTENCES: dict[str, dict[Language, str]] = tomllib.loads(_WORDS.joinpath("sentences.toml").read_text("utf-8"))
PHRASES: dict[str, dict[Language, str]] = tomllib.loads(_WORDS.joinpath("phrases.toml").read_text("utf-8")) | _SENTENCES
Sentence = tuple[str, tuple[Union[str, "Sentence"], ...]]  # a phrase, and what fills its places: text or sentences

_JOINED = "s_and"
_LONGEST = 500  # of what the tool writes nothing comes near; it bounds how deep a hostile text could nest
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(re.sub(r"\\\{\d\\\}", r"(.+?)", re.escape(said["en"])), re.DOTALL), key)
    for key, said in _SENTENCES.items()
    if key != _JOINED
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
    """Say a phrase in a language, with its places filled; a (key, values) pair among them is said likewise."""
    told = [say(value[0], lang, value[1]) if isinstance(value, tuple) else value for value in values]
    return PHRASES[key][lang].format(*told)


@lru_cache(maxsize=4096)
def find_sentence(text: str) -> Sentence | None:
    """Find the phrase that a sentence from elsewhere is, and what fills its places; None where it is not known.

    Sentences joined by a semicolon are known one by one.
    """
    if len(text) > _LONGEST:
        return None
    first, semicolon, rest = text.partition("; ")
    if semicolon:
        known = find_sentence(first), find_sentence(rest)
        return (_JOINED, (known[0] or first, known[1] or rest)) if any(known) else None
    for pattern, key in _PATTERNS:
        match = pattern.fullmatch(text)
        if match:
            return key, tuple(find_sentence(value) or value for value in match.groups())
    return None


def iter_keys(sentence: Sentence) -> Iterator[str]:
    """Yield the phrases that a sentence needs."""
    yield sentence[0]
    for value in sentence[1]:
        if isinstance(value, tuple):
            yield from iter_keys(value)
