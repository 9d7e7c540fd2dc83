"""`robustcore results`: see, check, export, merge, pack, take in and delete stored results."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from robustcore.commands import _arguments

if TYPE_CHECKING:
    import pandas as pd

NAME = "results"
HELP = "List, show, export, verify, merge, pack, import or prune stored results."


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's flags."""
    parser.set_defaults(action=_ls, usage=parser, model=None, dataset=None, condition=None)
    parts = parser.add_subparsers(title="actions", metavar="ACTION")

    def add(name: str, action: object, help_: str) -> argparse.ArgumentParser:
        part = parts.add_parser(name, aliases=["list"] if name == "ls" else [], help=help_, description=help_)
        part.set_defaults(action=action, usage=part)
        return part

    for part in (
        add("ls", _ls, "one line for each model and dataset (the default)"),
        add("show", _show, "every condition, with where its numbers come from"),
        add("export", _export, "write the results as csv or parquet"),
    ):
        part.add_argument("--model", metavar="NAME", help="only this model, by name or fingerprint")
        part.add_argument("--dataset", metavar="NAME", help="only this dataset, by name, path or fingerprint")
        part.add_argument("--condition", metavar="NAME", help="only this corruption, attack or sequence")
        if part.prog.endswith("export"):
            part.add_argument("output", type=_arguments.output, metavar="FILE", help="ends in .csv or .parquet")
            part.add_argument("--predictions", action="store_true", help="one row an image instead of one a condition")
    add("verify", _verify, "check every unit, and drop damaged ones so that they are computed again")
    merge = add("merge", _merge, "take over the results of another file or cache folder")
    merge.add_argument("other", type=Path, metavar="OTHER", help="a results file, or a cache folder")
    packing = add("pack", _pack, "write this machine's results and its models' cards into one file, without images")
    packing.add_argument(
        "output", type=_arguments.output, metavar="FILE", help="a new file, for 'robustcore dashboard --results FILE'"
    )
    take_in = add("import", _import, "take in a table of answers of a model that cannot be loaded here")
    take_in.add_argument(
        "table",
        type=Path,
        metavar="FILE",
        help="csv or parquet: image, condition, label, prediction, and confidence if known",
    )
    take_in.add_argument("--model", required=True, metavar="NAME", help="what the model is called")
    take_in.add_argument(
        "--dataset",
        required=True,
        metavar="NAME|DIR",
        help="the dataset's folder or name, or a name for one that is not here",
    )
    take_in.add_argument("--split", default="test", help="of the dataset (default: test)")
    take_in.add_argument("--seed", type=int, default=0, help="that the images were corrupted with (default: 0)")
    take_in.add_argument(
        "--storage", choices=("memory", "jpeg85"), default="memory", help="of the corrupted images (default: memory)"
    )
    take_in.add_argument("--released", default="", metavar="DIR", help="the released set whose images were scored")
    prune = add("prune", _prune, "delete results and give the space back")
    prune.add_argument(
        "--model", metavar="MODEL", help="those of this model: its fingerprint, or a name that is unique"
    )
    prune.add_argument(
        "--dataset",
        metavar="DATASET",
        help="those on this dataset: its fingerprint, the folder's whole path, or a name that is unique",
    )
    prune.add_argument("--split", help="those of this split")
    prune.add_argument("--outdated", action="store_true", help="those of operations that have changed since")
    prune.add_argument("--dry-run", action="store_true", help="only say what would be deleted")
    prune.add_argument("--yes", action="store_true", help="delete without asking")


def run(args: argparse.Namespace) -> int:
    """Do one of the actions."""
    return int(args.action(args) or 0)


def _chosen(args: argparse.Namespace) -> pd.DataFrame:
    from robustcore.errors import UnknownNameError
    from robustcore.evaluation import Store
    from robustcore.evaluation.store import inventory, stored_datasets

    store = Store()
    rows = inventory.listing(store)
    datasets = stored_datasets.listing(store)
    if args.dataset is not None:
        matching = stored_datasets.matching(datasets, args.dataset)
        if not matching:
            raise UnknownNameError("stored dataset", args.dataset, sorted({row.label for row in datasets}))
        rows = rows[rows["dataset_fingerprint"].isin([row.fingerprint for row in matching])]
    if args.model is not None:
        by_print = rows["model_fingerprint"].map(lambda print_: stored_datasets.is_beginning(args.model, print_))
        chosen = by_print if by_print.any() else rows["model"] == args.model
        if not chosen.any():
            raise UnknownNameError("stored model", args.model, rows["model"].unique())
        rows = rows[chosen]
    if args.condition is not None:
        if args.condition not in set(rows["name"]):
            raise UnknownNameError("stored condition", args.condition, rows["name"].unique())
        rows = rows[rows["name"] == args.condition]
    labels = {row.fingerprint: row.label for row in datasets}
    models = inventory.model_labels(rows)
    return rows.assign(
        dataset=rows["dataset_fingerprint"].map(labels),
        model=rows["model_fingerprint"].map(models).fillna(rows["model"]),
    )


def _ls(args: argparse.Namespace) -> None:
    chosen = _chosen(args)
    if chosen.empty:
        print("No results are stored yet. 'robustcore evaluate' computes some.")
        return
    keys = ["model", "dataset", "split", "seed", "precision", "shipped"]
    rows = chosen.groupby([*keys, "model_fingerprint", "dataset_fingerprint"], sort=False).agg(
        conditions=("name", "size"), images=("n", "sum"), updated=("updated", "max")
    )
    rows = rows.reset_index()
    print(rows.drop(columns=["model_fingerprint", "dataset_fingerprint"]).to_string(index=False))


def _show(args: argparse.Namespace) -> None:
    from robustcore.evaluation import Store
    from robustcore.evaluation.store import inventory

    chosen = _chosen(args)
    columns = [
        "model",
        "dataset",
        "split",
        "name",
        "severity",
        "strength",
        "storage",
        "seed",
        "precision",
        "shipped",
        "n",
    ]
    printed = chosen[[*columns, "accuracy", "updated"]].assign(condition=chosen["condition_fingerprint"].str[:16])
    print(printed.to_string(index=False, na_rep="-", float_format=lambda v: f"{v:.4f}"))
    for row in inventory.provenance(Store(), chosen):
        print(f"\n{row}")


def _export(args: argparse.Namespace) -> None:
    from robustcore.evaluation import Store
    from robustcore.evaluation.store import inventory

    if args.output.suffix not in (".csv", ".parquet"):
        args.usage.error(f"the file's name ends in .csv or .parquet, not {args.output.suffix or 'nothing'!r}")
    table = _chosen(args)
    if args.predictions:
        table = inventory.per_image(Store(), table)
    _arguments.write_table(table, args.output, args.output.suffix[1:])
    print(f"{len(table)} rows in {args.output}")


def _verify(args: argparse.Namespace) -> int:
    from robustcore.evaluation import Store
    from robustcore.evaluation.store.verify import verify

    with Store() as store:
        checked, damaged = verify(store)
    print(f"{checked} units checked, {len(damaged)} damaged.")
    for unit in damaged:
        print(f"dropped: {unit.model} on {unit.dataset}, {unit.condition}, shard {unit.shard}: {unit.reason}")
    return 1 if damaged else 0


def _merge(args: argparse.Namespace) -> None:
    from robustcore.evaluation import Store
    from robustcore.evaluation.store.merge import merge

    other = args.other / "results" / "results.sqlite" if args.other.is_dir() else args.other
    with Store() as store:
        merged = merge(store, other)
    print(
        f"{merged.added} units added, {merged.larger} replaced by larger ones, {merged.same} were there already, "
        f"{merged.damaged} damaged ones left behind, {len(merged.collisions)} collisions."
    )
    for unit in merged.collisions:
        how = "equal counts" if unit.equal_counts else "other counts"
        print(f"collision, ours kept: {unit.model} on {unit.dataset}, {unit.condition}, shard {unit.shard}: {how}")


def _pack(args: argparse.Namespace) -> None:
    from robustcore.evaluation import Store
    from robustcore.evaluation.store import pack

    store = Store()
    packed = pack.pack(store, args.output, _cards(pack.own_models(store)))
    print(
        f"{packed.units} units of {packed.models} {'model' if packed.models == 1 else 'models'} in {args.output}, {packed.cards} of them with a card"
        + (f"; {packed.damaged} damaged units are left behind" if packed.damaged else "")
        + ". It also holds the paths of folders and the commands that gave the results."
    )
    print(f"'robustcore dashboard --results {args.output}' shows it elsewhere.")


def _cards(names: Mapping[str, str]) -> dict[str, str]:
    """Fingerprint -> card as JSON, of the models (fingerprint -> name) that are here and are still those with the results."""
    from robustcore import models
    from robustcore.errors import RobustcoreError

    cards = {}
    for fingerprint, name in names.items():
        try:
            model = (
                models.load_model(name)
                if name in models.names(offline=True) or Path(name.partition("?")[0]).is_file()
                else None
            )
        except RobustcoreError as error:
            print(f"{name} has no card in the file: {error}", file=sys.stderr)
            continue
        if model is not None and model.fingerprint() == fingerprint:
            cards[fingerprint] = model.card.to_json()
    return cards


def _import(args: argparse.Namespace) -> None:
    import os

    from robustcore import datasets
    from robustcore.errors import DatasetError
    from robustcore.evaluation import Store
    from robustcore.evaluation.store import imported

    here = args.dataset in datasets.names() or os.path.isdir(os.path.expanduser(args.dataset))
    if not here and os.sep in args.dataset:
        raise DatasetError(f"There is no folder {args.dataset}. Name the dataset's folder, or give the dataset a name.")
    dataset = datasets.load_dataset(args.dataset, args.split) if here else args.dataset
    with Store() as store:
        done = imported.take_in(
            store,
            args.table,
            args.model,
            dataset,
            split=args.split,
            seed=args.seed,
            storage=args.storage,
            released=args.released,
        )
    print(f"{done.model.name} on {done.dataset}: {len(done.conditions)} conditions of {done.images:,} images.")


def _prune(args: argparse.Namespace) -> int:
    from robustcore.evaluation import Store
    from robustcore.evaluation.store.prune import prune

    if not (args.model or args.dataset or args.outdated):
        args.usage.error("say what to delete: --model, --dataset or --outdated")
    criteria = {"model": args.model, "dataset": args.dataset, "split": args.split, "outdated": args.outdated}
    with Store() as store:
        doomed = prune(store, **criteria, dry=True)
        print(f"{len(doomed)} conditions with {doomed['units'].sum()} units and {doomed['images'].sum():,} answers:")
        places = doomed.groupby(_PLACE, sort=False).agg(conditions=("condition", "size"), units=("units", "sum"))
        for row in places.reset_index().to_dict("records"):
            print(
                f"  {row['model']} ({row['model_fingerprint'][:8]}) on {row['dataset']}, {row['split']} "
                f"({row['dataset_fingerprint'][:8]}): {row['conditions']} conditions, {row['units']} units"
            )
        if doomed.empty or args.dry_run:
            return 0
        if not args.yes and not _confirmed():
            print("Nothing is deleted. 'robustcore results prune ... --yes' deletes it.")
            return 1
        gone = prune(store, **criteria)
    print(f"{len(gone)} conditions with {gone['units'].sum()} units deleted.")
    if not args.outdated:  # outputs of a model for images are never outdated: both are in their name
        _drop_outputs(gone, args.dataset is not None)
    return 0


def _drop_outputs(gone: pd.DataFrame, of_dataset: bool) -> None:
    """Delete what detection keeps of models and data sets that were pruned."""
    from robustcore.detection import kept_outputs

    pairs = set(zip(gone["model_fingerprint"], gone["dataset_fingerprint"], strict=True))
    pairs = pairs if of_dataset else {(model, None) for model, _ in pairs}
    dropped = sum(kept_outputs.drop(model, images) for model, images in pairs)
    if dropped:
        print(f"{dropped} sets of outputs deleted.")


_PLACE = ["model", "model_fingerprint", "dataset", "split", "dataset_fingerprint"]


def _confirmed() -> bool:
    """Whether the person at the terminal says yes; without one nobody does."""
    return sys.stdin.isatty() and input("Delete this? [y/N] ").strip().lower() in ("y", "yes")
