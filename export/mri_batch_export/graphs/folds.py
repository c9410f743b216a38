"""Constant factors beside a matrix product go into its weights.

A gradient meets many of them: the scale of a layer norm, a layer scale, a half. In the weights they cost nothing, as
ONNX Runtime works out what is made of constants alone once, when it loads the graph; beside the product each takes a
walk over all tokens. Only matrix products of ``aten`` with constant right sides are touched.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.fx import GraphModule, Node

aten = torch.ops.aten
_VIEWS = (aten.view.default, aten._unsafe_view.default, aten.reshape.default)
_PRODUCTS = (aten.mm.default, aten.addmm.default)
_OF_CONSTANTS = (aten.t.default, aten.mul.Tensor, aten.unsqueeze.default)


def fold_factors(graph: GraphModule) -> None:
    """Move factors before and behind matrix products into their weights, in place."""
    _merge_twins(graph)
    for node in list(graph.graph.nodes):
        if node.target == aten.mul.Tensor:
            _fold_behind(graph, node)
    for node in list(graph.graph.nodes):
        if node.target in _PRODUCTS:
            _fold_before(graph, node)
    graph.graph.eliminate_dead_code()
    graph.recompile()


def _merge_twins(graph: GraphModule) -> None:
    """Keep the first of nodes that compute the same from the same: a factor that two readers have cannot be moved.

    What the backward pass reads again comes to it detached, which is nothing in a graph that is never differentiated.
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


def _fold_behind(graph: GraphModule, mul: Node) -> None:
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


def _split(mul: Node) -> tuple[Node | None, Any]:
    """The variable and the constant side of a product; None where there are not one of each."""
    one, other = mul.args
    if isinstance(one, Node) and not _is_constant(one) and _is_constant(other):
        return one, other
    if isinstance(other, Node) and not _is_constant(other) and _is_constant(one):
        return other, one
    return None, None


def _source(node: Node) -> Node | None:
    """What a tensor was before it was put into another shape with the same last axis, all of it for one reader."""
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
    """How many read the numbers; the size of the first axis is no number."""
    return sum(user.target != aten.sym_size.int for user in node.users)


def _same_last(one: Node, other: Node) -> bool:
    return bool(one.meta["val"].shape[-1] == other.meta["val"].shape[-1])


def _is_constant(value: Any) -> bool:
    if not isinstance(value, Node):
        return isinstance(value, int | float)
    if value.op == "get_attr":
        return True
    return value.target in _OF_CONSTANTS and all(_is_constant(each) for each in value.args)


def _fetch(graph: GraphModule, factor: Any) -> Any:
    """A parameter read anew where it is needed, which may be before the place where it was read."""
    return graph.graph.get_attr(str(factor.target)) if isinstance(factor, Node) else factor


def _shape(graph: GraphModule, factor: Any) -> tuple[int, ...]:
    return tuple(getattr(graph, str(factor.target)).shape) if isinstance(factor, Node) else ()


def _fits(graph: GraphModule, factor: Any, width: int) -> bool:
    """Whether a factor is one number, or a parameter of one number for each of the last axis."""
    if isinstance(factor, Node) and factor.op != "get_attr":
        return False
    return _shape(graph, factor) in ((), (width,))
