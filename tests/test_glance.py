"""What public objects show at a prompt: ten lines of a hundred columns at most."""

import inspect
import typing
from dataclasses import is_dataclass

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

import uncounted as un
from uncounted.glance import COLUMNS, LINES, glance

# a few numbers and names: a line, as they are written in Python
SMALL = {
    *("Among", "Band", "Durations", "Prior", "Sampling", "Selection", "Share"),
    *("JointSampling", "Stock", "Sum", "Together", "Universe", "Worlds"),
}
WORDS = st.text(max_size=300)
TABLES = st.builds(
    lambda names, rows, cell: pd.DataFrame([[cell] * len(names)] * rows, columns=names),
    st.lists(WORDS, max_size=30, unique=True),
    st.integers(0, 50),
    st.one_of(WORDS, st.floats(), st.integers()),
)


def is_short(text: str) -> bool:
    lines = text.splitlines()
    return len(lines) <= LINES and all(len(line) <= COLUMNS for line in lines)


@given(st.lists(WORDS, max_size=8), TABLES)
def test_a_glance_is_short_whatever_there_is_to_show(paragraphs, table):
    assert is_short(glance(*paragraphs, table=table))


def types_in(hint: object) -> set[type]:
    """Return the classes of the package that a type hint is made of."""
    parts = [part for arg in typing.get_args(hint) for part in types_in(arg)]
    own = inspect.isclass(hint) and hint.__module__.startswith("uncounted")
    return {*parts, hint} if own else {*parts}


def public_classes() -> set[type]:
    """Return the public classes, those that public functions return, and those of
    their fields.
    """
    classes: set[type] = set()
    new = set()
    for name in un.__all__:
        value = getattr(un, name)
        if inspect.isfunction(value):
            new |= types_in(typing.get_type_hints(value)["return"])
        new |= types_in(value)
    while new:
        classes |= new
        hints = [typing.get_type_hints(each) for each in new if is_dataclass(each)]
        parts = [types_in(hint) for hint in hints for hint in hint.values()]
        new = set().union(*parts) - classes
    return classes


def test_no_public_object_has_the_representation_of_all_its_fields():
    generated = {
        each.__qualname__
        for each in public_classes()
        if is_dataclass(each) and hasattr(each.__repr__, "__wrapped__")
    }
    assert generated == SMALL
