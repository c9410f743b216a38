"""What was asked of a scan: frozen, with a unit and a reason for every field."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mri_batch.text import JsonObject

Language = str  # one that has a catalogue in report/i18n
DicomOutput = Literal["sr", "sc", "pm"]
FaithfulnessOf = Literal["top", "all", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLimits:
    """Bounds on one file, so that a hostile or broken one cannot take the machine with it."""

    max_file_bytes: int = 4 << 30  # larger than any MR object seen; a 2,000-frame 512 px object has 1 GB
    max_frame_px: int = 64 << 20  # 8192 x 8192: the largest digital radiograph, eight times over
    max_frames: int = 20_000  # frames are read one by one, so this bounds time rather than memory
    max_nesting: int = 64  # sequences within sequences; real objects stay under ten
    max_folder_depth: int = 256  # folders within folders; real archives stay under twenty
    max_inflated_bytes: int = 1 << 30  # what a deflated data set may unpack to


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanSettings:
    """One ``mri-batch scan``. What changes the answer is in :meth:`answer_fields`; the rest is how it is worked out."""

    paths: tuple[Path, ...]
    out: Path
    model: Path
    explain: tuple[str, ...] = ("auto",)
    jobs: int = 1
    timeout_per_study_s: float | None = None
    memory_per_worker_mb: int | None = None  # what a worker may ask of the system; past it, its study fails
    shard: tuple[int, int] = (1, 1)
    cluster: str | None = None
    force: bool = False
    dicom: tuple[DicomOutput, ...] = ()
    show_phi: bool = False
    redact_paths: bool = False
    lang: Language = "en"
    max_key_slices: int = 5  # per series: what a reader looks at; each costs a faithfulness test
    faithfulness: FaithfulnessOf = "top"  # a test costs some 200 forward passes
    batch_size: int = 8  # larger gains nothing on a CPU, measured
    threads: int = 0  # per worker; 0: all cores shared out over the jobs
    limits: ReadLimits = field(default_factory=ReadLimits)

    def answer_fields(self) -> JsonObject:
        """Return the fields that change a study's output; their digest is part of the study's key."""
        return {
            "explain": self.explain,
            "dicom": self.dicom,
            "show_phi": self.show_phi,
            "redact_paths": self.redact_paths,
            "lang": self.lang,
            "max_key_slices": self.max_key_slices,
            "faithfulness": self.faithfulness,
        }
