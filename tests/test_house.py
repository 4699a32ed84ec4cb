"""The house is as the README draws it."""

import ast
import re
import tokenize
from collections import Counter
from dataclasses import fields
from inspect import signature
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_picture_of_the_rooms_is_their_docstrings():
    drawn = dict(re.findall(r"^  (\w+)/ +(.+)$", README, re.MULTILINE))
    rooms = {
        path.parent.name: " ".join(
            (ast.get_docstring(ast.parse(path.read_text())) or "").split()
        )
        for path in ROOT.glob("uncounted/*/__init__.py")
    }
    assert drawn == rooms


def test_ladder_in_the_readme_is_the_contract():
    ladder = re.search(r"Imports only go down: `(.+?)`", README)
    layers = re.search(
        r"layers = \[(.+?)\]", (ROOT / "pyproject.toml").read_text(), re.DOTALL
    )
    assert ladder
    assert layers
    assert ladder[1].replace("(", "").replace(")", "").split(" → ") == re.findall(
        r'"([\w |]+)"', layers[1]
    )


def documented(section: str) -> set[str]:
    """Return what a section of docs/card.md has in backticks."""
    text = (ROOT / "docs" / "card.md").read_text(encoding="utf-8")
    return set(
        re.findall(
            r"`\[*([\w.]+)\]*`", text.split(f"## {section}\n")[1].split("\n## ")[0]
        )
    )


def words_of(card: type) -> set[str]:
    return {field.name for field in fields(card)} - {"name", "text"}


def test_every_word_of_a_card_is_documented():
    from uncounted.figures.figure_card import NUMBERS, TEXT, SurveyCard
    from uncounted.interviews.families import read_families
    from uncounted.interviews.replicates import Replicates
    from uncounted.interviews.respondents import read_respondents
    from uncounted.leaves import estimate_card
    from uncounted.model.card import Card, Sampling
    from uncounted.model.priors import FAMILIES
    from uncounted.model.slopes import SLOPES
    from uncounted.model.terms import OPTIONAL
    from uncounted.model.trend import SMOOTH

    assert words_of(Card) | words_of(Sampling) <= documented("Words of a model card")
    priors = {"level", "female", "spread", "rho", "trend", "slab_beta", "deff_excess"}
    priors |= {*OPTIONAL, *SLOPES, *SMOOTH, *FAMILIES}
    assert priors <= documented("Priors")
    words = words_of(estimate_card.EstimateCard) - {"sampling"}
    for part in ("Ratio", "Figures", "LeafCard", "Sum", "Share"):
        words |= words_of(getattr(estimate_card, part))
    assert words - {"ratio"} <= documented("Words of an estimate card")
    figures = documented("Words of a survey card: published figures")
    assert words_of(SurveyCard) | {*TEXT, *NUMBERS} <= figures
    words = {*signature(read_respondents).parameters} - {"source", "name"}
    words |= words_of(Replicates)
    assert words <= documented("Words of a survey card: interviews")
    words = {*signature(read_families).parameters} - {"name"}
    words -= {*signature(read_respondents).parameters} - {"columns"}
    families = documented("Words of a survey card: families")
    assert words - {"columns"} <= families


def test_a_smallest_card_is_a_card():
    from uncounted.model.card import parse_card

    text = (ROOT / "docs" / "card.md").read_text(encoding="utf-8")
    toml = text.split("```toml\n")[1].split("```")[0]
    assert parse_card(toml, "smallest").place == ("region", "country")


def test_the_readme_is_read_at_one_sitting():
    assert len(README.splitlines()) <= 120


def test_every_public_name_has_a_docstring():
    import uncounted as un

    names = [
        name
        for name in vars(un)
        if not name.startswith("_") and callable(getattr(un, name))
    ]
    assert [name for name in names if not getattr(un, name).__doc__] == []


# --- the same numbers on every processor ----------------------------------------------

SORTS = {"argsort", "sort", "sort_index", "sort_values"}
NEVER_STABLE = {"argpartition", "nlargest", "nsmallest"}
# sorted faster by kind="quicksort", for what is made of ties is the same in any order
ANY_ORDER_OF_TIES = {
    ("checks/mixing.py", "_normal_scores"): "equal draws share a rank",
    ("checks/scores.py", "crps"): "values alone are sorted, and equal ones are equal",
}
RULE = (
    "numpy and pandas order ties as the processor likes, so that a seed gives other"
    ' tables on another machine: say kind="stable" in every argsort, sort, sort_values'
    " and sort_index (a list has sorted(…) or .sort(key=…)), and take the head of a"
    " stable sort for nlargest, nsmallest and argpartition"
)


def unstable_sorts(source: str, name: str = "") -> list[tuple[int, str]]:
    """Return line and name of each call that may order ties by the processor."""
    tree = ast.parse(source)
    anyhow = {function for file, function in ANY_ORDER_OF_TIES if file == name}
    allowed = {
        call
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef) and function.name in anyhow
        for call in ast.walk(function)
    }
    return [
        (call.lineno, call.func.attr)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and not _is_stable(call, call in allowed)
    ]


def _is_stable(call: ast.Call, may_be_quick: bool) -> bool:
    assert isinstance(call.func, ast.Attribute)
    words = {word.arg: ast.unparse(word.value).strip("'") for word in call.keywords}
    of_a_list = call.func.attr == "sort" and "key" in words
    if call.func.attr in NEVER_STABLE:
        return False
    if call.func.attr not in SORTS or of_a_list:
        return True
    return words.get("kind") in (
        {"stable", "quicksort"} if may_be_quick else {"stable"}
    )


def test_every_sort_is_stable():
    found = {
        f"{path.relative_to(ROOT)}:{line} {call}"
        for path in sorted(ROOT.glob("uncounted/**/*.py"))
        for line, call in unstable_sorts(
            path.read_text(encoding="utf-8"),
            path.relative_to(ROOT / "uncounted").as_posix(),
        )
    }
    assert not found, f"{sorted(found)}: {RULE}"


@pytest.mark.parametrize(
    ("source", "unstable"),
    [
        ('x.argsort(kind="stable")', False),
        ("np.argsort(x)", True),
        ("np.sort(x, axis=1)", True),
        ('np.sort(x, kind="quicksort")', True),
        ('table.sort_values(["a", "b"])', True),
        ('table.sort_values("a", key=len)', True),
        ('table.sort_values("a", key=len, kind="stable")', False),
        ("table.sort_index()", True),
        ("values.sort()", True),
        ("names.sort(key=str.lower)", False),
        ("sorted(names)", False),
        ('table.nlargest(3, "a")', True),
        ("np.argpartition(x, 3)", True),
    ],
)
def test_an_unstable_sort_is_seen(source, unstable):
    assert bool(unstable_sorts(source)) == unstable


IN_ORDER = {"list", "tuple", "enumerate", "zip"}


def walks_of_sets(source: str) -> list[int]:
    """Return the lines that go through a set one by one where the order may show."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.For(iter=iterable):
                walked = [iterable]
            case ast.ListComp(generators=parts) | ast.DictComp(generators=parts):
                walked = [part.iter for part in parts]
            case ast.Call(func=ast.Name(id=name), args=args) if name in IN_ORDER:
                walked = args
            case ast.Call(func=ast.Attribute(attr="join"), args=args):
                walked = args
            case ast.Starred(value=value, ctx=ast.Load()):
                walked = [value]
            case _:
                continue
        lines += [iterable.lineno for iterable in walked if _is_set(iterable)]
    return lines


def _is_set(node: ast.expr) -> bool:
    match node:
        case (
            ast.Set() | ast.SetComp() | ast.Call(func=ast.Name(id="set" | "frozenset"))
        ):
            return True
        case ast.BinOp(
            left=left,
            right=right,
            op=ast.BitAnd() | ast.BitOr() | ast.Sub() | ast.BitXor(),
        ):
            return _is_set(left) or _is_set(right)
    return False


def test_no_set_is_gone_through_in_its_own_order():
    """Text hashes anew in every process: what is made of a set in turn, or the first
    fault named, would change.
    """
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted(ROOT.glob("uncounted/**/*.py"))
        for line in walks_of_sets(path.read_text(encoding="utf-8"))
    ]
    assert not found, (
        f"{found}: a set has another order in every process. Go through sorted(…) or"
        " dict.fromkeys(…)"
    )


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("for x in set(a) - set(b): pass", True),
        ("for x in sorted(set(a) - set(b)): pass", False),
        ("[f(x) for x in {*a}]", True),
        ("{f(x) for x in {*a}}", False),
        ("list(set(a))", True),
        ("', '.join({str(x) for x in a})", True),
        ("[*{x for x in a}]", True),
        ("all(x in a for x in set(b))", False),
    ],
)
def test_a_walk_of_a_set_is_seen(source, seen):
    assert bool(walks_of_sets(source)) == seen


# --- rooms and files --------------------------------------------------------------------

LARGEST_ROOM = 0.15  # of the tokens of the package


def token_rows(path: Path) -> list[int]:
    """Return the line of each name, operator, number and string of a file of code."""
    kinds = {tokenize.NAME, tokenize.OP, tokenize.NUMBER, tokenize.STRING}
    with tokenize.open(path) as file:
        tokens = tokenize.generate_tokens(file.readline)
        return [token.start[0] for token in tokens if token.type in kinds]


def test_no_room_is_larger_than_a_person_can_know():
    sizes: Counter[str] = Counter()
    for path in (ROOT / "uncounted").rglob("*.py"):
        sizes[path.relative_to(ROOT / "uncounted").parts[0]] += len(token_rows(path))
    shares = {room: size / sizes.total() for room, size in sizes.items()}
    assert {room: share for room, share in shares.items() if share > LARGEST_ROOM} == {}


def test_no_two_files_share_a_name():
    names = Counter(
        path.name
        for path in (ROOT / "uncounted").rglob("*.py")
        if path.name not in {"__init__.py", "__main__.py"}
    )
    assert [name for name, files in names.items() if files > 1] == []


# --- lines ------------------------------------------------------------------------------

# pronouns, participles and prepositions name no value
VAGUE = {
    "told",
    "found",
    "one",
    "given",
    "made",
    "asked",
    "known",
    "own",
    "mine",
    "rest",
    "more",
    "said",
    "at",
    "what",
    "here",
    "there",
    "whole",
    "wide",
    "near",
    "first",
    "last",
    "each",
    "other",
    "others",
    "same",
    "now",
    "then",
    "far",
    "few",
    "left",
    "of",
}
PER_LINE = 8.6  # tokens of a line of code on average; 8.0 is the aim
PER_FUNCTION = 500  # tokens


def trees() -> dict[str, ast.Module]:
    return {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted((ROOT / "uncounted").rglob("*.py"))
    }


def test_files_are_read_at_one_sitting():
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines())
        for path in (ROOT / "uncounted").rglob("*.py")
    }
    assert {name: length for name, length in lengths.items() if length > 400} == {}


def test_a_line_holds_one_thought():
    sizes: Counter[tuple[Path, int]] = Counter()
    for path in (ROOT / "uncounted").rglob("*.py"):
        lines = path.read_text(encoding="utf-8").splitlines()
        for row in token_rows(path):
            text = lines[row - 1].lstrip()
            if not text.startswith(("import", "from", "#", "@", '"""')):
                sizes[path, row] += 1
    assert sizes.total() / len(sizes) <= PER_LINE


def test_comprehensions_and_ternaries_are_rare():
    size = sum(len(token_rows(path)) for path in (ROOT / "uncounted").rglob("*.py"))
    nodes = [node for tree in trees().values() for node in ast.walk(tree)]
    loops = (ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp)
    assert sum(isinstance(node, loops) for node in nodes) <= 4 * size / 1000
    assert sum(isinstance(node, ast.IfExp) for node in nodes) <= 2 * size / 1000


def test_values_have_names():
    bound: Counter[str] = Counter()
    for tree in trees().values():
        for node in ast.walk(tree):
            match node:
                case ast.arg(arg=name):
                    bound[name] += 1
                case ast.Name(id=name, ctx=ast.Store()):
                    bound[name] += 1
    vague = {name: bound[name] for name in sorted(VAGUE & set(bound))}
    assert sum(vague.values()) <= 0.005 * bound.total(), vague


def test_functions_are_short():
    long = {}
    for path in (ROOT / "uncounted").rglob("*.py"):
        rows = np.array(token_rows(path))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                size = ((rows >= node.lineno) & (rows <= (node.end_lineno or 0))).sum()
                long |= (
                    {f"{path.name} {node.name}": size} if size > PER_FUNCTION else {}
                )
    assert long == {}


# --- public names -----------------------------------------------------------------------


def test_public_names_are_few_and_in_the_order_of_work():
    import uncounted as un

    listed = re.findall(
        r"\w+", "".join(re.findall(r"^    .+$", un.__doc__ or "", re.M))
    )
    assert listed == un.__all__
    assert len(un.__all__) <= 90
    assert [name for name in un.__all__ if not hasattr(un, name)] == []
