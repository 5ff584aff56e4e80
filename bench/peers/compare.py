"""Ours beside PyTorch and pythae: the same work, two threads each, taking turns in one run.

  pip install -r bench/peers/requirements.txt        (torch.compile also needs a C++ compiler)
  python bench/peers/compare.py [--rounds 5] [--only step mnist sample] [--mnist FOLDER]

Prints one table in Markdown: minimum and median of each over all rounds, their ratio to ours, peak memory.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEERS = [sys.executable, str(pathlib.Path(__file__).with_name("peers.py"))]
SECONDS = 3.0
# Not from peers.py: a program started here would begin with the memory of a PyTorch imported here.
CASES = ["dense-784-400-20", "dense-784-500-500-50", "conv-1x32x32", "conv-3x64x64"]
VARIANTS = ["eager", "compiled", "compiled, bf16"]
# Of images, both orders of memory.
IMAGE_VARIANTS = ["eager", "eager, channels last", "compiled", "compiled, channels last", "compiled, channels last, bf16"]


class Peer:
    """A process of peers.py that trains for a while at each request."""

    def __init__(self, case, variant):
        self.name = f"PyTorch {variant}"
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([*PEERS, "step", case, variant], stdin=pipe, stdout=pipe, text=True)
        assert self.process.stdout.readline() == "ready\n", f"{self.name} did not start"

    def round(self):
        self.process.stdin.write(f"{SECONDS}\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return answer["ms"], answer["peak"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Ours:
    """The benchmark `step` of one case."""

    def __init__(self, case, threads, group="step"):
        self.case, self.threads, self.group = case, threads, group
        self.name = f"elbo, {threads} thread{'s' * (threads > 1)}{group.removeprefix('step').replace('-', ', ')}"

    def round(self):
        with tempfile.TemporaryDirectory() as home:
            filter = f"{self.group}/{self.case}/{self.threads}-threads"
            times = ["--warm-up-time", "1", "--measurement-time", str(SECONDS), "--noplot"]
            environment = {"CRITERION_HOME": home}
            _, peak = run([BENCH, "--bench", "--exact", filter, *times], environment)
            path = pathlib.Path(home, self.group, self.case, f"{self.threads}-threads", "new/sample.json")
            sample = json.loads(path.read_text())
            return [t / n / 1e6 for t, n in zip(sample["times"], sample["iters"])], peak

    def close(self):
        pass


class Command:
    """A whole program, from its start to its end, in a fresh folder."""

    def __init__(self, name, arguments, inside=False):
        self.name, self.arguments, self.inside = name, arguments, inside

    def round(self):
        with tempfile.TemporaryDirectory() as folder:
            seconds, peak = run(self.arguments, {}, folder)
            # What the program measured itself leaves out its start.
            if self.inside:
                seconds = float(json.loads(self.output(folder))["seconds"])
            return [seconds * 1e3], peak

    @staticmethod
    def output(folder):
        return pathlib.Path(folder, "stdout").read_text().splitlines()[-1]

    def close(self):
        pass


def run(arguments, environment, folder=None):
    """Runs a program quietly; its wall time in seconds and its peak memory in MiB."""
    with tempfile.TemporaryDirectory() as scratch:
        with open(pathlib.Path(folder or scratch, "stdout"), "w") as out, tempfile.TemporaryFile() as err:
            # So that no program waits for what another has left to be written to the disk.
            os.sync()
            begin = time.perf_counter()
            environment = {**os.environ, **environment}
            child = subprocess.Popen(arguments, stdout=out, stderr=err, cwd=folder, env=environment)
            _, status, usage = os.wait4(child.pid, 0)
            seconds = time.perf_counter() - begin
            if status != 0:
                err.seek(0)
                sys.exit(f"{arguments} failed:\n{err.read().decode()}")
    child.returncode = 0
    return seconds, usage.ru_maxrss / 1024


def compare(work, contestants, rounds):
    """A row of the table for each contestant; the first is the one that the ratios refer to."""
    times = {contestant.name: [] for contestant in contestants}
    memory = dict.fromkeys(times, 0.0)
    for _ in range(rounds):
        for contestant in contestants:
            ms, peak = contestant.round()
            # A round counts once, whatever its number of steps.
            times[contestant.name].append((min(ms), statistics.median(ms)))
            memory[contestant.name] = max(memory[contestant.name], peak)
    for contestant in contestants:
        contestant.close()
    medians = {name: statistics.median(median for _, median in rows) for name, rows in times.items()}
    ours = medians[contestants[0].name]
    for name, rows in times.items():
        least = min(low for low, _ in rows)
        ratio = medians[name] / ours
        print(f"| {work} | {name} | {least:.2f} | {medians[name]:.2f} | {ratio:.2f} | {memory[name]:.0f} |", flush=True)


def build():
    """Builds the program and the benchmark, both optimised; their paths."""
    def cargo(*arguments):
        command = ["cargo", *arguments, "--message-format=json"]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
        made = [json.loads(line) for line in done.stdout.splitlines() if '"executable"' in line]
        return {unit["target"]["name"]: unit["executable"] for unit in made if unit.get("executable")}

    program = cargo("build", "--release", "--workspace")["elbo"]
    return program, cargo("bench", "--workspace", "--bench", "step", "--no-run")["step"]


def steps(rounds):
    for case in CASES:
        variants = IMAGE_VARIANTS if case.startswith("conv") else VARIANTS
        ours = [Ours(case, 2), Ours(case, 1), Ours(case, 2, "step-bf16")]
        compare(f"step {case}, ms", ours + [Peer(case, variant) for variant in variants], rounds)


def mnist(rounds, folder):
    def ours(name, hidden):
        sets = [f"network.hidden={hidden}", "model.latent=20", "training.batch=128", "training.learning_rate=1e-3"]
        sets = [word for setting in sets for word in ("--set", setting)]
        arguments = [PROGRAM, "train", folder, "--out", "run", "--epochs", "1", "--threads", "2", *sets]
        return Command(name, arguments)

    script = Command("PyTorch example", [*PEERS, "mnist-example", folder])
    compare("MNIST epoch 784-400-20, ms", [ours("elbo train", 400), script], rounds)
    library = Command("pythae", [*PEERS, "mnist-pythae", folder])
    compare("MNIST epoch 784-512-20, ms", [ours("elbo train", 512), library], rounds)


def sample(rounds, folder):
    with tempfile.TemporaryDirectory() as home:
        model = f"{home}/run"
        hidden = ["--set", "network.hidden=400", "--set", "model.latent=20"]
        run([PROGRAM, "train", folder, "--out", model, "--epochs", "1", *hidden], {})
        arguments = [PROGRAM, "sample", model, "-n", "100000", "-o", "digits.npy", "--threads", "2"]
        loops = [
            Command(f"PyTorch loop, batch {batch}, without its start", [*PEERS, "sample", str(batch)], True)
            for batch in (500, 2000, 5000)
        ]
        compare("100,000 digits to .npy, ms", [Command("elbo sample", arguments), *loops], rounds)


def versions():
    import importlib.metadata as installed

    packages = ", ".join(f"{name} {installed.version(name)}" for name in ("torch", "torchvision", "pythae", "numpy"))
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    print(f"Python {platform.python_version()}, {packages}; {cpu}, {os.cpu_count()} cores\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", choices=["step", "mnist", "sample"], default=["step", "mnist", "sample"])
    parser.add_argument("--mnist", default=str(ROOT.parent / "shared/data/mnist"), help="folder of the four .gz files")
    options = parser.parse_args()
    PROGRAM, BENCH = build()
    versions()
    print("| work | who | min | median | median / ours | peak MiB |\n|---|---|---|---|---|---|")
    if "step" in options.only:
        steps(options.rounds)
    if "mnist" in options.only:
        mnist(options.rounds, options.mnist)
    if "sample" in options.only:
        sample(options.rounds, options.mnist)
