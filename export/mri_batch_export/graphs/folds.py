"""Folding of constant factors beside a matrix product into its weights.

A gradient contains many of them: the scale of a layer norm, a layer scale, a half. In the weights they are free, since
ONNX Runtime folds constants once, when it loads the graph; beside the product each costs a pass over all tokens. Only
``aten`` matrix products with a constant right side are changed.
"""

from __future__ import annotations

import torch
from torch.fx import GraphModule, Node
from torch.fx.node import Argument

aten = torch.ops.aten
_VIEWS = (aten.view.default, aten._unsafe_view.default, aten.reshape.default)
_PRODUCTS = (aten.mm.default, aten.addmm.default)
_OF_CONSTANTS = (aten.t.default, aten.mul.Tensor, aten.unsqueeze.default)


def fold_factors(graph: GraphModule) -> None:
    """Move factors before and after matrix products into their weights, in place."""
    _merge_duplicates(graph)
    for node in list(graph.graph.nodes):
        if node.target == aten.mul.Tensor:
            _fold_after(graph, node)
    for node in list(graph.graph.nodes):
        if node.target in _PRODUCTS:
            _fold_before(graph, node)
    graph.graph.eliminate_dead_code()
    graph.recompile()


def _merge_duplicates(graph: GraphModule) -> None:
    """Keep the first of several nodes that compute the same, since a factor with two readers cannot be moved.

    The backward pass reads detached values; ``detach`` does nothing in a graph that is never differentiated.
    """
    known: dict[object, Node] = {}
    for node in list(graph.graph.nodes):
        if node.target == aten.detach.default:
            node.replace_all_uses_with(node.args[0])
        elif node.op == "call_function" and not node.kwargs:
            key = (node.target, repr(node.args))
            if known.setdefault(key, node) is not node:
                node.replace_all_uses_with(known[key])
    graph.graph.eliminate_dead_code()


def _fold_after(graph: GraphModule, mul: Node) -> None:
    """(a B) c = a (B c), and with a bias (b + a B) c = b c + a (B c)."""
    value, factor = _split(mul)
    product = _source(value) if value is not None else None
    if value is None or product is None or product.target not in _PRODUCTS:
        return
    *bias, _, weights = product.args
    constants = [*bias, weights]
    if product.kwargs or _count_readers(product) > 1 or not all(_is_constant(each) for each in constants):
        return
    if not _fits(graph, factor, int(product.meta["val"].shape[-1])):
        return
    with graph.graph.inserting_before(product):
        factor = _fetch(graph, factor)
        scaled = {each: graph.graph.call_function(aten.mul.Tensor, (each, factor)) for each in constants}
    product.args = tuple(scaled.get(each, each) for each in product.args)
    mul.replace_all_uses_with(value)


def _fold_before(graph: GraphModule, product: Node) -> None:
    """(a c) B = a (c B), where c goes along the rows of B; with a bias or without."""
    *bias, left, weights = product.args
    if not isinstance(left, Node) or not _is_constant(weights):
        return
    mul = _source(left)
    if mul is None or mul.target != aten.mul.Tensor:
        return
    value, factor = _split(mul)
    if value is None or not _fits(graph, factor, int(left.meta["val"].shape[-1])):
        return
    with graph.graph.inserting_before(product):
        if _shape(graph, factor):
            factor = graph.graph.call_function(aten.unsqueeze.default, (_fetch(graph, factor), 1))
        scaled = graph.graph.call_function(aten.mul.Tensor, (weights, factor))
    product.args = (*bias, left, scaled)
    reader = product if left is mul else _reader(left)
    reader.replace_input_with(mul, value)


def _split(mul: Node) -> tuple[Node | None, Argument]:
    """The variable and the constant side of a product; None where it does not have one of each."""
    one, other = mul.args
    if isinstance(one, Node) and not _is_constant(one) and _is_constant(other):
        return one, other
    if isinstance(other, Node) and not _is_constant(other) and _is_constant(one):
        return other, one
    return None, None


def _source(node: Node) -> Node | None:
    """The tensor before views that keep the last axis; None where a view changes it or has several readers."""
    while node.target in _VIEWS:
        before = node.args[0]
        if _count_readers(node) > 1 or not isinstance(before, Node) or not _same_last(node, before):
            return None
        node = before
    return node


def _reader(view: Node) -> Node:
    """The first view of a chain of them."""
    while isinstance(view.args[0], Node) and view.args[0].target in _VIEWS:
        view = view.args[0]
    return view


def _count_readers(node: Node) -> int:
    """Number of nodes that read the values, not just the size of an axis."""
    return sum(user.target != aten.sym_size.int for user in node.users)


def _same_last(one: Node, other: Node) -> bool:
    return bool(one.meta["val"].shape[-1] == other.meta["val"].shape[-1])


def _is_constant(value: Argument) -> bool:
    if not isinstance(value, Node):
        return isinstance(value, int | float)
    if value.op == "get_attr":
        return True
    return value.target in _OF_CONSTANTS and all(_is_constant(each) for each in value.args)


def _fetch(graph: GraphModule, factor: Argument) -> Argument:
    """Read a parameter again where it is needed, which may be before the node that reads it now."""
    return graph.graph.get_attr(str(factor.target)) if isinstance(factor, Node) else factor


def _shape(graph: GraphModule, factor: Argument) -> tuple[int, ...]:
    return tuple(getattr(graph, str(factor.target)).shape) if isinstance(factor, Node) else ()


def _fits(graph: GraphModule, factor: Argument, width: int) -> bool:
    """Whether a factor is one number, or a parameter with one number for each position of the last axis."""
    if isinstance(factor, Node) and factor.op != "get_attr":
        return False
    return _shape(graph, factor) in ((), (width,))
