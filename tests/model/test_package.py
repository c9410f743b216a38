"""Model packages: what is written is read back, and what is damaged or unsafe is refused with its reason."""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from mri_batch.card import (
    ModelCard,
    Preprocessing,
)
from mri_batch.checksums import format_sums
from mri_batch.errors import ModelPackageError, OutputError
from mri_batch.model.onnx_scan import scan_onnx
from mri_batch.model.package import load_arrays, read_package, write_package

CARD = ModelCard(name="tiny", version="1", labels=("lesion", "none"), preprocessing=Preprocessing(rows=8, cols=8))


def make_onnx(path: Path, *, location: str = "", domain: str = "", output: str = "logits") -> Path:
    """Write a graph pixels -> logits whose one weight lies in the file, or at ``location``."""
    weight = helper.make_tensor("w", TensorProto.FLOAT, [2, 3], np.arange(6, dtype=np.float32))
    if location:
        weight.ClearField("float_data")
        weight.data_location = TensorProto.EXTERNAL
        weight.external_data.add(key="location", value=location)
    pooled = helper.make_node("ReduceMean", ["pixels", "axes"], ["pooled"], keepdims=0)
    axes = helper.make_tensor("axes", TensorProto.INT64, [2], [2, 3])
    gemm = helper.make_node("Gemm", ["pooled", "w"], [output], transB=1, domain=domain)
    pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 3, 8, 8])
    logits = helper.make_tensor_value_info(output, TensorProto.FLOAT, ["n", 2])
    graph = helper.make_graph([pooled, gemm], "tiny", [pixels], [logits], [weight, axes])
    imports = [helper.make_opsetid("", 20)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    path.write_bytes(helper.make_model(graph, opset_imports=imports).SerializeToString())
    return path


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A sound package with its weights outside the graph file."""
    weights = tmp_path / "w"
    weights.write_bytes(np.arange(6, dtype=np.float32).tobytes())
    graph = make_onnx(tmp_path / "m", location="weights.bin")
    return write_package(tmp_path / "pkg", CARD, {"model.onnx": graph, "weights.bin": weights}).folder


def edit_card(folder: Path, **changes: Any) -> None:
    """Change keys of model.json behind the package's back, and let the digests follow."""
    card = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(card | changes))
    renew_sums(folder)


def renew_sums(folder: Path) -> None:
    """Let SHA256SUMS follow the files."""
    files = [f for f in folder.iterdir() if f.name != "SHA256SUMS"]
    (folder / "SHA256SUMS").write_text(format_sums({f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in files}))


def refusal(folder: Path) -> ModelPackageError:
    """Return why the package is refused."""
    with pytest.raises(ModelPackageError) as caught:
        read_package(folder)
    return caught.value


def test_package_reads_back_what_was_written(package: Path) -> None:
    """A package's card and files survive the way to the disk, and nothing is left beside it."""
    read = read_package(package)
    assert read.card == CARD
    assert read.model_file == package / "model.onnx"
    assert (read.explain_file, read.golden_file, read.gate_file) == (None, None, None)
    assert [p.name for p in package.parent.iterdir() if "partial" in p.name] == []


def test_package_identity_is_that_of_its_files(package: Path) -> None:
    """The identity is the digest of SHA256SUMS, is the same without that file, and changes with any file."""
    before = read_package(package).sha256
    assert before == hashlib.sha256((package / "SHA256SUMS").read_bytes()).hexdigest()
    (package / "SHA256SUMS").unlink()
    assert read_package(package).sha256 == before
    (package / "weights.bin").write_bytes(bytes(24))
    assert read_package(package).sha256 != before


@pytest.mark.parametrize("name", ["model.json", "model.onnx", "weights.bin"])
def test_package_is_refused_when_a_file_was_changed(package: Path, name: str) -> None:
    """One changed byte in any file is noticed, and the file is named."""
    data = bytearray((package / name).read_bytes())
    data[-3] ^= 1
    (package / name).write_bytes(data)
    error = refusal(package)
    assert error.code in ("MODEL_DIGEST", "MODEL_CARD_BAD", "MODEL_NOT_ONNX")
    assert name in str(error)


@pytest.mark.parametrize("name", ["model.json", "model.onnx", "weights.bin"])
def test_package_is_refused_when_a_file_is_missing(package: Path, name: str) -> None:
    """A missing file is named."""
    (package / name).unlink()
    error = refusal(package)
    assert (error.code, name in str(error)) == ("MODEL_MISSING", True)


def test_package_is_refused_when_the_folder_is_missing(tmp_path: Path) -> None:
    """A path that is no folder gives one line and exit code 6."""
    error = refusal(tmp_path / "nowhere")
    assert (error.code, error.exit_code) == ("MODEL_MISSING", 6)


def test_package_is_refused_when_a_used_file_is_not_listed(package: Path) -> None:
    """A graph that was slipped in beside the listed files is not run."""
    make_onnx(package / "explain.onnx")
    error = refusal(package)
    assert (error.code, "explain.onnx" in str(error)) == ("MODEL_DIGEST", True)


@pytest.mark.parametrize("line", ["", "zz  model.onnx", "0" * 64 + "  ../model.onnx", "0" * 64 + "  /etc/passwd"])
def test_package_is_refused_when_the_list_of_digests_is_odd(package: Path, line: str) -> None:
    """Each line of SHA256SUMS is a digest and a plain name."""
    with (package / "SHA256SUMS").open("a") as stream:
        stream.write(line + "\n")
    assert refusal(package).code == "MODEL_DIGEST"


@pytest.mark.parametrize(
    "location",
    ["/etc/passwd", "../weights.bin", "sub/weights.bin", "..\\w", "C:\\w", "", "..", "*/_ORT_MEM_ADDR_/*"],
)
def test_package_is_refused_when_weights_lie_outside(package: Path, location: str) -> None:
    """External data is read from the package's own folder alone, and never from memory."""
    model = onnx.load(package / "model.onnx", load_external_data=False)
    model.graph.initializer[0].external_data[0].value = location
    (package / "model.onnx").write_bytes(model.SerializeToString())
    renew_sums(package)
    assert refusal(package).code == "MODEL_UNSAFE"


def test_package_is_refused_when_a_nested_graph_asks_for_a_file(package: Path) -> None:
    """Weights of a branch inside an If node are looked at too."""
    branch = onnx.load(package / "model.onnx", load_external_data=False).graph
    branch.initializer[0].external_data[0].value = "/etc/passwd"
    del branch.input[:]
    model = onnx.load(package / "model.onnx", load_external_data=False)
    node = helper.make_node("If", ["c"], ["o"], then_branch=branch, else_branch=branch)
    model.graph.node.append(node)
    (package / "model.onnx").write_bytes(model.SerializeToString())
    renew_sums(package)
    assert refusal(package).code == "MODEL_UNSAFE"


@pytest.mark.parametrize("name", ["model.onnx", "model.json", "weights.bin", "SHA256SUMS"])
def test_package_is_refused_when_a_link_leaves_it(package: Path, tmp_path: Path, name: str) -> None:
    """A link to a file elsewhere is refused even when its content is right."""
    elsewhere = tmp_path / "elsewhere"
    (package / name).rename(elsewhere)
    (package / name).symlink_to(elsewhere)
    assert refusal(package).code == "MODEL_UNSAFE"


def test_package_is_refused_when_it_needs_custom_operators(package: Path) -> None:
    """Operators that ONNX Runtime does not bring itself are named."""
    make_onnx(package / "model.onnx", domain="com.example.evil")
    renew_sums(package)
    error = refusal(package)
    assert (error.code, "com.example.evil" in str(error)) == ("MODEL_UNSAFE", True)


@pytest.mark.parametrize("data", [b"", b"\x80\x04pickle", b"PK\x03\x04", b"\x0a" * 999, b"\xff" * 99])
def test_package_is_refused_when_the_graph_is_no_onnx(package: Path, data: bytes) -> None:
    """Whatever else carries the name model.onnx is refused before ONNX Runtime sees it."""
    (package / "model.onnx").write_bytes(data)
    renew_sums(package)
    assert refusal(package).code == "MODEL_NOT_ONNX"


@given(st.binary(max_size=200))
def test_onnx_scan_never_fails_otherwise_than_by_refusing(data: bytes) -> None:
    """Any bytes at all are either scanned or refused."""
    with contextlib.suppress(ModelPackageError):
        scan_onnx(data)


def test_card_errors_are_told_all_at_once_when_there_are_several(package: Path) -> None:
    """A wrong card is told in full, key by key, in one line."""
    edit_card(package, labels=["one"], nonsense=1, preprocessing={"rows": "many", "std": [0, 1, 1]})
    error = refusal(package)
    assert error.code == "MODEL_CARD_BAD"
    assert all(word in str(error) for word in ("4 errors", "labels:", "nonsense: no such key", "rows:", "std.0:"))
    assert "\n" not in str(error)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"name": NaN}', "[" * 5000, "\x00"])
def test_card_is_refused_when_it_is_no_json_object(package: Path, text: str) -> None:
    """Broken JSON is a card error, however it is broken."""
    (package / "model.json").write_text(text)
    renew_sums(package)
    assert refusal(package).code == "MODEL_CARD_BAD"


@pytest.mark.parametrize(
    "wiring",
    [
        {"rollout": "r"},
        {"input": "x"},
        {"attention": ["a"]},
        {"gradient": {"input_gradient": "g"}},
        {"gradcam": {"feature_map": "f"}},
    ],
)
def test_card_is_refused_when_its_wiring_names_what_the_graph_lacks(package: Path, wiring: dict[str, Any]) -> None:
    """Every output that the card promises is there."""
    edit_card(package, wiring=wiring)
    assert "wiring" in str(refusal(package))


def test_gate_arrays_are_needed_when_the_card_has_a_gate(package: Path) -> None:
    """A gate without its arrays would never refuse anything, so the package is refused."""
    gate = {"refuse_above": 2.0, "caution_above": 1.0}
    edit_card(package, decision={"out_of_distribution": gate})
    assert refusal(package).code == "MODEL_MISSING"


def test_arrays_are_refused_when_they_hold_pickled_objects(tmp_path: Path) -> None:
    """An npz with objects in it could run code, so it is not loaded."""
    np.savez(tmp_path / "gate.npz", means=np.array([{}], dtype=object))
    with pytest.raises(ModelPackageError) as caught:
        load_arrays(tmp_path / "gate.npz")
    assert caught.value.code == "MODEL_ARRAYS_BAD"


def test_write_refuses_when_something_is_there(package: Path, tmp_path: Path) -> None:
    """Nothing is overwritten unasked; asked, only a package gives way."""
    files = {"model.onnx": make_onnx(tmp_path / "plain")}
    with pytest.raises(OutputError):
        write_package(package, CARD, files)
    (tmp_path / "mine").mkdir()
    with pytest.raises(OutputError):
        write_package(tmp_path / "mine", CARD, files, replace=True)
    replaced = write_package(package, CARD.model_copy(update={"version": "2"}), files, replace=True)
    assert replaced.card.version == "2"
    assert not (package / "weights.bin").exists()


def test_write_leaves_nothing_behind_when_the_package_is_refused(tmp_path: Path) -> None:
    """A package that would not be read back is not written."""
    (tmp_path / "m").write_bytes(b"no onnx")
    with pytest.raises(ModelPackageError):
        write_package(tmp_path / "pkg", CARD, {"model.onnx": tmp_path / "m"})
    assert [p.name for p in tmp_path.iterdir()] == ["m"]
