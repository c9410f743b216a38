"""From a network in PyTorch to a model package: trace, store, compare with PyTorch, calibrate, write."""

from __future__ import annotations

import copy
import logging
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import nn

from mri_batch.card import MethodEntry, ModelCard, Wiring
from mri_batch.dataset import Item
from mri_batch.errors import ExportRefused
from mri_batch.model.package import EXPLAIN, GRADCAM, MODEL, Package, write_package
from mri_batch.model.session import Session
from mri_batch_export.graphs.forward import build_plain_graph
from mri_batch_export.graphs.gradients import GradientGraph, build_gradient_graph, strip_metadata
from mri_batch_export.graphs.int8 import TOLD, Arithmetic, refuse_arithmetic, to_int8, weigh_arithmetic
from mri_batch_export.packaging.assemble import Arrays, finish_package
from mri_batch_export.packaging.quantize import Store, WeightFile, fold_batch_norms, round_weights
from mri_batch_export.packaging.rounding import weigh_rounding
from mri_batch_export.packaging.verify import answer_golden, make_golden, verify_gradients, verify_plain

_EXPORTER_LOG = "torch.onnx._internal.exporter"  # warns that torchvision is missing, which is nobody's concern here


def export_package(
    model: nn.Module,
    card: ModelCard,
    out: Path,
    *,
    items: Sequence[Item] = (),
    gradients: bool = True,
    store: Store = "int8",
    arithmetic: Arithmetic = "float32",
    rollout_layers: int = 4,
    replace: bool = False,
) -> Package:
    """Write the package of a network (float32, on the CPU), or raise ExportRefused where it would not be honest.

    ``card`` says labels, preprocessing and what is known of the model; wiring, methods and, from ``items`` with their
    splits (thresholds from "val", figures from "test"), calibration are filled in here. ``store`` rounds the weights
    first; the answers that the package must give are those of the rounded network in PyTorch. ``arithmetic`` is weighed
    against those in ONNX Runtime.
    """
    logging.getLogger(_EXPORTER_LOG).setLevel(logging.ERROR)
    network = copy.deepcopy(model).cpu().float().eval()
    _check_network(network, card)
    p = card.preprocessing
    fold_batch_norms(network, torch.zeros(1, p.channels, p.rows, p.cols))
    whole = copy.deepcopy(network)
    weights = WeightFile(codes=round_weights(network, store))
    if store != "fp32":
        card = _weigh(whole, network, card, items, store, rollout_layers)
    plain = build_plain_graph(network, card=card, rollout_layers=rollout_layers)
    card = card.model_copy(update={"wiring": plain.wiring})
    graphs = [(MODEL, strip_metadata(plain.proto))]  # the exporter notes where source files lie on this machine
    methods = list(plain.methods)
    if gradients:
        gradient = build_gradient_graph(network, card=card)
        card = card.model_copy(update={"wiring": _with_gradients(plain.wiring, gradient)})
        graphs += [(name, g) for name, g in ((EXPLAIN, gradient.proto), (GRADCAM, gradient.gradcam)) if g is not None]
        known = {entry.method for entry in methods}  # Grad-CAM that needs no gradient graph
        methods += [entry for entry in gradient.methods if entry.method not in known]
    card = card.model_copy(update={"explanations": tuple(methods), "default_method": _choose_default(methods)})
    first_layer = max(0, len(card.wiring.attention) - rollout_layers)
    # The plain graph comes last: its turned weights are then those of the gradient graphs.
    in_int8 = (
        [(n, to_int8(g) if n == MODEL else copy.deepcopy(g)) for n, g in graphs[::-1]] if arithmetic == "int8" else []
    )
    with tempfile.TemporaryDirectory(prefix="mri-batch-export-") as folder:
        work = Path(folder)
        files = weights.write(work, graphs)
        session = Session(write_package(work / "draft", card, files))
        verify_plain(network, session, first_layer)
        if gradients:
            verify_gradients(network, session)
        golden = make_golden(network, session, first_layer)
        if arithmetic == "int8":
            files = WeightFile(codes=weights.codes).write(_make_folder(work / "int8"), in_int8)
            session, golden = _weigh_int8(session, files, golden, items, work)
        return finish_package(session, files, golden, items, out, work=work, replace=replace)


def _weigh_int8(
    whole: Session, files: Mapping[str, Path], golden: Arrays, items: Sequence[Item], work: Path
) -> tuple[Session, Arrays]:
    """Return the draft with the plain graph in 8-bit arithmetic, and golden answers that are that graph's own.

    Raises ExportRefused where that costs too much, or where no validation slices tell what it costs.
    """
    validation = [item for item in items if item.split == "val"]
    if not validation:
        raise refuse_arithmetic("there are no validation slices to say what it costs", hint="give them with --data")
    card = whole.card.model_copy(update={"arithmetic": "int8", "limits": (*whole.card.limits, TOLD)})
    figures = weigh_arithmetic(whole, Session(write_package(work / "weighed", card, files)), validation)
    card = card.model_copy(update={"metrics": card.metrics | {"arithmetic": figures}})
    session = Session(write_package(work / "draft", card, files, replace=True))
    return session, {**golden, **answer_golden(session, golden)}


def _make_folder(path: Path) -> Path:
    path.mkdir()
    return path


def _weigh(
    whole: nn.Module, rounded: nn.Module, card: ModelCard, items: Sequence[Item], store: Store, rollout_layers: int
) -> ModelCard:
    """Say in the card what rounding costs, or that nobody knows. Raises ExportRefused where it costs too much."""
    validation = [item for item in items if item.split == "val"]
    if not validation:
        told = f"Weights are stored as {store}; what that costs was not measured, for want of validation data."
        return card.model_copy(update={"limits": (*card.limits, told)})
    figures = weigh_rounding(whole, rounded, card, validation, rollout_layers)
    return card.model_copy(update={"metrics": card.metrics | {"rounding": {"store": store, **figures}}})


def _check_network(network: nn.Module, card: ModelCard) -> None:
    p = card.preprocessing
    try:
        with torch.no_grad():
            logits = network(torch.zeros(2, p.channels, p.rows, p.cols))
    except (RuntimeError, ValueError) as error:
        raise ExportRefused(
            f"the network does not take {p.channels} x {p.rows} x {p.cols} pictures: {str(error).splitlines()[0]}",
            hint="correct the preprocessing",
        ) from error
    if tuple(logits.shape) != (2, len(card.labels)):
        raise ExportRefused(f"the network gives {logits.shape[-1]} numbers for {len(card.labels)} labels")
    if not torch.isfinite(logits).all():
        raise ExportRefused("the network gives NaN or infinite logits")


def _with_gradients(wiring: Wiring, gradient: GradientGraph) -> Wiring:
    return wiring.model_copy(update={"gradient": gradient.wiring, "gradcam": gradient.gradcam_wiring})


def _choose_default(methods: Sequence[MethodEntry]) -> str | None:
    available = {entry.method for entry in methods if entry.available}
    return next((m for m in ("rollout", "gradcam", "gradient") if m in available), "occlusion")
