"""The model card: what is believed about one outcome, in a closed vocabulary."""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

from uncounted.errors import UncountedError, did_you_mean
from uncounted.model.priors import NEEDED_BY, Prior, parse_prior
from uncounted.world.age import Band, parse_band
from uncounted.world.covariates import TRANSFORMS
from uncounted.world.population import check_trait
from uncounted.world.shelf import shelf

PEOPLE = ("sex", "age")
PLACE = ("region", "subregion", "country")
SLOPES = ("beta", "sigma_beta", "tau_beta", "r2")  # fixed, learned, horseshoe, R2D2: one of them
LIKELIHOODS = ("binomial", "beta_binomial", "logit_normal", "fay_herriot", "multinomial")
LINKS = ("logit", "identity")
ON_LOGITS = ("trend", "bias", "crosswalk", "kappa", "duration", "sensitivity", "specificity")  # priors
NEIGHBOURS = ("", "borders", "covariates")
OPTIONAL = ("sigma_survey", "bias", "crosswalk", "kappa", "duration", "sensitivity", "specificity")
SMOOTH = ("sigma_smooth_region", "sigma_smooth_country")
SHOW = {"per 1,000": 1000.0, "percent": 100.0}
LISTS = ("evidence", "people", "ages", "place", "interactions", "covariates", "years", "exchangeable", "forms")


@dataclass(frozen=True)
class Sampling:
    """How the posterior is sampled: words of the card's [sampling]."""

    chains: int = 4
    tune: int = 1000
    draws: int = 1500
    target_accept: float = 0.8
    seed: int | None = None


@dataclass(frozen=True)
class Card:
    """What is believed about one outcome; a field is a word of the TOML card, and nothing else is.

    people and place name the effects of persons, sex, age and traits of the population table, and the ladder of places;
    interactions are products of two persons' factors, or of region and one; `exchangeable` names the factors whose
    deviations are exchangeable draws instead of summing to zero. `ages` are the bands that cells are made of;
    `age_order` 1 or 2 makes their effects random walks of that order over the bands' midpoints, at 0 ages have no
    order. `years` are the first and last year of evidence, `year` the reference year of the estimates; a trend enters
    if `priors` has `trend`, and bends if it has `sigma_smooth_region`. `transforms` are taken of covariates first; with
    `index` they enter as the one factor that they share. `neighbours` lets countries resemble those they border, or
    those of like covariates. `likelihood` is the distribution of counts; effects add up on the scale of `link`, log
    odds or the prevalence itself. `forms` are exclusive forms of the outcome, each an outcome of the evidence and a
    part of p. `reference_source` and `reference_definition` have no `bias` and `crosswalk`;
    `window_years` is the T of "ever in the last T years"; `validation` holds counts behind sensitivity and specificity.
    The key of each prior is the variable's name in PyMC, posterior and report.
    """

    title: str
    outcome: str
    ages: tuple[str, ...]
    priors: Mapping[str, Prior]
    year: int
    why: str = ""
    evidence: tuple[str, ...] = ()
    people: tuple[str, ...] = PEOPLE
    place: tuple[str, ...] = PLACE
    interactions: tuple[str, ...] = ()
    covariates: tuple[str, ...] = ()
    transforms: Mapping[str, str] = field(default_factory=dict)
    index: bool = False
    neighbours: str = ""
    exchangeable: tuple[str, ...] = ()
    age_order: int = 0
    likelihood: str = "binomial"
    link: str = "logit"
    forms: tuple[str, ...] = ()
    reference_source: str = ""
    reference_definition: str = ""
    window_years: float | None = None
    validation: Mapping[str, Mapping[str, tuple[int, int]]] = field(default_factory=dict)
    years: tuple[int, ...] | None = None
    show: str = "per 1,000"
    sampling: Sampling = field(default_factory=Sampling)
    name: str = "card"

    def __post_init__(self) -> None:
        """Refuse what no model can be built from; say which word and what to write."""
        _check(self)

    @property
    def bands(self) -> tuple[Band, ...]:
        """The age bands of cells; their labels are the coordinates of p."""
        return tuple(parse_band(age) for age in self.ages)

    @property
    def traits(self) -> tuple[str, ...]:
        """The traits of persons beyond sex and age, in the card's order: further dims of p, after country, sex, age."""
        return tuple(one for one in self.people if one not in PEOPLE)

    @property
    def axes(self) -> tuple[str, ...]:
        """The dims of p after country: sex, age, further traits of persons, and form where the card has forms."""
        return (*PEOPLE, *self.traits, *(("form",) if self.forms else ()))

    @property
    def digest(self) -> str:
        """Content hash of the card: the same words give the same digest."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True, default=str).encode()).hexdigest()

    @property
    def text(self) -> str:
        """The card as TOML, as the report prints it."""
        return _toml(self)

    def _repr_html_(self) -> str:
        from html import escape

        return f"<b>{escape(self.title)}</b><br>{escape(self.why)}<pre>{escape(self.text)}</pre>"


def read_card(name: str | Path) -> Card:
    """Read a card: the name of one that ships ("stunting"), or a path. Errors name the file, the line and the word."""
    path = Path(name)
    if path.suffix != ".toml":
        path = shelf("models", f"{name}.toml")
    if not path.is_file():
        raise UncountedError(
            f"There is no card at {path}. Give the name of a card in models/ or a path to a .toml file."
        )
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        return parse_card(text, path.stem)
    except tomllib.TOMLDecodeError as error:
        raise UncountedError(f"{path} is no TOML: {error}. Mend that line.") from error
    except UncountedError as error:
        raise UncountedError(f"{path}{_line(text, error.word)}: {error}") from error


def parse_card(text: str, name: str) -> Card:
    """Read a card from its TOML text; errors carry the word they are about."""
    return _from_words(tomllib.loads(text), name)


def _line(text: str, word: str) -> str:
    for number, line in enumerate(text.splitlines(), 1):
        if word and line.split("#")[0].split("=")[0].strip(' "[]') == word:
            return f", line {number}"
    return ""


def _from_words(words: dict[str, Any], name: str) -> Card:
    known = [f.name for f in fields(Card) if f.name != "name"]
    for word, value in words.items():
        if word not in known:
            raise UncountedError(f"'{word}' is no word of a model card.{did_you_mean(word, known)}", word)
        _check_kind(word, value)
    for word in ("title", "outcome", "ages", "priors", "year"):
        if word not in words:
            raise UncountedError(f"the card lacks `{word}`. Every model card says it.", "")
    lists = {word: tuple(words[word]) for word in LISTS if word in words}
    priors = {key: parse_prior(key, value) for key, value in words["priors"].items()}
    given: dict[str, Any] = words | lists | {"priors": priors, "sampling": _sampling(words.get("sampling", {}))}
    return Card(**given, name=name)


def _check_kind(word: str, value: Any) -> None:
    """Refuse a value that is no text, list, whole number or table where the word needs one."""
    member = int if word == "years" else str
    if word in LISTS:
        kind = f"a list of {'whole numbers' if member is int else 'texts'}"
        right = type(value) is list and all(type(one) is member for one in value)
    elif word in ("priors", "sampling"):
        kind, right = f"a table: [{word}] with a line for each", type(value) is dict
    elif word == "validation":
        kind, right = "tables [validation.KIND] with sensitivity = [found, with] or specificity", _validates(value)
    elif word == "index":
        kind, right = "true or false", type(value) is bool
    elif word == "transforms":
        kind, right = f"a table: covariate = one of {', '.join(TRANSFORMS)}", _transforms(value)
    elif word == "window_years":
        kind, right = "a number of years above 0", type(value) in (int, float) and value > 0
    elif word == "year":
        kind, right = "a whole number", type(value) is int
    elif word == "age_order":
        kind, right = "0, 1 or 2", type(value) is int and value in (0, 1, 2)
    else:
        kind, right = "a text", type(value) is str
    if not right:
        raise UncountedError(f"{word} = {value!r} should be {kind}.", word)


def _transforms(value: Any) -> bool:
    return type(value) is dict and all(type(one) is str and one in TRANSFORMS for one in value.values())


def _validates(value: Any) -> bool:
    """Say whether a value has the shape of [validation]: kind of source → sensitivity, specificity → [k, n]."""
    if type(value) is not dict or not all(type(table) is dict for table in value.values()):
        return False
    if {key for table in value.values() for key in table} - {"sensitivity", "specificity"}:
        return False
    pairs = [pair for table in value.values() for pair in table.values()]
    whole = all(type(pair) is list and [type(n) for n in pair] == [int, int] for pair in pairs)
    return whole and all(0 <= found <= of and of > 0 for found, of in pairs)


def _sampling(words: dict[str, Any]) -> Sampling:
    known = [f.name for f in fields(Sampling)]
    for word, value in words.items():
        if word not in known:
            raise UncountedError(f"'{word}' is no word of [sampling].{did_you_mean(word, known)}", word)
        if word == "target_accept":
            kind, right = "a number above 0 and below 1", type(value) is float and 0 < value < 1
        else:
            kind, right = "a whole number above 0", type(value) is int and value >= (word != "seed")
        if not right:
            raise UncountedError(f"{word} = {value!r} under [sampling] should be {kind}.", word)
    return Sampling(**words)


def _check(card: Card) -> None:
    products = interactions(card)
    allowed = {
        "people": (*PEOPLE, *(one for one in card.people if f"sigma_{one}" in card.priors)),
        "place": PLACE,
        "interactions": products,
        "show": SHOW,
        "neighbours": NEIGHBOURS,
        "likelihood": LIKELIHOODS,
        "link": LINKS,
    }
    allowed["exchangeable"] = ("region", "age", *card.traits, *products)
    for word, known in allowed.items():
        given = getattr(card, word)
        for value in [given] if isinstance(given, str) else given:
            if value not in known:
                trait = f" A trait of persons needs its prior, sigma_{value}." if word == "people" else ""
                raise UncountedError(
                    f"{word} has '{value}', which is not one of its words.{did_you_mean(value, known)}{trait}", word
                )
    for word in LISTS:
        given = getattr(card, word)
        if word != "years" and len(set(given)) < len(given):
            raise UncountedError(f"{word} = {list(given)} has the same twice. Keep one.", word)
    for trait in card.traits:
        check_trait(trait, f"The card '{card.name}'")
    if "country" not in card.place:
        raise UncountedError("place must hold 'country': it is countries that surveys speak of.", "place")
    if list(card.place) != [rung for rung in PLACE if rung in card.place]:
        raise UncountedError(f"place should go from the largest to the smallest: {', '.join(PLACE)}.", "place")
    for interaction in card.interactions:
        for factor in interaction.split(":"):
            if factor not in (*card.people, *card.place):
                raise UncountedError(f"'{interaction}' needs '{factor}' under people or place.", "interactions")
    if card.years is not None and (len(card.years) != 2 or card.years[0] > card.years[1]):
        raise UncountedError(f"years = {list(card.years)} should be the first and the last year of evidence.", "years")
    try:
        bands = card.bands
    except UncountedError as error:
        raise UncountedError(f"ages has a wrong band: {error}", "ages") from error
    if not bands or any(a.upper is None or a.upper > b.lower for a, b in pairwise(bands)):
        raise UncountedError("ages should list bands that don't overlap, youngest first.", "ages")
    if card.age_order and len(bands) <= card.age_order:
        raise UncountedError(f"age_order = {card.age_order} needs more than {card.age_order} ages.", "age_order")
    if set(SMOOTH) & set(card.priors) and (card.years is None or "region" not in card.place):
        raise UncountedError(
            "a trend that bends needs `years`, the first and the last, and regions under place.", "years"
        )
    _check_partners(card)
    _check_priors(card)


def interactions(card: Card) -> tuple[str, ...]:
    """Return the products that a card may name: "region:sex", "sex:age", "age:migrant" …, of all persons' factors."""
    persons = (*PEOPLE, *card.traits)
    return tuple(f"{one}:{other}" for one, other in [*combinations(persons, 2), *(("region", one) for one in persons)])


def _check_partners(card: Card) -> None:
    """Refuse words and priors that need another word which the card lacks."""
    for name in set(card.transforms) - set(card.covariates):
        raise UncountedError(
            f"transforms names '{name}', which is none of the covariates.{did_you_mean(name, card.covariates)}",
            "transforms",
        )
    if (card.index or card.neighbours == "covariates") and len(card.covariates) < 3 - 2 * (not card.index):
        raise UncountedError('index needs three covariates or more, neighbours = "covariates" one.', "covariates")
    needs_word = {"bias": "reference_source", "crosswalk": "reference_definition", "duration": "window_years"}
    for key, word in needs_word.items():
        if key in card.priors and not getattr(card, word):
            raise UncountedError(f"the prior of `{key}` needs the word `{word}` on the card.", key)
    if card.link == "identity":
        _check_identity(card)
    if card.forms or card.likelihood == "multinomial":
        _check_forms(card)
    for key in {key for table in card.validation.values() for key in table} - set(card.priors):
        raise UncountedError(f"[validation] has counts of {key}, which has no prior. Name it under [priors].", key)


def _check_identity(card: Card) -> None:
    if card.likelihood != "fay_herriot":
        raise UncountedError(
            f'link = "identity" puts effects on the scale of published estimates, and likelihood = "{card.likelihood}" '
            'needs log odds. Write likelihood = "fay_herriot".',
            "link",
        )
    for key in ON_LOGITS:
        if key in card.priors:
            raise UncountedError(f'{key} works on log odds, which link = "identity" has not. Leave one out.', key)


def _check_forms(card: Card) -> None:
    if card.likelihood != "multinomial" or len(card.forms) < 2:
        raise UncountedError(
            f'exclusive forms, two or more, go with likelihood = "multinomial"; here are forms = {list(card.forms)} '
            f'and likelihood = "{card.likelihood}".',
            "forms" if card.forms else "likelihood",
        )
    for form in card.forms:
        check_trait(form, f"The card '{card.name}', under forms,")
    for key in ON_LOGITS:
        if key in card.priors:
            raise UncountedError(f"{key} is not known of exclusive forms yet. Leave it out, or the forms.", key)


def _check_priors(card: Card) -> None:
    needed = needs(card)
    for key in card.priors:
        if key not in needed:
            raise UncountedError(
                f"[priors] has '{key}', which this card's model has not.{did_you_mean(key, needed)}", key
            )
    for key, choice in needed.items():
        if not any(one in card.priors for one in choice):
            raise UncountedError(f"[priors] lacks '{key}': {NEEDED_BY.get(key, 'the model')} needs it.", "priors")
    given = [key for key in SLOPES if key in card.priors]
    if len(given) > 1:
        raise UncountedError(
            f"[priors] has {' and '.join(given)}: say in one way how large slopes of covariates are.", given[1]
        )
    for key, prior in card.priors.items():
        prior.fits(key)


def needs(card: Card) -> dict[str, tuple[str, ...]]:
    """Return the priors that the card's model has, each with the keys of which one must be given."""
    needed: dict[str, tuple[str, ...]] = {"level": ("level",)}
    scales = [*card.place, *(f for f in card.people if f != "sex"), *card.interactions]
    needed |= {(key := "sigma_" + one.replace(":", "_")): (key,) for one in scales}
    if "sex" in card.people:
        needed["female"] = ("female",)
    if card.covariates:
        needed |= dict.fromkeys(SLOPES, SLOPES)
        needed |= {"slab_beta": ("slab_beta",)} if "tau_beta" in card.priors else {}
    if card.likelihood == "beta_binomial":
        needed["deff_excess"] = ("deff_excess",)
    if card.neighbours:
        needed["rho"] = ("rho",)
    if "trend" in card.priors or "sigma_trend_region" in card.priors:
        needed |= {key: (key,) for key in ("trend", "sigma_trend_country")}
        needed |= {"sigma_trend_region": ("sigma_trend_region",)} if "region" in card.place else {}
    if {"sigma_smooth_region", "sigma_smooth_country"} & set(card.priors):
        needed |= {key: (key,) for key in ("trend", "sigma_trend_country", *SMOOTH)}
    needed |= {key: (key,) for key in OPTIONAL if key in card.priors}
    return needed


def _toml(card: Card) -> str:
    lines = []
    for f in fields(Card):
        value = getattr(card, f.name)
        default = f.default_factory() if f.default_factory is not MISSING else f.default
        silent = not value and value == default
        if f.name not in ("name", "priors", "sampling", "validation") and not silent:
            lines.append(f"{f.name} = {_value(value)}")
    for kind, table in card.validation.items():
        lines += ["", f"[validation.{json.dumps(kind, ensure_ascii=False)}]"]
        lines += [f"{key} = {list(pair)}" for key, pair in table.items()]
    lines += ["", "[sampling]"] + [f"{k} = {v}" for k, v in asdict(card.sampling).items() if v is not None]
    lines += ["", "[priors]"] + [f"{key} = {prior.text}" for key, prior in card.priors.items()]
    return "\n".join(lines)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_value(one)}" for key, one in value.items()) + " }"
    text = json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)
    return text.replace("\x7f", "\\u007f")  # the one character that JSON lets stand and TOML doesn't
