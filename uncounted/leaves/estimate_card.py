"""Estimate card: the leaves of an estimate, what each is made of, and which sums of
them are printed.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from uncounted.errors import UncountedError, did_you_mean
from uncounted.glance import glance, outline
from uncounted.infer.fit import TOTAL
from uncounted.leaves.card_table import read_tables
from uncounted.model.card import Sampling, parse_sampling
from uncounted.wording.numerals import SHOW
from uncounted.world.card_file import parse_toml, read_toml, toml_text
from uncounted.world.shelf import shelf

ORIGINS = ("model", "ratio", "figures")  # one of them makes a leaf
ADULT = 18  # years: who is younger is a child
GROUPS = ("children", "adults")


@dataclass(frozen=True)
class Stock:
    """S = N·μ/(T + μ): persons affected in a window of T years, as persons affected at
    a moment.

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
    this leaf, of the other], by whose means μ/μ′ it is multiplied. ages: of the
    persons of the leaf, children or adults.
    """

    of: str
    which: str
    ages: str
    selection: Selection
    durations: str | tuple[str, str]

    __repr__ = outline


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

    __repr__ = outline


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

    __repr__ = outline

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

    def __repr__(self) -> str:
        components = [f"{leaf.name} ({leaf.origin})" for leaf in self.leaf]
        return glance(
            f"{self.title} (estimate card '{self.name}'), {self.year}",
            f"Components: {'; '.join(components)}",
        )

    def __post_init__(self) -> None:
        """Refuse a card that no estimate can be made from; name the word and what to
        write.
        """
        _check(self)

    @property
    def models(self) -> tuple[str, ...]:
        """The model cards of leaves, in their order, and those of shares."""
        names = [leaf.model for leaf in self.leaf if leaf.model]
        names += [share.model for share in self.share]
        return tuple(dict.fromkeys(names))

    @property
    def digest(self) -> str:
        """Content hash of the card: the same words give the same digest."""
        text = json.dumps(asdict(self), sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    def root(self, name: str) -> str:
        """Return the leaf that a leaf is at last a ratio of; itself if it is none."""
        leaf = self[name]
        return self.root(leaf.ratio.of) if leaf.ratio else name

    def __getitem__(self, name: str) -> LeafCard:
        for leaf in self.leaf:
            if leaf.name == name:
                return leaf
        names = [leaf.name for leaf in self.leaf]
        raise UncountedError(
            f"The estimate '{self.name}' has no leaf"
            f" '{name}'.{did_you_mean(name, names)}"
        )


TABLES: dict[str, type] = {"leaf": LeafCard, "sum": Sum, "share": Share}
NEEDED = ("title", "year", "leaf")
TYPES = {
    "title": str,
    "why": str,
    "show": str,
    "year": int,
    "records": dict,
    "durations": dict,
}


def is_estimate_card(path: str | Path) -> bool:
    """Say whether a card adds up leaves: the name of one that ships, or a path."""
    file = _path(path)
    try:
        return "leaf" in read_toml(file)
    except UncountedError:
        return False


def read_estimate_card(name: str | Path) -> EstimateCard:
    """Read an estimate card: the name of one that ships ("modern-slavery"), or a path.
    Errors name file and word.
    """
    path = _path(name)
    text = toml_text(path)
    words = parse_toml(text, path)
    try:
        return _from_words(words, path.stem, text)
    except UncountedError as error:
        raise UncountedError(f"{path}: {error}") from error


def parse_estimate_card(text: str, name: str) -> EstimateCard:
    """Read an estimate card from its TOML text."""
    return _from_words(parse_toml(text, name), name, text)


def _from_words(words: dict[str, Any], name: str, text: str) -> EstimateCard:
    _check_words(words)
    values: dict[str, Any] = dict(words)
    for word, kind in TABLES.items():
        if word in words:
            values[word] = read_tables(word, words[word], kind)
    values["sampling"] = parse_sampling(words.get("sampling", {}))
    return EstimateCard(**values, name=name, text=text)


def _path(name: str | Path) -> Path:
    if Path(name).suffix == ".toml":
        return Path(name)
    return shelf("models", f"{name}.toml")


def _check_words(words: dict[str, Any]) -> None:
    """Refuse unknown words, missing ones and values of another type."""
    vocabulary = [field.name for field in fields(EstimateCard)]
    vocabulary = [word for word in vocabulary if word not in ("name", "text")]
    for word in words:
        if word not in vocabulary:
            hint = did_you_mean(word, vocabulary)
            raise UncountedError(f"'{word}' is no word of an estimate card.{hint}")
    for word in NEEDED:
        if word not in words:
            raise UncountedError(
                f"the card lacks `{word}`. Every estimate card says it."
            )
    for word, kind in TYPES.items():
        if word in words and type(words[word]) is not kind:
            expected = "a whole number" if kind is int else kind
            raise UncountedError(f"{word} = {words[word]!r} should be {expected}.")


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
    _check_names(card)
    earlier: dict[str, LeafCard] = {}
    for leaf in card.leaf:
        _check_leaf(leaf)
        if leaf.ratio:
            _check_ratio(leaf.name, leaf.ratio, earlier)
        if leaf.figures and not 0 <= leaf.figures.between_place_correlation <= 1:
            raise UncountedError(
                f"the leaf '{leaf.name}': between_place_correlation should be from 0"
                " to 1."
            )
        earlier[leaf.name] = leaf
    _check_sums(card, earlier)


def _check_names(card: EstimateCard) -> None:
    names = [table.name for table in (*card.leaf, *card.sum, *card.share)]
    for name in names:
        if names.count(name) > 1 or name == TOTAL or not name:
            raise UncountedError(
                f"'{name}' cannot name one leaf, sum or share: it is empty, reserved or"
                " there twice."
            )


def _check_leaf(leaf: LeafCard) -> None:
    origins = [word for word in ORIGINS if getattr(leaf, word)]
    if len(origins) != 1:
        raise UncountedError(
            f"the leaf '{leaf.name}' has {' and '.join(origins) or 'none'} of"
            f" {', '.join(ORIGINS)}. A leaf has one origin."
        )
    if leaf.stock and not leaf.model:
        raise UncountedError(
            f"the leaf '{leaf.name}' has `stock`, which turns a model's window into a"
            " moment; no model."
        )


def _check_ratio(
    name: str,
    ratio: Ratio,
    earlier: Mapping[str, LeafCard],
) -> None:
    if ratio.of not in earlier:
        raise UncountedError(
            f"the leaf '{name}' is a ratio of '{ratio.of}', which is no leaf"
            f" before it.{did_you_mean(ratio.of, earlier)}"
        )
    if ratio.ages not in GROUPS:
        raise UncountedError(
            f"the leaf '{name}' is of ages '{ratio.ages}'. Say children or adults."
        )
    if ratio.selection.world_sd < 0 or ratio.selection.stratum_sd < 0:
        raise UncountedError(f"the leaf '{name}' has a selection with an sd below 0.")


def _check_sums(
    card: EstimateCard,
    leaves: Mapping[str, LeafCard],
) -> None:
    for leaf_sum in card.sum:
        for name in leaf_sum.leaves:
            if name not in leaves:
                raise UncountedError(
                    f"the sum '{leaf_sum.name}' adds '{name}', which is no"
                    f" leaf.{did_you_mean(name, leaves)}"
                )
    for share in card.share:
        leaf = leaves.get(share.of)
        if leaf is None or not leaf.model or leaf.stock:
            raise UncountedError(
                f"the share '{share.name}' is of '{share.of}', which is no leaf counted"
                " by a model as it is."
            )
