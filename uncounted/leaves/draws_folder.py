"""Draws folder: a folder with each model's fit and the other draws that the leaves of
an estimate are made of.
"""

import json
from pathlib import Path

import xarray as xr

from uncounted.errors import UncountedError
from uncounted.infer.fit_file import ENGINE, read_fit, write_fit
from uncounted.leaves.estimate import Estimate, denominators
from uncounted.leaves.estimate_card import parse_estimate_card
from uncounted.leaves.leaf import leaves
from uncounted.leaves.parts import Parts

FORMAT = "uncounted estimate 2"
PARTS = "parts.nc"
BY_LEAF = ("duration", "relative_duration", "figures")


def write_draws(estimate: Estimate, folder: str | Path) -> Path:
    """Write what an estimate's leaves are made of: NAME.nc of every fit, parts.nc.
    Working files, not for release.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    parts = estimate.parts
    for name, fit in parts.fits.items():
        write_fit(fit, folder / f"{name}.nc")
    tree = xr.DataTree.from_dict(_datasets(parts))
    about = {
        "inputs": dict(estimate.inputs),
        "versions": dict(estimate.versions),
        "seconds": dict(estimate.seconds),
    }
    tree.attrs = {
        "format": FORMAT,
        "card": estimate.card.text,
        "card_name": estimate.card.name,
        "seed": estimate.seed,
        "selection_seed": parts.seed,
        "about": json.dumps(about),
        "notes": json.dumps(list(estimate.notes)),
        "simulated": json.dumps(list(estimate.simulated)),
    }
    tree.to_netcdf(folder / PARTS, engine=ENGINE)
    return folder


def read_draws(folder: str | Path) -> Estimate:
    """Open an estimate again from the folder that `write_draws` wrote; its leaves are
    summed anew.
    """
    folder = Path(folder)
    path = folder / PARTS
    if not path.is_file():
        raise UncountedError(
            f"There is no estimate in {folder}: {PARTS} is missing. `uncounted estimate"
            " NAME` writes it."
        )
    with xr.open_datatree(path, engine=ENGINE) as opened:
        tree = opened.load()
    attributes = tree.attrs
    if attributes.get("format") != FORMAT:
        raise UncountedError(f"{path} is no estimate of this version. Estimate again.")
    card = parse_estimate_card(attributes["card"], attributes["card_name"])
    log_odds = None
    if "log_odds" in tree.children:
        log_odds = tree["log_odds"].to_dataset()["draws"]
    parts = Parts(
        fits={name: read_fit(folder / f"{name}.nc") for name in card.models},
        log_odds=log_odds,
        stats=tuple(_children(tree, "stats")),
        seed=int(attributes["selection_seed"]),
        **{key: _by_leaf(tree, key) for key in BY_LEAF},
    )
    world = next(iter(parts.fits.values())).world
    return Estimate(
        card,
        world,
        leaves(card, world, parts),
        parts,
        denominators(world, card.year),
        int(attributes["seed"]),
        notes=tuple(json.loads(attributes["notes"])),
        simulated=tuple(json.loads(attributes["simulated"])),
        **json.loads(attributes["about"]),
    )


def _datasets(parts: Parts) -> dict[str, xr.Dataset]:
    """Return the parts that are no fits as datasets, by their path in the file."""
    datasets = {}
    for key in BY_LEAF:
        for i, (leaf, draws) in enumerate(getattr(parts, key).items()):
            datasets[f"/{key}/{i}"] = _named(leaf, draws)
    for i, stats in enumerate(parts.stats):
        datasets[f"/stats/{i}"] = stats
    if parts.log_odds is not None:
        datasets["/log_odds"] = parts.log_odds.to_dataset(name="draws")
    return datasets


def _named(
    leaf: str,
    draws: xr.DataArray,
) -> xr.Dataset:
    """Return draws with the leaf's name and its countries with a figure as
    attributes.
    """
    codes = [str(code) for code in draws.attrs.get("own_figure", [])]
    dataset = draws.drop_attrs().to_dataset(name="draws")
    return dataset.assign_attrs(leaf=leaf, own_figure=json.dumps(codes))


def _by_leaf(
    tree: xr.DataTree,
    key: str,
) -> dict[str, xr.DataArray]:
    by_leaf = {}
    for dataset in _children(tree, key):
        codes = json.loads(dataset.attrs["own_figure"])
        draws = dataset["draws"].assign_attrs(own_figure=codes)
        by_leaf[dataset.attrs["leaf"]] = draws
    return by_leaf


def _children(
    tree: xr.DataTree,
    key: str,
) -> list[xr.Dataset]:
    if key not in tree.children:
        return []
    return [node.to_dataset() for node in tree[key].children.values()]
