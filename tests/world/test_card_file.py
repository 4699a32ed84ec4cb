"""A TOML file as words: whatever is wrong with the file is a sentence that names it."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from uncounted.errors import UncountedError
from uncounted.world.card_file import NUMBER, TEXT, check_words, read_toml


@pytest.fixture
def path(tmp_path):
    return tmp_path / "x.toml"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"title = ", r"is no TOML: .*line 1.*Mend that line\."),
        (b"title = 'x'\ntitle = 'y'", r"is no TOML: .*line 2.*Mend that line\."),
        (b"why = 'x'\ntitle = '\xe9t\xe9'", "line 2 has a character that isn't in UTF"),
        ("title = 'x'".encode("utf-16"), "line 1 has a character that isn't in UTF-8"),
        (b"x = " + b"[" * 100_000, "brackets are nested too deeply"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(path, content, sentence):
    path.write_bytes(content)
    with pytest.raises(UncountedError, match=sentence) as error:
        read_toml(path)
    assert str(error.value).startswith(f"{path} is no ")


def test_a_file_that_is_not_there_or_a_folder_is_a_sentence(tmp_path, path):
    for absent in (path, tmp_path):
        with pytest.raises(UncountedError, match="There is no card at"):
            read_toml(absent)


def test_a_byte_order_mark_and_ends_of_lines_of_windows_are_no_words(path):
    path.write_bytes(b"\xef\xbb\xbftitle = 'x'\r\nwhy = '''a\r\nb'''\r\n")
    assert read_toml(path) == {"title": "x", "why": "a\nb"}


@given(content=st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_words_or_a_sentence(path, content):
    path.write_bytes(content)
    sentence = str(path)
    try:
        read_toml(path)
    except UncountedError as error:
        sentence = str(error)
    assert str(path) in sentence


def test_all_faults_of_a_card_are_told_at_once():
    words = {"titel": "x", "interval": "wide", "file": "a.csv"}
    shapes = {"title": TEXT, "interval": NUMBER, "file": TEXT}
    with pytest.raises(UncountedError) as error:
        check_words(words, shapes, ("title", "file"), "x.toml")
    assert str(error.value) == (
        "x.toml has the word 'titel', which means nothing there. Did you mean 'title'?"
        " x.toml says interval = 'wide', which should be a number. x.toml lacks `title`."
        " Every such card needs it."
    )
    assert error.value.word == "titel"
