"""All that the tool has to say to a person about its work: codes with arguments.

A room hands on a :class:`Note`; ``report/i18n`` turns it into words. :data:`NOTES` is the one table of codes, and every
catalogue has a message for each of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Union

Arg = Union[str, int, float, "Note", tuple["Note", ...]]

NOTES: Mapping[str, tuple[str, ...]] = {
    # Verdicts
    "GATE_REFUSED": (),
    "GATE_CAUTION": (),
    "PROBABILITY_ABSTAIN": ("threshold",),
    "PROBABILITY_CAUTION": ("threshold",),
    "SET_EMPTY": (),
    "LABEL_OUTSIDE_SET": (),
    "SET_SEVERAL": ("n",),
    "SERIES_DISAGREE": (),
    "FILES_UNREADABLE": ("n", "total"),
    # Slices and series
    "SLICES_SHOWN": ("n", "total"),
    "LOSSY_COMPRESSION": (),
    "BURNED_IN_TEXT": (),
    "DERIVED_PIXELS": (),
    "POSITIONS_MISSING": (),
    "SLICES_MISSING": ("n",),
    "SLICES_REPEATED": ("n",),
    "VALUES_NOT_FINITE": (),
    "RESCALE_UNUSABLE": (),
    "SLOPE_ZERO": (),
    "PATIENTS_PARTED": (),
    "STACKS_PARTED": ("by",),
    "PICTURE_TURNED": (),
    "MOSAIC_TILE": (),
    "MOSAIC_WORD_ALONE": (),
    "OFFSETS_WRONG": (),
    "FRAMES_DERIVED": ("n",),
    "PIXELS_SURPLUS": (),
    "SERIES_OF_PICTURES": (),
    "SERIES_FITS": ("known",),
    "SERIES_UNTOLD": (),
    "SERIES_OTHER": ("wanted", "found"),
    "SERIES_OTHERS_FIT": ("misfit",),
    "SERIES_NONE_FITS": ("misfit",),
    "SERIES_OTHER_CONTRAST": (),
    "SERIES_NO_CONTRAST": (),
    "ROLE_LOCALIZER": (),
    "ROLE_CAPTURE": (),
    "ROLE_DERIVED": (),
    "ROLE_PHASE": (),
    "ROLE_FIELD_MAP": (),
    "ROLE_DIFFUSION": (),
    "ROLE_PERFUSION": (),
    "ROLE_TIME_SERIES": (),
    "ROLE_ECHO_PLANAR": (),
    "NO_SLICE": (),
    # Files
    "FILE_EMPTY": (),
    "FILE_TOO_LARGE": ("size_bytes", "limit_bytes"),
    "FILE_UNREADABLE": ("why",),
    "FILE_VANISHED": (),
    "FOLDER_UNREADABLE": ("why",),
    "FOLDER_LOOP": (),
    "FOLDER_TOO_DEEP": ("limit",),
    "LINK_DANGLING": (),
    "LINK_LOOP": (),
    "LINK_TO_FOLDER": (),
    "LINK_TO_FOUND": (),
    "NOT_A_FILE": (),
    "NOT_A_PICTURE": (),
    "NAME_MISLEADS": (),
    "SIDE_FILE": (),
    "EARLIER_RESULTS": (),
    "NOT_DOWNLOADED": (),
    "FORMAT_NOT_READ": ("format",),
    "DUPLICATE_CONTENT": ("file",),
    "DUPLICATE_RECODED": ("file",),
    "DUPLICATE_PIXELS": ("file",),
    "DUPLICATE_UNSOUND": ("file",),
    "DUPLICATE_DIFFERS": ("file",),
    "ALL_FILES_UNREADABLE": ("n", "first"),
    "PERMISSION_DENIED": (),
    "INPUT_ERROR": (),
    # Headers
    "HEADER_UNREADABLE": (),
    "TOO_DEEP": (),
    "TOO_MANY_ELEMENTS": ("limit",),
    "DEFLATED_TOO_LARGE": ("mib",),
    "MEMORY_EXCEEDED": (),
    "DICOMDIR": (),
    "CLASS_WITHOUT_PICTURE": ("sop_class",),
    "CLASS_UNKNOWN": (),
    # Pixels
    "PIXELS_MISSING": (),
    "PIXELS_UNDECODABLE": (),
    "VALUES_ALL_NOT_FINITE": (),
    "PIXELS_NOT_PROMISED": (),
    "ATTRIBUTE_MISSING": ("name",),
    "PICTURE_UNDECODABLE": (),
    "PICTURE_TOO_LARGE": ("rows", "cols"),
    "PICTURE_HUGE": (),
    "PAGES_TOO_MANY": ("n",),
    "FRAMES_TOO_MANY": ("n", "rows", "cols"),
    "FRAMES_LOST": ("n", "reason"),
    "FRAME_WITHOUT_SIZE": (),
    "FRAME_SIZE_DIFFERS": ("header", "frame"),
    "FRAME_SIZE": ("rows", "cols", "samples"),
    "RUNS_TOO_LONG": (),
    "MOSAIC_UNCOUNTED": (),
    "NO_DECODER": ("what",),
    "SYNTAX": ("name",),
    "SYNTAX_12_BIT": ("name",),
    "SYNTAX_UNKNOWN": (),
    "BITS_PER_SAMPLE": ("bits",),
    "DECODER_PANICKED": (),
    "PICTURE_LAYOUT": ("samples", "bits"),
    "WITH_DETAIL": ("reason", "detail"),
    # Studies that were not finished
    "STUDY_STOPPED": ("seconds",),
    "STUDY_MEMORY": (),
    "WORKER_DIED": ("how",),
    "SIGNAL": ("name",),
    "EXIT_CODE": ("number",),
    "CLUSTER_GAVE_UP": ("error",),
    "INTERNAL_ERROR": ("error", "file", "line"),
    # Explanations
    "SCALE_OF_SERIES": (),
    "METHOD_FAILED_VALIDATION": (),
    "METHOD_CANNOT_RUN": ("method", "model", "reason"),
    "METHOD_EXCLUDED": (),
    "NO_FEATURE_MAPS": (),
    "NO_ATTENTION": (),
    "NO_GRADCAM": (),
    "NO_ATTENTION_GRADIENT": (),
    "NO_GRADIENT": (),
    "NO_RELU": (),
    "COMPLETENESS_ERROR": ("share",),
    "PANEL_HEAD": ("layer", "head"),
    "PANEL_STAGE": ("stage",),
    # DICOM results
    "DICOM_SOURCE_NOT_DICOM": (),
    "DICOM_SOURCE_UNREADABLE": ("error",),
    "DICOM_NO_KEY_SLICE": (),
    "DICOM_NO_DATE": (),
    "DICOM_NO_HEAT": ("output",),
    "DICOM_HEADER_REFUSED": ("output", "error"),
    "PM_NO_PLACE": (),
    "PM_NO_FRAME_OF_REFERENCE": (),
    # What to do
    "HINT_CONVERT": (),
    "HINT_COPY_AGAIN": (),
    "HINT_COPY_TARGET": (),
    "HINT_DISK": (),
    "HINT_DOWNLOAD": (),
    "HINT_EXPORT_PICTURES": (),
    "HINT_FILES_BESIDE": (),
    "HINT_FIRST_IS_USED": (),
    "HINT_KEEP_PRIVATE_TAGS": (),
    "HINT_KEEP_THE_RIGHT_ONE": (),
    "HINT_MAKE_SMALLER": (),
    "HINT_NAME_FOLDER": (),
    "HINT_NOTHING_TO_DO": (),
    "HINT_ORIGINAL_DICOM": (),
    "HINT_PERMISSIONS": (),
    "HINT_PERMISSIONS_AND_DISK": (),
    "HINT_REMOVE": (),
    "HINT_SAVE_AS_PNG": (),
    "HINT_SCAN_AGAIN": (),
    "HINT_SPLIT": (),
    "HINT_SUSPICIOUS_FILE": (),
    "HINT_UNPACK": (),
    # Words that are not ours: a model card's, a library's. Shown as they are.
    # Terms of acquisition
    "PLANE": ("plane",),
    "OBLIQUE": (),
    "WEIGHTING": ("weighting",),
    # Words that are not ours: a model card's, a library's, a defined term's. Shown as they are.
    "TEXT": ("text",),
}


@dataclass(frozen=True, slots=True, init=False)
class Note:
    """A code of :data:`NOTES` and its arguments, in the table's order. An argument may be a note or several.

    Raises ValueError for an unknown code and for arguments other than the table's.
    """

    code: str
    args: tuple[tuple[str, Arg], ...]

    def __init__(self, code: str, args: Mapping[str, Arg] | None = None) -> None:
        given = args or {}
        names = NOTES.get(code)
        if names is None or set(names) != set(given):
            raise ValueError(f"no note {code} with arguments ({', '.join(given)})")
        object.__setattr__(self, "code", code)
        object.__setattr__(self, "args", tuple((name, given[name]) for name in names))

    def __str__(self) -> str:
        """Return code and arguments, for logs and tracebacks; people read ``report/i18n``."""
        return f"{self.code}({', '.join(f'{name}={value}' for name, value in self.args)})" if self.args else self.code


def to_plain(note: Note) -> dict[str, object]:
    """Return {"code", "args"} for JSON; notes among the arguments become such objects too."""
    return {"code": note.code, "args": {name: _to_plain_argument(value) for name, value in note.args}}


def from_plain(plain: object) -> Note:
    """Return the note that :func:`to_plain` wrote. Raises ValueError where it is none."""
    if not isinstance(plain, Mapping) or not isinstance(args := plain.get("args", {}), Mapping):
        raise ValueError("not a note")
    return Note(str(plain.get("code")), {str(name): _from_plain_argument(value) for name, value in args.items()})


def _to_plain_argument(value: Arg) -> object:
    if isinstance(value, tuple):
        return [to_plain(note) for note in value]
    return to_plain(value) if isinstance(value, Note) else value


def _from_plain_argument(value: object) -> Arg:
    if isinstance(value, list):
        return tuple(from_plain(item) for item in value)
    if isinstance(value, Mapping):
        return from_plain(value)
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return value
    raise ValueError("not an argument of a note")
