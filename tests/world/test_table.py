import contextlib

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from uncounted.errors import UncountedError
from uncounted.world.table import BLANK, read_table
from uncounted.world.world import read_world

cells = st.sampled_from(
    [
        "",
        "GHA",
        "TGO",
        "NA",
        "female",
        "male",
        "0-4",
        "5+",
        "-1",
        "12",
        "1e999",
        "½",
        "\u0000",
        'a"b',
    ]
)
names = st.sampled_from(
    [
        "iso3",
        "sex",
        "age",
        "2020",
        "region",
        "name",
        "ISO3_code",
        "Time",
        "AgeGrp",
        "PopMale",
        "PopFemale",
    ]
)


@pytest.fixture
def digest(small):
    return read_world(**small).digest


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "cannot be read as a CSV table in UTF-8"),
        (b"iso3\n", "has no rows"),
        (b"iso3,a\nGHA,\xff\xfe\n", "cannot be read as a CSV table in UTF-8"),
        (b"iso3,a\nGHA,1,5\n", "cannot be read as a CSV table"),
        (b'iso3,a\nGHA,"1\n', "cannot be read as a CSV table"),
        (b"iso3;a\nGHA;1\n", "no column 'iso3'"),
        (b"PK\x03\x04\x14\x00\x06\x00\x08\x00", "cannot be read|no column|no rows"),
    ],
)
def test_a_file_that_is_no_table_is_a_sentence(tmp_path, content, sentence):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(UncountedError, match=sentence):
        read_table(path, "covariates table", ["iso3"])


def test_what_is_no_file_is_a_sentence(tmp_path):
    with pytest.raises(UncountedError, match=r"no file .* for the covariates table"):
        read_table(tmp_path, "covariates table")
    with pytest.raises(UncountedError, match="covariates table is a int"):
        read_table(5, "covariates table")
    with pytest.raises(UncountedError, match="more than one column 'a'"):
        read_table(pd.DataFrame([[1, 2]], columns=["a", "a"]), "covariates table")


def test_a_short_row_ends_in_blanks_and_a_mark_of_order_is_no_letter(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(b"\xef\xbb\xbfiso3,a,b\nGHA, 1 \n")
    assert read_table(path, "table").to_dict("list") == {
        "iso3": ["GHA"],
        "a": ["1"],
        "b": [""],
    }


def test_a_frame_of_any_types_is_text():
    frame = pd.DataFrame(
        {
            "a": [1.5, None],
            "b": pd.Categorical(["x", None]),
            "c": pd.array([1, None], dtype="Int64"),
            "d": [None, None],
        },
        index=pd.Index(["GHA", "TGO"], name="iso3"),
    )
    before = frame.copy()
    text = read_table(frame, "table")
    assert text.to_dict("list") == {
        "iso3": ["GHA", "TGO"],
        "a": ["1.5", ""],
        "b": ["x", ""],
        "c": ["1", ""],
        "d": ["", ""],
    }
    pd.testing.assert_frame_equal(frame, before)


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.sampled_from(["geography", "population", "covariates", "grouping"]),
    st.lists(names, min_size=1, max_size=6),
    st.lists(st.lists(cells, min_size=6, max_size=6), max_size=4),
)
def test_a_bad_table_never_ends_in_a_traceback(small, which, columns, rows):
    table = pd.DataFrame([row[: len(columns)] for row in rows], columns=columns)
    with contextlib.suppress(UncountedError):
        read_world(**(small | {which: table}))


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.sampled_from(["geography", "population", "covariates", "grouping"]),
    st.binary(max_size=60),
    st.booleans(),
)
def test_a_bad_file_never_ends_in_a_traceback(small, tmp_path, which, content, headed):
    path = tmp_path / "bad.csv"
    path.write_bytes(b"iso3,name,region,sex,age,2020\n" * headed + content)
    with contextlib.suppress(UncountedError):
        read_world(**(small | {which: path}))


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data())
def test_one_spoilt_cell_never_ends_in_a_traceback_and_is_not_passed_over(
    small, digest, data
):
    """A whole table but for one cell: it is refused in a sentence, or the world differs
    from the one without it.
    """
    which = data.draw(st.sampled_from(["geography", "population", "covariates"]))
    table = small[which].astype(object)
    row = data.draw(st.integers(0, len(table) - 1))
    column = data.draw(st.sampled_from(list(table.columns)))
    old = table.loc[row, column]
    new = data.draw(
        (cells | st.text(max_size=6)).filter(lambda text: text.strip() != str(old))
    )
    table.loc[row, column] = new
    try:
        after = read_world(**(small | {which: table}))
    except UncountedError as error:
        told = str(error)
    else:
        missing = pd.isna(old) and new.strip() in BLANK
        told = (
            "another world." if missing or after.digest != digest else "the same world"
        )
    assert told.rstrip().endswith((".", "?"))
