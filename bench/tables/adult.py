"""Scores synthetic Adult rows as SDGym's `adult` task does: classifiers trained on them, tested on real rows.

    python bench/tables/adult.py --elbo target/release/elbo             ours, three seeds
    python bench/tables/adult.py --elbo target/release/elbo --ctgan     and ctgan's TVAE, in turn, on the same cores

Needs requirements.txt and the Adult data in $ELBO_DATA or ../shared/data. The protocol: numpy's shuffle with
seed 0, the last 10,000 rows are the test set; as many synthetic rows as training rows; F1 of `>50K` of a decision
tree (depth 15, balanced), AdaBoost, logistic regression (balanced, 50 iterations) and an MLP (50 units, 50
iterations), averaged over the four and over the seeds. Continuous columns enter as their logarithm where all are
at least 0 and some at least 1000, else scaled to 0-5; levels one-hot; `?` and an empty cell are one level.
Expect: F1 of ours 0.650, of ctgan's TVAE 0.626, of real rows 0.656.
"""

import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np
import pandas as pd
from sklearn.ensemble import AdaBoostClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.neural_network import MLPClassifier
from sklearn.tree import DecisionTreeClassifier

CONTINUOUS = ["age", "fnlwgt", "education-num", "capital-gain", "capital-loss", "hours-per-week"]
LABEL, POSITIVE = "income", ">50K"
TEST_ROWS = 10_000
SEEDS = (0, 1, 2)


def elbo_commands(binary, run, train, synthetic, rows, seed):
    return [
        [binary, "train", train, "--seed", str(seed), "--out", run, "--force"],
        [binary, "sample", run, "-n", str(rows), "--seed", str(seed), "-o", synthetic, "--force"],
    ]


def adult():
    folder = os.environ.get("ELBO_DATA", pathlib.Path(__file__).parents[3] / "shared" / "data")
    return read(pathlib.Path(folder) / "adult" / "adult.csv")


def read(path):
    """A table with its levels as text: `?` and an empty cell are the same."""
    table = pd.read_csv(path, skipinitialspace=True, na_values=[], keep_default_na=False)
    for column in table:
        if column in CONTINUOUS:
            table[column] = pd.to_numeric(table[column])
        else:
            table[column] = table[column].astype(str).str.strip().replace("", "?")
    return table


def split(table):
    order = np.arange(len(table))
    np.random.seed(0)
    np.random.shuffle(order)
    return table.iloc[order[:-TEST_ROWS]], table.iloc[order[-TEST_ROWS:]]


class Features:
    """Columns as numbers, by what the real training rows hold."""

    def __init__(self, train):
        self.ranges = {c: (train[c].min(), train[c].max()) for c in CONTINUOUS}
        levels = [c for c in train if c not in CONTINUOUS and c != LABEL]
        self.levels = {c: sorted(train[c].unique()) for c in levels}

    def of(self, table):
        columns = []
        for name, (low, high) in self.ranges.items():
            values = table[name].to_numpy(float)
            if low >= 0 and high >= 1000:
                columns.append(np.log(np.maximum(values, 1e-2)))
            else:
                columns.append((values - low) / (high - low) * 5)
        for name, levels in self.levels.items():
            values = table[name].to_numpy()
            columns.extend((values == level).astype(float) for level in levels)
        return np.stack(columns, axis=1), (table[LABEL] == POSITIVE).to_numpy()


def scorers():
    return {
        "tree": DecisionTreeClassifier(max_depth=15, class_weight="balanced", random_state=0),
        "AdaBoost": AdaBoostClassifier(random_state=0),
        "logistic": LogisticRegression(solver="lbfgs", class_weight="balanced", max_iter=50),
        "MLP": MLPClassifier((50,), max_iter=50, random_state=0),
    }


def score(rows, features, test):
    """F1 of each classifier trained on `rows`."""
    import warnings

    warnings.filterwarnings("ignore")
    x, y = features.of(rows)
    unseen, truth = features.of(test)
    return {name: f1_score(truth, model.fit(x, y).predict(unseen)) for name, model in scorers().items()}


CTGAN = """
import sys, numpy, torch, pandas
from ctgan import TVAE
train, out, seed = sys.argv[1], sys.argv[2], int(sys.argv[3])
table = pandas.read_csv(train, keep_default_na=False)
numpy.random.seed(seed); torch.manual_seed(seed)
model = TVAE(epochs=300, enable_gpu=False)
model.fit(table, [c for c in table if table[c].dtype == object or str(table[c].dtype).startswith("str")])
model.sample(len(table)).to_csv(out, index=False)
"""


def measured(commands):
    """Seconds and peak memory in MiB of some commands, one after the other."""
    began, peak = time.time(), 0
    for command in commands:
        read_end, write_end = os.pipe()
        child = os.fork()
        if child == 0:
            done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            if done.returncode:
                sys.stderr.write(done.stderr.decode()[-2000:])
            used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
            os.write(write_end, json.dumps([done.returncode, used]).encode())
            os._exit(0)
        os.close(write_end)
        code, used = json.loads(os.read(read_end, 1000))
        os.waitpid(child, 0)
        if code:
            sys.exit(f"failed: {' '.join(map(str, command))}")
        peak = max(peak, used)
    return time.time() - began, peak


def report(what, scores):
    shown = ", ".join(f"{name} {value:.3f}" for name, value in scores.items())
    print(f"{what}: F1 {np.mean(list(scores.values())):.3f} ({shown})", flush=True)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--elbo", help="the binary")
    arguments.add_argument("--ctgan", action="store_true")
    arguments.add_argument("--set", action="append", default=[], help="further flags of `elbo train`, as --set does")
    arguments.add_argument("--sample-flag", action="append", default=[], help="a further argument of `elbo sample`")
    arguments.add_argument("--train-flag", action="append", default=[], help="a further argument of `elbo train`")
    arguments.add_argument("--seeds", type=int, nargs="*", default=SEEDS)
    arguments = arguments.parse_args()
    train, test = split(adult())
    features = Features(train)
    report("real", score(train, features, test))
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        path = folder / "train.csv"
        train.to_csv(path, index=False)
        results = {}
        for seed in arguments.seeds:
            makers = {}
            if arguments.elbo:
                out = folder / f"elbo-{seed}.csv"
                commands = elbo_commands(arguments.elbo, folder / "run", path, out, len(train), seed)
                for setting in arguments.set:
                    commands[0] += ["--set", setting]
                commands[0] += arguments.train_flag
                commands[1] += arguments.sample_flag
                makers["elbo"] = (commands, out)
            if arguments.ctgan:
                out = folder / f"ctgan-{seed}.csv"
                makers["ctgan"] = ([[sys.executable, "-c", CTGAN, path, out, str(seed)]], out)
            for name, (commands, out) in makers.items():
                seconds, peak = measured(commands)
                scores = score(read(out), features, test)
                mean = float(np.mean(list(scores.values())))
                results.setdefault(name, []).append((mean, seconds, peak))
                report(f"{name} seed {seed}: {seconds:.1f} s, {peak:.0f} MiB", scores)
    for name, rows in results.items():
        f1, seconds, peak = np.mean(np.array(rows), axis=0)
        print(f"{name}: F1 {f1:.4f}, {seconds:.1f} s, {peak:.0f} MiB (means of {len(rows)})")


if __name__ == "__main__":
    main()
