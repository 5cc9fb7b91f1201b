"""Writes checkpoints/: tiny checkpoints of random weights, as Hugging Face's `transformers` saves them, and what PyTorch makes of them.

    pip install torch transformers==5.23.0 safetensors && python make_tokenizers.py && python make_checkpoints.py
"""

import json
import os
import shutil

import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForMaskedLM, BertForSequenceClassification, BertForTokenClassification, BertModel, GPT2Config, GPT2LMHeadModel

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "checkpoints")
TEXTS = ["a quick brown fox", "unaffordable", "It's what they've said; we'll see!", ""]


def tokenized(folder):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(os.path.join(HERE, "tokenizers", folder, "tokenizer.json"))
    tokenizer.enable_padding()
    batch = tokenizer.encode_batch(TEXTS)
    return tokenizer, torch.tensor([row.ids for row in batch]), torch.tensor([row.attention_mask for row in batch])


def scale(model):
    """Random weights as they are drawn give logits that hardly differ."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.randn(parameter.shape) * (0.3 if parameter.dim() == 2 else 0.1) + (1 if "LayerNorm.weight" in name or "ln_" in name and "weight" in name else 0))
    model.eval()
    return model


def save(model, name, tokenizer, shard=None):
    folder = os.path.join(OUT, name)
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder, **({"max_shard_size": shard} if shard else {}))
    shutil.copy(os.path.join(HERE, "tokenizers", tokenizer, "tokenizer.json"), folder)
    if os.path.exists(os.path.join(folder, "generation_config.json")):
        os.remove(os.path.join(folder, "generation_config.json"))
    return folder


def bert(vocabulary, **more):
    return BertConfig(vocab_size=vocabulary, hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=24,
                      max_position_embeddings=40, **more)


def main():
    torch.manual_seed(6)
    results = {}
    tokenizer, ids, mask = tokenized("bert")
    size = tokenizer.get_vocab_size()
    with torch.no_grad():
        model = scale(BertModel(bert(size)))
        folder = save(model, "embedding", "bert")
        json.dump([{"idx": 0, "path": "", "type": "sentence_transformers.models.Transformer"},
                   {"idx": 1, "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
                   {"idx": 2, "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}], open(folder + "/modules.json", "w"))
        os.makedirs(folder + "/1_Pooling")
        json.dump({"word_embedding_dimension": 16, "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}, open(folder + "/1_Pooling/config.json", "w"))
        hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
        pooled = (hidden * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
        results["embedding"] = torch.nn.functional.normalize(pooled).tolist()

        model = scale(BertForSequenceClassification(bert(size, id2label={0: "bad", 1: "good", 2: "odd"}, label2id={"bad": 0, "good": 1, "odd": 2})))
        save(model, "classification", "bert")
        results["classification"] = model(input_ids=ids, attention_mask=mask).logits.tolist()

        model = scale(BertForTokenClassification(bert(size, hidden_act="gelu_new", id2label={0: "O", 1: "B", 2: "I"}, label2id={"O": 0, "B": 1, "I": 2})))
        save(model, "labelling", "bert", shard="12KB")
        logits = model(input_ids=ids, attention_mask=mask).logits
        results["labelling"] = [row[: length].tolist() for row, length in zip(logits, mask.sum(1))]

        model = scale(BertForMaskedLM(bert(size)))
        save(model, "masked", "bert")
        logits = model(input_ids=ids, attention_mask=mask).logits
        results["masked"] = [row[: length, :8].tolist() for row, length in zip(logits, mask.sum(1))]

        tokenizer, _, _ = tokenized("gpt2")
        size = tokenizer.get_vocab_size()
        model = scale(GPT2LMHeadModel(GPT2Config(vocab_size=size + 3, n_positions=64, n_embd=16, n_layer=2, n_head=2, bos_token_id=size - 1, eos_token_id=size - 1)))
        save(model, "gpt2", "gpt2")
        prompt = torch.tensor([tokenizer.encode("The quick brown").ids])
        logits = model(input_ids=prompt).logits[0]
        tokens = prompt
        for _ in range(20):
            tokens = torch.cat([tokens, model(input_ids=tokens).logits[:, -1].argmax(-1, keepdim=True)], 1)
        results["gpt2"] = {"prompt": prompt[0].tolist(), "logits": logits[:, :8].tolist(), "continuation": tokens[0, prompt.shape[1]:].tolist()}
    with open(os.path.join(OUT, "expected.json"), "w") as file:
        json.dump({"texts": TEXTS, "results": results}, file, separators=(",", ":"))


if __name__ == "__main__":
    main()
