"""Training steps of small VAEs, computed from the formulas in 64 bits: golden numbers for elbo-core.

    python golden/training_step.py > golden/training_step.json      (needs numpy)

Nothing is differentiated by hand and no framework is asked: each gradient is a complex-step derivative,
f'(w) = Im f(w + ih)/h with h = 1e-30 (Squire & Trapp 1998), exact to the last digits of a double. Layers are
written as loops over output pixels, Adam as in Kingma & Ba 2015, algorithm 1.

Three cases: a plain dense VAE; a conditional one with a learned prior, missing conditions, weight decay and
clipping; a convolutional one with a discretised logistic likelihood. Weights carry the names of the crate.
"""

import json

import numpy as np

H = 1e-30


# --- layers ------------------------------------------------------------------------------------------------


def dense(x, w, name):
    return x @ w[f"{name}.weight"] + w[f"{name}.bias"]


def mlp(x, y, w, name, layers):
    """Every layer sees y beside the values before it."""
    for i in range(layers):
        x = np.tanh(dense(np.concatenate([x, y], 1), w, f"{name}.layers.{i}"))
    return x


def conv(x, w, name, stride):
    """[b,h,w,ci] with kernel [kh,kw,ci,co] and one pixel of zeros around: y[i,j] = sum of x[i s + k - 1, ...] W[k]."""
    kernel, bias = w[f"{name}.weight"], w[f"{name}.bias"]
    x = np.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)])
    kh, kw = kernel.shape[:2]
    height = (x.shape[1] - kh) // stride + 1
    width = (x.shape[2] - kw) // stride + 1
    y = np.zeros([len(x), height, width, kernel.shape[3]], complex)
    for i in range(height):
        for j in range(width):
            patch = x[:, i * stride : i * stride + kh, j * stride : j * stride + kw]
            y[:, i, j] = np.einsum("bhwi,hwio->bo", patch, kernel)
    return y + bias


def conv_transposed(x, w, name, size):
    """[b,h,w,ci] with kernel [4,4,co,ci] to [b,*size,co]: each input pixel adds its kernel, 2 pixels apart."""
    kernel, bias = w[f"{name}.weight"], w[f"{name}.bias"]
    y = np.zeros([len(x), 2 * x.shape[1] + 4, 2 * x.shape[2] + 4, kernel.shape[2]], complex)
    for i in range(x.shape[1]):
        for j in range(x.shape[2]):
            y[:, 2 * i : 2 * i + 4, 2 * j : 2 * j + 4] += np.einsum("bi,hwoi->bhwo", x[:, i, j], kernel)
    # the padding of one pixel is cut off again
    return y[:, 1 : 1 + size[0], 1 : 1 + size[1]] + bias


def residual(x, w, name, blocks):
    for i in range(blocks):
        inner = np.tanh(conv(x, w, f"{name}.residual.{i}.first", 1))
        x = x + conv(inner, w, f"{name}.residual.{i}.second", 1)
    return x


# --- the model ---------------------------------------------------------------------------------------------


def embed(case, w):
    """Each given field: a row of its table (the last one if missing), or (value, 1), or (0, 0)."""
    parts = [np.zeros([len(case["x"]), 0])]
    for i, field in enumerate(case["y"]):
        given = np.array(field["given"])
        if "codes" in field:
            table = w[f"condition.embeddings.{i}.Category.table"]
            parts.append(table[np.where(given == 1, field["codes"], len(table) - 1)])
        else:
            parts.append(np.stack([field["values"] * given, given], 1))
    return np.concatenate(parts, 1)


def halves(h):
    units = h.shape[1] // 2
    return h[:, :units], h[:, units:]


def terms(case, w, eps):
    """Distortion [b] and rate [b, latent]."""
    network = case["config"]["network"]
    layers, blocks, depth = len(network["hidden"]), network["residual_blocks"], len(network["channels"])
    image = case["config"]["x"][0]
    shape = [image["shape"][key] for key in ("height", "width", "channels")]
    x = np.array(case["x"])
    y = embed(case, w)
    convolutional = network["kind"] == "conv"

    h = x if image["likelihood"] == "bernoulli" else 2 * x - 1
    if convolutional:
        h = h.reshape([-1, *shape])
        for level in range(depth):
            stage = f"encoder.features.0.Image.conv.stages.{level}"
            h = residual(np.tanh(conv(h, w, f"{stage}.conv", 2)), w, stage, blocks)
        h = h.reshape([len(x), -1])
    h = mlp(h, y, w, "encoder.hidden", layers)
    mean, logvar = halves(dense(np.concatenate([h, y], 1), w, "encoder.posterior.dense"))

    z = mean + np.exp(logvar / 2) * eps
    h = mlp(z, y, w, "decoder.hidden", layers)
    location = dense(np.concatenate([h, y], 1), w, "decoder.heads.0.Image.dense")
    if convolutional:
        location = np.tanh(location).reshape([len(x), shape[0] >> depth, shape[1] >> depth, network["channels"][-1]])
        for i, level in enumerate(reversed(range(depth))):
            stage = f"decoder.heads.0.Image.conv.stages.{i}"
            location = residual(location, w, stage, blocks)
            location = conv_transposed(location, w, f"{stage}.conv", [shape[0] >> level, shape[1] >> level])
            location = np.tanh(location) if level else location
        location = location.reshape([len(x), -1])
    distortion = -log_likelihood(image["likelihood"], location, w, x).sum(1)

    prior_mean, prior_logvar = np.zeros_like(mean), np.zeros_like(mean)
    if case["config"]["prior"] == "learned":
        h = mlp(y, y[:, :0], w, "prior.learned.hidden", min(layers, 1))
        prior_mean, prior_logvar = halves(dense(h, w, "prior.learned.head.dense"))
    ratio = (np.exp(logvar) + (mean - prior_mean) ** 2) / np.exp(prior_logvar)
    return distortion, (prior_logvar - logvar + ratio - 1) / 2


def log_likelihood(kind, location, w, x):
    """log p of each value."""
    spread = w.get("decoder.heads.0.Image.spread")
    if kind == "bernoulli":
        return x * location - np.log(1 + np.exp(location))
    mean = location + 0.5
    if kind == "gaussian":
        return -0.5 * (np.log(2 * np.pi) + spread + (x - mean) ** 2 / np.exp(spread))
    scale = np.exp(np.tile(spread, x.shape[1] // spread.shape[1]))
    cdf = lambda t: 1 / (1 + np.exp(-(t - mean) / scale))
    upper = np.where(x > 0.999, 1, cdf(x + 0.5 / 255))
    lower = np.where(x < 0.001, 0, cdf(x - 0.5 / 255))
    return np.log(upper - lower)


def loss(case, w, eps):
    distortion, rate = terms(case, w, eps)
    return distortion.mean() + case["beta"] * rate.sum(1).mean()


# --- training ----------------------------------------------------------------------------------------------


def gradient(case, w, eps):
    gradients = {}
    for name, value in w.items():
        gradients[name] = np.zeros_like(value)
        for index in np.ndindex(value.shape):
            nudged = {key: other.astype(complex) for key, other in w.items()}
            nudged[name][index] += 1j * H
            gradients[name][index] = loss(case, nudged, eps).imag / H
    return gradients


def adam(case, w, gradients, moments, step):
    norm = np.sqrt(sum((g**2).sum() for g in gradients.values()))
    clip = case["clip_norm"]
    scale = clip / norm if clip is not None and norm > clip else 1.0
    for name, g in gradients.items():
        g = scale * g + case["weight_decay"] * w[name]
        m, v = moments.get(name, (0, 0))
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        moments[name] = m, v
        m_hat, v_hat = m / (1 - 0.9**step), v / (1 - 0.999**step)
        w[name] = w[name] - case["learning_rate"] * m_hat / (np.sqrt(v_hat) + 1e-8)
    return norm


def listed(arrays):
    rounded = lambda value: [float(f"{number:.9g}") for number in value.ravel()]
    return {name: {"shape": list(value.shape), "values": rounded(value)} for name, value in arrays.items()}


def run(case, shapes, seed, steps=3):
    rng = np.random.default_rng(seed)
    single = lambda value: value.astype(np.float32).astype(float)  # what the crate reads is what is used here
    # log-variances and log-scales near those of a new model, other weights of ordinary size
    draw = lambda name, shape: rng.normal(size=shape) * 0.3 - 2.0 * name.endswith("spread")
    w = {name: single(draw(name, shape)) for name, shape in shapes.items()}
    batch, latent = len(case["x"]), case["config"]["latent"]
    case |= {"weights": listed(w), "steps": []}
    moments = {}
    for step in range(1, steps + 1):
        eps = single(rng.normal(size=[batch, latent]))
        distortion, rate = terms(case, w, eps)
        gradients = gradient(case, w, eps)
        total = loss(case, w, eps)
        norm = adam(case, w, gradients, moments, step)
        case["steps"].append({
            "eps": eps.ravel().tolist(),
            "distortion": distortion.real.tolist(),
            "rate_per_unit": rate.real.ravel().tolist(),
            "loss": float(total.real),
            "norm": float(norm),
            "gradients": listed(gradients),
            "weights": listed(w),
        })
    return case


# --- the cases ---------------------------------------------------------------------------------------------


def linear(name, inputs, outputs):
    return {f"{name}.weight": [inputs, outputs], f"{name}.bias": [outputs]}


def kernel(name, size, first, second, outputs):
    return {f"{name}.weight": [size, size, first, second], f"{name}.bias": [outputs]}


def residual_shapes(name, channels):
    return kernel(f"{name}.first", 3, channels, channels, channels) | kernel(
        f"{name}.second", 3, channels, channels, channels
    )


def config(kind, shape, likelihood, hidden, channels=(), blocks=0, y=(), prior="standard"):
    size = dict(zip(("height", "width", "channels"), shape))
    return {
        "x": [{"name": "image", "kind": "image", "shape": size, "likelihood": likelihood}],
        "y": list(y),
        "latent": 2,
        "network": {
            "kind": kind,
            "hidden": hidden,
            "channels": list(channels),
            "residual_blocks": blocks,
            "activation": "tanh",
            "embedding": 2,
        },
        "prior": prior,
    }


def plain():
    rng = np.random.default_rng(1)
    case = {
        "name": "plain",
        "config": config("dense", (2, 3, 1), "bernoulli", [4]),
        "x": rng.integers(0, 2, [5, 6]).astype(float).tolist(),
        "y": [],
        "beta": 1.0, "learning_rate": 1e-3, "weight_decay": 0.0, "clip_norm": None,
    }
    shapes = (
        linear("encoder.hidden.layers.0", 6, 4)
        | linear("encoder.posterior.dense", 4, 4)
        | linear("decoder.hidden.layers.0", 2, 4)
        | linear("decoder.heads.0.Image.dense", 4, 6)
    )
    return run(case, shapes, 2)


def conditional():
    rng = np.random.default_rng(3)
    y = [
        {"name": "label", "kind": "category", "levels": 3},
        {"name": "thickness", "kind": "number"},
    ]
    case = {
        "name": "conditional",
        "config": config("dense", (2, 2, 1), "gaussian", [4, 3], y=y, prior="learned"),
        "x": (rng.integers(0, 256, [5, 4]) / 255).astype(np.float32).astype(float).tolist(),
        "y": [
            {"codes": [0, 1, 2, 0, 1], "given": [1, 1, 1, 0, 1]},
            {"values": [0.5, -1.0, 2.0, 0.25, -0.5], "given": [1, 1, 0, 1, 1]},
        ],
        "beta": 0.5, "learning_rate": 2e-3, "weight_decay": 0.01, "clip_norm": 1.0,
    }
    shapes = (
        {"condition.embeddings.0.Category.table": [4, 2]}
        | linear("encoder.hidden.layers.0", 8, 4)
        | linear("encoder.hidden.layers.1", 8, 3)
        | linear("encoder.posterior.dense", 7, 4)
        | linear("decoder.hidden.layers.0", 6, 3)
        | linear("decoder.hidden.layers.1", 7, 4)
        | linear("decoder.heads.0.Image.dense", 8, 4)
        | {"decoder.heads.0.Image.spread": [1, 1]}
        | linear("prior.learned.hidden.layers.0", 4, 3)
        | linear("prior.learned.head.dense", 3, 4)
    )
    return run(case, shapes, 4)


def convolutional():
    rng = np.random.default_rng(5)
    x = rng.integers(0, 256, [2, 7 * 4 * 3])
    x[0, :4], x[1, :4] = 0, 255  # both edge bins
    case = {
        "name": "convolutional",
        "config": config("conv", (7, 4, 3), "discretized-logistic", [3], channels=(2, 3), blocks=1),
        "x": (x / 255).astype(np.float32).astype(float).tolist(),
        "y": [],
        "beta": 2.0, "learning_rate": 1e-3, "weight_decay": 0.0, "clip_norm": None,
    }
    encoder, decoder = "encoder.features.0.Image.conv.stages", "decoder.heads.0.Image.conv.stages"
    shapes = (
        kernel(f"{encoder}.0.conv", 4, 3, 2, 2)
        | residual_shapes(f"{encoder}.0.residual.0", 2)
        | kernel(f"{encoder}.1.conv", 4, 2, 3, 3)
        | residual_shapes(f"{encoder}.1.residual.0", 3)
        | linear("encoder.hidden.layers.0", 3, 3)
        | linear("encoder.posterior.dense", 3, 4)
        | linear("decoder.hidden.layers.0", 2, 3)
        | linear("decoder.heads.0.Image.dense", 3, 3)
        | kernel(f"{decoder}.0.conv", 4, 2, 3, 2)
        | residual_shapes(f"{decoder}.0.residual.0", 3)
        | kernel(f"{decoder}.1.conv", 4, 3, 2, 3)
        | residual_shapes(f"{decoder}.1.residual.0", 2)
        | {"decoder.heads.0.Image.spread": [1, 3]}
    )
    return run(case, shapes, 6, steps=2)


if __name__ == "__main__":
    cases = [plain(), conditional(), convolutional()]
    print("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]")
