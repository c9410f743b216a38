"""Stand-ins for a model: planted evidence in numpy, and tiny packages on ONNX Runtime without the model room."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import onnxruntime

from mri_batch.arrays import Float32, Int64
from mri_batch.card import ModelCard, Wiring


class NumpyForward:
    """A model that is a numpy function from float32[n, c, rows, cols] to logits float32[n, k]; counts its passes."""

    def __init__(
        self, function: Callable[[Float32], Float32], labels: tuple[str, ...], wiring: Wiring | None = None
    ) -> None:
        self._function = function
        self.labels = labels
        self.wiring = wiring or Wiring()
        self.n_passes = 0

    def logits(self, pixels: Float32) -> Float32:
        """Logits float32[n, k]."""
        self.n_passes += len(pixels)
        return self._function(pixels).astype(np.float32)

    def outputs(self, pixels: Float32, names: Sequence[str]) -> Mapping[str, Float32]:
        """Has no further outputs."""
        raise NotImplementedError

    def gradients(
        self, pixels: Float32, target: Int64, names: Sequence[str], *, guided: bool = False
    ) -> Mapping[str, Float32]:
        """Has no gradients."""
        raise NotImplementedError


class OutputsForward(NumpyForward):
    """A model whose named outputs and gradients are given: each a function of (pixels, target, guided)."""

    def __init__(
        self,
        wiring: Wiring,
        given: Mapping[str, Callable[[Float32, Int64, bool], Float32]],
        function: Callable[[Float32], Float32] = lambda x: np.zeros((len(x), 2), np.float32),
    ) -> None:
        super().__init__(function, ("a", "b"), wiring)
        self._given = given

    def outputs(self, pixels: Float32, names: Sequence[str]) -> Mapping[str, Float32]:
        """The given outputs."""
        return {name: self._given[name](pixels, np.zeros(len(pixels), np.int64), False) for name in names}

    def gradients(
        self, pixels: Float32, target: Int64, names: Sequence[str], *, guided: bool = False
    ) -> Mapping[str, Float32]:
        """The given gradients."""
        return {name: self._given[name](pixels, target, guided) for name in names}


class OrtForward:
    """A package folder with model.onnx, explain.onnx, gradcam.onnx and model.json on ONNX Runtime, one thread."""

    def __init__(self, folder: Path, batch_size: int = 8) -> None:
        self.card = ModelCard.model_validate_json((folder / "model.json").read_text("utf-8"))
        self.labels, self.wiring = self.card.labels, self.card.wiring
        self._folder, self._batch_size = folder, batch_size
        self._graphs: dict[str, onnxruntime.InferenceSession] = {}

    def logits(self, pixels: Float32) -> Float32:
        """Logits float32[n, k]."""
        return self.outputs(pixels, (self.wiring.logits,))[self.wiring.logits]

    def outputs(self, pixels: Float32, names: Sequence[str]) -> Mapping[str, Float32]:
        """Named outputs of model.onnx."""
        return self._run("model.onnx", {"pixels": pixels}, names)

    def gradients(
        self, pixels: Float32, target: Int64, names: Sequence[str], *, guided: bool = False
    ) -> Mapping[str, Float32]:
        """Named outputs of explain.onnx or gradcam.onnx."""
        one_hot = np.eye(len(self.labels), dtype=np.float32)[target]
        file = "gradcam.onnx" if set(names) <= set(self.wiring.gradcam.values()) else "explain.onnx"
        constant = {"guided": np.array([guided])} if "guided" in self.wiring.gradient and file == "explain.onnx" else {}
        return self._run(file, {"pixels": pixels, "target": one_hot}, names, constant)

    def _run(
        self, file: str, feed: Mapping[str, Float32], names: Sequence[str], constant: Mapping[str, object] | None = None
    ) -> dict[str, Float32]:
        if file not in self._graphs:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            self._graphs[file] = onnxruntime.InferenceSession(str(self._folder / file), options)
        n, parts = len(feed["pixels"]), []
        for i in range(0, n, self._batch_size):
            part = {name: value[i : i + self._batch_size] for name, value in feed.items()}
            parts.append(self._graphs[file].run(list(names), part | dict(constant or {})))
        return {name: np.concatenate([part[j] for part in parts]) for j, name in enumerate(names)}
