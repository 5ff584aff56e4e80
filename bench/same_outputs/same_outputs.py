"""Proves that two builds of `elbo` give the same bytes.

    python same_outputs.py --old OLD --new NEW                    all cases, some minutes on two cores
    python same_outputs.py --old OLD --new NEW --only impute      the cases whose name has this word
    python same_outputs.py --old OLD --self-test                  damages outputs and sees that each is reported

The cases are in `same_outputs_cases.py`.

1. Both train every run of RUNS from the same settings; weights, metrics, schemas and pictures must be equal.
2. OLD's run is copied, and both call every other verb of CALLS on the copy.
3. Both refuse the same wrong inputs with the same exit code.
4. A run that was stopped goes on to the same bytes: also one that OLD stopped and NEW resumes.

DIFFERENT is a difference in data and makes the exit code 1. REWORDED is one in words for people: it is listed only.
BROKEN is a case that OLD itself does not pass. `--keep DIR` leaves all inputs and outputs there to look at.
"""

import argparse
import collections
import concurrent.futures
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

import same_outputs_differences as differences
import same_outputs_inputs as inputs
from same_outputs_cases import CALLS, NO_RUN, REFUSED, RUNS, SIGNALS, STOPPED

Case = collections.namedtuple("Case", "name words out run refused", defaults=[None, False])
Result = collections.namedtuple("Result", "code stdout stderr files")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--old", required=True, type=pathlib.Path)
    parser.add_argument("--new", type=pathlib.Path, help="the build to judge [default: the old one]")
    parser.add_argument("--keep", type=pathlib.Path, help="a folder that is not there yet, for all inputs and outputs")
    parser.add_argument("--only", default="", metavar="WORD", help="only cases whose name has this word")
    parser.add_argument("--self-test", action="store_true", help="damage outputs and see that each is reported")
    args = parser.parse_args()
    binaries = {"old": args.old.resolve(), "new": (args.new or args.old).resolve()}
    with tempfile.TemporaryDirectory() as scratch:
        root = (args.keep or pathlib.Path(scratch) / "work").resolve()
        if args.self_test:
            import same_outputs_self_test

            sys.exit(same_outputs_self_test.run(Comparison(root, binaries)))
        sys.exit(Comparison(root, binaries).run(args.only))


class Comparison:
    """Two folders, `old` and `new`, in which the two binaries do the same."""

    def __init__(self, root, binaries):
        self.root, self.binaries = root, binaries
        self.totals, self.began = collections.Counter(), time.monotonic()
        root.mkdir(parents=True)
        inputs.write_all(root / "data", binaries["old"])
        for side in binaries:
            for name in ("out", "runs", "used"):
                (root / side / name).mkdir(parents=True)
            (root / side / "data").symlink_to(root / "data")

    def run(self, only):
        calls = [case for case in all_calls() if only in case.name]
        needed = {case.run for case in calls if case.run} | {word[5:] for case in calls for word in case.words if word[:5] == "used/"}
        resume = only in f"train {STOPPED} stopped and resumed"
        needed |= {STOPPED} if resume else set()
        trainings = [case for case in all_trainings() if only in case.name or case.run in needed]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            self.report(pool.map(self.both, trainings))
            for case in trainings:
                self.hand_over(case.run)
            self.report(pool.map(self.both, calls))
            if resume:
                self.report(pool.map(self.resumed, SIGNALS))
        self.report([(f"untouched run {case.run}", self.changed(case.run)) for case in trainings])
        counts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(self.totals.items()))
        print(f"{counts}; {time.monotonic() - self.began:.0f} s")
        return int(any(self.totals[verdict] for verdict in (differences.DIFFERENT, "BROKEN")))

    def both(self, case):
        """The name of a case and what its two outputs differ in."""
        old, new = (self.call(side, case) for side in self.binaries)
        return case.name, compare(case, old, new)

    def call(self, side, case):
        done = subprocess.run(self.command(side, case.words), cwd=self.root / side, env=environment(), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=600)  # fmt: skip
        return Result(done.returncode, self.placeless(done.stdout), self.placeless(done.stderr), self.files(side, case.out))

    def placeless(self, text):
        """A text without the names of the two folders."""
        return text.replace(f"{self.root / 'old'}/", "").replace(f"{self.root / 'new'}/", "")

    def command(self, side, words):
        return [str(self.binaries[side]), *words]

    def files(self, side, stem):
        """The files that a case wrote: those whose path begins with `stem`, from relative path to bytes."""
        folder = self.root / side
        here = f"{folder}/".encode()
        roots = [path for path in (folder / stem).parent.glob("*") if path.name == (folder / stem).name or path.name.startswith(f"{(folder / stem).name}.")]
        files = [path for root in roots for path in ([root] if root.is_file() else root.rglob("*")) if path.is_file()]
        read = lambda path: path.read_bytes().replace(here, b"") if path.name == "config.toml" else path.read_bytes()
        return {str(path.relative_to((folder / stem).parent)): read(path) for path in files}

    def hand_over(self, run):
        """Copies the run that the old binary trained to where both use it; where it has none, its training was reported."""
        trained = self.root / "old" / "runs" / run
        for side in self.binaries if trained.exists() else ():
            shutil.copytree(trained, self.root / side / "used" / run)

    def changed(self, run):
        """What calls changed of a run that they only had to read."""
        before = tree(self.root / "old" / "runs" / run)
        return [one for side in self.binaries for one in differences.in_files(f"{side}/used/{run}", before, tree(self.root / side / "used" / run))]

    def resumed(self, how):
        """The new binary goes on with a run that either stopped; it must end as the old one's that was never stopped."""
        whole, found = self.root / "old" / "runs" / STOPPED, []
        for side in self.binaries:
            found += self.stop(side, how)
            if side == "old":
                (self.root / "new" / "from_old").mkdir(exist_ok=True)
                shutil.move(self.root / "old" / "runs" / how, self.root / "new" / "from_old" / how)
            folder = f"{'from_old' if side == 'old' else 'runs'}/{how}"
            call = self.call("new", Case("", ["train", "--resume", folder], folder))
            if call.code != 0:
                found.append((differences.DIFFERENT, f"{folder}: resuming failed: {call.stderr[:300]}"))
            found += differences.in_files(folder, tree(whole), tree(self.root / "new" / folder))
        return f"train {STOPPED} {how} and resumed", found

    def stop(self, side, how):
        """Trains, and stops by a signal when some epochs are done."""
        number, expected = SIGNALS[how]
        words = self.command(side, training(STOPPED, how).words)
        child = subprocess.Popen(words, cwd=self.root / side, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        history = self.root / side / "runs" / how / "metrics.jsonl"
        while child.poll() is None and (not history.exists() or history.read_bytes().count(b"\n") < 4):
            time.sleep(0.002)
        child.send_signal(number)
        code = child.wait()
        return [] if code == expected else [("BROKEN", f"{side}: exit code {code}, not {expected}: it ended before it was stopped, or did not stop")]

    def report(self, results):
        for name, found in results:
            verdict = next((one for one in ("BROKEN", differences.DIFFERENT, differences.REWORDED) if one in dict(found)), "same")
            self.totals[verdict] += 1
            if found:
                print(f"{verdict}: {name}", *(f"    {level}: {text}" for level, text in found), sep="\n", flush=True)


def compare(case, old, new):
    """All differences between the results of one case."""
    found = []
    if (old.code != 0) != case.refused:
        found.append(("BROKEN", f"the old binary ended with {old.code}: {old.stderr[-400:]}"))
    if old.code != new.code:
        found.append((differences.DIFFERENT, f"exit code {old.code} became {new.code}: {new.stderr[-400:]}"))
    found += differences.in_files("", old.files, new.files)
    if "--profile" not in case.words:
        is_toml = case.words[0] == "presets" and len(case.words) > 1
        found += differences.in_report(old.stdout, new.stdout, "--json" in case.words, is_toml)
    return found + differences.in_words("standard error", old.stderr, new.stderr)


def training(run, out=None):
    out = f"runs/{out or run}"
    return Case(f"train {run}", ["train", *shlex.split(RUNS[run][1]), "--out", out], out, run)


def all_trainings():
    return [training(run) for run in RUNS]


def all_calls():
    tables = [(None, NO_RUN, False), *((run, calls, False) for run, calls in CALLS.items()), (None, REFUSED, True)]
    return [one_call(run, number, line, refused) for run, calls, refused in tables for number, line in enumerate(calls.strip().splitlines()) if line]


def one_call(run, number, line, refused):
    out = f"out/{run or ('refused' if refused else 'data')}-{number:02}"
    words = line.replace("RUN", f"used/{run}").replace("DATA", RUNS[run][0] if run else "").replace("OUT", out)
    return Case(f"{words}{' (refused)' if refused else ''}", words.split(), out, run, refused)


def tree(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def environment():
    """A person's terminal must not change what is compared."""
    return {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "CLICOLOR_FORCE", "NO_COLOR", "TERM")}


if __name__ == "__main__":
    main()
