"""Small inputs for `same_outputs.py`: every kind of data that `elbo` reads, written with the standard library alone.

All of them are a function of a fixed seed, so that two calls write the same bytes.
"""

import datetime
import gzip
import json
import random
import shutil
import struct
import subprocess
import zlib

PEOPLE = "region,sex,age,education,job,income,smoker,height,children,joined"


def write_all(folder, elbo):
    """Writes all inputs into `folder`; `elbo` (the old binary) makes those that Python cannot write by itself."""
    # A table is taken for the list of the pictures around it if it names any: the tables have a folder of their own.
    tables = folder / "tables"
    tables.mkdir(parents=True)
    write_tables(tables)
    write_people(tables)
    write_texts(folder)
    write_pictures(folder)
    write_idx(folder / "idx")
    write_settings(folder)
    write_with_elbo(folder, elbo)


def write_tables(folder):
    """Numbers, decimals, categories, flags, dates, gaps, identifiers and a constant."""
    chance = random.Random(1)
    header = "id,code,currency,amount,count,city,paid,day,seen,note\n"
    rows = [table_row(chance, number) for number in range(240)]
    text = header + "".join(rows)
    (folder / "mixed.csv").write_text(text)
    (folder / "mixed.csv.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    (folder / "semicolons.csv").write_text("a;b;c\n" + "".join(f"{n % 7},5;{n};{'xyz'[n % 3]}\n" for n in range(80)))
    (folder / "one_column.csv").write_text("x\n" + "".join(f"{n * n % 17}\n" for n in range(60)))
    (folder / "ragged.csv").write_text("a,b\n1,2\n3\n4,5,6\n" + "".join(f"{n},{n % 5}\n" for n in range(60)))
    (folder / "empty.csv").write_text("")
    (folder / "header_only.csv").write_text("a,b\n")
    (folder / "wrong.csv").write_text("age,jbo\n20,student\n")
    (folder / "mixed_holes.csv").write_text(
        header + "7,C-007,EUR,,3,Bonn,,01.02.2024,2024-03-01T08:30:00,ab cd\n"
        "8,C-008,EUR,12.50,,,Yes,,,\n,,,,,,,,,\n9,C-009,EUR,99999,3,Atlantis,No,01.02.2031,,q\n"
    )


def table_row(chance, number):
    amount = "" if chance.random() < 0.1 else f"{chance.gammavariate(2, 30):.2f}"
    count = chance.choice([0, 0, 1, 2, 3, 10])
    city = chance.choice(["Bonn", "Köln", "Trier", "Bad Ems", ""])
    paid = chance.choice(["Yes", "No", ""])
    day = datetime.date(2024, 1, 1) + datetime.timedelta(days=chance.randrange(400))
    seen = datetime.datetime(2024, 1, 1) + datetime.timedelta(minutes=chance.randrange(500_000))
    note = " ".join("".join(chance.choices("abcdefgh", k=3)) for _ in range(3))
    code = f"C-{number * 7919 % 1000:03}"
    return f"{number + 1},{code},EUR,{amount},{count},{city},{paid},{day:%d.%m.%Y},{seen.isoformat()},{note}\n"


def write_people(folder):
    (folder / "people_holes.csv").write_text(
        f"{PEOPLE}\ncoast,female,37,,office,2500,,171.3,1,2014-03-02\n,,,,,,,,,\nplains,male,,basic,,,true,,,\n"
        "hills,female,61,higher,retired,,false,160.0,2,2001-01-01\nmoon,male,140,basic,office,1e7,yes,999,50,2050-01-01\n"
    )
    (folder / "people_asked.csv").write_text("age,job\n20,student\n,retired\n45,\n60,craft\n")
    (folder / "people_bad_level.csv").write_text("age,job\n20,student\n30,pilot\n")


def write_texts(folder):
    chance = random.Random(2)
    for label, parts in {"dutch": "ja pie han ke joo st", "greek": "ni kos ta el ena so", "latin": "us mar ti ju li fla"}.items():
        lines = ["".join(chance.choices(parts.split(), k=chance.randint(1, 4))) for _ in range(60)]
        write(folder / "names" / f"{label}.txt", "\n".join(lines) + "\n")
    words = "the a big small red blue cat dog sees likes and then goes home".split()
    sentences = [" ".join(chance.choices(words, k=chance.randint(3, 9))) for _ in range(160)]
    write(folder / "lines.txt", "\n".join(sentences) + "\n")
    for number, sentence in enumerate(sentences[:80]):
        write(folder / "reviews" / ["good", "bad"][number % 2] / f"{number:02}.txt", f"{sentence}.\n{sentences[-number]}\n")
    records = [
        {"text": text, "kind": "abc"[number % 3], "price": round(number * 1.25 % 40, 2), "new": number % 4 == 0, "extra": {"n": number}}
        for number, text in enumerate(sentences)
    ]
    records[5].pop("price")
    lines = [json.dumps(record) for record in records]
    write(folder / "items.jsonl", "\n".join([*lines[:50], '{"text": "broken', *lines[50:]]) + "\n")


def write_pictures(folder):
    table = "file,caption,colour,price\n"
    for number in range(48):
        name, colour = f"{number:02}.png", ["red", "green", "blue"][number % 3]
        write(folder / "shop" / name, png(picture(12, 12, number, number % 3), 12, 12, 3))
        caption = "" if number == 9 else f"a {colour} thing number {number % 10}"
        table += f"{name},{caption},{colour},{10 + number % 7}.50\n"
    write(folder / "shop" / "items.csv", table + "gone.png,a thing that is not there,red,1.00\n")
    broken = png(picture(12, 12, 1, 0), 12, 12, 3)
    write(folder / "shop" / "broken.png", broken[: len(broken) // 2])
    write(folder / "shop" / "text.png", "this is no picture")
    for number in range(40):
        side = 16 if number % 8 == 0 else 10
        gray = bytes(picture(side, 10, number, number % 2)[::3])
        write(folder / "shapes" / ["round", "square"][number % 2] / f"{number:02}.png", png(gray, side, 10, 1))
    write(folder / "nothing" / "data.bin", b"\0\1\2")


def picture(width, height, seed, channel):
    """RGB bytes of a gradient with a spot whose place and colour follow the seed."""
    pixels = bytearray()
    for y in range(height):
        for x in range(width):
            colour = [x * 200 // width, y * 200 // height, seed * 23 % 256]
            if (x - seed % width) ** 2 + (y - seed // 2 % height) ** 2 < 9:
                colour[channel] = 255
            pixels += bytes(colour)
    return bytes(pixels)


def png(pixels, width, height, channels):
    """An 8-bit PNG, gray or RGB."""
    row = width * channels
    lines = b"".join(b"\0" + pixels[y * row : (y + 1) * row] for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, {1: 0, 3: 2}[channels], 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")]
    packed = (struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def write_idx(folder):
    for name, count, packed in [("train", 120, False), ("t10k", 40, True)]:
        images = b"".join(picture(8, 8, number, number % 3)[number % 3 :: 3] for number in range(count))
        labels = bytes(number % 5 for number in range(count))
        for kind, body in [
            ("images-idx3", struct.pack(">IIII", 0x803, count, 8, 8) + images),
            ("labels-idx1", struct.pack(">II", 0x801, count) + labels),
        ]:
            path = folder / f"{name}-{kind}-ubyte{'.gz' if packed else ''}"
            write(path, gzip.compress(body, mtime=0) if packed else body)
    write(folder.parent / "cut-images-idx3-ubyte", struct.pack(">IIII", 0x803, 9, 8, 8) + b"few")


def write_settings(folder):
    write(
        folder / "settings.toml",
        '[data]\nsource = "builtin:people"\nrecords = 200\ngiven = ["region", "sex"]\n[model]\nlatent = 2\n'
        "[network]\nhidden = [16]\nchain = 8\n[training]\nepochs = 2\nbatch = 32\nschedule = \"step\"\nmilestones = [1]\n",
    )
    write(folder / "bad_key.toml", "[training]\nepoch = 2\n")
    write(folder / "bad_toml.toml", "[training\n")


def write_with_elbo(folder, elbo):
    """A Parquet file, a table of 2,100 rows (more than are decoded together), and damaged runs."""
    run = folder / "torn"
    train = "train builtin:people --records 400 --epochs 1 --latent 2 --set network.hidden=16 --quiet --out"
    call(elbo, *train.split(), run)
    call(elbo, "sample", run, "-n", "300", "-o", folder / "tables" / "people.parquet")
    call(elbo, "sample", run, "-n", "2100", "-o", folder / "tables" / "people2100.csv")
    shutil.copytree(run, folder / "future")
    mark = folder / "future" / "run.json"
    mark.write_text(mark.read_text().replace('"format": 1', '"format": 99'))
    weights = run / "weights" / "best.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])


def call(*words):
    subprocess.run([str(word) for word in words], check=True, capture_output=True)


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
