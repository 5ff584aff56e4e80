"""Proves that `same_outputs.py` can fail: damages copies of real outputs, and sees that each damage is reported."""

import re
import zlib

import same_outputs
import same_outputs_differences as differences
from same_outputs_inputs import png

RUN = "people_any"
CALLS = {
    "table": "sample RUN -n 5 -o OUT.csv",
    "packed": "sample RUN -n 5 -o OUT.csv.gz",
    "parquet": "sample RUN -n 5 -o OUT.parquet",
    "array": "encode RUN DATA -o OUT.npy",
    "picture": "map RUN DATA -o OUT.png",
    "report": "evaluate RUN --samples 2 --limit 9 --json",
    "words": "evaluate RUN --samples 2 --limit 9",
}


def files_changed(change, part=""):
    """Changes every file of a result whose path ends with `part`."""

    def damage(result):
        files = {path: change(body) if path.endswith(part) else body for path, body in result.files.items()}
        return result._replace(files={path: body for path, body in files.items() if body is not None})

    return damage


def text_changed(stream, pattern, replacement):
    return lambda result: result._replace(**{stream: re.sub(pattern, replacement, getattr(result, stream), count=1)})


def last_bit(body):
    return body[:-1] + bytes([body[-1] ^ 1])


def one_pixel(body):
    width, height, step, pixels = differences.pixels(body)
    return png(last_bit(pixels), width, height, step)


def renamed(result):
    return result._replace(files={f"{path}.part": body for path, body in result.files.items()})


def last_cell(body):
    return body.rstrip(b"\n") + b"0\n"


def repacked(body):
    return body[:-8] + zlib.crc32(b"").to_bytes(4, "little") + body[-4:]


DIFFERENT, REWORDED = differences.DIFFERENT, differences.REWORDED

# What is damaged, where, how, and what must be reported.
DAMAGES = [
    ("a cell of a table", "table", files_changed(last_cell), DIFFERENT),
    ("a file that is missing", "table", files_changed(lambda body: None), DIFFERENT),
    ("a file under another name", "table", renamed, DIFFERENT),
    ("an empty file", "table", files_changed(lambda body: b""), DIFFERENT),
    ("a damaged gzip file", "packed", files_changed(repacked), DIFFERENT),
    ("a bit of a Parquet file", "parquet", files_changed(last_bit), DIFFERENT),
    ("a bit of an array", "array", files_changed(last_bit), DIFFERENT),
    ("a pixel of a picture", "picture", files_changed(one_pixel), DIFFERENT),
    ("a number of a report", "report", text_changed("stdout", r'("nll": -?\d+\.\d+)', r"\g<1>1"), DIFFERENT),
    ("a key of a report", "report", text_changed("stdout", r'"nll"', '"nll_of"'), DIFFERENT),
    ("a report that is no JSON", "report", text_changed("stdout", r"^", "hello "), DIFFERENT),
    ("an added `version` of a report", "report", text_changed("stdout", r"{", '{"version": 1,'), None),
    ("words of a report", "words", text_changed("stdout", "rate", "cost"), REWORDED),
    ("a new warning", "table", text_changed("stderr", r"\Z", "warning: this is new\n"), REWORDED),
    ("a time in a report", "training", text_changed("stdout", r"\d+\.\d s", "99.9 s"), None),
    ("a line of progress", "training", text_changed("stderr", r"\Z", "train: 150/350, 60 seconds left, ELBO 3\n"), None),
    ("an exit code", "table", lambda result: result._replace(code=1), DIFFERENT),
    ("a bit of the weights", "training", files_changed(last_bit, "best.safetensors"), DIFFERENT),
    ("a bit of a checkpoint", "training", files_changed(last_bit, "checkpoint.safetensors"), DIFFERENT),
    ("a digit of the metrics", "training", files_changed(lambda body: body.replace(b'"rate":', b'"rate":1', 1), "metrics.jsonl"), DIFFERENT),
    ("the order of a schema", "training", files_changed(lambda body: body.replace(b'"region"', b'"regiom"', 1), "schema.json"), DIFFERENT),
    ("a setting", "training", files_changed(lambda body: body.replace(b"latent = 3", b"latent = 4"), "config.toml"), DIFFERENT),
    ("a comment of the settings", "training", files_changed(lambda body: b"# new\n" + body, "config.toml"), REWORDED),
    ("the version of a run", "training", files_changed(lambda body: re.sub(rb'"elbo": "[^"]*"', b'"elbo": "9"', body), "run.json"), None),
    ("the format of a run", "training", files_changed(lambda body: body.replace(b'"format": 1', b'"format": 2'), "run.json"), DIFFERENT),
]  # fmt: skip


def run(comparison):
    """Runs a few cases with one binary; the exit code: 0 where equal outputs pass and each damage is reported."""
    cases = {"training": same_outputs.training(RUN)}
    results = {"training": comparison.call("old", cases["training"])}
    comparison.hand_over(RUN)
    for number, (name, line) in enumerate(CALLS.items()):
        cases[name] = same_outputs.one_call(RUN, number, line, False)
        results[name] = comparison.call("old", cases[name])
    failures = sum(not check(f"nothing ({name})", cases[name], results[name], lambda result: result, None) for name in cases)
    for what, name, damage, expected in DAMAGES:
        failures += not check(what, cases[name], results[name], damage, expected)
    failures += not changed_run(comparison)
    print(f"self-test: {failures} of {len(cases) + len(DAMAGES) + 1} checks failed")
    return int(failures > 0)


def check(what, case, result, damage, expected):
    """Whether the comparison of a result with its damaged copy comes to what is expected."""
    damaged = damage(result)
    found = same_outputs.compare(case, result, damaged)
    levels = {level for level, _ in found}
    # Nothing is expected of a damage that was none: the replacement must have found its place.
    took_place = what.startswith("nothing") or damaged != result
    # A damaged report may also be reported in words; what counts is the gravest level.
    reached = DIFFERENT if DIFFERENT in levels else next(iter(levels), None)
    passed = took_place and reached == expected
    print(f"{'ok    ' if passed else 'FAILED'} {what}: {found[0][1][:140] if found else 'nothing reported'}")
    return passed


def changed_run(comparison):
    """Whether a call that changes the run that it reads is reported."""
    before = comparison.changed(RUN)
    with open(comparison.root / "new" / "used" / RUN / "model.json", "a") as file:
        file.write(" ")
    after = comparison.changed(RUN)
    passed = not before and bool(after) and after[0][0] == DIFFERENT
    print(f"{'ok    ' if passed else 'FAILED'} a run that a call changed: {after[0][1] if after else before}")
    return passed
