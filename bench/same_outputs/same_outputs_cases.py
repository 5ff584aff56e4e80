"""The cases of `same_outputs.py`: the runs that are trained, what is asked of each, and what is refused."""

import signal

FACES = "builtin:faces --records 150 --size 12 --latent 3 --epochs 2 --batch 32 --set network.kind=dense --set network.hidden=16"
CONV = "builtin:faces --records 80 --size 16 --epochs 1 --batch 16 --set network.kind=conv --set network.channels=4,8 --set network.hidden=16"
PEOPLE = "builtin:people --records 400 --latent 3 --epochs 2 --batch 64 --set network.hidden=16 --set network.chain=8"
TEXT = "--latent 2 --epochs 2 --batch 16 --set network.hidden=16 --set network.text_channels=8 --set network.text_layers=1"
PHRASES = f"builtin:phrases --records 150 {TEXT}"
MIXED = "--latent 2 --epochs 2 --batch 32 --set network.hidden=16"
PICTURES = "--latent 2 --epochs 1 --batch 16 --set network.kind=dense --set network.hidden=16"

# name: (the data that its other verbs read, what follows `elbo train`)
RUNS = {
    "faces": ("builtin:faces", FACES),
    "faces_flat": ("builtin:faces", f"{FACES} --latent 2 --set model.likelihood=bernoulli --set data.binarize=once"),
    "faces_each": ("builtin:faces", f"{FACES} --set model.likelihood=bernoulli --set data.binarize=each --set data.channels=1"),
    "faces_gaussian": ("builtin:faces", f"{FACES} --set model.likelihood=gaussian --set objective.samples=3"),
    "faces_per_pixel": ("builtin:faces", f"{FACES} --set model.likelihood=gaussian-per-pixel --beta 2"),
    "faces_given": ("builtin:faces", f"{FACES} --given hair_colour"),
    "faces_standard": ("builtin:faces", f"{FACES} --given hair_colour,smile --set model.prior=standard"),
    "faces_dropout": ("builtin:faces", f"{FACES} --given hair_colour,smile,skin_tone --set objective.given_dropout=0.2"),
    "faces_any": ("builtin:faces", f"{FACES} --given any"),
    "faces_left": ("builtin:faces", f"{FACES} --given image:left"),
    "faces_corner": ("builtin:faces", f"{FACES} --given image:not-bottom-right,glasses"),
    "faces_all": ("builtin:faces", f"{FACES} --model all --threads 1"),
    "faces_some": ("builtin:faces", f"{FACES} --model smile,hair_colour,skin_tone --given image"),
    "conv": ("builtin:faces", CONV),
    "conv_residual": ("builtin:faces", f"{CONV} --given smile --set network.residual_blocks=1 --set network.activation=tanh"),
    "conv_bf16": ("builtin:faces", f"{CONV} --given image:top --precision bf16"),
    "people": ("builtin:people", PEOPLE),
    "people_given": ("builtin:people", f"{PEOPLE} --given region,sex --threads 2"),
    "people_any": ("builtin:people", f"{PEOPLE} --given any"),
    "people_dropout": ("builtin:people", f"{PEOPLE} --given job,income --set objective.given_dropout=0.2"),
    "people_weighted": ("builtin:people", f"{PEOPLE} --set objective.samples=5 --set network.chain=0"),
    "people_some": ("builtin:people", f"{PEOPLE} --model income,job --given age"),
    "people_schedule": ("builtin:people", f"{PEOPLE} --set objective.warmup=cyclical --set objective.warmup_epochs=1 --set training.schedule=cosine "
                        "--set training.clip_norm=1 --set training.weight_decay=1e-4 --set objective.free_bits=0.1 --set training.lr_warmup_steps=3 --seed 7"),
    "people_early": ("builtin:people", f"{PEOPLE} --epochs 12 --lr 0.05 --set training.patience=1 --set objective.warmup=none"),
    "people_chosen": ("builtin:people", "builtin:people --records 300 --given any --epochs 1 --batch 64"),
    "people_config": ("builtin:people", "--config data/settings.toml --seed 3"),
    "people_profiled": ("builtin:people", f"{PEOPLE} --profile"),
    "people_long": ("builtin:people", f"{PEOPLE} --given any --epochs 40"),
    "phrases": ("builtin:phrases", f"{PHRASES} --given style"),
    "phrases_plain": ("builtin:phrases", f"{PHRASES} --set objective.word_dropout=0.3 --set data.tokenizer=words --set objective.warmup=linear"),
    "phrases_any": ("builtin:phrases", f"{PHRASES} --given any --set data.tokenizer=bpe --set data.vocabulary=300"),
    "phrases_given": ("builtin:phrases", f"{PHRASES} --model style --given text"),
    "names": ("data/names", f"data/names --given label {TEXT}"),
    "lines": ("data/lines.txt", f"data/lines.txt {TEXT}"),
    "reviews": ("data/reviews", f"data/reviews --given label {TEXT}"),
    "items": ("data/items.jsonl", f"data/items.jsonl --given any {TEXT}"),
    "csv": ("data/tables/mixed.csv", f"data/tables/mixed.csv {MIXED} --field note=ignore"),
    "csv_any": ("data/tables/mixed.csv", f"data/tables/mixed.csv {MIXED} --given any --field note=ignore --field count=number"),
    "csv_text": ("data/tables/mixed.csv.gz", f"data/tables/mixed.csv.gz {MIXED} --given city,day --set network.text_channels=8 --set network.text_layers=1"),
    "parquet": ("data/tables/people.parquet", f"data/tables/people.parquet {MIXED} --given sex"),
    "shop": ("data/shop", f"data/shop {PICTURES} --given any --set network.text_channels=8 --set network.text_layers=1"),
    "shop_pictures": ("data/shop", f"data/shop {PICTURES} --given colour,price"),
    "shapes": ("data/shapes", f"data/shapes {PICTURES} --given label --size 8"),
    "shapes_pad": ("data/shapes", f"data/shapes {PICTURES} --size 10x8 --fit pad"),
    "idx": ("data/idx", f"data/idx {PICTURES} --given label"),
    "idx_left": ("data/idx", f"data/idx {PICTURES} --given image:left"),
}  # fmt: skip

# What every run of a kind is asked; RUN, DATA and OUT stand for the run, its data, and a name of the case's own.
ANY_RUN = """
inspect RUN
inspect RUN --json
evaluate RUN --samples 3 --limit 20
evaluate RUN --samples 5 --json --seed 4
evaluate RUN DATA --samples 2 --split validation --json --threads 1
encode RUN DATA -o OUT.csv
encode RUN DATA -o OUT.npy --json
encode RUN DATA -o OUT.parquet --threads 1
score RUN DATA -o OUT.csv --samples 2
score RUN DATA -o OUT.parquet --samples 3 --false-alarms 0.1 --seed 5 --json
map RUN DATA -o OUT.png
"""
PICTURE_RUN = ANY_RUN + """
sample RUN -n 5 -o OUT.png
sample RUN -n 65 --draw sample --seed 9 -o OUT.npy --json
sample RUN -n 3 --draw mean --temperature 0.5 -o OUT --threads 2
reconstruct RUN DATA -n 4 -o OUT.png
reconstruct RUN DATA -o OUT.npy --json
reconstruct RUN DATA -n 3 -o OUT
traverse RUN DATA --from 2 --steps 3 -o OUT.png --json
traverse RUN --units 2 --range 2 --steps 4 -o OUT.png
interpolate RUN DATA --from 0 --to 7 --steps 4 -o OUT.png --json
impute RUN DATA -o OUT.npy --json
impute RUN DATA --draws 2 -o OUT.png
"""
ROWS_RUN = ANY_RUN + """
sample RUN -n 5 -o OUT.csv
sample RUN -n 65 --draw sample --seed 9 -o OUT.parquet --json
sample RUN -n 64 --draw mean --temperature 0.5 -o OUT.csv.gz --threads 2
sample RUN -n 63 --draw auto -o OUT.tsv --threads 1
reconstruct RUN DATA -n 4 -o OUT.csv
reconstruct RUN DATA -o OUT.parquet --json
impute RUN DATA -o OUT.csv --json
impute RUN DATA --draws 3 --seed 2 -o OUT.parquet
"""
TABLE_RUN = ROWS_RUN + """
traverse RUN DATA --from 2 --steps 3 -o OUT.csv --json
traverse RUN --units 2 --range 2 --steps 4 -o OUT.csv
interpolate RUN DATA --from 0 --to 7 --steps 4 -o OUT.csv --json
"""
TEXT_RUN = TABLE_RUN + """
sample RUN -n 40 --text-temperature 0 -o OUT.csv
sample RUN -n 40 --text-temperature 0.7 --top-k 4 -o OUT.csv
sample RUN -n 70 --top-p 0.8 --temperature 1.2 -o OUT.csv --threads 1
"""
LINES = "sample RUN -n 30 -o OUT.txt\n"
SIZES = "".join(f"sample RUN -n {n} -o OUT{'.png' if n == 1 else '.npy'}\n" for n in (1, 63, 64, 2100))
ROWS = "".join(f"sample RUN -n {n} --seed 1 -o OUT.csv\n" for n in (1, 63, 64, 65, 2100))
HAIR = """
sample RUN -n 6 --given hair_colour=red -o OUT.npy
sample RUN -n 9 --given hair_colour=* -o OUT.npy --json
sample RUN -n 40 --given hair_colour=red:0.3 --given hair_colour=blond:0.5 -o OUT
edit RUN DATA --given hair_colour=black -n 5 -o OUT.png
edit RUN DATA --given hair_colour=red -o OUT.npy --json
traverse RUN --given hair_colour=red --steps 3 -o OUT.png
map RUN DATA --colour-by hair_colour -o OUT.png --json
"""
GIVEN_PEOPLE = """
sample RUN -n 20 --given sex=female -o OUT.csv --json
sample RUN -n 20 --given sex=* -o OUT.csv
sample RUN -n 200 --given region=coast:0.3 --given region=plains:0.2 -o OUT.csv
edit RUN DATA --given sex=female -o OUT.csv --json
edit RUN data/tables/people2100.csv --given sex=male -n 70 -o OUT.parquet
"""
HOLES = """
impute RUN data/tables/people_holes.csv -o OUT.csv
impute RUN data/tables/people_holes.csv --draws 3 -o OUT.csv --json
encode RUN data/tables/people_holes.csv -o OUT.csv
score RUN data/tables/people_holes.csv -o OUT.csv --samples 4
reconstruct RUN data/tables/people_holes.csv -o OUT.csv
"""

# run: its calls beside those of its kind
CALLS = {
    "faces": PICTURE_RUN + SIZES,
    "faces_flat": PICTURE_RUN, "faces_each": PICTURE_RUN, "faces_gaussian": PICTURE_RUN, "faces_per_pixel": PICTURE_RUN,
    "faces_given": PICTURE_RUN + HAIR + SIZES, "faces_standard": PICTURE_RUN + HAIR,
    "faces_dropout": PICTURE_RUN + HAIR + "sample RUN -n 9 --given smile=yes --given skin_tone=0.4 -o OUT.npy\n",
    "faces_any": PICTURE_RUN + HAIR + "sample RUN -n 3 --given image=data/shop/03.png -o OUT\nsample RUN -n 7 --given glasses=* -o OUT\n",
    "faces_left": PICTURE_RUN + "sample RUN -n 4 --given image=data/shop/03.png -o OUT.npy\n", "faces_corner": PICTURE_RUN,
    "faces_all": PICTURE_RUN, "faces_some": ROWS_RUN + "sample RUN -n 4 --given image=data/shop/03.png -o OUT.csv\n",
    "conv": PICTURE_RUN, "conv_residual": PICTURE_RUN + "sample RUN -n 65 --given smile=* -o OUT.npy\n", "conv_bf16": PICTURE_RUN,
    "people": TABLE_RUN + HOLES + ROWS, "people_given": TABLE_RUN + GIVEN_PEOPLE + HOLES,
    "people_any": TABLE_RUN + GIVEN_PEOPLE + HOLES + ROWS + """
sample RUN -n 30 --given age=37 --given sex=female --given smoker=yes --given height=171.3 --given joined=2014-03-02 -o OUT.csv --json
sample RUN -n 30 --given income=missing --given age=95 -o OUT.csv
sample RUN -n 50 --given smoker=* --given age=30:0.5 --given age=60:0.4 -o OUT.parquet
sample RUN --given-file data/tables/people_asked.csv -o OUT.csv --json
sample RUN --given-file data/tables/people_asked.csv --given sex=male --draw mean -o OUT.parquet
edit RUN data/tables/people_holes.csv --given smoker=yes --given age=30 -o OUT.csv
edit RUN DATA --given income=missing -n 65 -o OUT.csv.gz
impute RUN data/tables/people2100.csv -o OUT.csv --threads 1
encode RUN data/tables/people2100.csv -o OUT.npy
reconstruct RUN data/tables/people2100.csv -o OUT.csv
map RUN DATA --colour-by income -o OUT.png --json
""",
    "people_dropout": TABLE_RUN + HOLES + "sample RUN -n 30 --given job=office -o OUT.csv\nedit RUN DATA --given income=2500 -o OUT.csv\n",
    "people_weighted": TABLE_RUN + HOLES, "people_some": TABLE_RUN, "people_chosen": TABLE_RUN, "people_config": TABLE_RUN + GIVEN_PEOPLE,
    "phrases": TEXT_RUN + LINES + "sample RUN -n 20 --given style=* -o OUT.csv\nedit RUN DATA --given style=pirate -n 20 -o OUT.csv\n",
    "phrases_plain": TEXT_RUN + LINES, "phrases_any": TEXT_RUN + LINES, "phrases_given": TABLE_RUN,
    "names": TEXT_RUN + LINES + "sample RUN -n 70 --given label=dutch --top-p 0.9 -o OUT.txt\nedit RUN DATA --given label=greek -o OUT.csv\n",
    "lines": TEXT_RUN + LINES, "reviews": TEXT_RUN + LINES, "items": TEXT_RUN + LINES,
    "csv": TABLE_RUN + "impute RUN data/tables/mixed_holes.csv -o OUT.csv\nscore RUN data/tables/mixed_holes.csv -o OUT.csv\n",
    "csv_any": TABLE_RUN + "sample RUN -n 30 --given day=01.02.2024 --given paid=Yes -o OUT.csv\nimpute RUN data/tables/mixed_holes.csv --draws 3 -o OUT.csv\n"
    "edit RUN DATA --given city=Trier --given amount=10 -o OUT.csv\n",
    "csv_text": TEXT_RUN + LINES + "edit RUN DATA --given city=Bonn -o OUT.csv\n", "parquet": TABLE_RUN + "sample RUN -n 9 --given sex=male -o OUT.parquet\n",
    "shop": PICTURE_RUN + "sample RUN -n 20 --given colour=red --given price=12.5 -o OUT\nsample RUN -n 4 --given image=data/shop/07.png --top-k 5 -o OUT\n"
    "edit RUN DATA --given colour=blue -o OUT\n",
    "shop_pictures": PICTURE_RUN + "sample RUN -n 8 --given colour=* --given price=11 -o OUT\n",
    "shapes": PICTURE_RUN + "edit RUN DATA --given label=round -o OUT\n", "shapes_pad": PICTURE_RUN,
    "idx": PICTURE_RUN + SIZES + "sample RUN -n 10 --given label=* -o OUT.png\nedit RUN DATA --given label=3 -n 40 -o OUT.npy\n",
    "idx_left": PICTURE_RUN,
}  # fmt: skip

# The demo takes longest: it comes first, so that other cases run beside it.
NO_RUN = "demo -o OUT --set training.epochs=1 --set data.records=200 --set network.channels=4,8,8,8 --set network.hidden=16 --json\n" + "".join(f"inspect {data}\ninspect {data} --json\n" for data in """builtin:faces builtin:people builtin:phrases data/tables/mixed.csv
    data/tables/mixed.csv.gz data/tables/semicolons.csv data/tables/one_column.csv data/tables/ragged.csv data/tables/people.parquet data/items.jsonl data/names data/lines.txt
    data/reviews data/shop data/shop/items.csv data/shapes data/idx data/idx/train-images-idx3-ubyte""".split()) + """
inspect builtin:people --records 50 --json
inspect data/tables/mixed.csv --field count=category --field note=ignore --json
inspect data/shapes --size 6 --fit stretch --json
presets
presets --json
""" + "".join(f"presets {name}\npresets {name} --json\n" for name in "dense conv conv-residual table names sentences small-faces flax-mnist pythae-mnist".split())

REFUSED = """
sample used/people_any -n 0 -o OUT.csv
sample used/people_any --temperature -1 -o OUT.csv
sample used/people_any --given agee=3 -o OUT.csv
sample used/people_any --given job=pilot -o OUT.csv
sample used/people_any --given joined=soon -o OUT.csv
sample used/people_any --given sex=male:0.8 --given sex=female:0.8 -o OUT.csv
sample used/people_any --given sex -o OUT.csv
sample used/people_any -n 4 -o OUT.png
sample used/people_any -n 4 -o OUT.txt
sample used/people_any -n 4 -o OUT.xlsx
sample used/people_any -n 4 -o nowhere/OUT.csv
sample used/people_any --top-k 0 -o OUT.csv
sample used/people_any --top-p 1.5 -o OUT.csv
sample used/people_any --text-temperature -1 -o OUT.csv
sample used/people_any --given-file data/tables/wrong.csv -o OUT.csv
sample used/people_any --given-file data/tables/people_bad_level.csv -o OUT.csv
sample used/people_any --given-file data/tables/header_only.csv -o OUT.csv
sample used/people_any -n 3 --given-file data/tables/people_asked.csv -o OUT.csv
sample used/people_any -n 3 -o OUT.csv --device cuda:3
sample used/people_given --given age=30 -o OUT.csv
sample used/faces -n 3 -o OUT.csv
sample data/torn -o OUT.csv
sample data/future -o OUT.csv
sample data/names -o OUT.csv
sample nowhere -o OUT.csv
impute used/people data/tables/mixed.csv -o OUT.csv
impute used/people_any data/tables/people_holes.csv --draws 0 -o OUT.csv
edit used/people_any builtin:people -o OUT.csv
edit used/people builtin:people --given sex=male -o OUT.csv
encode used/people builtin:people -o OUT.png
encode used/people data/missing.csv -o OUT.csv
score used/people builtin:people --false-alarms 2 -o OUT.csv
score used/people builtin:people --samples 0 -o OUT.csv
interpolate used/people builtin:people --from 0 --to 100000 -o OUT.csv
interpolate used/people builtin:people --from 0 --to 1 --steps 1 -o OUT.csv
traverse used/people --units 0 -o OUT.csv
traverse used/people --range -1 -o OUT.csv
map used/people builtin:people --colour-by colour -o OUT.png
evaluate used/people --samples 0
evaluate used/people --split nothing
evaluate used/people --limit 0
inspect nowhere
inspect data/tables/empty.csv
inspect data/tables/header_only.csv
inspect builtin:people --field age=category
inspect data/nothing
inspect data/cut-images-idx3-ubyte
inspect data/shop --strict
inspect builtin:nothing
presets nothing
train --resume nowhere
train builtin:people
train builtin:people --out OUT --latent 0
train builtin:people --out OUT --latent many
train builtin:people --out OUT --batch 1000000
train builtin:people --out OUT --lr nan
train builtin:people --out OUT --given agee
train builtin:people --out OUT --given image:left
train builtin:people --out OUT --model sex --given sex
train builtin:people --out OUT --set training.epoch=2
train builtin:people --out OUT --set network.hidden=5,0
train builtin:people --out OUT --set model.likelihood=gaussians
train builtin:people --out OUT --preset nothing
train builtin:people --out OUT --field agee=number
train builtin:faces --out OUT --size 1
train builtin:faces --out OUT --given image:middle
train builtin:faces --out OUT --field smile=number
train data/tables/header_only.csv --out OUT
train data/tables/mixed.csv --out OUT --field city=number
train data/shop --out OUT --strict
train --out OUT
train --config data/bad_key.toml --out OUT
train --config data/bad_toml.toml --out OUT
train builtin:people --out used/people
"""

# Runs that are stopped half-way and resumed; each must end as it does in one go. By which signal, and the exit code.
STOPPED = "people_long"
SIGNALS = {"interrupted": (signal.SIGINT, 130), "killed": (signal.SIGKILL, -9)}
