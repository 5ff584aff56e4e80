"""Tables of many kinds: rows made at elbo's defaults, beside rows of CART trees as in R's synthpop.

    python bench/tables/fleet.py --elbo target/release/elbo [--any] [--seeds 3] [TABLE ...]

The tables lie in `$ELBO_DATA/fleet/tables/NAME/NAME.csv`, `../shared/fleet/tables/NAME/NAME.csv`, or below `--data FOLDER`. Rows are shuffled; 70 % of them, at most 12,000, are
trained on, and at most 5,000 of the others are held out. As many rows are made as were trained on. Measured are

- utility: gradient boosting trained on made rows, on held-out rows: AUROC of a level against the rest, weighted by its share,
  or R2 of a number;
- C2ST: AUROC of gradient boosting that tells made from held-out rows, in five folds; 0.5 is best (Lopez-Paz & Oquab 2017);
- closer: the share of made rows that lie nearer to a trained row than to a held-out one, of equally many of each, ties half:
  0.5 is best, and more means that rows are copied (mean of differences in rank, and of levels that differ, as Gower's);
- copies: the share of made rows that are trained rows.
"""
import argparse
import os
import pathlib
import subprocess
import tempfile
import time

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.neighbors import NearestNeighbors
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

# What a user would want to predict.
TARGETS = {
    "penguins": "species", "breast": "diagnosis", "cleveland": "target", "soybean": "class", "planets": "method",
    "wine": "quality", "bank": "y", "flchain": "sex", "squirrels": "Primary Fur Color", "bikes": "cnt",
    "flights": "arr_delay", "diamonds": "price",
}


def tables():
    """Where the tables lie."""
    places = [pathlib.Path(os.environ.get("ELBO_DATA", ".")) / "fleet/tables", pathlib.Path("../shared/fleet/tables")]
    return next((place for place in places if place.is_dir()), places[-1])


def is_number(column):
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def read(path, like=None):
    """An empty cell is missing; levels are texts; columns are as in `like`."""
    table = pd.read_csv(path, keep_default_na=False, na_values=[""], low_memory=False)
    table = table if like is None else table[list(like)]
    for name in table:
        if is_number(table[name] if like is None else like[name]):
            table[name] = pd.to_numeric(table[name], errors="coerce")
        else:
            table[name] = table[name].astype(object).where(table[name].isna(), table[name].astype(str))
    return table


def split(path):
    table = read(path).sample(frac=1, random_state=0)
    # The peers and the measures have nothing for keys and free text.
    keys = [name for name in table if not is_number(table[name]) and table[name].nunique() > 0.2 * len(table)]
    table = table.drop(columns=keys)
    n = min(int(0.7 * len(table)), 12000)
    return table.iloc[:n], table.iloc[n:n + 5000]


class Features:
    """Rows as numbers, by the levels and ranks of `like`."""

    def __init__(self, like, without=()):
        names = [name for name in like if name not in without]
        self.numbers = [name for name in names if is_number(like[name])]
        self.levels = {name: like[name].fillna("").value_counts().index[:250] for name in names if name not in self.numbers}
        self.sorted = {name: np.sort(like[name].dropna().to_numpy(float)) for name in self.numbers}

    def codes(self, table):
        levels = [self.levels[name].get_indexer(table[name].fillna("")).astype(float) for name in self.levels]
        x = np.column_stack([table[name].to_numpy(float) for name in self.numbers] + levels)
        x[:, len(self.numbers):][x[:, len(self.numbers):] < 0] = np.nan
        return x, [False] * len(self.numbers) + [True] * len(self.levels)

    def places(self, table):
        columns = []
        for name in self.numbers:
            value, known = table[name].to_numpy(float), self.sorted[name]
            rank = (np.searchsorted(known, value, "left") + np.searchsorted(known, value, "right")) / 2 / max(len(known), 1)
            columns += [np.where(np.isnan(value), 0.5, rank), np.isnan(value) * 0.5]
        for name, levels in self.levels.items():
            columns.append((table[name].fillna("").to_numpy()[:, None] == levels.to_numpy()[None]) * 0.5)
        return np.column_stack(columns).astype(np.float32)


def utility(made, held_out, target, trained):
    features = Features(trained, [target])
    made, held_out = made[made[target].notna()], held_out[held_out[target].notna()]
    (x, categorical), (seen, _) = features.codes(made), features.codes(held_out)
    settings = dict(categorical_features=categorical, random_state=0, max_iter=100, early_stopping=False)
    if is_number(trained[target]):
        model = HistGradientBoostingRegressor(**settings).fit(x, made[target])
        return r2_score(held_out[target], model.predict(seen))
    model = HistGradientBoostingClassifier(**settings).fit(x, made[target])
    p, classes = model.predict_proba(seen), list(model.classes_)
    share = held_out[target].value_counts(normalize=True)
    auroc = [roc_auc_score(held_out[target] == level, p[:, classes.index(level)]) if level in classes else 0.5 for level in share.index]
    return float(np.dot(auroc, share))


def c2st(made, held_out, trained):
    n = min(len(made), len(held_out), 5000)
    both = pd.concat([made.sample(n, random_state=0), held_out.sample(n, random_state=0)])
    x, categorical = Features(trained).codes(both)
    is_made = np.r_[np.ones(n), np.zeros(n)]
    model = HistGradientBoostingClassifier(categorical_features=categorical, max_iter=60, random_state=0, early_stopping=False)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    return roc_auc_score(is_made, cross_val_predict(model, x, is_made, cv=folds, method="predict_proba")[:, 1])


def nearness(made, trained, held_out):
    features, n = Features(trained), min(len(trained), len(held_out))
    some = features.places(made.sample(min(1500, len(made)), random_state=0))
    near = []
    for rows in trained, held_out:
        places = features.places(rows.sample(n, random_state=0))
        index = NearestNeighbors(n_neighbors=1, algorithm="brute", metric="manhattan").fit(places)
        near.append(index.kneighbors(some)[0][:, 0])
    closer = np.mean((near[0] < near[1]) + 0.5 * (near[0] == near[1]))
    row = lambda table: pd.util.hash_pandas_object(table.round(9).fillna("").astype(str), index=False)
    return float(closer), float(np.isin(row(made), row(trained)).mean())


def cart(trained, n, seed):
    """Column after column, a tree on those before it; a value drawn from the leaf, which holds at least five."""
    random, made, before, drawn = np.random.default_rng(seed), pd.DataFrame(index=range(n)), [], []
    for name in trained:
        column = trained[name]
        known = column.notna().to_numpy()
        value = column.to_numpy()
        if not before:
            made[name] = value[random.integers(0, len(value), n)]
        else:
            x, new = np.column_stack(before), np.column_stack(drawn)
            tree = DecisionTreeRegressor if is_number(column) else DecisionTreeClassifier
            tree = tree(min_samples_leaf=5, random_state=seed)
            # A gap is a value of its own: far from all others, or one more level.
            filled = column.fillna(column.min() - 10 * (column.std() or 1)) if is_number(column) else column.fillna("")
            tree.fit(x, filled)
            leaf, new_leaf = tree.apply(x), tree.apply(new)
            order = np.argsort(leaf, kind="stable")
            ends = np.searchsorted(leaf[order], [new_leaf, new_leaf + 1])
            made[name] = value[order[(ends[0] + random.random(n) * (ends[1] - ends[0])).astype(int)]]
        for table, parts in (trained, before), (made, drawn):
            if is_number(column):
                parts += [table[name].fillna(column.median()).to_numpy(float), table[name].isna().to_numpy(float)]
            else:
                levels = column[known].value_counts().index[:50].to_numpy()
                parts += list((table[name].to_numpy()[:, None] == levels[None]).T.astype(float))
    return made


def elbo(binary, folder, trained, seed, settings):
    trained.to_csv(folder / "train.csv", index=False)
    run, out = folder / "run", folder / "made.csv"
    subprocess.run([binary, "train", folder / "train.csv", *settings, "--seed", str(seed), "--out", run, "--force", "-q"], check=True)
    subprocess.run([binary, "sample", run, "-n", str(len(trained)), "--seed", str(seed), "-o", out, "--force", "-q"], check=True)
    return read(out, trained)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--elbo", default="target/release/elbo", type=os.path.abspath)
    arguments.add_argument("--data", type=pathlib.Path, default=tables())
    arguments.add_argument("--any", action="store_true", help="also any-conditional models")
    arguments.add_argument("--seeds", type=int, default=1)
    arguments.add_argument("tables", nargs="*", default=[])
    given = arguments.parse_args()
    print("| table | made by | utility | C2ST | closer | copies | seconds |\n|---|---|---|---|---|---|---|")
    for name in given.tables or TARGETS:
        trained, held_out = split(given.data / name / f"{name}.csv")
        ways = {"real rows": lambda folder, seed: trained, "CART": lambda folder, seed: cart(trained, len(trained), seed)}
        ways["elbo"] = lambda folder, seed: elbo(given.elbo, folder, trained, seed, [])
        if given.any:
            ways["elbo --given any"] = lambda folder, seed: elbo(given.elbo, folder, trained, seed, ["--given", "any"])
        for way, make in ways.items():
            found = []
            for seed in range(1 if way == "real rows" else given.seeds):
                with tempfile.TemporaryDirectory() as folder:
                    began = time.time()
                    made = make(pathlib.Path(folder), seed)
                    seconds = time.time() - began
                measures = utility(made, held_out, TARGETS[name], trained), c2st(made, held_out, trained)
                found.append((*measures, *nearness(made, trained, held_out), seconds))
            means = np.mean(found, axis=0)
            shown = [f"{means[0]:.3f}", f"{means[1]:.3f}"] + ["–", "–"] * (way == "real rows")
            shown += [f"{means[2]:.3f}", f"{means[3]:.4f}"] * (way != "real rows")
            print(f"| {name} | {way} | {' | '.join(shown)} | {means[4]:.0f} |", flush=True)


if __name__ == "__main__":
    main()
