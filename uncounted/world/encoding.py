"""Encoding: names of text encodings, and the encoding that a file seems to have."""

import codecs
import gzip
import io
import re
from pathlib import Path
from typing import Any

from uncounted.errors import UncountedError

UTF8 = ("utf-8", "utf-8-sig")
# The encoding of Excel, SPSS and Stata in western Europe and the Americas before UTF-8.
LIKELY = "windows-1252"
ALIASES = {
    "ansi": "cp1252",
    "wlatin1": "cp1252",
    "wlatin2": "cp1250",
    "utf8bom": "utf-8-sig",
}


def canonical(encoding: str) -> str:
    """Return Python's name of a text encoding: 'utf-8' for utf8 and UTF-8, 'cp1252' for
    windows-1252, Win1252, ansi.

    Raises UncountedError for a name that is no encoding of text.
    """
    letters = re.sub("[^a-z0-9]", "", encoding.lower())
    numbered = re.sub("^(windows|win|cp|ibm)(?=[0-9])", "cp", letters)
    for name in (encoding, ALIASES.get(letters, numbered)):
        try:
            "a".encode(name)
            return codecs.lookup(name).name
        except LookupError:
            continue
    raise UncountedError(
        f"No encoding of text is called '{encoding}'. Usual ones are utf-8,"
        " windows-1252, latin-1 and utf-16."
    )


def advice(path: str | Path) -> str:
    """Return a phrase that names the encoding of a text file, with a word of the file
    as an example.
    """
    candidates = ("utf-16",) if _begins_as_utf16(path) else ("utf-8", LIKELY)
    for encoding in candidates:
        try:
            word = _first_word(path, encoding)
        except UnicodeDecodeError:
            continue
        example = f", with words such as '{word}'" if word else ""
        return f"encoding='{encoding}' reads it{example}"
    return (
        "find out in which encoding it was saved, and say encoding='…', or save it as"
        " UTF-8"
    )


def _begins_as_utf16(path: str | Path) -> bool:
    with _opened(path) as file:
        return file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def _first_word(path: str | Path, encoding: str) -> str:
    """Return the first word with a letter beyond ASCII; the whole file is decoded, a
    line at a time.
    """
    word = ""
    with _opened(path) as file:
        for line in io.TextIOWrapper(file, encoding):
            if not word and not line.isascii():
                word = re.findall(r"[^\s,;|\"]*[^\x00-\x7f][^\s,;|\"]*", line)[0][:40]
    return word


def _opened(path: str | Path) -> Any:
    return gzip.open(path, "rb") if str(path).endswith(".gz") else open(path, "rb")
