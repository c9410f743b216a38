"""A model with known answers, and pictures for it: is the upper or the lower half brighter?"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper
from PIL import Image

from mri_batch.card import Crop, Intensity, ModelCard, Preprocessing
from mri_batch.model.package import write_package

SIDE = 64
LABELS = ("lower", "upper")


def make_package(folder: Path, decision: dict[str, Any] | None = None, sharpness: float = 12.0) -> Path:
    """Make a package whose logits are the means of the two halves times ``sharpness``, and whose features are these."""
    weights = np.zeros((SIDE * SIDE, 2), np.float32)
    weights[SIDE * SIDE // 2 :, 0] = weights[: SIDE * SIDE // 2, 1] = 2 / SIDE**2
    nodes = [
        helper.make_node("Flatten", ["pixels"], ["flat"], axis=1),
        helper.make_node("MatMul", ["flat", "weights"], ["features"]),
        helper.make_node("Mul", ["features", "sharpness"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "halves",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 1, SIDE, SIDE])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 2]) for name in ("logits", "features")],
        [
            helper.make_tensor("weights", TensorProto.FLOAT, weights.shape, weights.ravel()),
            helper.make_tensor("sharpness", TensorProto.FLOAT, [], [sharpness]),
        ],
    )
    folder.mkdir(parents=True)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.save(model, folder / "model.onnx")
    np.savez(folder / "gate.npz", means=np.eye(2, dtype=np.float32), precision=np.eye(2, dtype=np.float32))
    card = ModelCard.model_validate(
        {
            "name": "halves",
            "labels": LABELS,
            "preprocessing": Preprocessing(
                rows=SIDE,
                cols=SIDE,
                channels=1,
                mean=(0.0,),
                std=(1.0,),
                crop=Crop(kind="none"),
                intensity=Intensity(kind="range", low=0, high=255),
                resize_filter="nearest",
            ),
            "decision": decision or {},
            "wiring": {"features": "features"},
        }
    )
    files = {name: folder / name for name in ("model.onnx", "gate.npz")}
    write_package(folder / "pkg", card, files)
    return folder / "pkg"


def make_data(folder: Path, labels: str, groups: str, *, masks: bool = False) -> Path:
    """Make one picture for each letter: ``u`` and ``l`` are what it shows; capitals carry the wrong label."""
    (folder / "masks").mkdir(parents=True)
    rng = np.random.default_rng(0)
    rows = []
    for i, (letter, group) in enumerate(zip(labels, groups, strict=True)):
        pixels = rng.integers(0, 30, (SIDE, SIDE))
        half = slice(0, SIDE // 2) if letter.lower() == "u" else slice(SIDE // 2, SIDE)
        pixels[half] += int(rng.integers(60, 200))
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{i}.png")
        if masks:
            mask = np.zeros((SIDE, SIDE), np.uint8)
            mask[half] = 255
            Image.fromarray(mask).save(folder / "masks" / f"{i}.png")
        label = {"u": "upper", "l": "lower", "U": "lower", "L": "upper"}[letter]
        rows.append([f"{i}.png", label, group, "one" if i % 2 else "two"])
    with (folder / "labels.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["file", "label", "patient_group", "source"], *rows])
    return folder
