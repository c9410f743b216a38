"""The self-test of a package: PyTorch's stored outputs compared with those of ONNX Runtime on this machine.

``golden.npz`` holds ``pictures`` uint8[g, rows, cols, 1 or 3], which become the model's input by the card's own mean
and standard deviation, ``target`` int64[g], and one array for each output, by its name after ``plain/``, ``explain/``
or ``gradcam/``. Attention, whose tensors are as large as the model, is held as ``NAME.class`` float32[g, h, t], its
first row, and ``NAME.received`` float32[g, h, t], the mean over its rows; of gradients and feature maps every i-th
number, at most 16,384 a picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mri_batch.arrays import Arrays, Float32, Outputs
from mri_batch.errors import ModelPackageError
from mri_batch.model.package import read_package
from mri_batch.model.prepare import normalize
from mri_batch.model.session import Session

LIMIT = 1e-4  # of an output's largest value, or of 1 where that is less
INT8_LIMIT = 0.1  # likewise in 8-bit arithmetic, where a last bit can move a number to the next of 256 steps
GRADIENT_LIMIT = 1e-3  # of an output's largest value, for 99 of 100 numbers
GRADIENT_SHARE = 0.99  # ties in max pooling and at ReLU's zero are broken either way, in PyTorch too
# Where ties are many: the relative error in the L2 norm; a correlation of 0.9999 corresponds to it.
# PyTorch's own float32 gradient of a ResNet-18 is 8e-3 from its float64 one by this measure.
GRADIENT_OVERALL = 0.0141
_MOST_NUMBERS = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far one output is from PyTorch's: the largest absolute difference over the scale of its limit."""

    output: str
    difference: float
    limit: float

    @property
    def holds(self) -> bool:
        """Whether the difference is within the limit; NaN never is."""
        return self.difference <= self.limit


def verify_package(folder: Path) -> Iterator[str]:
    """Check digests and golden answers; yield a line for each output. Raises ModelPackageError where one is off."""
    package = read_package(folder)
    yield f"digests: {len(list(package.folder.iterdir()))} files as written"
    golden = package.load_golden()
    if not golden:
        yield "golden answers: none stored"
        return
    off = []
    for agreement in compare_golden(Session(package), golden):
        yield f"{agreement.output}: differs by {agreement.difference:.1e} (limit {agreement.limit:.0e})"
        off += [] if agreement.holds else [agreement.output]
    if off:
        raise ModelPackageError(
            f"the model does not give PyTorch's answers here: {', '.join(off)}",
            code="MODEL_DISAGREES",
            file=str(folder),
            hint="do not use it on this machine; report CPU and ONNX Runtime version",
        )


def compare_golden(session: Session, golden: Arrays) -> Iterator[Agreement]:
    """Run the golden pictures and compare every stored output."""
    pixels = normalize(golden["pictures"].astype(np.float32) / np.float32(255), session.card.preprocessing)
    wiring = session.wiring
    given = to_stored("plain", session.outputs(pixels, wiring.plain_outputs), wiring.attention)
    for graph, roles in (("explain", wiring.gradient), ("gradcam", wiring.gradcam)):
        names = [name for name in roles.values() if f"{graph}/{name}" in golden]
        if names:
            gradients = session.gradients(pixels, golden["target"].astype(np.int64), names)
            given = {**given, **to_stored(graph, gradients)}
    for key in sorted(golden.keys() - {"pictures", "target"}):
        stored = golden[key].astype(np.float32)
        if key not in given:
            raise ModelPackageError(f"golden answers for {key}, which the card does not name", code="MODEL_CARD_BAD")
        agreement = compare(key, given[key], stored)
        loose = session.card.arithmetic == "int8" and key.startswith("plain/")
        yield replace(agreement, limit=INT8_LIMIT) if loose else agreement


def compare(key: str, given: Float32, right: Float32) -> Agreement:
    """Compare one output with PyTorch's; gradients, which have no natural scale, relative to their largest value.

    A gradient in which ties put too many numbers off is compared by its L2 norm.
    """
    apart = np.abs(given - right) if given.shape == right.shape else np.full(1, np.nan)
    largest = float(np.abs(right).max())
    if key.startswith("plain/"):
        return Agreement(output=key, difference=float(apart.max()) / max(1.0, largest), limit=LIMIT)
    most = float(np.quantile(apart, GRADIENT_SHARE)) / max(largest, 1e-12)
    overall = float(np.linalg.norm(apart) / max(float(np.linalg.norm(right)), 1e-12))
    if most > GRADIENT_LIMIT and overall <= GRADIENT_OVERALL:
        return Agreement(output=key, difference=overall, limit=GRADIENT_OVERALL)
    return Agreement(output=key, difference=most, limit=GRADIENT_LIMIT)


def to_stored(graph: str, outputs: Outputs, attention: tuple[str, ...] = ()) -> Outputs:
    """Name outputs as golden.npz does, and reduce the large ones to the part that it holds."""
    stored: dict[str, Float32] = {}
    for name, values in outputs.items():
        if name in attention:
            stored[f"{graph}/{name}.class"] = values[:, :, 0]
            stored[f"{graph}/{name}.received"] = values.mean(axis=2)
        elif graph == "plain":
            stored[f"{graph}/{name}"] = values
        else:
            flat = values.reshape(len(values), -1)
            stored[f"{graph}/{name}"] = flat[:, :: 1 + flat.shape[1] // _MOST_NUMBERS]
    return stored
