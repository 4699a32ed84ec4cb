"""Release: all that may be published of an estimate, its small counts masked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import pandas as pd

from uncounted.checks.finding import Finding
from uncounted.errors import UncountedError
from uncounted.glance import glance
from uncounted.infer.fit import TOTAL
from uncounted.leaves.estimate_card import EstimateCard
from uncounted.observations.elsewhere import ELSEWHERE
from uncounted.release.account import Account
from uncounted.release.model_part import Part
from uncounted.wording.numerals import heading, level, unit, whom
from uncounted.wording.words import Words, read_words
from uncounted.world.age import Band
from uncounted.world.table import SIMULATED
from uncounted.world.universe import Universe
from uncounted.world.world import World

ALL = "all"
PLACES = ("grouping", "group", "name")
STATS = ("median", "mean", "lower", "upper")
BEHIND = (
    "interval",
    "evidence",
    "surveys",
    "respondents",
    "cases",
    "cases_elsewhere",
    "masked",
    "note",
)
SHARES = ("population", "own_data_share", "country_evidence")
LEAF = "leaf"
# sources beside the surveys
OF_LEAVES = ("estimate card", "records", "spells", "figures")
RATES = {f"prevalence_{stat}" for stat in STATS}
PERSONS = {f"persons_{stat}" for stat in STATS}
NOT_PERSONS = {*PLACES, LEAF, *BEHIND, *SHARES, *RATES, *PERSONS}
NEEDED = (
    "grouping",
    "group",
    "name",
    "sex",
    "age",
    "interval",
    "evidence",
    "prevalence_median",
    "persons_mean",
)
NOTES = {
    SIMULATED: (
        "simulated: rests on sources that were made up, no total here is of the real"
        " world"
    ),
    "converged": "not converged: not for publication",
    "validated": "not validated: not for publication",
}


@dataclass(frozen=True)
class Release:
    """What every format is written from."""

    # the card's name
    name: str
    title: str
    why: str
    # the year of reference
    year: int
    # the unit of prevalence, a key of `vocabulary.SHOW`
    show: str
    bands: tuple[Band, ...]
    world: World
    # rows of `tables.estimates`; of leaves a column `leaf`, "all" being their sum
    rows: pd.DataFrame
    findings: Sequence[Finding]
    # one model or several
    parts: tuple[Part, ...]
    seed: int
    # package → version
    versions: Mapping[str, str]
    # stage → seconds
    seconds: Mapping[str, float] = field(default_factory=dict)
    # what was done to the draws after sampling
    notes: tuple[str, ...] = ()
    # rows of `trends.trend`; None without years
    trend: pd.DataFrame | None = None
    # surveys' results beside what was predicted of them; None where none was held out
    held_out: pd.DataFrame | None = None
    # shares of the variance, columns component and share; None where not divided
    budget: pd.DataFrame | None = None
    # the card that adds leaves up; None without leaves, as all below
    adds: EstimateCard | None = None
    # source → content hash
    inputs: Mapping[str, str] = field(default_factory=dict)
    # sources beside the surveys that say of themselves that they were simulated
    made_up: tuple[str, ...] = ()
    # rows of `breakdown`, with the card's sums and shares
    table: pd.DataFrame | None = None
    # rows of `by_selection`
    selection: pd.DataFrame | None = None
    # rows of `beside_published`
    beside: pd.DataFrame | None = None
    universe: Universe = field(default_factory=Universe)
    # the analyst's own words
    account: Account = field(default_factory=Account)
    language: str = "en"

    def __repr__(self) -> str:
        return glance(
            f"What is released of {self.title}, {self.year}: {len(self.rows):,} rows of"
            f" estimates, {len(self.findings)} findings, in {self.language}"
        )

    def __post_init__(self) -> None:
        """Refuse rows that no report can be written of."""
        absent = [column for column in NEEDED if column not in self.rows]
        if absent:
            raise UncountedError(
                f"The estimates have no column {', '.join(absent)}. Give the rows of"
                " estimates(fit)."
            )
        for grouping in ("world", "country"):
            if not (self.totals["grouping"] == grouping).any():
                raise UncountedError(
                    f"The estimates have no total of the grouping '{grouping}', which a"
                    " report needs."
                )

    @cached_property
    def say(self) -> Words:
        """The words of the report's language, with the account's names of leaves and
        sums.
        """
        words = read_words(self.language)
        world = {self.universe.named(): self.universe.named(self.language)}
        sentences = dict(words.sentences)
        if self.universe.sex:
            sentences["people.all"] = words(f"people.{self.universe.sex}")
        terms = {**words.terms, **self.account.names, **world}
        return replace(words, sentences=sentences, terms=terms)

    @cached_property
    def axes(self) -> list[str]:
        """The traits of persons that divide the rows: sex, age and any others."""
        return [str(name) for name in self.rows if name not in NOT_PERSONS]

    @property
    def divided(self) -> bool:
        """Whether some rows are of one sex, age or level of a further trait."""
        return bool((self.main[self.axes] != ALL).any(axis=None))

    @cached_property
    def main(self) -> pd.DataFrame:
        """The rows of everything together: of an estimate of leaves, of their sum."""
        if not self.has_leaves:
            return self.rows
        return self.rows[self.rows[LEAF] == ALL]

    @cached_property
    def totals(self) -> pd.DataFrame:
        """The rows of all persons."""
        return self.main[self.everybody(self.main)]

    @cached_property
    def sums(self) -> pd.DataFrame:
        """The rows of the card's sums and shares of leaves, none for an estimate
        without.
        """
        if self.table is None:
            return self.rows.iloc[:0].assign(**{LEAF: "", "note": ""})
        return self.table[~self.table[LEAF].isin([TOTAL, *self.rows[LEAF]])]

    @cached_property
    def tested(self) -> dict[str, pd.DataFrame]:
        """What surveys found beside what was predicted without them, by the title of
        the model; empty where nothing was held out.

        Rows of surveys (`of_surveys`); `held_out` has all, for files that programs
        read.
        """
        if self.held_out is None:
            return {}
        results = of_surveys(self.held_out)
        if "outcome" not in results:
            return {self.say.term(self.parts[0].card.title): results}
        by_title = {}
        for part in self.parts:
            rows = results[results["outcome"] == part.card.outcome]
            if len(rows):
                by_title[self.say.term(part.card.title)] = rows
        return by_title

    @property
    def has_leaves(self) -> bool:
        """Whether the estimate is a sum of leaves."""
        return LEAF in self.rows

    def everybody(self, rows: pd.DataFrame) -> pd.Series:
        """Return which rows are of all persons."""
        return (rows[self.axes] == ALL).all(axis=1)

    @property
    def known_shares(self) -> list[str]:
        """The shares that are known of any place: of own data, of countries'
        evidence.
        """
        columns = [name for name in SHARES if name in self.totals]
        return [name for name in columns if self.totals[name].notna().any()]

    @property
    def unit(self) -> str:
        """The unit of prevalence as the head of a column: "percent"."""
        return heading(self.show, self.say)

    @property
    def in_unit(self) -> str:
        """The unit of prevalence in a sentence: "in percent"."""
        return unit(self.show, self.say)

    @property
    def sheet_note(self) -> str:
        """What stands above the estimates on a sheet of a workbook."""
        return self.say(
            "sheets.note", unit=self.in_unit, level=self.level, whom=self.whom
        )

    def by(self, *axes: str) -> pd.DataFrame:
        """The rows broken down by some traits of persons, with their sums, and by no
        others.
        """
        other_axes = [axis for axis in self.axes if axis not in axes]
        return self.main[(self.main[other_axes] == ALL).all(axis=1)]

    @property
    def of_world(self) -> pd.Series:
        """The world's row."""
        return self.totals[self.totals["grouping"] == "world"].iloc[0]

    @property
    def level(self) -> str:
        """The intervals' level in words."""
        return level(self.of_world["interval"], self.say)

    @property
    def whom(self) -> str:
        """The people of the estimate, in words: "women aged 15–49 years"."""
        called = self.universe.called("many", self.language)
        return called or whom(self.bands, self.universe.sex, self.say)

    @property
    def affected(self) -> str:
        """The affected among its people, in words."""
        called = self.universe.called("affected", self.language)
        return called or self.say("headline.affected", whom=self.whom)

    @property
    def where(self) -> str:
        """All countries of the estimate together, in words."""
        name = self.universe.named(self.language)
        if name:
            return self.say("headline.over", name=name)
        return self.say("headline.over_all")

    @cached_property
    def failures(self) -> list[Finding]:
        """The findings that forbid publication."""
        return [finding for finding in self.findings if finding.verdict == "stop"]

    @cached_property
    def simulated(self) -> list[str]:
        """The sources that say of themselves that they were simulated, in words."""
        made_up = [self.source_name(source) for source in self.made_up]
        if any(SIMULATED in part.source.lower() for part in self.parts):
            return [self.say("banner.surveys"), *made_up]
        return made_up

    @property
    def beside_surveys(self) -> dict[str, str]:
        """The content hash of each source beside the surveys, by its name."""
        return {
            self.source_name(source): digest
            for source, digest in self.inputs.items()
            if source.startswith(OF_LEAVES)
        }

    def source_name(self, source: str) -> str:
        """Return the name of a source beside the surveys, a key of `inputs`, in the
        report's language.
        """
        kind, _, leaf = source.partition(" of ")
        if kind == "figures":
            return self.say("banner.figures", name=self.say.term(leaf))
        return self.say.term(source)

    @cached_property
    def stamps(self) -> list[str]:
        """The stamps of every format: "simulated", "converged" and "validated", the
        latter two where it is not.
        """
        of_hold_out = [is_of_hold_out(finding) for finding in self.failures]
        stamps = []
        if self.simulated:
            stamps.append(SIMULATED)
        if not all(of_hold_out):
            stamps.append("converged")
        if any(of_hold_out):
            stamps.append("validated")
        return stamps

    @cached_property
    def note(self) -> str:
        """The stamps in the words of files that programs read; empty without any."""
        return "; ".join(NOTES[stamp] for stamp in self.stamps)

    @property
    def banner(self) -> list[str]:
        """The sentences beneath the stamps, in the report's language."""
        sentences = []
        if self.simulated:
            sources = ", ".join(self.simulated)
            sentences.append(self.say("banner.of_simulation", sources=sources))
        if self.failures:
            sentences.append(self.say("banner.told"))
        return sentences

    @property
    def lacking(self) -> list[str]:
        """Sentences on sections that `uncounted check` would add."""
        parts = {"no_held_out": self.held_out, "no_budget": self.budget}
        return [
            self.say(f"checks.{word}", name=self.name)
            for word, part in parts.items()
            if part is None
        ]

    @property
    def noted(self) -> pd.DataFrame:
        """The rows as files hold them, stamped."""
        return self.stamped(self.rows if self.table is None else self.table)

    def stamped(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return a table with the stamps in its column `note`, after what stands there
        already.
        """
        if not self.note:
            return table
        notes = table["note"] if "note" in table else [""] * len(table)
        stamped = [f"{note}; {self.note}" if note else self.note for note in notes]
        return table.assign(note=stamped)


def of_surveys(table: pd.DataFrame) -> pd.DataFrame:
    """Return rows of `hold_out` without what families abroad told, which is no survey
    of the country.
    """
    return table[table["source"] != ELSEWHERE] if "source" in table else table


def is_of_hold_out(finding: Finding) -> bool:
    """Say whether a finding is about predictions of what was held out, not about the
    draws.
    """
    return any(
        word in finding.name.lower()
        for word in ("held out", "held-out", "hold-out", "coverage of surveys")
    )
