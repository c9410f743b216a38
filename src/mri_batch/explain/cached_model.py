"""A model that remembers its outputs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from mri_batch.arrays import Float32, Int64, Outputs
from mri_batch.card import Wiring
from mri_batch.explain.base import Forward


class CachedModel:
    """Another model's outputs, computed once; a :class:`mri_batch.explain.base.Forward`.

    ``known``: outputs of the plain graph for ``pixels`` that inference has brought along. ``memoise``: also keep what
    the model computes, for as long as this object lives, so make one for each slice: perturbation methods show the
    model the very same pictures for a second class, and several methods read one gradient graph. Logits of whole
    batches are kept, other outputs of single pictures only, as they are large.
    """

    def __init__(
        self, model: Forward, *, pixels: Float32 | None = None, known: Outputs | None = None, memoise: bool = True
    ) -> None:
        self._model, self._pixels, self._known, self._memoise = model, pixels, known or {}, memoise
        self._memo: dict[tuple[object, ...], Outputs] = {}

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

    def outputs(self, pixels: Float32, names: Sequence[str]) -> Outputs:
        """Named outputs of the plain graph."""
        if pixels is self._pixels and self._known.keys() >= set(names):
            return {name: self._known[name] for name in names}
        if len(pixels) > 1:
            return self._model.outputs(pixels, names)
        return self._once(tuple(names), pixels, lambda: self._model.outputs(pixels, names))

    def gradients(self, pixels: Float32, target: Int64, names: Sequence[str], *, guided: bool = False) -> Outputs:
        """Named outputs of one gradient graph; where they are kept, all outputs of the graph at once."""
        if len(pixels) > 1 or not self._memoise:
            return self._model.gradients(pixels, target, names, guided=guided)
        cam = tuple(self.wiring.gradcam.values())
        rest = tuple(name for role, name in self.wiring.gradient.items() if role != "guided")
        every = cam if set(names) <= set(cam) else rest
        key = (*every, guided, int(target[0]))
        return self._once(key, pixels, lambda: self._model.gradients(pixels, target, every, guided=guided))

    def _once(self, question: tuple[object, ...], pixels: Float32, ask: Callable[[], Outputs]) -> Outputs:
        if not self._memoise:
            return ask()
        key = (*question, pixels.shape, hashlib.sha256(pixels.tobytes()).digest())
        if key not in self._memo:
            self._memo[key] = ask()
        return self._memo[key]
