#!/usr/bin/env python3
"""Trains Sources/Examples/Pronounce.swift's model in PyTorch: the same layers, batches and optimizer. Prints what an epoch takes, and
with more than one epoch the error rates of greedy answers. Usage: pronounce.py FOLDER [EPOCHS]   (train.tsv and dev.tsv in FOLDER)"""

import random
import sys
import time
from collections import Counter
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

torch.set_num_threads(2)
torch.manual_seed(0)
random.seed(0)
PAD, UNKNOWN, BEGIN, END = range(4)


class Pronounce(nn.Module):
    def __init__(self, letters, phonemes, embedding=64, encoder=128, decoder=256, attention=256, dropout=0.2):
        super().__init__()
        self.letters = nn.Embedding(letters, embedding)
        self.encoder = nn.LSTM(embedding, encoder, bidirectional=True, batch_first=True)
        self.hidden, self.cell_state = nn.Linear(2 * encoder, decoder), nn.Linear(2 * encoder, decoder)
        self.phonemes = nn.Embedding(phonemes, embedding)
        self.query = nn.Linear(decoder, attention, bias=False)
        self.key = nn.Linear(2 * encoder, attention, bias=False)
        self.score = nn.Linear(attention, 1, bias=False)
        self.cell = nn.LSTMCell(embedding + 2 * encoder, decoder)
        self.head = nn.Linear(decoder + 2 * encoder, phonemes)
        self.dropout = nn.Dropout(dropout)

    def read(self, source, lengths):
        packed = pack_padded_sequence(self.dropout(self.letters(source)), lengths, batch_first=True, enforce_sorted=False)
        read, (hidden, cell) = self.encoder(packed)
        values = self.dropout(pad_packed_sequence(read, batch_first=True)[0])
        state = (torch.tanh(self.hidden(torch.cat([hidden[0], hidden[1]], 1))), self.cell_state(torch.cat([cell[0], cell[1]], 1)))
        mask = torch.arange(values.shape[1])[None] < lengths[:, None]
        return values, self.key(values), mask, state

    def step(self, x, state, values, keys, mask):
        scores = self.score(torch.tanh(self.query(state[0])[:, None] + keys))[..., 0]
        weights = torch.softmax(scores.masked_fill(~mask, -torch.inf), 1)
        context = torch.bmm(weights[:, None], values)[:, 0]
        state = self.cell(torch.cat([x, context], 1), state)
        return torch.cat([state[0], context], 1), state

    def forward(self, source, lengths, target):
        values, keys, mask, state = self.read(source, lengths)
        said = []
        for x in self.dropout(self.phonemes(target)).unbind(1):
            output, state = self.step(x, state, values, keys, mask)
            said.append(output)
        return self.head(self.dropout(torch.stack(said, 1)))

    @torch.no_grad()
    def greedy(self, source, lengths):
        values, keys, mask, state = self.read(source, lengths)
        token = torch.full((len(source),), BEGIN)
        answers = []
        for _ in range(2 * source.shape[1] + 10):
            output, state = self.step(self.phonemes(token), state, values, keys, mask)
            logits = self.head(output)
            logits[:, :END] = -torch.inf
            token = logits.argmax(1)
            answers.append(token)
        rows = torch.stack(answers, 1).tolist()
        return [row[:row.index(END)] if END in row else row for row in rows]


def number(counts, marks):
    return {token: index + marks for index, (token, _) in enumerate(counts.most_common())}


def bucketed(rows, size, pool=50):
    """Batches of about the same length, as BucketedBatches makes them."""
    random.shuffle(rows)
    batches = []
    for start in range(0, len(rows), size * pool):
        part = sorted(rows[start:start + size * pool], key=lambda row: (len(row[0]), len(row[1])))
        batches += [part[i:i + size] for i in range(0, len(part), size)]
    random.shuffle(batches)
    return batches


def distance(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


def error_rates(model, references, letters, phonemes):
    model.eval()
    words = sorted(references, key=len)
    edits = tokens = wrong = 0
    for start in range(0, len(words), 256):
        part = words[start:start + 256]
        source = [torch.tensor([letters.get(c, UNKNOWN) for c in word]) for word in part]
        answers = model.greedy(pad_sequence(source, batch_first=True), torch.tensor([len(s) for s in source]))
        for word, answer in zip(part, answers):
            best = min((distance(answer, [phonemes.get(p, UNKNOWN) for p in r]), i) for i, r in enumerate(references[word]))
            edits, tokens, wrong = edits + best[0], tokens + len(references[word][best[1]]), wrong + (best[0] > 0)
    model.train()
    return edits / tokens, wrong / len(words)


folder, epochs = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
pairs = [line.rstrip("\n").split("\t") for line in open(folder / "train.tsv", encoding="utf-8")]
references = {}
for line in open(folder / "dev.tsv", encoding="utf-8"):
    word, said = line.rstrip("\n").split("\t")
    references.setdefault(word, []).append(said.split())
letters = number(Counter(c for word, _ in pairs for c in word), 2)
phonemes = number(Counter(p for _, said in pairs for p in said.split()), 4)
rows = [([letters[c] for c in word], [phonemes[p] for p in said.split()]) for word, said in pairs]
model = Pronounce(len(letters) + 2, len(phonemes) + 4)
optimizer = torch.optim.Adam(model.parameters(), 2e-3)
total, done = epochs * -(-len(rows) // 128), 0
for epoch in range(epochs):
    start = time.perf_counter()
    for batch in bucketed(rows, 128):
        source = pad_sequence([torch.tensor(row[0]) for row in batch], batch_first=True)
        target = pad_sequence([torch.tensor([BEGIN] + row[1]) for row in batch], batch_first=True)
        labels = pad_sequence([torch.tensor(row[1] + [END]) for row in batch], batch_first=True, padding_value=-1)
        logits = model(source, torch.tensor([len(row[0]) for row in batch]), target)
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=-1)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1)
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * (1 - done / total)
        optimizer.step()
        done += 1
    line = f"epoch {epoch + 1}: {time.perf_counter() - start:.1f} s, loss of the last batch {loss.item():.4f}"
    if epochs > 1:
        line += ", phoneme and word error rate {:.4f} {:.4f}".format(*error_rates(model, references, letters, phonemes))
    print(line, flush=True)
