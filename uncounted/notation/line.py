"""Line: one formula of a model, its sentence, and the priors of its new parameters."""

from dataclasses import dataclass

from uncounted.glance import outline
from uncounted.notation.mathml import mathml


@dataclass(frozen=True)
class Line:
    """A formula in the notation of `formula`, its sentence, and the priors that it
    brings: (key, formula).
    """

    formula: str
    sentence: str
    brings: tuple[tuple[str, str], ...] = ()

    __repr__ = outline

    @property
    def math(self) -> str:
        """The formula as MathML."""
        return mathml(self.formula)

    @property
    def priors(self) -> tuple[tuple[str, str], ...]:
        """The priors: key on the card, MathML."""
        lines = ((key, mathml(formula, block=False)) for key, formula in self.brings)
        return tuple(lines)
