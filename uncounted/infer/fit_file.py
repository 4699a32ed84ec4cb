"""Store: a fit as one netCDF file, opened again without refitting."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.errors import UncountedError
from uncounted.evidence.evidence import Evidence
from uncounted.figures.figure_card import MASK_BELOW
from uncounted.figures.ledger import Ledger
from uncounted.infer.fit import Fit
from uncounted.model.card import parse_card
from uncounted.world.age import Band, parse_band
from uncounted.world.world import World

FORMAT = "uncounted fit 2"
ENGINE = "h5netcdf"
WORDS = ("outcome", "source", "digest")  # of the evidence


def write_fit(fit: Fit, path: str | Path) -> Path:
    """Write a fit to a netCDF file, whole or not at all: to a temporary file beside it,
    then renamed.

    It is a working file: it holds unmasked counts of the evidence and is not for
    release.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    packed = {name: {"zlib": True, "complevel": 1} for name in ("p",)}
    _tree(fit).to_netcdf(
        part, engine=ENGINE, encoding={"/draws": packed, "/prior": packed}
    )
    os.replace(part, path)
    return path


def read_fit(path: str | Path) -> Fit:
    """Open a fit again; raises UncountedError for a file that isn't there, isn't a fit,
    or is damaged.
    """
    path = Path(path)
    if not path.is_file():
        raise UncountedError(
            f"There is no fit at {path}. `uncounted estimate NAME` writes one to"
            " out/NAME/fit.nc."
        )
    try:
        with xr.open_datatree(path, engine=ENGINE) as tree:
            if tree.attrs.get("format") != FORMAT:
                raise UncountedError(
                    f"{path} is no fit of this version"
                    f" ({tree.attrs.get('format', 'no format named')}). Fit again."
                )
            return _fit(tree.load())
    except (OSError, KeyError, ValueError) as error:
        raise UncountedError(
            f"{path} cannot be read as a fit: {error}. The file may be cut short; fit"
            " again."
        ) from error


def _tree(fit: Fit) -> xr.DataTree:
    world, evidence = fit.world, fit.evidence
    groups = {
        "/draws": fit.p.to_dataset(name="p"),
        "/prior": fit.prior.to_dataset(name="p"),
        "/posterior": fit.posterior,
        "/stats": fit.stats,
        "/people": fit.people.to_dataset(name="persons"),
        "/world/places": _packed(world.places),
        "/world/population": world.population.to_dataset(name="persons"),
        "/world/covariates": _packed(world.covariates),
        "/world/elsewhere": _packed(world.elsewhere),
        "/evidence/rows": _packed(_texts(evidence.rows)),
        "/evidence/ledger": _packed(evidence.ledger.lines),
    } | {
        f"/world/shares/{one.name}": one.to_dataset(name="share")
        for one in world.shares
    }
    tree = xr.DataTree.from_dict(groups)
    tree.attrs = _about(fit)
    return tree


def _about(fit: Fit) -> dict[str, str | int]:
    return {
        "format": FORMAT,
        "note": "A working file: unmasked counts of the evidence, not for release.",
        "card": fit.card.text,
        "card_name": fit.card.name,
        "seed": fit.seed,
        "versions": json.dumps(dict(fit.versions)),
        "seconds": json.dumps(dict(fit.seconds)),
        "notes": json.dumps(list(fit.notes)),
        "evidence": json.dumps({word: getattr(fit.evidence, word) for word in WORDS}),
        "digests": json.dumps(
            {
                "world": fit.world.digest,
                "evidence": fit.evidence.digest,
                "card": fit.card.digest,
            }
        ),
    }


def _fit(tree: xr.DataTree) -> Fit:
    about = tree.attrs
    places = _unpacked(tree["/world/places"].dataset)
    world = World(
        places,
        tree["/world/population"].dataset["persons"],
        _unpacked(tree["/world/covariates"].dataset),
        _unpacked(tree["/world/elsewhere"].dataset),
        _shares(tree),
    )
    rows = _unpacked(tree["/evidence/rows"].dataset)
    rows["covers"] = rows["covers"].map(_bands)
    rows = _upgraded(rows)
    rows["mask_below"] = rows.get(
        "mask_below", MASK_BELOW
    )  # files of before mask as a card without the word does
    words: Mapping[str, str] = json.loads(about["evidence"])
    return Fit(
        p=tree["/draws"].dataset["p"],
        prior=tree["/prior"].dataset["p"],
        posterior=tree["/posterior"].to_dataset(),
        stats=tree["/stats"].to_dataset(),
        people=tree["/people"].dataset["persons"],
        card=parse_card(about["card"], about["card_name"]),
        world=world,
        evidence=Evidence(
            words["outcome"], rows, _ledger(tree), words["source"], words["digest"]
        ),
        seed=int(about["seed"]),
        versions=json.loads(about["versions"]),
        seconds=json.loads(about["seconds"]),
        notes=tuple(json.loads(about.get("notes", "[]"))),
    )


def _shares(tree: xr.DataTree) -> tuple[xr.DataArray, ...]:
    if "shares" not in tree["/world"].children:
        return ()
    return tuple(
        one.dataset["share"].rename(name)
        for name, one in tree["/world/shares"].children.items()
    )


def _ledger(tree: xr.DataTree) -> Ledger:
    return Ledger(_unpacked(tree["/evidence/ledger"].dataset))


def _texts(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows of evidence with what they cover, and except, as texts."""
    less = [
        [
            [sex, list(levels), [band.label for band in bands]]
            for sex, levels, bands in exceptions
        ]
        for exceptions in rows["less"]
    ]
    return rows.assign(
        covers=rows["covers"].map(_bands_text), less=[json.dumps(each) for each in less]
    )


def _upgraded(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows of evidence as they are now; files of before lack some columns, whose
    rows excepted nobody.
    """
    absent = {"less": "[]", "series": "", "rounding": 0.0, "survey_estimate": np.nan}
    rows = rows.assign(
        **{name: value for name, value in absent.items() if name not in rows}
    )
    return rows.assign(
        less=pd.Series([_less(text) for text in rows["less"]], rows.index, dtype=object)
    )


def _less(text: str) -> tuple:
    exceptions = json.loads(text)
    return tuple(
        (sex, tuple(map(tuple, levels)), tuple(parse_band(band) for band in bands))
        for sex, levels, bands in exceptions
    )


def _bands_text(bands: tuple[Band, ...]) -> str:
    return "; ".join(band.label for band in bands)


def _bands(text: str) -> tuple[Band, ...]:
    return tuple(parse_band(band) for band in text.split("; "))


def _packed(table: pd.DataFrame) -> xr.Dataset:
    """Return a table as variables over one dim, its index kept as the variable
    `index`.
    """
    frame = table.rename_axis(index=None)
    columns = {name: ("row", _plain(frame[name])) for name in frame.columns}
    names = {
        "index_name": table.index.name or "",
        "columns": json.dumps([str(column) for column in frame.columns]),
    }
    return xr.Dataset(
        {"index": ("row", _plain(frame.index.to_series())), **columns}, attrs=names
    )


def _plain(column: pd.Series) -> np.ndarray:
    return (
        column.to_numpy()
        if pd.api.types.is_numeric_dtype(column)
        else column.astype(str).to_numpy(dtype=object)
    )


def _unpacked(data: xr.Dataset) -> pd.DataFrame:
    frame = pd.DataFrame(
        {name: data[name].values for name in json.loads(data.attrs["columns"])}
    )
    index = pd.Index(data["index"].values, name=data.attrs["index_name"] or None)
    texts = [name for name in frame if frame[name].dtype == object]
    frame = frame.astype(dict.fromkeys(texts, "str"))
    return frame.set_index(
        index if data.attrs["index_name"] else pd.RangeIndex(len(frame))
    )
