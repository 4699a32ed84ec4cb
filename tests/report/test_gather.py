"""GATHER: eighteen items, filled from the estimate, from the analyst's account, or
listed as missing.
"""

from dataclasses import replace

import pandas as pd
import pytest
from docx import Document

import uncounted as un
from uncounted.formats.document import write_gather
from uncounted.release.account import Account, read_account
from uncounted.release.fit_release import release_of
from uncounted.release.gather import gather


def items(release) -> dict:
    return {item.number: item for item in gather(release)}


def test_what_nobody_told_is_missing(small):
    told = items(replace(small, account=Account()))
    assert list(told) == list(range(1, 19))
    assert [number for number, item in told.items() if item.missing] == [2, 3, 9, 17]
    assert "gather.toml" in told[2].answer


def test_the_estimate_fills_what_it_can(small, fit):
    told = items(small)
    assert "200 countries" in told[1].answer
    assert "sex, age" in told[1].answer
    assert "2010–2023" in told[4].answer
    assert "no denominator (3 rows, 1 surveys)" in told[4].answer
    assert "100 surveys of 100 countries, 2015 to 2015" in told[5].answer
    assert "human development index" in told[7].answer
    assert f"{len(fit.evidence.rows)} rows" in told[8].answer
    assert "another model would give other numbers" in told[13].answer


def test_a_hold_out_is_told_of_where_there_was_one(fit, few):
    rows = pd.DataFrame(
        {
            "country": "AFG",
            "survey": ["AFG-2015", "AGO-2015"],
            "year": 2015,
            "covered": [True, False],
        }
    )
    rows = rows.assign(observed=0.2, median=0.2, lower=0.1, upper=0.3)
    assert (
        "Held out: 2 surveys"
        in items(release_of(fit, few, [], held_out=rows))[12].answer
    )
    assert "nobody has yet seen" in items(release_of(fit, few, []))[12].answer


def test_the_account_of_a_card_that_ships_is_read(small):
    told = items(small)
    assert "Joint Malnutrition Estimates" in told[3].answer
    assert small.account.series["prevalence"] == "SH_STA_STNT"


def test_an_account_in_another_language_keeps_what_it_does_not_tell(tmp_path):
    path = tmp_path / "gather.toml"
    path.write_text(
        '[items]\n2 = "Nobody paid."\n3 = "Found."\n[fr]\ntitle ='
        ' "Titre"\n[fr.items]\n3 = "Trouvé."\n'
    )
    french = read_account(path).inside("fr")
    assert french.items == {"2": "Nobody paid.", "3": "Trouvé."}
    assert (french.title, read_account(path).title) == ("Titre", "")
    assert read_account("no-such-card") == Account()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[item]\n2 = 'x'", "Did you mean 'items'"),
        ("[items]\n19 = 'x'", "names '19'"),
        ("[items]\n2 = 5", "should be a text"),
        ("[series]\nrate = 'x'", "names 'rate'"),
        ("title = 3", "should be a text"),
        ("[fr]\n[fr.items]\n0 = 'x'", r"\[fr\], \[items\] names '0'"),
        ("items", "no TOML"),
    ],
)
def test_what_no_account_says_is_refused(tmp_path, text, told):
    path = tmp_path / "gather.toml"
    path.write_text(text)
    with pytest.raises(un.UncountedError, match=told):
        read_account(path)


def test_an_account_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(un.UncountedError, match="no card at"):
        read_account(tmp_path / "gather.toml")


def test_the_list_is_a_table_to_write_on_in(small, tmp_path):
    document = Document(str(write_gather(small, tmp_path / "gather.docx")))
    table = document.tables[0]
    assert len(table.rows) == 19
    assert table.rows[2].cells[0].text == "2"
    assert "Missing" in table.rows[2].cells[2].text
