"""Store of an estimate: a folder with each model's fit and the other draws that its
leaves are made of.
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
    for name, fit in estimate.parts.fits.items():
        write_fit(fit, folder / f"{name}.nc")
    parts = estimate.parts
    groups = {
        f"/{key}/{i}": _named(name, one)
        for key in BY_LEAF
        for i, (name, one) in enumerate(getattr(parts, key).items())
    }
    groups |= {f"/stats/{i}": one for i, one in enumerate(parts.stats)}
    if parts.log_odds is not None:
        groups["/log_odds"] = parts.log_odds.to_dataset(name="draws")
    tree = xr.DataTree.from_dict(groups)
    tree.attrs = {
        "format": FORMAT,
        "card": estimate.card.text,
        "card_name": estimate.card.name,
        "seed": estimate.seed,
        "selection_seed": parts.seed,
        "about": json.dumps(
            {
                key: dict(getattr(estimate, key))
                for key in ("inputs", "versions", "seconds")
            }
        ),
        "notes": json.dumps(list(estimate.notes)),
        "simulated": json.dumps(list(estimate.simulated)),
    }
    tree.to_netcdf(folder / PARTS, engine=ENGINE)
    return folder


def read_draws(folder: str | Path) -> Estimate:
    """Open an estimate again from the folder that `write_draws` wrote; its leaves are
    added up anew.
    """
    path = Path(folder) / PARTS
    if not path.is_file():
        raise UncountedError(
            f"There is no estimate in {folder}: {PARTS} is missing. `uncounted estimate"
            " NAME` writes it."
        )
    with xr.open_datatree(path, engine=ENGINE) as opened:
        tree = opened.load()
    about = tree.attrs
    if about.get("format") != FORMAT:
        raise UncountedError(f"{path} is no estimate of this version. Estimate again.")
    card = parse_estimate_card(about["card"], about["card_name"])
    parts = Parts(
        fits={name: read_fit(Path(folder) / f"{name}.nc") for name in card.models},
        log_odds=(
            tree["log_odds"].to_dataset()["draws"]
            if "log_odds" in tree.children
            else None
        ),
        stats=(
            tuple(node.to_dataset() for node in tree["stats"].children.values())
            if "stats" in tree.children
            else ()
        ),
        seed=int(about["selection_seed"]),
        **{key: _by_leaf(tree, key) for key in BY_LEAF},
    )
    world = next(iter(parts.fits.values())).world
    return Estimate(
        card,
        world,
        leaves(card, world, parts),
        parts,
        denominators(world, card.year),
        int(about["seed"]),
        notes=tuple(json.loads(about["notes"])),
        simulated=tuple(json.loads(about["simulated"])),
        **json.loads(about["about"]),
    )


def _named(leaf: str, draws: xr.DataArray) -> xr.Dataset:
    own = [str(code) for code in draws.attrs.get("own_figure", [])]
    return (
        draws.drop_attrs()
        .to_dataset(name="draws")
        .assign_attrs(leaf=leaf, own_figure=json.dumps(own))
    )


def _by_leaf(tree: xr.DataTree, key: str) -> dict[str, xr.DataArray]:
    nodes = tree[key].children.values() if key in tree.children else []
    sets = [node.to_dataset() for node in nodes]
    return {
        one.attrs["leaf"]: (
            one["draws"].assign_attrs(own_figure=json.loads(one.attrs["own_figure"]))
        )
        for one in sets
    }
