"""What a joint model drew is divided between its outcomes by the names of its parts."""

from hypothesis import given
from hypothesis import strategies as st

from uncounted.simulate.truth import of_outcome

WORDS = st.text("ab_", min_size=1, max_size=4)


@given(st.sets(WORDS, min_size=2), WORDS)
def test_each_outcome_has_its_own_values_and_those_of_all(outcomes, variable):
    """Also where an outcome's name is a part of another's, or of a variable's."""
    values = {f"{outcome}::{variable}": outcome for outcome in outcomes}
    values["correlation"] = "of all"
    for outcome in outcomes:
        own = of_outcome(values, outcome)  # pyright: ignore[reportArgumentType] marks in place of arrays
        assert own == {variable: outcome, "correlation": "of all"}
