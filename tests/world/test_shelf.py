import pytest

from uncounted.errors import UncountedError
from uncounted.world import shelf as module
from uncounted.world.shelf import shelf


def test_what_ships_is_found():
    assert shelf("data", "population.csv").is_file()
    assert shelf("models").is_dir()


def test_a_near_name_is_suggested():
    with pytest.raises(
        UncountedError,
        match=(
            r"Nothing named 'data/populaton.csv'.*Did you mean 'data/population.csv'\?"
        ),
    ):
        shelf("data", "populaton.csv")


@pytest.mark.parametrize("parts", [(), ("world", "age.py"), ("..", "data")])
def test_only_tables_and_cards_are_on_a_shelf(parts):
    with pytest.raises(UncountedError, match="is on no shelf"):
        shelf(*parts)


def test_an_installed_package_keeps_to_its_own_shelf(tmp_path, monkeypatch):
    package = tmp_path / "site-packages" / "uncounted"
    for folder in (
        package / "data",
        package.parent / "data",
    ):  # the second is some other package's
        folder.mkdir(parents=True)
    (package / "data" / "mine.csv").touch()
    (package.parent / "data" / "theirs.csv").touch()
    monkeypatch.setattr(module, "PACKAGE", package)
    assert shelf("data", "mine.csv") == package / "data" / "mine.csv"
    with pytest.raises(UncountedError, match="theirs"):
        shelf("data", "theirs.csv")
