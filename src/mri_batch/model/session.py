"""Run a model package with ONNX Runtime. No other module imports it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from mri_batch.arrays import Arrays, Float32, Outputs
from mri_batch.card import ModelCard, Wiring
from mri_batch.errors import MethodAbsent, ModelPackageError
from mri_batch.model.package import Package
from mri_batch.notes import Note


def import_onnxruntime() -> ModuleType:
    """Import ONNX Runtime with its telemetry off: since 1.29 it must be disabled before the import."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    onnxruntime = import_module("onnxruntime")

    onnxruntime.disable_telemetry_events()
    onnxruntime.set_default_logger_severity(4)
    return onnxruntime


GRADIENT_BATCH = 2  # eight at a time exceed the cache and take longer per picture


class Session:
    """A model package ready to run; an :class:`mri_batch.explain.base.Forward`.

    ``threads`` are those of one operator (0: all cores); ``batch_size`` bounds memory, larger gains nothing on a CPU.
    It refers to pictures of 224 x 224 px: batches of larger ones are smaller, and are halved from then on if memory
    still runs out. The gradient graph is loaded when a method first needs it.
    """

    def __init__(self, package: Package, *, threads: int = 0, batch_size: int = 8) -> None:
        self.package = package
        p = package.card.preprocessing
        self.batch_size = max(1, min(batch_size, batch_size * 224 * 224 // (p.rows * p.cols)))
        if package.card.arithmetic == "int8":
            self.batch_size = 1  # activations are quantised per batch: a slice's output would depend on its neighbours
        self._threads = threads
        self._graphs: dict[Path, Any] = {}
        self._open(package.model_file)
        self._check_outputs()

    @property
    def card(self) -> ModelCard:
        """The package's card."""
        return self.package.card

    @property
    def threads(self) -> int:
        """Cores that this session, and work beside it, may use."""
        return self._threads or os.cpu_count() or 1

    @property
    def labels(self) -> tuple[str, ...]:
        """The k labels."""
        return self.card.labels

    @property
    def wiring(self) -> Wiring:
        """Which outputs there are, by role."""
        return self.card.wiring

    def count_heads(self) -> int:
        """Return the largest number of heads among a ViT's layers; 1 where the graph does not state it."""
        shapes = {output.name: output.shape for output in self._open(self.package.model_file).get_outputs()}
        heads = [shapes[name][1] for name in self.wiring.attention]
        return max((n for n in heads if isinstance(n, int)), default=1)

    def try_out(self) -> None:
        """Run the model once on a black picture, so that one that cannot run is refused before any study."""
        p = self.card.preprocessing
        try:
            self.logits(np.zeros((1, p.channels, p.rows, p.cols), np.float32))
        except MemoryError:
            raise ModelPackageError(
                "the model needs more memory than there is",
                code="MODEL_RUN",
                file=self.package.folder.name,
                hint="use a machine with more memory",
            ) from None

    def logits(self, pixels: Float32) -> Float32:
        """float32[n, k] of float32[n, c, rows, cols]."""
        return self.outputs(pixels, (self.wiring.logits,))[self.wiring.logits]

    def outputs(self, pixels: Float32, names: Sequence[str]) -> Outputs:
        """Named outputs of the plain graph, first axis n."""
        return self._run(self.package.model_file, pixels, names, {}, batch=self.batch_size)

    def gradients(
        self, pixels: Float32, target: npt.NDArray[np.int64], names: Sequence[str], *, guided: bool = False
    ) -> Outputs:
        """Outputs of one gradient graph for class indices ``target`` int64[n].

        Those in ``wiring.gradcam`` come from ``gradcam.onnx``, others from ``explain.onnx``. ``guided`` lets gradients
        pass ReLUs only where they are positive. Raises MethodAbsent where the package has no such graph.
        """
        is_gradcam = set(names) <= set(self.wiring.gradcam.values())
        path = self.package.gradcam_file if is_gradcam else self.package.explain_file
        if path is None:
            raise MethodAbsent(Note("NO_GRADIENT"))
        extra: dict[str, npt.NDArray[np.generic]] = {"target": np.eye(len(self.labels), dtype=np.float32)[target]}
        switch = self.wiring.gradient.get("guided")
        if switch and not is_gradcam:
            extra[switch] = np.array([guided])
        return self._run(path, pixels, names, extra, batch=self.batch_size if is_gradcam else GRADIENT_BATCH)

    def _open(self, path: Path) -> Any:
        if path not in self._graphs:
            onnxruntime = import_onnxruntime()
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = self._threads
            options.inter_op_num_threads = 1
            options.log_severity_level = 4
            # Results differ in the last bits between levels, so the level is pinned (and recorded in run.json).
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
            # Weights may be stored in 8 bits; without this they would be dequantised in every run.
            options.add_session_config_entry("session.disable_quant_qdq", "1")
            # Spinning threads of several workers compete for cores; a worker that has all cores gains by it.
            alone = self._threads in (0, os.cpu_count())
            options.add_session_config_entry("session.intra_op.allow_spinning", "1" if alone else "0")
            try:
                self._graphs[path] = onnxruntime.InferenceSession(
                    str(path), options, providers=["CPUExecutionProvider"]
                )
            except Exception as error:  # ONNX Runtime raises a dozen unrelated classes here
                raise ModelPackageError(
                    f"ONNX Runtime cannot load the model: {_first_line(error)}",
                    code="MODEL_UNLOADABLE",
                    file=self.package.folder.name,
                    hint="verify the package with 'mri-batch model verify', or export it again",
                ) from error
        return self._graphs[path]

    def _check_outputs(self) -> None:
        graph = self._open(self.package.model_file)
        there = {output.name for output in graph.get_outputs()} | {
            graph_input.name for graph_input in graph.get_inputs()
        }
        absent = [name for name in (self.wiring.input, *self.wiring.plain_outputs) if name not in there]
        if absent:
            raise ModelPackageError(
                f"the card names {', '.join(absent)}, which the graph does not have",
                code="MODEL_CARD_BAD",
                file=self.package.folder.name,
                hint="correct 'wiring' in model.json",
            )

    def _run(
        self,
        path: Path,
        pixels: Float32,
        names: Sequence[str],
        extra: Arrays,
        *,
        batch: int,
    ) -> Outputs:
        """Run one graph batch by batch. Of ``extra``, inputs with one row per picture are cut likewise."""
        graph = self._open(path)
        parts: list[list[Float32]] = []
        start = 0
        while start < len(pixels) or not parts:
            here = slice(start, start + batch)
            feed: dict[str, npt.NDArray[np.generic]] = {self.wiring.input: pixels[here]}
            feed |= {name: value[here] if value.ndim > 1 else value for name, value in extra.items()}
            try:
                parts.append(graph.run(list(names), feed))
                start += batch
            except Exception as error:
                if "allocat" in str(error) or "bad_alloc" in str(error):  # "Failed to allocate memory", std::bad_alloc
                    batch = self._halve(batch)
                    continue
                raise ModelPackageError(
                    f"the model does not run: {_first_line(error)}",
                    code="MODEL_RUN",
                    file=self.package.folder.name,
                    hint="its input may not be what the card says",
                ) from error
        return {name: np.concatenate([part[i] for part in parts]) for i, name in enumerate(names)}

    def _halve(self, batch: int) -> int:
        if batch == 1:
            raise MemoryError
        self.batch_size = min(self.batch_size, batch // 2)
        return batch // 2


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
