"""Export of a PyTorch network to a model package: round, trace, verify against PyTorch, calibrate, write."""

from __future__ import annotations

import copy
import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path

import onnx
import torch
from torch import nn

from mri_batch.card import MethodEntry, ModelCard, with_fields
from mri_batch.errors import ExportRefused
from mri_batch.model.package import EXPLAIN, GRADCAM, MODEL, Files, Package, write_package
from mri_batch.model.session import Session
from mri_batch_export.graphs.forward import build_forward_graph
from mri_batch_export.graphs.gradients import build_gradient_graph, strip_metadata
from mri_batch_export.graphs.int8 import INT8_LIMIT, refuse_arithmetic, to_int8
from mri_batch_export.packaging.assemble import Draft, assemble_package
from mri_batch_export.packaging.card_builder import CardBuilder
from mri_batch_export.packaging.options import ExportOptions
from mri_batch_export.packaging.precision_loss import measure_int8_arithmetic, measure_weight_rounding
from mri_batch_export.packaging.quantize import WeightFile, fold_batch_norms, round_weights
from mri_batch_export.packaging.verify import make_golden, recompute_golden, verify_gradients, verify_plain

_EXPORTER_LOG = "torch.onnx._internal.exporter"  # warns that torchvision is missing, which does not matter here

Graphs = list[tuple[str, onnx.ModelProto]]  # file name and content, in the order in which weights are stored


def export_package(model: nn.Module, card: ModelCard, options: ExportOptions) -> Package:
    """Write the package of a network (float32, on the CPU). Raises ExportRefused where it would not be faithful.

    ``card`` has labels, preprocessing and what is known of the model; wiring, methods and calibration are added.
    Rounded weights and 8-bit arithmetic have to pass the limits of :mod:`~mri_batch_export.packaging.precision_loss`;
    the package is verified against the network with rounded weights in PyTorch.
    """
    logging.getLogger(_EXPORTER_LOG).setLevel(logging.ERROR)
    network = copy.deepcopy(model).cpu().float().eval()
    _check_network(network, card)
    p = card.preprocessing
    fold_batch_norms(network, torch.zeros(1, p.channels, p.rows, p.cols))
    unrounded = copy.deepcopy(network)
    weights = WeightFile(codes=round_weights(network, options.store))
    builder = CardBuilder(card)
    if options.store != "fp32":
        _record_rounding(unrounded, network, builder, options)
    graphs = _build_graphs(network, builder, options)
    int8_graphs = _to_int8(graphs) if options.arithmetic == "int8" else []
    with tempfile.TemporaryDirectory(prefix="mri-batch-export-") as folder:
        work = Path(folder)
        draft = _write_verified(network, builder.card, weights.write(work, graphs), options, work)
        if int8_graphs:
            int8_work = work / "int8"
            int8_work.mkdir()
            files = WeightFile(codes=weights.codes).write(int8_work, int8_graphs)
            draft = _switch_to_int8(draft, files, builder, options, work)
        return assemble_package(draft, builder, options, work)


def _check_network(network: nn.Module, card: ModelCard) -> None:
    p = card.preprocessing
    try:
        with torch.no_grad():
            logits = network(torch.zeros(2, p.channels, p.rows, p.cols))
    except (RuntimeError, ValueError) as error:
        raise ExportRefused(
            f"the network does not accept {p.channels} x {p.rows} x {p.cols} pictures: {str(error).splitlines()[0]}",
            hint="correct the preprocessing",
        ) from error
    if tuple(logits.shape) != (2, len(card.labels)):
        raise ExportRefused(f"the network gives {logits.shape[-1]} logits for {len(card.labels)} labels")
    if not torch.isfinite(logits).all():
        raise ExportRefused("the network gives NaN or infinite logits")


def _record_rounding(unrounded: nn.Module, network: nn.Module, builder: CardBuilder, options: ExportOptions) -> None:
    """Add what rounding costs to the card, or that it was not measured. Raises ExportRefused if it costs too much."""
    if not options.validation:
        builder.add_limit(
            f"Weights are stored as {options.store}; the loss was not measured, as there was no validation data."
        )
        return
    metrics = measure_weight_rounding(unrounded, network, builder.card, options.validation, options.rollout_layers)
    builder.add_metrics("rounding", {"store": options.store, **metrics})


def _build_graphs(network: nn.Module, builder: CardBuilder, options: ExportOptions) -> Graphs:
    """Trace the graphs and add their wiring and methods to the card."""
    plain = build_forward_graph(network, card=builder.card, rollout_layers=options.rollout_layers)
    builder.set_wiring(plain.wiring)
    graphs = [(MODEL, strip_metadata(plain.proto))]
    methods = list(plain.methods)
    if options.gradients:
        gradient = build_gradient_graph(network, card=builder.card)
        builder.set_wiring(with_fields(plain.wiring, gradient=gradient.wiring, gradcam=gradient.gradcam_wiring))
        graphs += [(name, g) for name, g in ((EXPLAIN, gradient.proto), (GRADCAM, gradient.gradcam)) if g is not None]
        known = {entry.method for entry in methods}  # Grad-CAM may need no gradient graph
        methods += [entry for entry in gradient.methods if entry.method not in known]
    builder.set_methods(methods, _choose_default(methods))
    return graphs


def _choose_default(methods: Sequence[MethodEntry]) -> str:
    available = {entry.method for entry in methods if entry.available}
    return next((m for m in ("rollout", "gradcam", "gradient") if m in available), "occlusion")


def _to_int8(graphs: Graphs) -> Graphs:
    """Copies with the plain graph in int8. It comes last, so that its transposed weights are the gradient graphs'."""
    return [(name, to_int8(graph) if name == MODEL else copy.deepcopy(graph)) for name, graph in graphs[::-1]]


def _write_verified(network: nn.Module, card: ModelCard, files: Files, options: ExportOptions, work: Path) -> Draft:
    """Write a draft of the package and verify every output of its graphs. Raises ExportRefused where one differs."""
    session = Session(write_package(work / "draft", card, files))
    first_layer = max(0, len(card.wiring.attention) - options.rollout_layers)
    verify_plain(network, session, first_layer)
    if options.gradients:
        verify_gradients(network, session)
    return Draft(session=session, files=files, golden=make_golden(network, session, first_layer))


def _switch_to_int8(exact: Draft, files: Files, builder: CardBuilder, options: ExportOptions, work: Path) -> Draft:
    """Return the draft in 8-bit arithmetic, with golden outputs of its own.

    Raises ExportRefused where that costs too much, or where there are no validation slices to measure it on.
    """
    if not options.validation:
        raise refuse_arithmetic("there are no validation slices to measure its cost on", hint="give them with --data")
    builder.set_int8_arithmetic()
    builder.add_limit(INT8_LIMIT)
    int8 = Session(write_package(work / "compared", builder.card, files))
    builder.add_metrics("arithmetic", measure_int8_arithmetic(exact.session, int8, options.validation))
    session = Session(write_package(work / "draft", builder.card, files, replace=True))
    golden = {**exact.golden, **recompute_golden(session, exact.golden)}
    return Draft(session=session, files=files, golden=golden)
