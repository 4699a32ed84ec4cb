"""Priors: a family and its numbers, as a card writes them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable
from scipy import stats

from uncounted.errors import UncountedError, did_you_mean


@dataclass(frozen=True)
class Family:
    """A prior family.

    numbers: names of its numbers. positive: those that must be above 0. make: its PyMC
    distribution, of a name and the numbers. kind: the kind of variable it can be of, a
    key of KINDS. mean_square: of the numbers, about zero for a scale or a size, about
    the mean for others. quantile: of a probability and the numbers.
    """

    numbers: tuple[str, ...]
    positive: tuple[str, ...]
    make: Callable[..., TensorVariable]
    kind: str
    mean_square: Callable[..., float]
    quantile: Callable[..., float]


FAMILIES = {
    "normal": Family(
        ("mean", "sd"),
        ("sd",),
        lambda name, m, s, **kw: pm.Normal(name, m, s, **kw),
        "effect",
        lambda _, s: s**2,
        lambda q, m, s: m + s * stats.norm.ppf(q),
    ),
    "half_normal": Family(
        ("sd",),
        ("sd",),
        lambda name, s, **kw: pm.HalfNormal(name, s, **kw),
        "scale",
        lambda s: s**2,
        lambda q, s: s * stats.halfnorm.ppf(q),
    ),
    "exponential": Family(
        ("mean",),
        ("mean",),
        lambda name, m, **kw: pm.Exponential(name, scale=m, **kw),
        "scale",
        lambda m: 2 * m**2,
        lambda q, m: m * stats.expon.ppf(q),
    ),
    "half_student_t": Family(
        ("df", "sd"),
        ("df", "sd"),
        lambda name, df, s, **kw: pm.HalfStudentT(name, nu=df, sigma=s, **kw),
        "scale",
        lambda _, s: s**2,
        lambda q, df, s: s * stats.t.ppf((1 + q) / 2, df),
    ),
    "beta": Family(
        ("a", "b"),
        ("a", "b"),
        lambda name, a, b, **kw: pm.Beta(name, a, b, **kw),
        "share",
        lambda a, b: a * b / ((a + b) ** 2 * (a + b + 1)),
        lambda q, a, b: float(stats.beta.ppf(q, a, b)),
    ),
    "log_normal": Family(
        ("median", "log_sd"),
        ("median", "log_sd"),
        lambda name, m, s, **kw: pm.LogNormal(name, pt.log(m), s, **kw),
        "size",
        lambda m, s: m**2 * np.exp(2 * s**2),
        lambda q, m, s: m * np.exp(s * stats.norm.ppf(q)),
    ),
    "pc": Family(
        ("upper", "probability"),
        ("upper", "probability"),
        lambda name, u, a, **kw: pm.Exponential(name, scale=-u / pt.log(a), **kw),
        "scale",
        lambda u, a: 2 * (u / np.log(a)) ** 2,
        lambda q, u, a: u * np.log1p(-q) / np.log(a),
    ),
}
KINDS = {
    "effect": "an effect, of either sign",
    "scale": "a standard deviation, never negative",
    "share": "a share, between 0 and 1",
    "size": "a size, above 0",
}
LOCATIONS = (
    "level",
    "female",
    "beta",
    "spread",
    "spread_age",
    "trend",
    "bias",
    "crosswalk",
)
SHARES = ("rho", "kappa", "sensitivity", "specificity", "r2", "series_share")
SIZES = ("duration", "shape", "slab_beta", "unknown_n")
OF_KIND = {"effect": LOCATIONS, "share": SHARES, "size": SIZES}
NEEDED_BY = {
    "level": "the world's level (logit)",
    "female": "the effect of sex (females minus males, log odds)",
    "beta": "covariates (or sigma_beta, to learn how large slopes are)",
    "trend": "the world's trend (log odds per year)",
    "deff_excess": "likelihood beta_binomial (design effect less 1)",
    "spread": "countries whose own sd differs by a covariate (log sd per sd of it)",
    "rho": (
        "countries that resemble their neighbours (the share of their variance that"
        " neighbours explain)"
    ),
}


@dataclass(frozen=True)
class Prior:
    """One prior of a card: `half_normal = 0.7` is Prior("half_normal", (0.7,))."""

    family: str
    numbers: tuple[float, ...]

    def fits(self, key: str) -> None:
        """Raise if the family cannot serve this variable: scales are positive, shares
        in (0, 1), effects any number.
        """
        kind = next((kind for kind, keys in OF_KIND.items() if key in keys), "scale")
        # a size keeps a standard deviation away from zero
        can_be = ("scale", "size") if kind == "scale" else (kind,)
        if FAMILIES[self.family].kind not in can_be:
            good = [name for name, family in FAMILIES.items() if family.kind in can_be]
            raise UncountedError(
                f"{key} = {self.text} cannot be: {key} is {KINDS[kind]}. Write one of:"
                f" {', '.join(good)}.",
                key,
            )

    @property
    def text(self) -> str:
        """The prior as a card writes it."""
        texts = []
        for number in self.numbers:
            short = f"{number:g}"
            exact = float(short) == number
            texts.append(short if exact else repr(float(number)))
        numbers = ", ".join(texts)
        if len(texts) > 1:
            numbers = f"[{numbers}]"
        return f"{{ {self.family} = {numbers} }}"

    @property
    def scale(self) -> float:
        """A typical size of what the prior is of: the root of its family's mean
        square.
        """
        return float(np.sqrt(FAMILIES[self.family].mean_square(*self.numbers)))

    def quantile(self, probability: float) -> float:
        """The number below which what the prior is of lies with a probability."""
        return float(FAMILIES[self.family].quantile(probability, *self.numbers))


def parse_prior(key: str, value: Any) -> Prior:
    """Read `{ family = number or [numbers] }`; raises UncountedError naming the key."""
    if not isinstance(value, dict) or len(value) != 1:
        raise UncountedError(
            f"the prior of '{key}' should be one family with its numbers, as {{"
            " half_normal = 0.5 }.",
            key,
        )
    ((family, numbers),) = value.items()
    if family not in FAMILIES:
        raise UncountedError(
            f"the prior of '{key}' has an unknown family"
            f" '{family}'.{did_you_mean(family, FAMILIES)}",
            key,
        )
    names = FAMILIES[family].numbers
    listed = numbers if isinstance(numbers, list) else [numbers]
    finite = all(type(n) in (int, float) and abs(n) < 1e300 for n in listed)
    if len(listed) != len(names) or not finite:
        raise UncountedError(
            f"{family} of '{key}' takes {' and '.join(names)}, not {numbers!r}.", key
        )
    for name, number in zip(names, listed, strict=True):
        if name in FAMILIES[family].positive and number <= 0:
            raise UncountedError(
                f"{family} of '{key}' has {name} = {number:g}; it must be above 0.", key
            )
    if family == "pc" and not listed[1] < 1:
        raise UncountedError(
            f"pc of '{key}' has probability = {listed[1]:g}; it must be below 1.", key
        )
    return Prior(family, tuple(float(n) for n in listed))
