"""What a method may ask of a model, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from mri_batch.arrays import Float32
from mri_batch.card import ModelCard, Wiring
from mri_batch.records import Attribution

Int64 = npt.NDArray[np.int64]
GRADIENT_PASSES = 3.0  # what a gradient costs in forward passes; 2.5 to 3.4 measured
CAM_PASSES = 1.1  # the same for a forward pass and the head's backward pass


class Forward(Protocol):
    """A model as the methods see it. n pictures: float32[n, c, rows, cols]; k labels.

    Three lines of numpy make a fake; :class:`mri_batch.model.session.Session` is the real one.
    """

    @property
    def labels(self) -> tuple[str, ...]:
        """The k labels."""
        ...

    @property
    def wiring(self) -> Wiring:
        """Which outputs there are, by role."""
        ...

    def logits(self, pixels: Float32) -> Float32:
        """float32[n, k], batched inside as suits the machine."""
        ...

    def outputs(self, pixels: Float32, names: Sequence[str]) -> Mapping[str, Float32]:
        """Named outputs of the plain graph, first axis n."""
        ...

    def gradients(
        self, pixels: Float32, target: Int64, names: Sequence[str], *, guided: bool = False
    ) -> Mapping[str, Float32]:
        """Named outputs of one gradient graph for the class index ``target`` int64[n] of each picture.

        The outputs in ``wiring.gradcam`` are those of ``gradcam.onnx``, all others of ``explain.onnx``; one call
        names outputs of one graph. ``guided`` feeds that bool[1] input of ``explain.onnx``, where it has one:
        gradients then pass ReLUs only where they are positive. Raises MethodAbsent where the package has no such
        graph.
        """
        ...


class Method(Protocol):
    """Frozen knobs and a call."""

    name: ClassVar[str]

    @classmethod
    def absent_reason(cls, card: ModelCard) -> str:
        """Say why the method cannot run on a model with this card, or nothing where it can."""
        ...

    def __call__(self, forward: Forward, pixels: Float32, target: Int64) -> Attribution:
        """Heat float32[n, grid_rows, grid_cols] for n pictures and a class index for each."""
        ...
