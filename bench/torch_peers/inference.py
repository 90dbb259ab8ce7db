"""PyTorch peers of single calls of trained models: from tensors that are ready to answers in NumPy arrays or lists."""

import torch

from torch_peers.classifying import digit_classifier
from torch_peers.embedding import Siamese
from torch_peers.text import Seq2seq, TextCnn, Transformer, continued, greedy
from torch_peers.timing import percentiles

BATCHES = (1, 256)


def by_batch(**methods):
    """Percentiles of methods that make a call of a batch size, by METHOD-BATCH."""
    torch.manual_seed(1)
    return percentiles({f"{name}-{n}": make(n) for name, make in methods.items() for n in BATCHES})


@torch.inference_mode()
def infer_classifier(options):
    net = digit_classifier().eval()

    def classify(n):
        x = torch.rand(n, 784)
        return lambda: net(x).softmax(1).numpy()

    return by_batch(classify=classify)


@torch.inference_mode()
def infer_text_cnn(options, vocabulary=7199, words=20):
    net = TextCnn(vocabulary).eval()

    def classify(n):
        tokens = torch.randint(2, vocabulary, (n, words))
        return lambda: net(tokens, 0.0, 0.0).sigmoid().numpy()

    return by_batch(classify=classify)


@torch.inference_mode()
def infer_siamese(options):
    net = Siamese().eval()

    def embed(n):
        x = torch.rand(n, 1, 112, 92)
        return lambda: torch.cat(list(net(x, 0.0)), 1).numpy()

    return by_batch(embed=embed)


@torch.inference_mode()
def infer_seq2seq(options, sources=3993, targets=2607, words=7, length=9):
    net = Seq2seq(sources, targets).eval()

    def translate(n):
        source = torch.randint(4, sources, (n, words))
        return lambda: greedy(net, source, length).tolist()

    return by_batch(translate=translate)


@torch.inference_mode()
def infer_transformer(options, vocabulary=65, prompt=16, length=64):
    torch.manual_seed(1)
    net = Transformer(vocabulary).eval()
    first = torch.randint(vocabulary, (prompt,)).tolist()
    return percentiles({"generate-1": lambda: continued(net, first, length)})
