"""Checkpoints: what is accepted, what is refused, and that no code in them runs."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from mri_batch.errors import ExportRefused
from mri_batch_export.architectures.checkpoint import State, load_checkpoint

STATE = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.ones(2)}


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


def same(left: State, right: State) -> bool:
    """Whether two state dicts are equal."""
    return left.keys() == right.keys() and all(torch.equal(left[k], right[k]) for k in left)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda s: s,
        lambda s: {"state_dict": s, "epoch": 3},
        lambda s: {"model": s, "optimizer": {"lr": 0.1}},
        lambda s: {"model_state_dict": {f"module.{k}": v for k, v in s.items()}},
        lambda s: {"state_dict": {f"model.{k}": v for k, v in s.items()}},
        lambda s: {f"_orig_mod.module.{k}": v for k, v in s.items()},
        lambda s: {"state_dict": s | {"epoch": 3}},
    ],
)
def test_checkpoint_gives_plain_names_however_it_is_wrapped(tmp_path: Path, wrap: Callable[..., object]) -> None:
    """Training frameworks wrap and prefix; the names inside are the same."""
    torch.save(wrap(STATE), tmp_path / "c.pt")
    assert same(load_checkpoint(tmp_path / "c.pt"), STATE)


def test_checkpoint_reads_safetensors_of_half_precision(tmp_path: Path) -> None:
    """Half-precision weights are exported as the float32 numbers that they stand for."""
    save_file({k: v.half() for k, v in STATE.items()}, tmp_path / "c.safetensors")
    loaded = load_checkpoint(tmp_path / "c.safetensors")
    assert same(loaded, STATE)
    assert loaded["a.weight"].dtype == torch.float32


def test_checkpoint_is_refused_unrun_when_it_would_run_code(tmp_path: Path) -> None:
    """A pickle that calls something is refused, and the call is not made."""
    torch.save({"state_dict": STATE, "x": Trap(tmp_path / "sprung")}, tmp_path / "c.pt")
    with pytest.raises(ExportRefused, match="run code") as caught:
        load_checkpoint(tmp_path / "c.pt")
    assert not (tmp_path / "sprung").exists()
    assert "safetensors" in str(caught.value.hint)


def test_checkpoint_is_refused_when_it_is_a_whole_module(tmp_path: Path) -> None:
    """A pickled module needs its class, hence code; the fix is named."""
    torch.save(nn.Linear(2, 2), tmp_path / "c.pt")
    with pytest.raises(ExportRefused, match="run code"):
        load_checkpoint(tmp_path / "c.pt")


def test_checkpoint_is_refused_when_it_is_torchscript(tmp_path: Path) -> None:
    """TorchScript archives hold code."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated, and still met
        torch.jit.save(torch.jit.script(nn.ReLU()), tmp_path / "c.pt")
    with pytest.raises(ExportRefused, match="TorchScript"):
        load_checkpoint(tmp_path / "c.pt")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("c.pt", b""),
        ("c.pth", b"garbage" * 9),
        ("c.safetensors", b"garbage" * 9),
        ("c.safetensors", b""),
        ("c.h5", b"\x89HDF"),
        ("c", b"x"),
        ("c.pkl", pickle.dumps(1)),
        ("c.pt", pickle.dumps([1, 2])),
    ],
)
def test_checkpoint_is_refused_with_a_reason_when_it_is_none(tmp_path: Path, name: str, data: bytes) -> None:
    """Whatever a file holds, the answer is one line with a stable code."""
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ExportRefused) as caught:
        load_checkpoint(tmp_path / name)
    assert caught.value.code == "CHECKPOINT_REFUSED"
    assert "\n" not in str(caught.value)


def test_checkpoint_is_refused_when_it_is_missing(tmp_path: Path) -> None:
    """A wrong path has a code of its own."""
    with pytest.raises(ExportRefused) as caught:
        load_checkpoint(tmp_path / "no.pt")
    assert caught.value.code == "CHECKPOINT_MISSING"


@pytest.mark.parametrize(
    ("tensor", "reason"),
    [
        (torch.zeros(1).expand(1 << 40), "claims more numbers"),
        (torch.tensor([1.0, float("nan")]), "NaN"),
        (torch.eye(3).to_sparse(), "sparse"),
    ],
)
def test_checkpoint_is_refused_when_a_tensor_is_odd(tmp_path: Path, tensor: Tensor, reason: str) -> None:
    """A terabyte of one repeated number, NaN and sparse layouts are refused before they cost memory."""
    torch.save({"a": tensor}, tmp_path / "c.pt")
    with pytest.raises(ExportRefused, match=reason):
        load_checkpoint(tmp_path / "c.pt")


def test_checkpoint_is_made_contiguous_when_it_holds_views(tmp_path: Path) -> None:
    """Transposed views keep their values."""
    torch.save({"a": STATE["a.weight"].T}, tmp_path / "c.pt")
    loaded = load_checkpoint(tmp_path / "c.pt")["a"]
    assert loaded.is_contiguous()
    assert torch.equal(loaded, STATE["a.weight"].T)
