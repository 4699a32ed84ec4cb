"""Arithmetic: an estimate's components from models, records and figures, and their sum,
line by line.
"""

from uncounted.leaves.estimate_card import EstimateCard, LeafCard, Ratio, Share, Stock
from uncounted.model.priors import parse_prior
from uncounted.model.symbols import distribution
from uncounted.notation.formula import number
from uncounted.notation.line import Line
from uncounted.wording.words import Words

LAW = {"pert": "PERT", "triangular": "Triangular", "log_normal": "LogNormal"}
PERSONS = "Σ[b ∈ a] N[c,s,b] p[c,s,b]"


def arithmetic(card: EstimateCard, say: Words) -> list[Line]:
    """Return the lines of an estimate's sum: S[i] are the persons of part i, in the
    card's order.
    """
    total = "affected[G] = Σ[i] Σ[c ∈ G, s, a] S[i,c,s,a]"
    lines = [Line(total, say("arithmetic.total"))]
    models = [leaf.model for leaf in card.leaf if leaf.model]
    if card.lkj is not None and len(models) > 1:
        correlation = f"correlation ~ LKJ({number(card.lkj)})"
        lines.append(Line(correlation, say("arithmetic.joint")))
    lines += [_leaf(card, leaf, say) for leaf in card.leaf]
    if any(leaf.ratio for leaf in card.leaf):
        lines += _records(say)
    lines += [_share(card, share, say) for share in card.share]
    return lines


def _leaf(card: EstimateCard, leaf: LeafCard, say: Words) -> Line:
    i = _number(card, leaf.name)
    part = say(
        "arithmetic.part",
        i=i,
        name=say.term(leaf.name),
    )
    if leaf.ratio:
        return _ratio(card, i, leaf.ratio, part, say)
    if leaf.figures:
        law = LAW[leaf.figures.distribution]
        rho = number(leaf.figures.between_place_correlation)
        sentence = say(
            "arithmetic.figures",
            file=leaf.figures.file,
            rho=rho,
        )
        return Line(f"S[{i}] ~ {law}(low, best, high)", f"{part} {sentence}")
    part = f"{part} {say('arithmetic.model', model=leaf.model)}"
    if leaf.stock:
        return _stock(card, i, leaf.stock, part, say)
    return Line(f"S[{i},c,s,a] = {PERSONS}", part)


def _stock(
    card: EstimateCard,
    i: int,
    stock: Stock,
    part: str,
    say: Words,
) -> Line:
    window = number(stock.window_years)
    spell = f"duration[{stock.group or 's'}]"
    family = str(card.durations.get("family", "")).replace("_", " ")
    sentence = say("arithmetic.stock", window=window, family=family)
    priors = []
    for key, prior in card.durations.get("priors", {}).items():
        law = distribution(parse_prior(key, prior))
        priors.append((key, f"{key} ~ {law}"))
    formula = f"S[{i},c,s,a] = {{{spell}}}/{{{window} + {spell}}} {PERSONS}"
    return Line(formula, f"{part} {sentence}", tuple(priors))


def _ratio(
    card: EstimateCard,
    i: int,
    ratio: Ratio,
    part: str,
    say: Words,
) -> Line:
    base = _number(card, ratio.of)
    spells = ""
    if not isinstance(ratio.durations, str):
        lengths = [f"{{duration[{group}]}}" for group in ratio.durations]
        spells = "/".join(lengths) + " "
    persons = f"S[{i},c,s] = {spells}R[{i},r(c),s] S[{base},c,s]"
    log_ratio = f"log R[{i},r,s] = θ[{i},r,s] + δ[{i}] + δ[{i},r,s]"
    selection = ratio.selection
    mean, world_sd = number(selection.mean), number(selection.world_sd)
    priors = (
        ("mean, world_sd", f"δ[{i}] ~ Normal({mean}, {world_sd})"),
        ("stratum_sd", f"δ[{i},r,s] ~ Normal(0, {number(selection.stratum_sd)})"),
    )
    sentence = say("arithmetic.ratio", which=ratio.which, of=base)
    return Line(f"{persons}, {log_ratio}", f"{part} {sentence}", priors)


def _records(say: Words) -> list[Line]:
    """Return the lines of the records that ratios rest on."""
    female = "h[s] (female[i] + (region × sex)[i,r])"
    theta = f"θ[i,r,s] = level[i] + region[i,r] + {female} + period[i]"
    unit = "programme[i,g(u)] + unit[i,u] + h[s] (unit × sex)[i,u]"
    share = f"logit π[i,u,s,t] = θ[i,r(u),s] + {unit}"
    cases = "y[i,u,s,t] ~ Binomial(n[i,u,s,t], π[i,u,s,t])"
    return [
        Line(theta, say("arithmetic.theta")),
        Line(f"{share}, {cases}", say("arithmetic.records")),
    ]


def _share(card: EstimateCard, share: Share, say: Words) -> Line:
    i = _number(card, share.of)
    name = say.term(share.name)
    sentence = say(
        "arithmetic.share",
        name=name,
        i=i,
        model=share.model,
    )
    return Line(f"S'[{i},c,s,a] = {PERSONS} p'[c,s,b]", sentence)


def _number(card: EstimateCard, name: str) -> int:
    """Return the number of a component, in the card's order."""
    names = [leaf.name for leaf in card.leaf]
    return 1 + names.index(name)
