"""Do texts that were asked for by label look like that label to a classifier trained on real ones?

    python bench/text/by_label.py names --elbo target/release/elbo
    python bench/text/by_label.py movie-reviews --elbo target/release/elbo

Needs scikit-learn (requirements.txt of bench/tables) and the data in $ELBO_DATA or ../shared/data. Four fifths of the
real texts train both the model and the classifier; the others say how good the classifier is, and are the labels
that are asked for. Names are told by their character n-grams, reviews by their words.
Expect: made names found 0.96 times as often as held-out real ones (82 of 100 against 86), and 11 of 100 of them in
the training set (15 of held-out ones); reviews 82 of 100.
"""

import argparse
import os
import pathlib
import random
import subprocess
import tempfile

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

KINDS = {
    "names": dict(
        vectorizer=dict(analyzer="char_wb", ngram_range=(1, 4), lowercase=False, sublinear_tf=True),
        train=["--preset", "names"],
        encoding="utf-8",
    ),
    "movie-reviews": dict(
        vectorizer=dict(ngram_range=(1, 2), sublinear_tf=True),
        train="--preset sentences --epochs 9 --set data.tokenizer=words --set data.vocabulary=4000".split(),
        encoding="windows-1252",
    ),
}


def real(kind):
    """Lines with their labels: the file's name, or its ending where all have one name."""
    folder = pathlib.Path(os.environ.get("ELBO_DATA", pathlib.Path(__file__).parents[3] / "shared" / "data")) / kind
    files = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    by_ending = len({path.stem for path in files}) == 1
    for path in files:
        for line in path.read_text(encoding=KINDS[kind]["encoding"]).split("\n"):
            if line.strip():
                yield line.strip(), path.suffix[1:] if by_ending else path.stem


def split(records):
    records = list(records)
    random.Random(0).shuffle(records)
    return records[: len(records) * 4 // 5], records[len(records) * 4 // 5 :]


def write_folder(folder, records):
    folder.mkdir()
    for label in {label for _, label in records}:
        lines = [text for text, own in records if own == label]
        (folder / f"{label}.txt").write_text("\n".join(lines) + "\n")


def generated(elbo, folder, train, labels, arguments):
    write_folder(folder / "real", train)
    asked = folder / "asked.csv"
    asked.write_text("label\n" + "\n".join(labels) + "\n")
    run, out = folder / "run", folder / "new.txt"
    quiet = dict(check=True, stdout=subprocess.DEVNULL)
    subprocess.run([elbo, "train", folder / "real", "--given", "label", "--out", run, "--quiet", *arguments.train], **quiet)
    sample = [elbo, "sample", run, "--given-file", asked, "-o", out, *arguments.sample]
    subprocess.run(sample, **quiet)
    subprocess.run([elbo, "evaluate", run, "--samples", "100", "--quiet"], check=True)
    return out.read_text().split("\n")[: len(labels)]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("kind", choices=KINDS)
    arguments.add_argument("--elbo", required=True)
    arguments.add_argument("--train", nargs="*", help="other arguments of `elbo train`, without leading dashes' values")
    arguments.add_argument("--sample", nargs="*", default=[])
    arguments = arguments.parse_args()
    kind = KINDS[arguments.kind]
    arguments.train = kind["train"] if arguments.train is None else [part.replace("@", "-") for part in arguments.train]
    arguments.sample = [part.replace("@", "-") for part in arguments.sample]
    train, test = split(real(arguments.kind))
    classifier = make_pipeline(TfidfVectorizer(**kind["vectorizer"]), LogisticRegression(max_iter=300, C=10))
    classifier.fit([text for text, _ in train], [label for _, label in train])
    labels = [label for _, label in test]
    with tempfile.TemporaryDirectory() as folder:
        made = generated(arguments.elbo, pathlib.Path(folder), train, labels, arguments)
    own = classifier.score([text for text, _ in test], labels)
    found = classifier.score(made, labels)
    seen = {text for text, _ in train}
    share = lambda texts: sum(text in seen for text in texts) / len(texts)
    print("examples:", " | ".join(made[:8]))
    print(f"classifier on held-out real texts: {own:.3f}; on generated ones: {found:.3f}, {found / own:.2f} of that")
    print(f"found in the training set: {share(made):.3f} of generated, {share([t for t, _ in test]):.3f} of held-out texts")


if __name__ == "__main__":
    main()
