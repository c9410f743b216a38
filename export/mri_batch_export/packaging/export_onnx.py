"""Export of an ONNX classifier made elsewhere to a model package."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch

from mri_batch.arrays import Arrays, Float32, Outputs
from mri_batch.card import ModelCard, Preprocessing, Wiring
from mri_batch.errors import ExportRefused, MriBatchError, UsageError
from mri_batch.model.package import MODEL, WEIGHTS, Package, write_package
from mri_batch.model.selftest import compare, to_stored
from mri_batch.model.session import Session
from mri_batch_export.graphs.onnx_import import add_outputs, find_input, find_logits, keep_logits, load_onnx, wire
from mri_batch_export.graphs.rollout import full_attention_rollout
from mri_batch_export.packaging.assemble import Draft, assemble_package
from mri_batch_export.packaging.card_builder import CardBuilder
from mri_batch_export.packaging.options import ExportOptions
from mri_batch_export.packaging.phantoms import make_phantoms
from mri_batch_export.packaging.quantize import WeightFile
from mri_batch_export.packaging.source import CardKeys, check_card
from mri_batch_export.packaging.verify import BATCHES, N_GOLDEN, refuse_disagreements, row_sums, to_pixels


def export_onnx(
    path: Path,
    labels: Sequence[str],
    options: ExportOptions,
    *,
    about: CardKeys,
    preprocessing: Preprocessing | None = None,
) -> Package:
    """Write a package around an ONNX file with one picture input float32[n, c, rows, cols] and logits [n, k].

    The file itself is the reference: the package must give the same logits at batch sizes 1 and 7. Attention found in
    the graph becomes outputs, and all of its layers a rollout. ``about``: keys of the card.
    """
    if len(labels) < 2:
        raise UsageError("an ONNX file does not name its labels", hint="give --labels in the order of the logits")
    model = load_onnx(path)
    pixels = find_input(model)
    p = preprocessing or _infer_preprocessing(pixels)
    logits = find_logits(model)
    keys = {"architecture": "onnx", "labels": labels, "preprocessing": p, "wiring": Wiring(input=pixels.name), **about}
    builder = CardBuilder(check_card(keys))
    with tempfile.TemporaryDirectory(prefix="mri-batch-export-") as folder:
        work = Path(folder)
        original = _copy(model)
        keep_logits(original, logits)
        reference = _open(original, builder.card, work / "original")
        outputs = add_outputs(model, logits)
        candidates = _open(model, builder.card, work / "candidates") if outputs.attention else None
        tokens = _count_tokens(candidates, outputs.attention) if candidates else {}
        wiring, methods = wire(model, outputs, tokens, builder.card.wiring, p)
        builder.set_wiring(wiring)
        builder.set_methods(methods, "rollout" if wiring.rollout else "occlusion")
        session = _open(model, builder.card, work / "wired")
        _verify(session, reference, to_pixels(make_phantoms(max(BATCHES), p, seed=1), session))
        files = {f.name: f for f in session.package.folder.iterdir() if f.name in (MODEL, WEIGHTS)}
        draft = Draft(session=session, files=files, golden=_make_golden(session, reference, p))
        return assemble_package(draft, builder, options, work)


def _copy(model: onnx.ModelProto) -> onnx.ModelProto:
    copied = onnx.ModelProto()
    copied.CopyFrom(model)
    return copied


def _open(model: onnx.ModelProto, card: ModelCard, folder: Path) -> Session:
    folder.mkdir()
    files = WeightFile(codes={}).write(folder, [(MODEL, _copy(model))])
    return Session(write_package(folder / "package", card, files))


def _count_tokens(session: Session, names: Sequence[str]) -> dict[str, int]:
    """Tokens of each output that is attention over all tokens, float[n, h, t, t]; other outputs are left out."""
    p = session.card.preprocessing
    outputs = session.outputs(np.zeros((2, p.channels, p.rows, p.cols), np.float32), names)
    shapes = {name: values.shape for name, values in outputs.items()}
    return {n: s[2] for n, s in shapes.items() if len(s) == 4 and s[0] == 2 and s[2] == s[3] > 1}


def _verify(session: Session, reference: Session, pixels: Float32) -> None:
    wiring = session.wiring
    found = []
    for size in BATCHES:
        try:
            right = reference.logits(pixels[:size])
            given = session.outputs(pixels[:size], [n for n in (wiring.logits, wiring.rollout, *wiring.attention) if n])
        except MriBatchError as error:
            raise ExportRefused(
                f"the graph does not run on {size} pictures at a time: {error.reason}",
                hint="export it with a dynamic batch axis",
            ) from error
        if right.shape != (size, len(session.labels)):
            raise ExportRefused(f"the graph gives {right.shape[-1]} logits for {len(session.labels)} labels")
        found.append(compare("plain/logits", given[wiring.logits], right))
        found += [row_sums(name, given[name]) for name in wiring.attention]
        if wiring.rollout:
            found.append(compare("plain/rollout", given[wiring.rollout], _roll_out(wiring, given)))
    refuse_disagreements(found)


def _roll_out(wiring: Wiring, given: Outputs) -> Float32:
    """Rollout by full matrices from the attention that the graph gives: float32[n, grid_rows, grid_cols]."""
    attentions = [torch.from_numpy(given[name]) for name in wiring.attention]
    heat: Float32 = full_attention_rollout(attentions)[:, 0, wiring.prefix_tokens :].numpy()
    return heat.reshape(-1, *(wiring.grid or (1, 1)))


def _make_golden(session: Session, reference: Session, p: Preprocessing) -> Arrays:
    pictures = make_phantoms(N_GOLDEN, p, seed=2)
    pixels = to_pixels(pictures, session)
    names = [name for name in (session.wiring.rollout, *session.wiring.attention) if name]
    outputs = {"logits": reference.logits(pixels), **session.outputs(pixels, names)}
    return {"pictures": pictures, **to_stored("plain", outputs, session.wiring.attention)}


def _infer_preprocessing(pixels: onnx.ValueInfoProto) -> Preprocessing:
    """Take the input's size for the pictures'; mean 0.5 and standard deviation 0.25, as nothing else is known."""
    _, channels, rows, cols = (d.dim_value for d in pixels.type.tensor_type.shape.dim)
    if channels not in (1, 3) or not rows or not cols:
        raise UsageError("the graph has no fixed input size", hint="give --preprocess with rows, cols, channels")
    mean, std = (0.5,) * channels, (0.25,) * channels
    return Preprocessing.model_validate({"channels": channels, "rows": rows, "cols": cols, "mean": mean, "std": std})
