"""ELBO and log p(x) of a latent run in Python: python evaluate.py RUN IMAGES.npy [SAMPLES]

IMAGES.npy: float32 or uint8 [n, pixels], black and white. Prints one line of JSON, nats per image with standard errors.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime as ort

run, images = Path(sys.argv[1]), np.load(sys.argv[2])
samples = int(sys.argv[3]) if len(sys.argv) > 3 else 200
manifest = json.loads((run / "manifest.json").read_text())
if manifest["kind"] != "latent":
    sys.exit(f"{run} is a run of kind {manifest['kind']}, not of a latent one")
x = images.reshape(len(images), -1).astype(np.float32)
if not np.isin(x, (0, 1)).all():
    sys.exit("the images are not black and white: round them, or draw them as the run's training did")


def session(name):
    """A graph of the run, if its file is the one that the manifest describes."""
    entry = manifest["graphs"][name]
    data = (run / entry["file"]).read_bytes()
    if hashlib.sha256(data).hexdigest() != entry["sha256"]:
        sys.exit(f"{entry['file']} is not the file that the manifest describes")
    return ort.InferenceSession(data, providers=["CPUExecutionProvider"])


random = np.random.default_rng(1)
encode, weights = session("encode"), session("logWeights")
mu, log_var = encode.run(["mu", "logVar"], {"x": x})
log_w = np.empty((len(x), samples))
for begin in range(0, len(x), 50):  # the weights of 50 images at a time
    rows = slice(begin, begin + 50)
    noise = random.standard_normal((len(x[rows]), samples, mu.shape[1])).astype(np.float32)
    feeds = {"x": x[rows], "mu": mu[rows], "logVar": log_var[rows], "noise": noise}
    (log_w[rows],) = weights.run(["logWeights"], feeds)

top = log_w.max(1, keepdims=True)
log_likelihood = (top + np.log(np.exp(log_w - top).mean(1, keepdims=True)))[:, 0]
elbo = log_w.mean(1)  # log p(x, z) - log q(z|x), the mean over the same draws


def stated(values):
    return {"mean": values.mean(), "standardError": values.std(ddof=1) / np.sqrt(len(values))}


result = {"elbo": stated(elbo), "logLikelihood": stated(log_likelihood), "images": len(x), "samples": samples}
print(json.dumps(result))
