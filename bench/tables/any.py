"""Samples from a `--given any` model of Adult given 20 random pairs of values: is each kept, how long does it take?

    elbo train train.csv --given any --out adult
    python bench/tables/any.py --elbo target/release/elbo --run adult

Values are those of a random row of the data. Needs pandas and the Adult data, as adult.py does.
Expect: 20,000 rows, no value changed, a second or two each thousand.
"""

import argparse
import pathlib
import random
import subprocess
import tempfile
import time

from adult import CONTINUOUS, adult, read


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--elbo", required=True)
    arguments.add_argument("--run", required=True)
    arguments = arguments.parse_args()
    table, chance = adult(), random.Random(0)
    changed, began = 0, time.time()
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out.csv"
        for _ in range(20):
            row = table.iloc[chance.randrange(len(table))]
            pair = {name: "missing" if row[name] == "?" else row[name] for name in chance.sample(list(table), 2)}
            given = [part for name, value in pair.items() for part in ("--given", f"{name}={value}")]
            subprocess.run([arguments.elbo, "sample", arguments.run, "-n", "1000", *given, "-o", out, "--force", "--quiet"], check=True, stdout=subprocess.DEVNULL)
            made = read(out)
            wrong = sum((made[name] != (row[name] if name in CONTINUOUS else str(row[name]))).sum() for name in pair)
            assert len(made) == 1000
            changed += wrong
            print(pair, "changed:", wrong, flush=True)
    print(f"20 pairs, 20,000 rows: {changed} given values changed, {time.time() - began:.1f} s")


if __name__ == "__main__":
    main()
