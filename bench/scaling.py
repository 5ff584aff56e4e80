"""How the cost of a training step grows: runs the `scaling-*` benchmarks and draws docs/images/scaling.png.

  pip install matplotlib && python bench/scaling.py [--only-plot]
"""

import json
import os
import pathlib
import subprocess
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

ROOT = pathlib.Path(__file__).resolve().parents[1]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
# What is varied, of which model, and the step it is compared with.
PANELS = {
    "batch": "batch size\n(784-400-20)",
    "width": "hidden width\n(784-width-20, batch 128)",
    "latent": "latent units\n(784-400-latent, batch 128)",
    "image": "image side in pixels\n(32/64/128 channels, batch 128)",
}

if "--only-plot" not in sys.argv:
    bench = ["cargo", "bench", "--workspace", "--bench", "step", "--", "scaling", "--noplot"]
    subprocess.run([*bench, "--warm-up-time", "0.5", "--measurement-time", "2"], cwd=ROOT, check=True)

figure, panels = plt.subplots(1, len(PANELS), figsize=(14, 3.6), constrained_layout=True)
for panel, (what, label) in zip(panels, PANELS.items()):
    for threads, style in ((1, "o--"), (2, "o-")):
        points = []
        for path in TARGET.glob(f"criterion/scaling-{what}/*/{threads}-threads/new/estimates.json"):
            nanoseconds = json.loads(path.read_text())["median"]["point_estimate"]
            points.append((int(path.parts[-4]), nanoseconds / 1e6))
        sizes, times = zip(*sorted(points))
        panel.plot(sizes, times, style, label=f"{threads} thread{'s' * (threads > 1)}")
        print(what, threads, "threads:", ", ".join(f"{s}: {t:.2f} ms" for s, t in sorted(points)))
    panel.set(xlabel=label, xscale="log", yscale="log", xticks=sizes)
    panel.set_xticks(sizes, [str(size) for size in sizes])
    panel.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    panel.yaxis.set_major_formatter("{x:g}")
    panel.yaxis.set_minor_formatter(matplotlib.ticker.NullFormatter())
    panel.grid(alpha=0.3)
panels[0].set_ylabel("median of a step, ms")
panels[0].legend()
figure.savefig(ROOT / "docs/images/scaling.png", dpi=110)
