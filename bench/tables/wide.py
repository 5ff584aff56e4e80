"""Makes a table of 2,000,000 rows and 30 columns, 10 of them with 100,000 levels each: how large may data be?

    python bench/tables/wide.py wide.csv [ROWS]
    /usr/bin/time -v elbo inspect wide.csv
    /usr/bin/time -v elbo train wide.csv --epochs 1 --batch 1024 --out wide

Levels are as frequent as words are, the k-th as 1/k. Seeded: the same file each time. Needs numpy.
Expect: `inspect` within 15 s, training within 1.5 GB.
"""

import sys

import numpy as np

LEVELS, WIDE, NARROW, NUMBERS = 100_000, 10, 8, 12
BLOCK = 50_000


def main():
    path, rows = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 2_000_000
    random = np.random.default_rng(0)
    odds = 1 / np.arange(1, LEVELS + 1)
    upto = np.cumsum(odds / odds.sum())
    names = [f"wide{i}" for i in range(WIDE)] + [f"narrow{i}" for i in range(NARROW)] + [f"n{i}" for i in range(NUMBERS)]
    with open(path, "w") as file:
        file.write(",".join(names) + "\n")
        for _ in range(0, rows, BLOCK):
            n = min(BLOCK, rows)
            mood = random.integers(0, 5, n)
            columns = [
                [f"v{i}_{k}" for k in np.searchsorted(upto, random.random(n))] for i in range(WIDE)
            ]
            columns += [[f"c{k}" for k in (mood + random.integers(0, 3, n)) % 7] for _ in range(NARROW)]
            columns += [np.round(mood * 10 + random.normal(size=n) * (i + 1), 2).astype(str) for i in range(NUMBERS)]
            file.writelines(",".join(cells) + "\n" for cells in zip(*columns))


if __name__ == "__main__":
    main()
