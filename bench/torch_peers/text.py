"""PyTorch peers of the recipes `text-cnn`, `seq2seq` and `transformer`: training steps, translation, generation.

Vocabularies are as large as the real data sets': sst2, eng-fra, tinyshakespeare.
"""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from torch_peers.timing import Steps, median_ms, update
from torch_peers.updating import Averages, averaged, clipped_update


def padded_rows(batch, length, shortest, vocabulary, first=2):
    """Rows of token ids of random lengths, 0 behind their end."""
    lengths = torch.randint(shortest, length + 1, (batch, 1))
    return torch.randint(first, vocabulary, (batch, length)) * (torch.arange(length) < lengths)


class TextCnn(nn.Module):
    """Embedding, one-dimensional convolution, maximum over the windows within a text, ReLU, one logit."""

    def __init__(self, vocabulary, embedding=100, filters=128, kernel=5):
        super().__init__()
        self.kernel = kernel
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.convolution = nn.Conv1d(embedding, filters, kernel)
        self.output = nn.Linear(filters, 1)

    def forward(self, tokens, word_dropout=0.3, dropout=0.5):
        padded = F.pad(tokens, (0, self.kernel - 1))
        present = F.dropout((padded != 0).float(), word_dropout)
        vectors = self.embedding(padded) * present[..., None]
        features = self.convolution(vectors.transpose(1, 2))  # [batch, filters, length]
        outside = padded[:, self.kernel - 1 :] == 0
        outside[:, 0] = False
        pooled = features.masked_fill(outside[:, None], -1e30).max(2).values.relu()
        return self.output(F.dropout(pooled, dropout)).squeeze(1)


def bench_text_cnn(options, batch=100, vocabulary=7199, length=56):
    torch.manual_seed(1)
    net = TextCnn(vocabulary)
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3, **options.adam)
    tokens, labels = padded_rows(batch, length, 4, vocabulary), torch.randint(2, (batch,)).float()
    step = update(optimizer, options.compiled(lambda: F.binary_cross_entropy_with_logits(net(tokens), labels)))
    return {"text_cnn_step_ms": Steps(averaged(step, Averages(net)), max(options.steps, 60))}


START = 2


class Seq2seq(nn.Module):
    """GRU encoder from both ends; GRU decoder with attention to what the encoder made of the words (Luong, "general")."""

    def __init__(self, sources, targets, units=256):
        super().__init__()
        self.source = nn.Embedding(sources, units)
        self.target = nn.Embedding(targets, units)
        self.encoder = nn.GRU(units, units // 2, bidirectional=True, batch_first=True)
        self.decoder = nn.GRU(units, units, batch_first=True)
        self.query = nn.Linear(units, units)
        self.combine = nn.Linear(2 * units, units)
        self.output = nn.Linear(units, targets)

    def encode(self, source, dropout=0.0):
        mask = source != 0
        embedded = F.dropout(self.source(source), dropout)
        packed = pack_padded_sequence(embedded, mask.sum(1), batch_first=True, enforce_sorted=False)
        packed, state = self.encoder(packed)
        outputs, _ = pad_packed_sequence(packed, batch_first=True, total_length=source.shape[1])
        outputs = (outputs + embedded) * mask[..., None]
        return outputs, mask, torch.cat([state[0], state[1]], 1)[None]

    def decode(self, tokens, state, outputs, mask, dropout=0.0):
        """Logits [batch, steps, targets] of the steps that are told these tokens, and the last state."""
        after, state = self.decoder(F.dropout(self.target(tokens), dropout), state)
        scores = self.query(after) @ outputs.transpose(1, 2) / outputs.shape[2] ** 0.5
        seen = scores.masked_fill(~mask[:, None], -1e9).softmax(-1) @ outputs
        features = torch.tanh(self.combine(torch.cat([after, seen], 2)))
        return self.output(F.dropout(features, dropout)), state


def bench_seq2seq(options, batch=64, sources=3993, targets=2607, length=10, dropout=0.3):
    torch.manual_seed(1)
    net = Seq2seq(sources, targets)
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3, **options.adam)
    source, target = (padded_rows(batch, length, 5, size, first=4) for size in (sources, targets))
    shifted = F.pad(target[:, :-1], (1, 0), value=START)

    def loss():
        words = torch.where((torch.rand(source.shape) < 0.1) & (source > 3), 1, source)
        outputs, mask, state = net.encode(words, dropout)
        logits, _ = net.decode(shifted, state, outputs, mask, dropout)
        return F.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=0)

    step = clipped_update(optimizer, options.compiled(loss), net, 1.0)
    return {"seq2seq_step_ms": Steps(step, max(options.steps, 40))}


@torch.inference_mode()
def bench_translate(options, sentences=256, sources=3993, targets=2607, words=7, length=9):
    """Greedy, all sentences at once, without end marks: each translation is as long as can be."""
    torch.manual_seed(1)
    net = Seq2seq(sources, targets).eval()
    source = torch.randint(4, sources, (sentences, words))
    ms = median_ms(lambda: greedy(net, source, length), options.steps)
    return {"translate_sentences_per_s": sentences / (ms / 1e3)}


def greedy(net, source, length):
    """The tokens of each sentence, one after the other: `length` of them."""
    outputs, mask, state = net.encode(source)
    token = torch.full((source.shape[0], 1), START)
    written = []
    for _ in range(length):
        logits, state = net.decode(token, state, outputs, mask)
        token = logits.argmax(-1)
        written.append(token)
    return torch.cat(written, 1)


class Block(nn.Module):
    """Pre-LN: x + A(LN(x)), then x + F(LN(x))."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.projection = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.expand, self.contract = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x, past=None):
        """[batch, length, width]; also the keys and values of all positions so far."""
        q, k, v = self.qkv(self.norm1(x)).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        if past is not None:
            k, v = torch.cat([past[0], k], 2), torch.cat([past[1], v], 2)
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=past is None)
        x = x + self.projection(seen.transpose(1, 2).flatten(2))
        return x + self.contract(F.relu(self.expand(self.norm2(x)))), (k, v)


class Transformer(nn.Module):
    def __init__(self, vocabulary, layers=4, heads=4, width=128, block_size=64):
        super().__init__()
        self.block_size = block_size
        self.tokens, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(block_size, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary)

    def forward(self, tokens, past=None):
        """Logits [batch, length, vocabulary], and every block's keys and values."""
        start = 0 if past is None else past[0][0].shape[2]
        x = self.tokens(tokens) + self.positions.weight[start : start + tokens.shape[1]]
        seen = []
        for i, block in enumerate(self.blocks):
            x, keys_and_values = block(x, None if past is None else past[i])
            seen.append(keys_and_values)
        return self.head(self.norm(x)), seen


def bench_transformer(options, batch=12, vocabulary=65):
    torch.manual_seed(1)
    net = Transformer(vocabulary)
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3, betas=(0.9, 0.99), **options.adam)
    tokens = torch.randint(vocabulary, (batch, net.block_size + 1))

    def loss():
        logits, _ = net(tokens[:, :-1])
        return F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())

    step = clipped_update(optimizer, options.compiled(loss), net, 1.0)
    return {"transformer_step_ms": Steps(step, max(options.steps, 40))}


@torch.inference_mode()
def bench_generate(options, vocabulary=65, prompt=16, length=300):
    """With a cache; when the block is full, the last half of it is read again. As `generate` of the language model."""
    torch.manual_seed(1)
    net = Transformer(vocabulary).eval()
    first = torch.randint(vocabulary, (prompt,)).tolist()
    ms = median_ms(lambda: continued(net, first, length), 3, warmup=1)
    return {"generate_tokens_per_s": length / (ms / 1e3)}


def continued(net, first, length):
    """So many tokens that are drawn after the first."""
    seen, written = list(first), []
    logits, past = net(torch.tensor([seen]))
    for _ in range(length):
        token = int(torch.multinomial(logits[0, -1].softmax(0), 1))
        written.append(token)
        if len(seen) < net.block_size:
            seen.append(token)
            logits, past = net(torch.tensor([[token]]), past)
        else:
            seen = [*seen[1 - net.block_size // 2 :], token]
            logits, past = net(torch.tensor([seen]))
    return written
