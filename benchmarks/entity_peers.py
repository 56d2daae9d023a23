"""Token classification with MiniLM by Hugging Face's Trainer; ``benchmarks.entities`` runs this file with another Python.

That other environment holds ``torch transformers accelerate seqeval`` and no tfft. As Hugging Face's guide to token classification
writes it: words are split into pieces, the first piece carries the tag, and the collator pads each batch to its longest text.
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

BATCH = 32


def rows_of(path: Path) -> list[tuple[list[str], list[str]]]:
    """The words and tags of each sentence."""
    found: list[tuple[list[str], list[str]]] = [([], [])]
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line.strip():
            word, *_, tag = line.split("\t")
            found[-1][0].append(word)
            found[-1][1].append(tag)
        elif found[-1][0]:
            found.append(([], []))
    return [row for row in found if row[0]]


def with_trainer(folder: Path, preset: str, epochs: int, rate: float, seed: int, bfloat16: bool) -> dict[str, Any]:
    """Everything trains."""
    import numpy as np
    import torch
    from seqeval.metrics import f1_score
    from transformers import (
        AutoModelForTokenClassification,
        AutoTokenizer,
        DataCollatorForTokenClassification,
        Trainer,
        TrainingArguments,
        set_seed,
    )

    set_seed(seed)
    begun = time.perf_counter()
    tokenizer = AutoTokenizer.from_pretrained(preset)
    rows = {part: rows_of(folder / f"{part}.conll") for part in ("train", "dev", "test")}
    names = sorted({tag for _, tags in rows["train"] for tag in tags})

    def prepared(words: list[str], tags: list[str]) -> dict[str, Any]:
        encoded = tokenizer(words, is_split_into_words=True, truncation=True, max_length=512)
        labels, before = [], None
        for word in encoded.word_ids():
            labels.append(-100 if word is None or word == before else names.index(tags[word]))
            before = word
        return {"input_ids": encoded["input_ids"], "labels": labels}

    parts = {part: [prepared(*row) for row in found] for part, found in rows.items()}
    model = AutoModelForTokenClassification.from_pretrained(preset, num_labels=len(names))

    def scored(answers: Any) -> dict[str, float]:
        chosen = np.argmax(answers.predictions, axis=2)
        scored = answers.label_ids != -100
        pairs = list(zip(answers.label_ids, chosen, scored, strict=True))
        true = [[names[tag] for tag in own[there]] for own, _, there in pairs]
        return {"f1": float(f1_score(true, [[names[tag] for tag in said[there]] for _, said, there in pairs]))}

    options = TrainingArguments(
        output_dir=tempfile.mkdtemp(), num_train_epochs=epochs, learning_rate=rate, seed=seed, bf16=bfloat16,
        per_device_train_batch_size=BATCH, per_device_eval_batch_size=BATCH, eval_strategy="epoch", save_strategy="no",
        logging_strategy="no", report_to=[], disable_tqdm=True, use_cpu=True,
    )  # fmt: skip
    trainer = Trainer(
        model, options, DataCollatorForTokenClassification(tokenizer), train_dataset=parts["train"],
        eval_dataset=parts["dev"], compute_metrics=scored,
    )  # fmt: skip
    trainer.train()
    seconds = time.perf_counter() - begun
    validation = trainer.evaluate(parts["dev"])
    return {
        "seconds": round(seconds, 1),
        "entity_f1": trainer.evaluate(parts["test"])["eval_f1"],
        "val_f1": validation["eval_f1"],
        "val_loss": validation["eval_loss"],
        "threads": torch.get_num_threads(),
    }


def main() -> None:
    """One row as JSON."""
    folder, preset, epochs, rate, precision, seed = sys.argv[1:]
    print(json.dumps(with_trainer(Path(folder), preset, int(epochs), float(rate), int(seed), precision == "bfloat16")))


if __name__ == "__main__":
    main()
