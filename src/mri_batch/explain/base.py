"""What a method may ask of a model, what it gives back, and how it describes itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal, Protocol

from mri_batch.arrays import Float32, Int64, Outputs
from mri_batch.card import Knobs, ModelCard, Wiring
from mri_batch.notes import Note
from mri_batch.records import Attribution

Family = Literal["attention", "relevance", "gradient", "guided", "cam", "activations", "perturbation"]
GRADIENT_PASSES = 3.0  # cost of a gradient in forward passes; 2.5 to 3.4 measured
CAM_PASSES = 1.1  # cost of a forward pass and the head's backward pass


class Forward(Protocol):
    """A model as the methods see it. n pictures: float32[n, c, rows, cols]; k labels.

    Three lines of numpy make a fake; :class:`mri_batch.model.session.Session` is the real one.
    """

    @property
    def labels(self) -> tuple[str, ...]:
        """The k labels."""
        ...

    @property
    def wiring(self) -> Wiring:
        """The graph's outputs by role."""
        ...

    def logits(self, pixels: Float32) -> Float32:
        """float32[n, k], in batches that suit the machine."""
        ...

    def outputs(self, pixels: Float32, names: Sequence[str]) -> Outputs:
        """Named outputs of the plain graph, first axis n."""
        ...

    def gradients(self, pixels: Float32, target: Int64, names: Sequence[str], *, guided: bool = False) -> Outputs:
        """Named outputs of one gradient graph for the class index ``target`` int64[n] of each picture.

        The outputs in ``wiring.gradcam`` are those of ``gradcam.onnx``, all others of ``explain.onnx``; one call
        names outputs of one graph. ``guided`` feeds that bool[1] input of ``explain.onnx``, where it has one:
        gradients then pass ReLUs only where they are positive. Raises MethodAbsent where the package has no such
        graph.
        """
        ...


class Method(ABC):
    """An explanation method: frozen knobs and a call. A plug-in is a subclass that sets ``name`` and ``family``.

    ``family`` selects the caveat shown with every map. ``default_rank``: the available method of the lowest rank is
    a model's default where its card names none. ``beside_default``: shown beside the default wherever available.
    """

    __slots__ = ()

    name: ClassVar[str]
    family: ClassVar[Family]
    default_rank: ClassVar[int] = 100
    beside_default: ClassVar[bool] = False

    @classmethod
    def absent_reason(cls, card: ModelCard) -> Note | None:
        """Say why the method cannot run on a model with this card; None where it can."""
        return None

    @classmethod
    def graph_knobs(cls, card: ModelCard) -> Knobs:
        """Return knobs that make the method read a map from the package's graph; used unless a caller sets knobs."""
        return {}

    @classmethod
    def list_parts(cls, card: ModelCard) -> tuple[tuple[Note, Method], ...]:
        """Return the single layers or stages that the method can show of a model: a title and a method for each."""
        return ()

    def ready_output(self, wiring: Wiring) -> str | None:
        """Name the output of the plain graph that already holds this method's map, if there is one.

        Inference collects it in its own passes, so that the method costs none.
        """
        return None

    @abstractmethod
    def __call__(self, forward: Forward, pixels: Float32, target: Int64) -> Attribution:
        """Heat float32[n, grid_rows, grid_cols] for n pictures and a class index for each."""
