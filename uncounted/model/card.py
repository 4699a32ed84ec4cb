"""Card: the model of one outcome, in a closed vocabulary."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from uncounted.errors import UncountedError, did_you_mean
from uncounted.glance import glance
from uncounted.model.priors import Prior, parse_prior
from uncounted.model.vocabulary import LISTS, PEOPLE, PLACE
from uncounted.world.age import Band, parse_band
from uncounted.world.card_file import parse_toml, toml_text
from uncounted.world.covariates import TRANSFORMS
from uncounted.world.shelf import shelf
from uncounted.world.universe import Universe

# words that have no line of their own above the tables of a card
APART = ("name", "priors", "sampling", "validation", "joint")
TABLES = ("population", "geography", "grouping", "covariate_table")
OF_TYPES = {
    "index": ("true or false", (bool,)),
    "year": ("a whole number", (int,)),
    "world": ("a text, or a table of languages", (str, dict)),
}
# a card without these words has the digest that it had before there were any
NEW = ("who", "where", "persons", "world", *TABLES)


@dataclass(frozen=True)
class Sampling:
    """How the posterior is sampled: words of the card's [sampling]."""

    chains: int = 4
    tune: int = 1000
    draws: int = 1500
    target_accept: float = 0.95
    seed: int | None = None


@dataclass(frozen=True)
class Together:
    """With which outcomes a card's is sampled, their countries' effects correlated:
    words of the card's [joint].

    cards: of the other outcomes, by the names that `read_card` takes. lkj: η of the
    correlations' prior, LKJ(η).
    """

    cards: tuple[str, ...]
    lkj: float


@dataclass(frozen=True)
class Card:
    """What is believed about one outcome; a field is a word of the TOML card, and
    nothing else is.

    people and place name the effects of persons, sex, age and traits of the population
    table, and the ladder of places; interactions are products of two persons' factors,
    or of region and one; `exchangeable` names the factors whose deviations are
    exchangeable draws instead of summing to zero. `ages` are the bands that cells are
    made of; `age_order` 1 or 2 makes their effects random walks of that order over the
    bands' midpoints, at 0 ages have no order. `of` names the outcome whose persons this
    one is a share of, if it isn't one of everybody. `years` are the first and last year
    of evidence, `year` the reference year of the estimates; a trend enters if `priors`
    has `trend`, and bends if it has `sigma_smooth_region`. `transforms` are taken of
    covariates first; with `index` they enter as the one factor that they share; by
    those in `spread` the countries' own standard deviation differs. `neighbours` lets
    countries resemble those they border, or those of like covariates. `likelihood` is
    the distribution of counts; effects add up on the scale of `link`, log odds or the
    prevalence itself. `forms` are exclusive forms of the outcome, each an outcome of
    the evidence and a part of p. `reference_source` and `reference_definition` have no
    `bias` and `crosswalk`; `window_years` is the T of "ever in the last T years";
    `validation` holds counts behind sensitivity and specificity. `joint` names the
    cards of outcomes that this one is sampled with. `who` and `where` say which people
    of which countries the estimate is about, `persons` and `world` what these are
    called (`Universe`); `population`, `geography`, `grouping` and `covariate_table` are
    paths of tables that stand in for those that ship. The key of each prior is the
    variable's name in PyMC, posterior and report.
    """

    title: str
    outcome: str
    ages: tuple[str, ...]
    priors: Mapping[str, Prior]
    year: int
    why: str = ""
    of: str = ""
    evidence: tuple[str, ...] = ()
    people: tuple[str, ...] = PEOPLE
    place: tuple[str, ...] = PLACE
    interactions: tuple[str, ...] = ()
    covariates: tuple[str, ...] = ()
    transforms: Mapping[str, str] = field(default_factory=dict)
    index: bool = False
    spread: tuple[str, ...] = ()
    neighbours: str = ""
    exchangeable: tuple[str, ...] = ()
    age_order: int = 0
    likelihood: str = "binomial"
    link: str = "logit"
    forms: tuple[str, ...] = ()
    reference_source: str = ""
    reference_definition: str = ""
    window_years: float | None = None
    validation: Mapping[str, Mapping[str, tuple[int, int]]] = field(
        default_factory=dict
    )
    years: tuple[int, ...] | None = None
    show: str = "per 1,000"
    who: Mapping[str, Any] = field(default_factory=dict)
    where: Mapping[str, Any] = field(default_factory=dict)
    persons: Mapping[str, Any] = field(default_factory=dict)
    world: str | Mapping[str, str] = ""
    population: str = ""
    geography: str = ""
    grouping: str = ""
    covariate_table: str = ""
    joint: Together | None = None
    sampling: Sampling = field(default_factory=Sampling)
    name: str = "card"

    def __post_init__(self) -> None:
        """Raise UncountedError for a card of which no model can be built."""
        # here, for terms take cards
        from uncounted.model.consistency import check

        check(self)

    @property
    def bands(self) -> tuple[Band, ...]:
        """The age bands of cells; their labels are the coordinates of p."""
        return tuple(parse_band(age) for age in self.ages)

    @property
    def traits(self) -> tuple[str, ...]:
        """The traits of persons beyond sex and age, in the card's order: further dims
        of p, after country, sex, age.
        """
        return tuple(factor for factor in self.people if factor not in PEOPLE)

    @property
    def axes(self) -> tuple[str, ...]:
        """The dims of p after country: sex, age, further traits of persons, and form
        where the card has forms.
        """
        form = ("form",) if self.forms else ()
        return (*PEOPLE, *self.traits, *form)

    @property
    def universe(self) -> Universe:
        """The people that the estimate is about."""
        return Universe(self.who, self.where, self.persons, self.world)

    @property
    def digest(self) -> str:
        """Content hash of the card: the same words give the same digest."""
        values = asdict(self)
        said = {
            word: values[word] for word in values if values[word] or word not in NEW
        }
        words = json.dumps(said, sort_keys=True, default=str)
        return hashlib.sha256(words.encode()).hexdigest()

    @property
    def text(self) -> str:
        """The card as TOML, as the report prints it."""
        return _toml(self)

    def __repr__(self) -> str:
        return glance(
            f"{self.title} (card '{self.name}')",
            f"Outcome {self.outcome}, in {self.year}; ages {', '.join(self.ages)}",
            f"Effects: {', '.join((*self.place, *self.people, *self.interactions))}",
            f"Covariates: {', '.join(self.covariates) or 'none'}",
            f"Priors: {', '.join(self.priors)}",
        )


def read_card(name: str | Path) -> Card:
    """Read a card: the name of one that ships ("stunting"), or a path. Errors name the
    file, the line and the word.
    """
    path = Path(name)
    if path.suffix != ".toml":
        path = shelf("models", f"{name}.toml")
    text = toml_text(path)
    words = parse_toml(text, path)
    try:
        return _beside(_from_words(words, path.stem), path.parent)
    except UncountedError as error:
        raise UncountedError(f"{path}{_line(text, error.word)}: {error}") from error


def _beside(card: Card, folder: Path) -> Card:
    """Return the card with the tables and surveys that lie in its folder by their
    paths from here.
    """
    found: dict[str, Any] = {}
    for word in TABLES:
        name = getattr(card, word)
        if name and (folder / name).is_file():
            found[word] = str(folder / name)
    evidence = [
        str(folder / name) if (folder / name).is_dir() else name
        for name in card.evidence
    ]
    return replace(card, evidence=tuple(evidence), **found)


def parse_card(text: str, name: str) -> Card:
    """Read a card from its TOML text; errors carry the word they are about."""
    return _from_words(parse_toml(text, name), name)


def _line(text: str, word: str) -> str:
    for number, line in enumerate(text.splitlines(), 1):
        key = line.split("#")[0].split("=")[0]
        name = key.strip(' "[]')
        if word and name == word:
            return f", line {number}"
    return ""


def _from_words(words: dict[str, Any], name: str) -> Card:
    names = [f.name for f in fields(Card) if f.name != "name"]
    for word, value in words.items():
        if word not in names:
            raise UncountedError(
                f"'{word}' is no word of a model card.{did_you_mean(word, names)}", word
            )
        _check_kind(word, value)
    for word in ("title", "outcome", "ages", "priors", "year"):
        if word not in words:
            raise UncountedError(
                f"the card lacks `{word}`. Every model card says it.", ""
            )
    values = dict(words)
    for word in LISTS:
        if word in words:
            values[word] = tuple(words[word])
    priors = {key: parse_prior(key, value) for key, value in words["priors"].items()}
    values["priors"] = priors
    if "joint" in words:
        values["joint"] = _joint(words["joint"])
    values["sampling"] = parse_sampling(words.get("sampling", {}))
    return Card(**values, name=name)


def _check_kind(word: str, value: Any) -> None:
    """Refuse a value that is no text, list, whole number or table where the word needs
    one.
    """
    kind, right = _kind(word, value)
    if not right:
        raise UncountedError(f"{word} = {value!r} should be {kind}.", word)


def _kind(word: str, value: Any) -> tuple[str, bool]:
    """Return what the value of a word should be, and whether it is that."""
    if word == "years":
        return "a list of whole numbers", _is_list(value, int)
    if word in LISTS:
        return "a list of texts", _is_list(value, str)
    if word in ("priors", "sampling", "joint", "who", "where", "persons"):
        return f"a table: [{word}] with a line for each", type(value) is dict
    if word == "validation":
        kind = "tables [validation.KIND] with sensitivity = [found, with]"
        return f"{kind} or specificity", _validates(value)
    if word == "transforms":
        names = ", ".join(TRANSFORMS)
        return f"a table: covariate = one of {names}", _transforms(value)
    if word == "window_years":
        return "a number of years above 0", type(value) in (int, float) and value > 0
    if word == "age_order":
        return "0, 1 or 2", type(value) is int and value in (0, 1, 2)
    kind, types = OF_TYPES.get(word, ("a text", (str,)))
    return kind, type(value) in types


def _is_list(value: Any, kind: type) -> bool:
    return type(value) is list and all(type(item) is kind for item in value)


def _transforms(value: Any) -> bool:
    if type(value) is not dict:
        return False
    names = value.values()
    return all(type(name) is str and name in TRANSFORMS for name in names)


def _validates(value: Any) -> bool:
    """Say whether a value has the shape of [validation]: kind of source → sensitivity,
    specificity → [k, n].
    """
    if type(value) is not dict:
        return False
    for table in value.values():
        if type(table) is not dict or set(table) - {"sensitivity", "specificity"}:
            return False
        if not all(_is_count(pair) for pair in table.values()):
            return False
    return True


def _is_count(pair: Any) -> bool:
    """Say whether a pair is [k, n], k of n persons, n above 0."""
    if not _is_list(pair, int) or len(pair) != 2:
        return False
    k, n = pair
    return 0 <= k <= n and n > 0


def _joint(words: dict[str, Any]) -> Together:
    for word in words:
        if word not in ("cards", "lkj"):
            raise UncountedError(
                f"'{word}' is no word of"
                f" [joint].{did_you_mean(word, ('cards', 'lkj'))}",
                word,
            )
    cards, lkj = words.get("cards"), words.get("lkj")
    if not _is_list(cards, str) or type(lkj) not in (int, float):
        raise UncountedError(
            '[joint] should have cards = ["NAME", …] and lkj = a number above 0.',
            "joint",
        )
    return Together(tuple(cards or ()), float(lkj or 0))


def parse_sampling(words: dict[str, Any]) -> Sampling:
    """Read the words of [sampling], of whichever card."""
    names = [f.name for f in fields(Sampling)]
    for word, value in words.items():
        if word not in names:
            raise UncountedError(
                f"'{word}' is no word of [sampling].{did_you_mean(word, names)}", word
            )
        if word == "target_accept":
            kind = "a number above 0 and below 1"
            right = type(value) is float and 0 < value < 1
        else:
            kind = "a whole number above 0"
            least = 0 if word == "seed" else 1
            right = type(value) is int and value >= least
        if not right:
            raise UncountedError(
                f"{word} = {value!r} under [sampling] should be {kind}.", word
            )
    return Sampling(**words)


def _toml(card: Card) -> str:
    lines = []
    for word in fields(Card):
        factory = word.default_factory
        default = word.default if factory is MISSING else factory()
        value = getattr(card, word.name)
        if word.name not in APART and (value or value != default):
            lines.append(f"{word.name} = {_value(value)}")
    for kind, table in card.validation.items():
        lines += ["", f"[validation.{json.dumps(kind, ensure_ascii=False)}]"]
        lines += [f"{key} = {list(pair)}" for key, pair in table.items()]
    if card.joint:
        lines += ["", "[joint]"]
        for key, value in asdict(card.joint).items():
            lines.append(f"{key} = {_value(value)}")
    lines += ["", "[sampling]"]
    for key, value in asdict(card.sampling).items():
        if value is not None:
            lines.append(f"{key} = {value}")
    lines += ["", "[priors]"]
    lines += [f"{key} = {prior.text}" for key, prior in card.priors.items()]
    return "\n".join(lines)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        entries = [f"{json.dumps(key)} = {_value(item)}" for key, item in value.items()]
        return f"{{ {', '.join(entries)} }}"
    plain = list(value) if isinstance(value, tuple) else value
    text = json.dumps(plain, ensure_ascii=False)
    # the one character that JSON lets stand and TOML doesn't
    return text.replace("\x7f", "\\u007f")
