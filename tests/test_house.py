"""The house is as the README draws it."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_picture_of_the_rooms_is_their_docstrings():
    drawn = dict(re.findall(r"^  (\w+)/ +(.+)$", README, re.MULTILINE))
    rooms = {
        path.parent.name: ast.get_docstring(ast.parse(path.read_text()))
        for path in ROOT.glob("uncounted/*/__init__.py")
    }
    assert drawn == rooms


def test_ladder_in_the_readme_is_the_contract():
    ladder = re.search(r"Imports only go down: `(.+?)`", README)
    layers = re.search(r"layers = \[(.+?)\]", (ROOT / "pyproject.toml").read_text(), re.DOTALL)
    assert ladder
    assert layers
    assert ladder[1].replace("(", "").replace(")", "").split(" → ") == re.findall(r'"([\w |]+)"', layers[1])


def test_card_words_in_the_readme_are_the_card_s():
    from dataclasses import fields

    from uncounted.model.card import Card

    table = README.split("## A card")[1].split("## The rooms")[0]
    told = set(
        re.findall(r"`(\w+)`", " ".join(line.split("|")[1] for line in table.splitlines() if line.startswith("|")))
    )
    words = {field.name for field in fields(Card)} - {"name", "sampling", "priors"}
    assert words <= told


def test_every_public_name_has_a_docstring():
    import uncounted as un

    names = [name for name in vars(un) if not name.startswith("_") and callable(getattr(un, name))]
    assert [name for name in names if not getattr(un, name).__doc__] == []
