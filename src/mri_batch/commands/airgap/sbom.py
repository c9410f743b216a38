"""The software bill of materials in CycloneDX JSON: every wheel and model with digest and licence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from packaging.utils import canonicalize_name

from mri_batch.commands.airgap.wheels import Wheel
from mri_batch.errors import ExtraMissing
from mri_batch.model.package import Package

if TYPE_CHECKING:
    from cyclonedx.model.component import Component
    from cyclonedx.model.license import License

Packages = Mapping[str, Package]  # model packages by name


def write_bill(path: Path, own: Wheel, wheels: Sequence[Wheel], packages: Packages, made: datetime) -> None:
    """Write CycloneDX 1.6. Raises ExtraMissing without cyclonedx-python-lib."""
    try:
        from cyclonedx.model.bom import Bom, BomMetaData
        from cyclonedx.output.json import JsonV1Dot6
    except ModuleNotFoundError as error:
        raise ExtraMissing(
            "'mri-batch airgap build' needs cyclonedx-python-lib, which is not installed",
            hint="pip install 'mri-batch[airgap]'",
        ) from error
    components = {wheel.file: _wheel_component(wheel) for wheel in wheels}
    root = components.pop(own.file)
    models = [_model_component(name, package) for name, package in packages.items()]
    metadata = BomMetaData(component=root, timestamp=made)
    identity = uuid5(NAMESPACE_URL, "\n".join(sorted(wheel.sha256 for wheel in wheels)))
    bom = Bom(components=[*components.values(), *models], metadata=metadata, serial_number=identity)
    by_name: dict[str, list[Component]] = {}
    for wheel in wheels:
        by_name.setdefault(wheel.name, []).append(components.get(wheel.file, root))
    for wheel in wheels:
        bom.register_dependency(components.get(wheel.file, root), _iter_required(wheel, by_name))
    bom.register_dependency(root, models)
    path.write_text(JsonV1Dot6(bom).output_as_string(indent=1) + "\n", "utf-8", newline="\n")


def _iter_required(wheel: Wheel, by_name: Mapping[str, list[Component]]) -> Iterable[Component]:
    for requirement in wheel.requires:
        if requirement.marker is None or "extra" not in str(requirement.marker):
            yield from by_name.get(canonicalize_name(requirement.name), ())


def _wheel_component(wheel: Wheel) -> Component:
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.component import Component, ComponentType
    from packageurl import PackageURL

    kind = ComponentType.APPLICATION if wheel.name == "mri-batch" else ComponentType.LIBRARY
    return Component(
        name=wheel.name,
        version=wheel.version,
        type=kind,
        bom_ref=wheel.file,
        purl=PackageURL("pypi", None, wheel.name, wheel.version, {"file_name": wheel.file}),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=wheel.sha256)],
        licenses=[_licence(wheel.licence)],
    )


def _model_component(name: str, package: Package) -> Component:
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.component import Component, ComponentType

    return Component(
        name=name,
        version=package.card.version,
        type=ComponentType.MACHINE_LEARNING_MODEL,
        bom_ref=f"model-{name}",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=package.sha256)],
        licenses=[_licence(package.card.licence)] if package.card.licence else [],
    )


def _licence(words: str) -> License:
    from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression
    from cyclonedx.spdx import is_expression

    return LicenseExpression(words) if is_expression(words) else DisjunctiveLicense(name=words)
