"""The estimate card: the leaves of an estimate, what each is made of, and which sums of
them are printed.
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

from uncounted.errors import UncountedError, did_you_mean
from uncounted.model.card import Sampling, parse_sampling
from uncounted.model.vocabulary import SHOW
from uncounted.world.shelf import shelf

ORIGINS = ("model", "ratio", "figures")  # one of them makes a leaf
ADULT = 18  # years: who is younger is a child
GROUPS = ("children", "adults")
TOTAL = "total"


@dataclass(frozen=True)
class Stock:
    """S = N·μ/(T + μ): whom a survey found affected in a window of T years, as persons
    affected at a moment.

    group: of the spells under [durations], whose mean length μ is; empty: each sex has
    its own group.
    """

    window_years: float
    group: str = ""


@dataclass(frozen=True)
class Selection:
    """δ = log OR of all victims less that of registered ones: N(mean, world_sd) once,
    N(0, stratum_sd) by stratum.
    """

    mean: float
    world_sd: float
    stratum_sd: float


@dataclass(frozen=True)
class Ratio:
    """A leaf is exp(log OR of records + δ) times another, `of`, in each region and sex.

    which: one of the records' ratios. durations: "equal", or the groups of spells [of
    this leaf, of the other], by whose means μ/μ′ it is multiplied. ages: whom the leaf
    is of, children or adults.
    """

    of: str
    which: str
    ages: str
    selection: Selection
    durations: str | tuple[str, str]


@dataclass(frozen=True)
class Figures:
    """A leaf is outside figures, low, best and high, of a named distribution,
    correlated between places.

    coverage: of low to high, under a log_normal; share_female, share_children: where
    they are no columns of the file.
    """

    file: str
    distribution: str
    between_place_correlation: float
    coverage: float | None = None
    share_female: float | None = None
    share_children: float | None = None


@dataclass(frozen=True)
class LeafCard:
    """A leaf: its name, and its one origin: a model card (with `stock`, if that counts
    a window), a ratio, figures.
    """

    name: str
    model: str = ""
    stock: Stock | None = None
    ratio: Ratio | None = None
    figures: Figures | None = None

    @property
    def origin(self) -> str:
        """What the leaf is made of: a word of ORIGINS."""
        return next(word for word in ORIGINS if getattr(self, word))


@dataclass(frozen=True)
class Sum:
    """A sum of leaves that is printed under its own name."""

    name: str
    leaves: tuple[str, ...]


@dataclass(frozen=True)
class Share:
    """A part of a leaf's persons, by a second model of that part: printed beside the
    leaf, and in no sum.

    whole: ages of the leaf's model that belong to it by definition, and that the second
    model therefore lacks.
    """

    name: str
    of: str
    model: str
    whole: tuple[str, ...] = ()


@dataclass(frozen=True)
class EstimateCard:
    """What an estimate adds up. A field is a word of the TOML card, and nothing else
    is, but `text`: the TOML itself.

    Leaves from surveys are fitted jointly with LKJ's η = `lkj`, so that the total knows
    their dependence; without it they are fitted one by one, and the total is shown at
    correlation 0 and 1 (`at_correlation`). `records` and `durations` hold what the
    models of cases are told: rules and priors, by the names in `uncounted.cases`.
    """

    title: str
    year: int
    leaf: tuple[LeafCard, ...]
    why: str = ""
    lkj: float | None = None
    sum: tuple[Sum, ...] = ()
    share: tuple[Share, ...] = ()
    records: Mapping[str, Any] = field(default_factory=dict)
    durations: Mapping[str, Any] = field(default_factory=dict)
    show: str = "per 1,000"
    sampling: Sampling = field(default_factory=Sampling)
    name: str = "estimate"
    text: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """Refuse what nothing can be added up from; say which word and what to
        write.
        """
        _check(self)

    @property
    def models(self) -> tuple[str, ...]:
        """The model cards of leaves, in their order, and those of shares."""
        return tuple(
            dict.fromkeys(
                [leaf.model for leaf in self.leaf if leaf.model]
                + [s.model for s in self.share]
            )
        )

    @property
    def digest(self) -> str:
        """Content hash of the card: the same words give the same digest."""
        return hashlib.sha256(
            json.dumps(asdict(self), sort_keys=True, default=str).encode()
        ).hexdigest()

    def root(self, name: str) -> str:
        """Return the leaf that a leaf is at last a ratio of; itself if it is none."""
        leaf = self[name]
        return self.root(leaf.ratio.of) if leaf.ratio else name

    def __getitem__(self, name: str) -> LeafCard:
        for leaf in self.leaf:
            if leaf.name == name:
                return leaf
        known = [leaf.name for leaf in self.leaf]
        raise UncountedError(
            f"The estimate '{self.name}' has no leaf"
            f" '{name}'.{did_you_mean(name, known)}"
        )


TABLES: dict[str, type] = {"leaf": LeafCard, "sum": Sum, "share": Share}


def is_estimate_card(path: str | Path) -> bool:
    """Say whether a card adds up leaves: the name of one that ships, or a path."""
    try:
        return "leaf" in tomllib.loads(
            _path(path).read_text(encoding="utf-8", errors="replace")
        )
    except (tomllib.TOMLDecodeError, OSError):
        return False


def read_estimate_card(name: str | Path) -> EstimateCard:
    """Read an estimate card: the name of one that ships ("modern-slavery"), or a path.
    Errors name file and word.
    """
    path = _path(name)
    if not path.is_file():
        raise UncountedError(
            f"There is no card at {path}. Give the name of a card in models/ or a path"
            " to a .toml file."
        )
    try:
        return parse_estimate_card(
            path.read_text(encoding="utf-8", errors="replace"), path.stem
        )
    except tomllib.TOMLDecodeError as error:
        raise UncountedError(f"{path} is no TOML: {error}. Mend that line.") from error
    except UncountedError as error:
        raise UncountedError(f"{path}: {error}") from error


def parse_estimate_card(text: str, name: str) -> EstimateCard:
    """Read an estimate card from its TOML text."""
    return _card(tomllib.loads(text), name, text)


def _path(name: str | Path) -> Path:
    return (
        Path(name) if Path(name).suffix == ".toml" else shelf("models", f"{name}.toml")
    )


def _card(words: dict[str, Any], name: str, text: str) -> EstimateCard:
    known = [f.name for f in fields(EstimateCard) if f.name not in ("name", "text")]
    for word in words:
        if word not in known:
            raise UncountedError(
                f"'{word}' is no word of an estimate card.{did_you_mean(word, known)}"
            )
    for word in ("title", "year", "leaf"):
        if word not in words:
            raise UncountedError(
                f"the card lacks `{word}`. Every estimate card says it."
            )
    for word, kind in {
        "title": str,
        "why": str,
        "show": str,
        "year": int,
        "records": dict,
        "durations": dict,
    }.items():
        if word in words and type(words[word]) is not kind:
            raise UncountedError(
                f"{word} = {words[word]!r} should be"
                f" {'a whole number' if kind is int else kind}."
            )
    tables = {
        word: _tables(word, words[word], kind)
        for word, kind in TABLES.items()
        if word in words
    }
    sampling = parse_sampling(words.get("sampling", {}))
    given: dict[str, Any] = words | tables | {"sampling": sampling}
    return EstimateCard(**given, name=name, text=text)


def _tables(word: str, value: Any, kind: type) -> tuple[Any, ...]:
    if type(value) is not list or not all(type(table) is dict for table in value):
        raise UncountedError(f"{word} should be tables, [[{word}]] before each.")
    return tuple(
        _read(kind, table, f"[[{word}]] '{table.get('name', number)}'")
        for number, table in enumerate(value, 1)
    )


def _read(kind: type, table: Any, where: str) -> Any:
    """Read a table of the card as a dataclass: its fields are the table's words, those
    without default are needed.
    """
    known = {f.name: f for f in fields(kind)}
    if type(table) is not dict:
        raise UncountedError(f"{where} should be a table with {', '.join(known)}.")
    for word in table:
        if word not in known:
            raise UncountedError(
                f"{where} has '{word}', which is none of its"
                f" words.{did_you_mean(word, known)}"
            )
    for word, one in known.items():
        if one.default is MISSING and word not in table:
            raise UncountedError(f"{where} lacks `{word}`: it has no default.")
    return kind(
        **{
            word: _value(known[word].type, value, f"{where}, {word},")
            for word, value in table.items()
        }
    )


def _value(wanted: Any, value: Any, where: str) -> Any:
    """Read a value as one of the types that its field may have: a table, a number, a
    text or texts.
    """
    kinds = (
        [wanted] if get_origin(wanted) is tuple else list(get_args(wanted) or [wanted])
    )
    for kind in kinds:
        if is_dataclass(kind):
            return _read(kind, value, where)  # pyright: ignore[reportArgumentType] a dataclass, not one of its objects
        if kind is float and isinstance(value, int | float) and type(value) is not bool:
            return float(value)
        if kind is str and isinstance(value, str):
            return value
        if (
            get_origin(kind) is tuple
            and type(value) is list
            and all(type(one) is str for one in value)
        ):
            return tuple(value)
    told = {float: "a number", str: "a text"}
    expected = " or ".join(
        told.get(kind, "a list of texts") for kind in kinds if kind is not type(None)
    )
    raise UncountedError(f"{where} is {value!r} and should be {expected}.")


def _check(card: EstimateCard) -> None:
    if card.show not in SHOW:
        raise UncountedError(
            f"show = '{card.show}' is no unit.{did_you_mean(card.show, SHOW)}"
        )
    if not card.leaf:
        raise UncountedError(
            "the card has no leaf, and an estimate adds up leaves. Write one [[leaf]]"
            " or more."
        )
    if card.lkj is not None and not (type(card.lkj) in (int, float) and card.lkj > 0):
        raise UncountedError(
            f"lkj = {card.lkj!r} should be a number above 0: 1 holds all correlations"
            " equally likely."
        )
    names = [one.name for one in (*card.leaf, *card.sum, *card.share)]
    for name in names:
        if names.count(name) > 1 or name == TOTAL or not name:
            raise UncountedError(
                f"'{name}' cannot name one leaf, sum or share: it is empty, reserved or"
                " there twice."
            )
    before: dict[str, LeafCard] = {}
    for leaf in card.leaf:
        _check_leaf(leaf, before)
        before[leaf.name] = leaf
    for one in card.sum:
        for name in one.leaves:
            if name not in before:
                raise UncountedError(
                    f"the sum '{one.name}' adds '{name}', which is no"
                    f" leaf.{did_you_mean(name, before)}"
                )
    for one in card.share:
        if one.of not in before or not before[one.of].model or before[one.of].stock:
            raise UncountedError(
                f"the share '{one.name}' is of '{one.of}', which is no leaf counted by"
                " a model as it is."
            )


def _check_leaf(leaf: LeafCard, before: Mapping[str, LeafCard]) -> None:
    said = [word for word in ORIGINS if getattr(leaf, word)]
    if len(said) != 1:
        raise UncountedError(
            f"the leaf '{leaf.name}' has {' and '.join(said) or 'none'} of"
            f" {', '.join(ORIGINS)}. A leaf has one origin."
        )
    if leaf.stock and not leaf.model:
        raise UncountedError(
            f"the leaf '{leaf.name}' has `stock`, which turns a model's window into a"
            " moment; no model."
        )
    if leaf.ratio and leaf.ratio.of not in before:
        raise UncountedError(
            f"the leaf '{leaf.name}' is a ratio of '{leaf.ratio.of}', which is no leaf"
            f" before it.{did_you_mean(leaf.ratio.of, before)}"
        )
    if leaf.ratio and leaf.ratio.ages not in GROUPS:
        raise UncountedError(
            f"the leaf '{leaf.name}' is of ages '{leaf.ratio.ages}'. Say children or"
            " adults."
        )
    if leaf.ratio and (
        leaf.ratio.selection.world_sd < 0 or leaf.ratio.selection.stratum_sd < 0
    ):
        raise UncountedError(
            f"the leaf '{leaf.name}' has a selection with an sd below 0."
        )
    if leaf.figures and not 0 <= leaf.figures.between_place_correlation <= 1:
        raise UncountedError(
            f"the leaf '{leaf.name}': between_place_correlation should be from 0 to 1."
        )
