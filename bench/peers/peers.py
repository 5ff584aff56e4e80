"""The peers: the same work as ours, written as their users would write it.

Run by compare.py, each in a process of its own:
  peers.py step CASE VARIANT    waits for lines on stdin; for each, trains that many seconds, prints the steps' ms
  peers.py mnist-example        one epoch of the PyTorch example's VAE, from files to a saved model
  peers.py mnist-pythae         one epoch of pythae's VAE, from files to a saved model
  peers.py sample               decodes 100,000 draws from the prior into digits.npy
"""

import gzip
import json
import pathlib
import resource
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(2)
torch.manual_seed(0)


class Dense(nn.Module):
    """784-hidden-latent and back, ReLU, logits of a Bernoulli."""

    def __init__(self, hidden, latent, pixels=784):
        super().__init__()
        widths = [pixels, *hidden]
        self.encoder = layers([nn.Linear(a, b) for a, b in zip(widths, widths[1:])])
        self.mean, self.logvar = nn.Linear(widths[-1], latent), nn.Linear(widths[-1], latent)
        back = [latent, *reversed(hidden)]
        self.decoder = layers([nn.Linear(a, b) for a, b in zip(back, back[1:])])
        self.logits = nn.Linear(back[-1], pixels)

    def encode(self, x):
        h = self.encoder(x)
        return self.mean(h), self.logvar(h)

    def decode(self, z):
        return self.logits(self.decoder(z))

    def loss(self, x):
        return loss(self, x)


class Conv(nn.Module):
    """4x4 convolutions of stride 2 to the latents, and back."""

    def __init__(self, channels, latent, colours, size):
        super().__init__()
        widths = [colours, *channels]
        self.side, self.last = size >> len(channels), channels[-1]
        flat = self.last * self.side**2
        self.encoder = layers([nn.Conv2d(a, b, 4, 2, 1) for a, b in zip(widths, widths[1:])])
        self.mean, self.logvar = nn.Linear(flat, latent), nn.Linear(flat, latent)
        self.first = nn.Linear(latent, flat)
        back = widths[::-1]
        ups = [nn.ConvTranspose2d(a, b, 4, 2, 1) for a, b in zip(back, back[1:])]
        self.decoder = nn.Sequential(layers(ups[:-1]), ups[-1])

    def encode(self, x):
        h = self.encoder(x).flatten(1)
        return self.mean(h), self.logvar(h)

    def decode(self, z):
        return self.decoder(F.relu(self.first(z)).view(-1, self.last, self.side, self.side))

    def loss(self, x):
        return loss(self, x)


def layers(linear):
    return nn.Sequential(*[module for layer in linear for module in (layer, nn.ReLU())])


def loss(model, x):
    """-ELBO, a mean over the batch."""
    mean, logvar = model.encode(x)
    z = mean + torch.randn_like(mean) * (0.5 * logvar).exp()
    distortion = F.binary_cross_entropy_with_logits(model.decode(z), x, reduction="sum")
    rate = -0.5 * (1 + logvar - mean.pow(2) - logvar.exp()).sum()
    return (distortion + rate) / len(x)


# The cases of crates/elbo/benches/step.rs: what makes the model, and the shape of a batch.
CASES = {
    "dense-784-400-20": (lambda: Dense([400], 20), (128, 784)),
    "dense-784-500-500-50": (lambda: Dense([500, 500], 50), (512, 784)),
    "conv-1x32x32": (lambda: Conv([32, 64, 128], 32, 1, 32), (128, 1, 32, 32)),
    "conv-3x64x64": (lambda: Conv([32, 64, 128, 256], 64, 3, 64), (64, 3, 64, 64)),
}


def step(case, variant):
    make, shape = CASES[case]
    model, x = make(), torch.rand(shape)
    if "channels last" in variant:
        model = model.to(memory_format=torch.channels_last)
        x = x.to(memory_format=torch.channels_last)
    compiled = "compiled" in variant
    # Adam in one kernel where the rest is compiled: its fastest form.
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, fused=compiled)
    bound = torch.compile(model.loss) if compiled else model.loss

    def once():
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled="bf16" in variant):
            value = bound(x)
        value.backward()
        optimizer.step()
        return value.item()

    for _ in range(5):
        once()
    print("ready", flush=True)
    for line in sys.stdin:
        times, end = [], time.perf_counter() + float(line)
        while time.perf_counter() < end:
            begin = time.perf_counter()
            once()
            times.append((time.perf_counter() - begin) * 1e3)
        print(json.dumps({"ms": times, "peak": peak()}), flush=True)


def peak():
    """Peak resident memory in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def digits(folder, name):
    with gzip.open(pathlib.Path(folder) / f"{name}-images-idx3-ubyte.gz") as file:
        return np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 1, 28, 28)


def mnist_example(folder):
    """As in the `vae` of PyTorch's examples: torchvision's transform, a DataLoader, an epoch, a test pass."""
    from PIL import Image
    from torch.utils.data import DataLoader, Dataset
    from torchvision.transforms import ToTensor

    class Digits(Dataset):
        def __init__(self, name):
            self.images, self.transform = digits(folder, name), ToTensor()

        def __len__(self):
            return len(self.images)

        def __getitem__(self, i):
            return self.transform(Image.fromarray(self.images[i, 0]))

    train, test = (DataLoader(Digits(name), 128, shuffle=True) for name in ("train", "t10k"))
    model = Dense([400], 20)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    for x in train:
        optimizer.zero_grad()
        model.loss(x.view(-1, 784)).backward()
        optimizer.step()
    with torch.no_grad():
        total = sum(model.loss(x.view(-1, 784)).item() * len(x) for x in test)
    torch.save(model.state_dict(), "vae.pt")
    return total / 10_000


def mnist_pythae(folder):
    """pythae's own networks (784-512-20), trainer and pipeline."""
    from pythae.models import VAE, VAEConfig
    from pythae.pipelines import TrainingPipeline
    from pythae.trainers import BaseTrainerConfig

    config = VAEConfig(input_dim=(1, 28, 28), latent_dim=20, reconstruction_loss="bce")
    trainer = BaseTrainerConfig(
        output_dir="pythae",
        num_epochs=1,
        learning_rate=1e-3,
        per_device_train_batch_size=128,
        per_device_eval_batch_size=128,
        optimizer_cls="Adam",
        no_cuda=True,
    )
    train, test = (digits(folder, name).astype(np.float32) / 255 for name in ("train", "t10k"))
    TrainingPipeline(training_config=trainer, model=VAE(config))(train_data=train, eval_data=test)


def sample(batch):
    """100,000 digits of a decoder 20-400-784 as bytes, the draws of each pixel's probability."""
    model, count = Dense([400], 20), 100_000
    out = np.lib.format.open_memmap("digits.npy", "w+", np.uint8, (count, 28, 28, 1))
    with torch.inference_mode():
        for start in range(0, count, batch):
            n = min(batch, count - start)
            p = torch.sigmoid(model.decode(torch.randn(n, 20)))
            out[start : start + n] = (p * 255).round().to(torch.uint8).view(n, 28, 28, 1).numpy()
    out.flush()


def main():
    begin = time.perf_counter()
    match sys.argv[1:]:
        case ["step", name, variant]:
            return step(name, variant)
        case ["mnist-example", folder]:
            mnist_example(folder)
        case ["mnist-pythae", folder]:
            mnist_pythae(folder)
        case ["sample", batch]:
            sample(int(batch))
    print(json.dumps({"seconds": time.perf_counter() - begin, "peak": peak()}))


if __name__ == "__main__":
    main()
