"""Fine-tuning of MiniLM by Hugging Face's Trainer; ``benchmarks.text`` runs this file with another Python.

That other environment holds ``torch transformers accelerate`` and no tfft. As the guide to text classification writes it: the
tokenizer truncates, the collator pads each batch to its longest text, and AdamW's rate falls linearly.
"""

import csv
import json
import sys
import time
from pathlib import Path
from typing import Any

EPOCHS, BATCH, RATE = 2, 32, 5e-5


def rows_of(path: Path) -> tuple[list[str], list[str]]:
    """Texts and labels."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [row["text"] for row in rows], [row["label"] for row in rows]


def with_trainer(folder: Path, preset: str, seed: int, bfloat16: bool) -> dict[str, Any]:
    """Everything trains."""
    import torch
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
        set_seed,
    )

    set_seed(seed)
    begun = time.perf_counter()
    tokenizer = AutoTokenizer.from_pretrained(preset)
    parts = {}
    names = sorted(set(rows_of(folder / "train.tsv")[1]))
    for part in ("train", "validation", "test"):
        texts, labels = rows_of(folder / f"{part}.tsv")
        ids = tokenizer(texts, truncation=True, max_length=256)["input_ids"]
        parts[part] = [{"input_ids": row, "labels": names.index(label)} for row, label in zip(ids, labels, strict=True)]
    model = AutoModelForSequenceClassification.from_pretrained(preset, num_labels=len(names))

    def scored(answers: Any) -> dict[str, float]:
        return {"accuracy": float((answers.predictions.argmax(axis=1) == answers.label_ids).mean())}

    options = TrainingArguments(
        output_dir=str(folder / "trainer"), num_train_epochs=EPOCHS, learning_rate=RATE, seed=seed, bf16=bfloat16,
        per_device_train_batch_size=BATCH, per_device_eval_batch_size=BATCH, eval_strategy="epoch", save_strategy="no",
        logging_strategy="no", report_to=[], disable_tqdm=True, use_cpu=True,
    )  # fmt: skip
    trainer = Trainer(
        model, options, DataCollatorWithPadding(tokenizer), train_dataset=parts["train"],
        eval_dataset=parts["validation"], compute_metrics=scored,
    )  # fmt: skip
    trainer.train()
    seconds = time.perf_counter() - begun
    return {
        "seconds": seconds,
        "accuracy": trainer.evaluate(parts["test"])["eval_accuracy"],
        "threads": torch.get_num_threads(),
    }


def main() -> None:
    """One row as JSON."""
    folder, preset, kind, seed = sys.argv[1:]
    print(json.dumps(with_trainer(Path(folder), preset, int(seed), kind.endswith("bfloat16"))))


if __name__ == "__main__":
    main()
