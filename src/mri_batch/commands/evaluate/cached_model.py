"""A model that is not asked the same question twice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

from mri_batch.arrays import Float32
from mri_batch.card import Wiring
from mri_batch.explain.base import Forward, Int64

Answer = Mapping[str, Float32]


class Recall:
    """Another model's answers, kept while the questions are about one slice; a :class:`mri_batch.explain.base.Forward`.

    Methods that ask often put the very same pictures before the model for a second class, and those that read one graph
    read it one by one. Logits of whole batches are kept, other outputs of single pictures alone, as they are large.
    """

    def __init__(self, model: Forward) -> None:
        self._model = model
        self._known: dict[tuple[object, ...], Answer] = {}

    @property
    def labels(self) -> tuple[str, ...]:
        """The model's."""
        return self._model.labels

    @property
    def wiring(self) -> Wiring:
        """The model's."""
        return self._model.wiring

    def logits(self, pixels: Float32) -> Float32:
        """float32[n, k]."""
        return self._once(("",), pixels, lambda: {"": self._model.logits(pixels)})[""]

    def outputs(self, pixels: Float32, names: Sequence[str]) -> Answer:
        """Named outputs of the plain graph."""
        if len(pixels) > 1:
            return self._model.outputs(pixels, names)
        return self._once(tuple(names), pixels, lambda: self._model.outputs(pixels, names))

    def gradients(self, pixels: Float32, target: Int64, names: Sequence[str], *, guided: bool = False) -> Answer:
        """Named outputs of one gradient graph; of a single picture all of them are taken at once."""
        if len(pixels) > 1:
            return self._model.gradients(pixels, target, names, guided=guided)
        cam = tuple(self.wiring.gradcam.values())
        rest = tuple(name for role, name in self.wiring.gradient.items() if role != "guided")
        every = cam if set(names) <= set(cam) else rest
        key = (*every, guided, int(target[0]))
        return self._once(key, pixels, lambda: self._model.gradients(pixels, target, every, guided=guided))

    def _once(self, question: tuple[object, ...], pixels: Float32, ask: Callable[[], Answer]) -> Answer:
        key = (*question, pixels.shape, hashlib.sha256(pixels.tobytes()).digest())
        if key not in self._known:
            self._known[key] = ask()
        return self._known[key]
