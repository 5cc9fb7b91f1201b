#!/usr/bin/env python3
"""Times an epoch of the example models in PyTorch, for Benchmarks/RESULTS.md: the same layers, batches and optimizer as
`sequent train` has, over the same files (Sources/Examples/Data). Usage: epochs.py language-of-word|char-lm|tagger FOLDER"""

import random
import sys
import time
from collections import Counter
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

torch.set_num_threads(2)
torch.manual_seed(0)


class Words(nn.Module):
    """Sources/Examples/LanguageOfWord.swift."""

    def __init__(self, tokens, labels):
        super().__init__()
        self.embedding = nn.Embedding(tokens, 48)
        self.encoder = nn.LSTM(48, 96, 2, bidirectional=True, batch_first=True)
        self.head = nn.Linear(192, labels)

    def forward(self, tokens, lengths):
        packed = pack_padded_sequence(self.embedding(tokens), lengths, batch_first=True, enforce_sorted=False)
        _, (hidden, _) = self.encoder(packed)
        return self.head(torch.cat([hidden[-2], hidden[-1]], 1))


class Tagger(nn.Module):
    """Sources/Examples/Tagger.swift."""

    def __init__(self, tokens, labels):
        super().__init__()
        self.embedding = nn.Embedding(tokens, 100)
        self.encoder = nn.LSTM(100, 128, 2, bidirectional=True, batch_first=True, dropout=0.3)
        self.dropout = nn.Dropout(0.3)
        self.head = nn.Linear(256, labels)

    def forward(self, tokens, lengths):
        packed = pack_padded_sequence(
            self.dropout(self.embedding(tokens)), lengths, batch_first=True, enforce_sorted=False)
        read, _ = pad_packed_sequence(self.encoder(packed)[0], batch_first=True)
        return self.head(self.dropout(read))


class Characters(nn.Module):
    """Sources/Examples/CharacterLanguageModel.swift."""

    def __init__(self, tokens):
        super().__init__()
        self.embedding = nn.Embedding(tokens, 64)
        self.encoder = nn.LSTM(64, 256, 2, batch_first=True, dropout=0.2)
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(256, tokens)

    def forward(self, tokens, memory):
        read, memory = self.encoder(self.dropout(self.embedding(tokens)), memory)
        return self.head(self.dropout(read)), memory


def bucketed(rows, size, pool=50):
    """Batches of about the same length, as BucketedBatches makes them."""
    random.shuffle(rows)
    batches = []
    for start in range(0, len(rows), size * pool):
        part = sorted(rows[start:start + size * pool], key=lambda row: len(row[0]))
        batches += [part[i:i + size] for i in range(0, len(part), size)]
    random.shuffle(batches)
    return batches


def padded(rows, value):
    return nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=value)


def number(counts, least=1):
    return {token: index + 2 for index, (token, count) in enumerate(counts.most_common()) if count >= least}


def examples(kind, folder):
    if kind == "language-of-word":
        lines = [line.rstrip("\n").split("\t") for line in open(folder / "words.tsv", encoding="utf-8")]
        ids = number(Counter(c for text, _ in lines for c in text))
        labels = {label: index for index, label in enumerate(sorted({label for _, label in lines}))}
        rows = [(torch.tensor([ids[c] for c in text]), torch.tensor(labels[label])) for text, label in lines]
        return rows, Words(len(ids) + 2, len(labels)), 256
    sequences = [[line.split("\t") for line in block.split("\n")]
                 for block in (folder / "train.conll").read_text().strip().split("\n\n")]
    ids = number(Counter(word for sequence in sequences for word, _ in sequence), 2)
    labels = {label: index for index, label in enumerate(sorted({label for s in sequences for _, label in s}))}
    rows = [(torch.tensor([ids.get(word, 1) for word, _ in s]), torch.tensor([labels[label] for _, label in s]))
            for s in sequences]
    return rows, Tagger(len(ids) + 2, len(labels)), 32


def sequences_epoch(kind, folder):
    rows, model, size = examples(kind, folder)
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    loss_of = nn.CrossEntropyLoss(ignore_index=-1)
    start, tokens = time.perf_counter(), 0
    for batch in bucketed(rows, size):
        lengths = torch.tensor([len(row[0]) for row in batch])
        logits = model(padded([row[0] for row in batch], 0), lengths)
        if logits.dim() == 2:
            loss = loss_of(logits, torch.stack([row[1] for row in batch]))
        else:
            loss = loss_of(logits.flatten(0, 1), padded([row[1] for row in batch], -1).flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()
        tokens += int(lengths.sum())
    return time.perf_counter() - start, tokens


def characters_epoch(folder, streams=32, window=100):
    text = (folder / "book.txt").read_text()
    text = text[: int(len(text) * 0.95)]  # what sequent train holds out by default
    ids = number(Counter(text))
    encoded = torch.tensor([ids[c] for c in text])
    length = (len(encoded) - 1) // streams
    model = Characters(len(ids) + 2)
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    memory, start = None, time.perf_counter()
    inputs, labels = encoded[:-1][:streams * length].view(streams, -1), encoded[1:][:streams * length].view(streams, -1)
    for place in range(0, length, window):
        logits, memory = model(inputs[:, place:place + window], memory)
        memory = tuple(part.detach() for part in memory)
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), labels[:, place:place + window].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()
    return time.perf_counter() - start, streams * length


kind, folder = sys.argv[1], Path(sys.argv[2])
seconds, tokens = characters_epoch(folder) if kind == "char-lm" else sequences_epoch(kind, folder)
print(f"{kind}: {seconds:.1f} s an epoch, {tokens / seconds:.0f} tokens/s, torch {torch.__version__}, 2 threads")
