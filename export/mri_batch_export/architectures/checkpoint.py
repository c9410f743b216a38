"""Reading of weights from a checkpoint without running any code in it."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from mri_batch.errors import ExportRefused

State = Mapping[str, Tensor]  # weights by name

_TORCH_SUFFIXES = (".pt", ".pth", ".bin", ".ckpt", ".tar")
_WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "module")
_PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "network.")
_PICKLE = b"\x80"  # PyTorch before 1.6 wrote bare pickles
_AS_SAFETENSORS = "save it as safetensors: safetensors.torch.save_file(model.state_dict(), 'model.safetensors')"


def load_checkpoint(path: Path) -> State:
    """Load a state dict as contiguous float32 tensors on the CPU, without its wrappers and prefixes.

    Accepts safetensors and whatever ``torch.load(weights_only=True)`` accepts. Raises ExportRefused for all else.
    """
    if not path.is_file():
        raise ExportRefused("no such checkpoint", code="CHECKPOINT_MISSING", file=str(path))
    if path.suffix == ".safetensors":
        loaded: object = _load_safetensors(path)
    elif path.suffix in _TORCH_SUFFIXES:
        loaded = _load_torch(path)
    else:
        kinds = ", ".join((".safetensors", *_TORCH_SUFFIXES))
        raise _refused(path, f"the file name is not that of a PyTorch checkpoint ({kinds})")
    state = strip_prefixes(_unwrap(path, loaded))
    return {name: _plain(path, name, tensor) for name, tensor in state.items()}


def strip_prefixes(state: State) -> State:
    """Remove prefixes that wrappers put before every name (DataParallel, compile, Lightning)."""
    names = dict(state)
    while prefix := next((p for p in _PREFIXES if names and all(n.startswith(p) for n in names)), ""):
        names = {name.removeprefix(prefix): tensor for name, tensor in names.items()}
    return names


def _load_safetensors(path: Path) -> State:
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise _refused(path, f"not a safetensors file: {_first_line(error)}", "copy it again") from error


def _load_torch(path: Path) -> object:
    if not zipfile.is_zipfile(path) and _first_byte(path) != _PICKLE:
        raise _refused(path, "neither a PyTorch archive nor a pickle", "copy it again")
    if _is_torchscript(path):
        raise _refused(path, "a TorchScript archive, which contains code", _AS_SAFETENSORS)
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise _refused(path, "a pickle that would run code when loaded", _AS_SAFETENSORS) from error
    except Exception as error:  # torch.load raises whatever the bytes lead to
        raise _refused(path, f"PyTorch cannot read it: {_first_line(error)}", "copy it again") from error


def _first_byte(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(1)


def _is_torchscript(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("constants.pkl") or "/code/" in name for name in archive.namelist())


def _unwrap(path: Path, loaded: object) -> State:
    inner = loaded
    for _ in range(3):
        if not isinstance(inner, Mapping):
            break
        tensors = {str(k): v for k, v in inner.items() if isinstance(v, Tensor)}
        if tensors:
            return tensors
        inner = next((inner[k] for k in _WRAPPERS if k in inner), None)
    raise _refused(path, "it contains no state dict (names with their tensors)", _AS_SAFETENSORS)


def _plain(path: Path, name: str, tensor: Tensor) -> Tensor:
    if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_meta:
        raise _refused(path, f"{name} is a sparse, quantized or empty tensor", "save plain tensors")
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise _refused(path, f"{name} claims more numbers than are stored", "save contiguous tensors")
    if not tensor.is_floating_point():
        return tensor.contiguous()
    if not torch.isfinite(tensor).all():
        raise _refused(path, f"{name} contains NaN or infinite numbers", "train it again from an earlier checkpoint")
    return tensor.float().contiguous()


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)[:200]


def _refused(path: Path, reason: str, hint: str = "") -> ExportRefused:
    return ExportRefused(reason, code="CHECKPOINT_REFUSED", file=str(path), hint=hint)
