"""What differs between two outputs of `elbo`, for `same_outputs.py`.

Each difference is `(level, text)`. DIFFERENT is a difference in data: bytes of a file, a value in JSON, an exit code.
REWORDED is a difference in words for people only: messages, comments of a config.
"""

import gzip
import json
import re
import struct
import tomllib
import zlib

DIFFERENT, REWORDED = "DIFFERENT", "REWORDED"

# Keys of reports whose values measure time, or that may be added.
TIMES = {"seconds"}
ADDED = {"version"}
# Keys of reports whose values are sentences for people, not data.
PROSE = {"description", "notes", "problems", "protocol", "reason", "shows", "measure"}

TIME = re.compile(r"\b\d+(\.\d+)? (s|ms)\b")
# A line that the log prints every ten seconds, such as `train: 150/350, 60 seconds left`.
PROGRESS = re.compile(r"^[a-z ]+: \d+(/\d+)?(, [^,\n]* left)?(, [^\n]*)?\n", re.MULTILINE)
NUMBER = re.compile(r"\d+(?:\.\d+)?")


def in_files(name, old, new):
    """Differences between two trees of files (or two files); each is a dict from relative path to bytes."""
    found = []
    for path in sorted(old.keys() | new.keys()):
        where = f"{name}/{path}" if name else path
        if path not in new:
            found.append((DIFFERENT, f"{where}: the new binary did not write it"))
        elif path not in old:
            found.append((DIFFERENT, f"{where}: the old binary did not write it"))
        elif old[path] != new[path]:
            found += in_file(where, old[path], new[path])
    return found


def in_file(name, old, new):
    """Differences between two files of one name whose bytes differ."""
    if name.endswith(".toml"):
        return in_values(name, toml_or_text(old.decode()), toml_or_text(new.decode())) or [(REWORDED, f"{name}: comments")]
    if name.endswith("run.json"):
        old, new = (json.loads(mark) for mark in (old, new))
        old.pop("elbo", None), new.pop("elbo", None)
        return in_values(name, old, new)
    return [(DIFFERENT, f"{name}: {describe(name, old, new)}")]


def describe(name, old, new):
    """Where two files part, in the terms of their format."""
    try:
        if name.endswith(".png"):
            return in_pictures(old, new)
        if name.endswith(".safetensors"):
            return in_arrays(old, new)
        if name.endswith(".gz"):
            name, old, new = name[:-3], gzip.decompress(old), gzip.decompress(new)
        if old == new:
            return "the same content, packed in another way"
        if not name.endswith((".npy", ".parquet")):
            return in_lines(old.decode(), new.decode())
    except (ValueError, KeyError, IndexError, EOFError, OSError, zlib.error, struct.error) as cause:
        return f"cannot be read ({cause}); {in_bytes(old, new)}"
    return in_bytes(old, new)


def in_bytes(old, new):
    first = next((at for at, (a, b) in enumerate(zip(old, new)) if a != b), min(len(old), len(new)))
    return f"{len(old)} and {len(new)} bytes, the first different one at {first}"


def in_lines(old, new):
    old, new = old.split("\n"), new.split("\n")
    pairs = [(at, a, b) for at, (a, b) in enumerate(zip(old, new), 1) if a != b]
    if not pairs:
        return f"{len(old)} and {len(new)} lines"
    at, a, b = pairs[0]
    start = max(0, next(i for i in range(len(a) + 1) if a[:i + 1] != b[:i + 1]) - 30)
    return f"{len(pairs)} of {len(old)} lines, first line {at}: `{a[start:start + 80]}` became `{b[start:start + 80]}`"


def in_arrays(old, new):
    """The metadata and the arrays of two safetensors files that differ."""
    (old_meta, old), (new_meta, new) = arrays(old), arrays(new)
    parts = [f"`{name}`" for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]
    more = "" if old_meta == new_meta else f"; metadata {old_meta} became {new_meta}"
    return f"{len(parts)} of {len(old)} arrays differ: {', '.join(parts[:4])}{more[:400]}"


def arrays(data):
    length = struct.unpack("<Q", data[:8])[0]
    contents = json.loads(data[8 : 8 + length])
    body = data[8 + length :]
    metadata = contents.pop("__metadata__", None)
    return metadata, {name: (info["shape"], body[slice(*info["data_offsets"])]) for name, info in contents.items()}


def in_pictures(old, new):
    (width, height, step, old), (new_width, new_height, new_step, new) = pixels(old), pixels(new)
    if (width, height, step) != (new_width, new_height, new_step):
        return f"{width}x{height} with {step} channels became {new_width}x{new_height} with {new_step}"
    places = [at // step for at in range(0, len(old), step) if old[at : at + step] != new[at : at + step]]
    if not places:
        return "the same pixels, packed in another way"
    across, down = [at % width for at in places], [at // width for at in places]
    box = f"x {min(across)} to {max(across)}, y {min(down)} to {max(down)}"
    return f"{len(places)} of {width * height} pixels, within {box} of {width}x{height}"


def pixels(data):
    """Width, height, channels and the unfiltered bytes of an 8-bit PNG."""
    at, packed = 8, b""
    while at < len(data):
        length, name = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        if name == b"IHDR":
            width, height, _, colour = struct.unpack(">IIBB", body[:10])
        packed += body if name == b"IDAT" else b""
        at += 12 + length
    step = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    lines, row, above, out = zlib.decompress(packed), width * step, bytes(width * step), bytearray()
    for start in range(0, height * (row + 1), row + 1):
        above = unfiltered(lines[start], lines[start + 1 : start + 1 + row], above, step)
        out += above
    return width, height, step, bytes(out)


def unfiltered(kind, line, above, step):
    line = bytearray(line)
    for at in range(len(line)):
        left, corner = (line[at - step], above[at - step]) if at >= step else (0, 0)
        line[at] = (line[at] + predicted(kind, left, above[at], corner)) % 256
    return bytes(line)


def predicted(kind, left, up, corner):
    if kind < 4:
        return (0, left, up, (left + up) // 2)[kind]
    guess = left + up - corner
    return min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[2]


def toml_or_text(text):
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return text


def in_report(old, new, is_json, is_toml):
    """Differences between what two calls wrote to standard output."""
    if old == new:
        return []
    if is_json:
        try:
            # The digits of a number count, not only its value.
            return in_values("report", *(json.loads(text, parse_float=lambda digits: f"float {digits}") for text in (old, new)))
        except ValueError:
            return [(DIFFERENT, f"report: {in_lines(old, new)}")]
    if is_toml:
        return in_values("preset", toml_or_text(old), toml_or_text(new)) or [(REWORDED, "comments of a preset")]
    return in_words("standard output", old, new)


def in_values(where, old, new):
    """Differences between two values as JSON or TOML has them."""
    if isinstance(old, dict) and isinstance(new, dict):
        found = []
        for key in [*old, *(key for key in new if key not in old)]:
            if key in TIMES or (key in ADDED and key not in old):
                continue
            if key not in old or key not in new:
                found.append((DIFFERENT, f"{where}: `{key}` is only in the {'old' if key in old else 'new'} one"))
            else:
                found += in_values(f"{where}.{key}", old[key], new[key])
        return found
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [one for at, (a, b) in enumerate(zip(old, new)) for one in in_values(f"{where}[{at}]", a, b)]
    if repr(old) == repr(new):
        return []
    return in_leaves(where, old, new)


def in_leaves(where, old, new):
    if isinstance(old, str) and isinstance(new, str):
        if "\n" in old:  # a preset
            return in_values(where, toml_or_text(old), toml_or_text(new)) if toml_or_text(old) != old else in_words(where, old, new)
        if PROSE & set(re.split(r"[.\[\]]+", where)):
            return in_words(where, old, new)
    return [(DIFFERENT, f"{where}: {old!r} became {new!r}"[:300])]


def in_words(where, old, new):
    """Differences between two texts for people; times and lines of progress do not count."""
    old, new = (TIME.sub("TIME", PROGRESS.sub("", text)) for text in (old, new))
    if old == new:
        return []
    numbers = "" if NUMBER.findall(old) == NUMBER.findall(new) else ", with other numbers"
    return [(REWORDED, f"{where}{numbers}: {in_lines(old, new)}")]
