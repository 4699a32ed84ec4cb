"""Fit file: a fit as one netCDF file, opened again without refitting."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.errors import UncountedError
from uncounted.figures.figure_card import MASK_BELOW
from uncounted.figures.ledger import Ledger
from uncounted.infer.fit import Fit, JointSampling
from uncounted.model.card import parse_card
from uncounted.observations.evidence import Evidence
from uncounted.world.age import Band, parse_band
from uncounted.world.world import World

FORMAT = "uncounted fit 2"
ENGINE = "h5netcdf"
WORDS = ("outcome", "source", "digest")  # of the evidence


def write_fit(
    fit: Fit,
    path: str | Path,
) -> Path:
    """Write a fit to a netCDF file, whole or not at all: a temporary file beside it is
    written first and then renamed.

    It is a working file: it holds unmasked counts of the evidence and is not for
    release.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    compressed = {"p": {"zlib": True, "complevel": 1}}
    _tree(fit).to_netcdf(
        part,
        engine=ENGINE,
        encoding={"/draws": compressed, "/prior": compressed},
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
            version = tree.attrs.get("format", "no format named")
            if version != FORMAT:
                raise UncountedError(
                    f"{path} is no fit of this version ({version}). Fit again."
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
    }
    for share in world.shares:
        groups[f"/world/shares/{share.name}"] = share.to_dataset(name="share")
    tree = xr.DataTree.from_dict(groups)
    tree.attrs = _about(fit)
    return tree


def _about(fit: Fit) -> dict[str, str | int]:
    """Return the attributes of the file."""
    evidence = {word: getattr(fit.evidence, word) for word in WORDS}
    joint = {"joint": json.dumps(asdict(fit.joint))} if fit.joint else {}
    return {
        **joint,
        "format": FORMAT,
        "note": "A working file: unmasked counts of the evidence, not for release.",
        "card": fit.card.text,
        "card_name": fit.card.name,
        "seed": fit.seed,
        "versions": json.dumps(dict(fit.versions)),
        "seconds": json.dumps(dict(fit.seconds)),
        "notes": json.dumps(list(fit.notes)),
        "evidence": json.dumps(evidence),
        "digests": json.dumps(fit.inputs),
    }


def _fit(tree: xr.DataTree) -> Fit:
    about = tree.attrs
    world = _world(tree)
    evidence = _evidence(tree)
    posterior = tree["/posterior"].to_dataset()
    return Fit(
        p=tree["/draws"].dataset["p"],
        prior=tree["/prior"].dataset["p"],
        posterior=posterior,
        stats=tree["/stats"].to_dataset(),
        people=tree["/people"].dataset["persons"],
        card=parse_card(about["card"], about["card_name"]),
        world=world,
        evidence=evidence,
        seed=int(about["seed"]),
        versions=json.loads(about["versions"]),
        seconds=json.loads(about["seconds"]),
        notes=tuple(json.loads(about.get("notes", "[]"))),
        joint=_joint(about, posterior),
    )


def _joint(
    about: Mapping[Any, Any],
    posterior: xr.Dataset,
) -> JointSampling | None:
    """Return what the fit was sampled together with; in files of an earlier version the
    correlation among its draws says so.
    """
    if "joint" in about:
        words = json.loads(about["joint"])
        return JointSampling(tuple(words["outcomes"]), words["lkj"])
    if "correlation" not in posterior:
        return None
    correlation = posterior["correlation"]
    outcomes = correlation["outcome"].to_numpy()
    return JointSampling(tuple(map(str, outcomes)), float(correlation.attrs["lkj"]))


def _world(tree: xr.DataTree) -> World:
    return World(
        _table(tree, "/world/places"),
        tree["/world/population"].dataset["persons"],
        _table(tree, "/world/covariates"),
        _table(tree, "/world/elsewhere"),
        _shares(tree),
    )


def _shares(tree: xr.DataTree) -> tuple[xr.DataArray, ...]:
    if "shares" not in tree["/world"].children:
        return ()
    shares = []
    for name, node in tree["/world/shares"].children.items():
        shares.append(node.dataset["share"].rename(name))
    return tuple(shares)


def _evidence(tree: xr.DataTree) -> Evidence:
    rows = _table(tree, "/evidence/rows")
    rows["covers"] = rows["covers"].map(_bands)
    rows = _upgraded(rows)
    # In files of an earlier version, rows are masked as a card without the word does.
    rows["mask_below"] = rows.get("mask_below", MASK_BELOW)
    words: Mapping[str, str] = json.loads(tree.attrs["evidence"])
    ledger = Ledger(_table(tree, "/evidence/ledger"))
    return Evidence(
        words["outcome"],
        rows,
        ledger,
        words["source"],
        words["digest"],
    )


def _texts(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows of evidence with the columns `covers` and `less` as texts."""
    less = [_less_text(exceptions) for exceptions in rows["less"]]
    return rows.assign(covers=rows["covers"].map(_bands_text), less=less)


def _less_text(exceptions: tuple) -> str:
    listed = []
    for sex, levels, bands in exceptions:
        listed.append([sex, list(levels), [band.label for band in bands]])
    return json.dumps(listed)


def _upgraded(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows of evidence in the present version.

    Files of an earlier version lack some columns; their rows have no exceptions.
    """
    defaults = {"less": "[]", "series": "", "rounding": 0.0, "survey_estimate": np.nan}
    for name, value in defaults.items():
        if name not in rows:
            rows = rows.assign(**{name: value})
    less = [_less(text) for text in rows["less"]]
    return rows.assign(less=pd.Series(less, rows.index, dtype=object))


def _less(text: str) -> tuple:
    exceptions = []
    for sex, levels, bands in json.loads(text):
        parsed = tuple(map(parse_band, bands))
        exceptions.append((sex, tuple(map(tuple, levels)), parsed))
    return tuple(exceptions)


def _bands_text(bands: tuple[Band, ...]) -> str:
    return "; ".join(band.label for band in bands)


def _bands(text: str) -> tuple[Band, ...]:
    return tuple(map(parse_band, text.split("; ")))


def _packed(table: pd.DataFrame) -> xr.Dataset:
    """Return a table as variables over one dim, its index kept as the variable
    `index`.
    """
    frame = table.rename_axis(index=None)
    variables = {"index": ("row", _plain(frame.index.to_series()))}
    for name in frame.columns:
        variables[name] = ("row", _plain(frame[name]))
    names = {
        "index_name": table.index.name or "",
        "columns": json.dumps([str(column) for column in frame.columns]),
    }
    return xr.Dataset(variables, attrs=names)


def _plain(column: pd.Series) -> np.ndarray:
    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy()
    return column.astype(str).to_numpy(dtype=object)


def _table(
    tree: xr.DataTree,
    path: str,
) -> pd.DataFrame:
    """Return the table that `_packed` made into the dataset at a path."""
    data = tree[path].dataset
    names = json.loads(data.attrs["columns"])
    frame = pd.DataFrame({name: data[name].values for name in names})
    texts = [name for name in frame if frame[name].dtype == object]
    frame = frame.astype(dict.fromkeys(texts, "str"))
    index_name = data.attrs["index_name"]
    if not index_name:
        return frame.set_index(pd.RangeIndex(len(frame)))
    return frame.set_index(pd.Index(data["index"].values, name=index_name))
