"""Encodings: every usual spelling means the same letters, and a file in another one
says how to read it.
"""

from pathlib import Path

import pytest

from uncounted.errors import UncountedError
from uncounted.world.encoding import advice, canonical
from uncounted.world.table import read_table

SPELLINGS = {
    "utf-8": ("utf8", "UTF-8", "utf_8", "Utf 8"),
    "iso8859-1": (
        "latin1",
        "latin-1",
        "Latin-1",
        "iso-8859-1",
        "ISO_8859_1",
        "ISO8859-1",
        "l1",
    ),
    "cp1252": (
        "cp1252",
        "CP-1252",
        "windows-1252",
        "Windows1252",
        "win1252",
        "WIN-1252",
        "ansi",
        "wlatin1",
    ),
    "utf-16": ("utf16", "UTF-16"),
    "cp850": ("cp850", "IBM850", "ibm-850"),
    "mac-roman": ("macroman", "mac_roman", "macintosh"),
}


@pytest.mark.parametrize(
    ("name", "spelling"),
    [(n, spelling) for n, many in SPELLINGS.items() for spelling in many],
)
def test_usual_spellings_are_one_encoding(name: str, spelling: str) -> None:
    assert canonical(spelling) == name


@pytest.mark.parametrize("name", ["utf-9", "", "rot13", "base64", "windows-9999"])
def test_what_is_no_encoding_of_text(name: str) -> None:
    with pytest.raises(UncountedError, match=f"No encoding of text is called '{name}'"):
        canonical(name)


@pytest.mark.parametrize(
    ("encoding", "text", "sentence"),
    [
        (
            "cp1252",
            "iso3,a\nCIV,Côte d’Ivoire\n",
            "encoding='windows-1252' reads it, with words such as 'Côte'",
        ),
        (
            "utf-16",
            "iso3,a\nCIV,Côte\n",
            "encoding='utf-16' reads it, with words such as 'Côte'",
        ),
        (
            "cp850",
            "iso3,a\nCIV,\xec\n",
            "find out in which encoding it was saved",
        ),  # byte 8D: none of Windows-1252
    ],
)
def test_a_table_in_another_encoding_says_which(
    encoding: str, text: str, sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(encoding))
    assert advice(path).startswith(sentence)
    with pytest.raises(UncountedError, match="it is not UTF-8; ") as caught:
        read_table(path, "table")
    assert sentence in str(caught.value)
    assert (
        read_table(path, "table", encoding=encoding)["a"].item()
        == text.splitlines()[1][4:]
    )
