"""Arithmetic: how an estimate's leaves are made of models, records and figures, and
added up, line by line.
"""

from collections.abc import Iterator

from uncounted.equation.formula import number
from uncounted.equation.line import Line, distribution
from uncounted.leaves.estimate_card import EstimateCard, LeafCard, Ratio, Share, Stock
from uncounted.model.priors import parse_prior
from uncounted.wording.words import Words

LAW = {"pert": "PERT", "triangular": "Triangular", "log_normal": "LogNormal"}
PERSONS = "Σ[b ∈ a] N[c,s,b] p[c,s,b]"


def arithmetic(card: EstimateCard, say: Words) -> list[Line]:
    """Return the lines of an estimate's sum: S[i] are the persons of part i, in the
    card's order.
    """
    total = Line(
        "affected[G] = Σ[i] Σ[c ∈ G, s, a] S[i,c,s,a]", say("arithmetic.total")
    )
    ratios = list(_records(say)) if any(one.ratio for one in card.leaf) else []
    shares = [_share(card, one, say) for one in card.share]
    return [
        total,
        *_joint(card, say),
        *(_leaf(card, one, say) for one in card.leaf),
        *ratios,
        *shares,
    ]


def _joint(card: EstimateCard, say: Words) -> Iterator[Line]:
    if card.lkj is not None and sum(bool(one.model) for one in card.leaf) > 1:
        yield Line(f"correlation ~ LKJ({number(card.lkj)})", say("arithmetic.joint"))


def _leaf(card: EstimateCard, leaf: LeafCard, say: Words) -> Line:
    i = _number(card, leaf.name)
    part = say("arithmetic.part", i=i, name=say.term(leaf.name))
    if leaf.ratio:
        return _ratio(card, i, leaf.ratio, part, say)
    if leaf.figures:
        law, rho = (
            LAW[leaf.figures.distribution],
            number(leaf.figures.between_place_correlation),
        )
        told = say("arithmetic.figures", file=leaf.figures.file, rho=rho)
        return Line(f"S[{i}] ~ {law}(low, best, high)", f"{part} {told}")
    if leaf.stock:
        return _stock(
            card,
            i,
            leaf.stock,
            f"{part} {say('arithmetic.model', model=leaf.model)}",
            say,
        )
    return Line(
        f"S[{i},c,s,a] = {PERSONS}",
        f"{part} {say('arithmetic.model', model=leaf.model)}",
    )


def _stock(card: EstimateCard, i: int, stock: Stock, part: str, say: Words) -> Line:
    window, spell = number(stock.window_years), f"duration[{stock.group or 's'}]"
    family = str(card.durations.get("family", "")).replace("_", " ")
    told = say("arithmetic.stock", window=window, family=family)
    priors = card.durations.get("priors", {})
    of = tuple(
        (key, f"{key} ~ {distribution(parse_prior(key, prior))}")
        for key, prior in priors.items()
    )
    return Line(
        f"S[{i},c,s,a] = {{{spell}}}/{{{window} + {spell}}} {PERSONS}",
        f"{part} {told}",
        of,
    )


def _ratio(card: EstimateCard, i: int, ratio: Ratio, part: str, say: Words) -> Line:
    of, met = _number(card, ratio.of), ratio.selection
    spells = (
        ""
        if isinstance(ratio.durations, str)
        else "/".join(f"{{duration[{one}]}}" for one in ratio.durations) + " "
    )
    formula = (
        f"S[{i},c,s] = {spells}R[{i},r(c),s] S[{of},c,s], log R[{i},r,s] = θ[{i},r,s] +"
        f" δ[{i}] + δ[{i},r,s]"
    )
    told = say("arithmetic.ratio", which=ratio.which, of=of)
    return Line(
        formula,
        f"{part} {told}",
        (
            (
                "mean, world_sd",
                f"δ[{i}] ~ Normal({number(met.mean)}, {number(met.world_sd)})",
            ),
            ("stratum_sd", f"δ[{i},r,s] ~ Normal(0, {number(met.stratum_sd)})"),
        ),
    )


def _records(say: Words) -> Iterator[Line]:
    theta = (
        "θ[i,r,s] = level[i] + region[i,r] + h[s] (female[i] + (region × sex)[i,r]) +"
        " period[i]"
    )
    yield Line(theta, say("arithmetic.theta"))
    unit = (
        "logit π[i,u,s,t] = θ[i,r(u),s] + programme[i,g(u)] + unit[i,u] + h[s] (unit ×"
        " sex)[i,u]"
    )
    yield Line(
        f"{unit}, y[i,u,s,t] ~ Binomial(n[i,u,s,t], π[i,u,s,t])",
        say("arithmetic.records"),
    )


def _share(card: EstimateCard, share: Share, say: Words) -> Line:
    i = _number(card, share.of)
    told = say("arithmetic.share", name=say.term(share.name), i=i, model=share.model)
    return Line(f"S'[{i},c,s,a] = Σ[b ∈ a] N[c,s,b] p[c,s,b] p'[c,s,b]", told)


def _number(card: EstimateCard, name: str) -> int:
    return 1 + [leaf.name for leaf in card.leaf].index(name)
