"""Question answering with MiniLM by Hugging Face's Trainer; ``benchmarks.questions`` runs this file with another Python.

That other environment holds ``torch transformers accelerate`` and no tfft. As in Hugging Face's ``run_qa.py``, windows of the
context share 128 tokens, the 20 best begins and ends of each window make the answers, and an answer has at most 30 tokens. Each
batch is padded to its longest row, which takes less time than the padding of ``run_qa.py`` to 384 tokens.
"""

import collections
import json
import re
import string
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

BATCH, STRIDE, BEST, LONGEST = 32, 128, 20, 30


def questions_of(path: Path) -> list[dict[str, Any]]:
    """Question, context and accepted answers of each question."""
    articles = json.loads(path.read_text(encoding="utf-8"))["data"]
    return [
        {"question": asked["question"], "context": paragraph["context"], "answers": asked["answers"]}
        for article in articles
        for paragraph in article["paragraphs"]
        for asked in paragraph["qas"]
    ]


def plain(text: str) -> list[str]:
    """The words of an answer as SQuAD's script compares them."""
    bare = "".join(sign for sign in text.lower() if sign not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", bare).split()


def measured(answer: str, accepted: list[str]) -> tuple[float, float]:
    """Exact match and F1 of SQuAD's script."""
    found = []
    for each in accepted:
        said, true = plain(answer), plain(each)
        common = sum((collections.Counter(said) & collections.Counter(true)).values())
        found.append((float(said == true), 2 * common / (len(said) + len(true)) if said or true else 1.0))
    return max(exact for exact, _ in found), max(f1 for _, f1 in found)


def with_trainer(
    paths: dict[str, Path], preset: str, length: int, epochs: int, rate: float, seed: int
) -> dict[str, Any]:
    """Everything trains, in bfloat16 as ``benchmarks.entity_peers``."""
    import numpy as np
    import torch
    from transformers import (
        AutoModelForQuestionAnswering,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
        set_seed,
    )

    set_seed(seed)
    begun = time.perf_counter()
    tokenizer = AutoTokenizer.from_pretrained(preset)
    rows = {part: questions_of(path) for part, path in paths.items()}

    def prepared(asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
        encoded = tokenizer(
            [each["question"].strip() for each in asked],
            [each["context"] for each in asked],
            truncation="only_second", max_length=length, stride=STRIDE, return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )  # fmt: skip
        made = []
        for index, owner in enumerate(encoded["overflow_to_sample_mapping"]):
            context = [number for number, part in enumerate(encoded.sequence_ids(index)) if part == 1]
            places = encoded["offset_mapping"][index]
            answer = asked[owner]["answers"][0]
            begin, end = answer["answer_start"], answer["answer_start"] + len(answer["text"])
            first = last = 0
            if places[context[0]][0] <= begin and places[context[-1]][1] >= end:
                first = max(number for number in context if places[number][0] <= begin)
                last = min(number for number in context if places[number][1] >= end)
            made.append(
                {key: encoded[key][index] for key in ("input_ids", "token_type_ids", "attention_mask")}
                | {"start_positions": first, "end_positions": last}
                | {
                    "owner": owner,
                    "places": [
                        each if part == 1 else None
                        for each, part in zip(places, encoded.sequence_ids(index), strict=True)
                    ],
                }
            )
        return made

    parts = {part: prepared(asked) for part, asked in rows.items()}
    model = AutoModelForQuestionAnswering.from_pretrained(preset)
    options = TrainingArguments(
        output_dir=tempfile.mkdtemp(), num_train_epochs=epochs, learning_rate=rate, seed=seed, bf16=True,
        per_device_train_batch_size=BATCH, per_device_eval_batch_size=BATCH, eval_strategy="epoch", save_strategy="no",
        logging_strategy="no", report_to=[], disable_tqdm=True, use_cpu=True,
    )  # fmt: skip
    trainer = Trainer(
        model,
        options,
        DataCollatorWithPadding(tokenizer),
        train_dataset=parts["train"],
        eval_dataset=parts["validation"],
    )
    trainer.train()
    seconds = time.perf_counter() - begun

    def scored(part: str) -> tuple[float, float]:
        starts, ends = trainer.predict(parts[part]).predictions
        best: dict[int, tuple[float, str]] = {}
        for row, start, end in zip(parts[part], starts, ends, strict=True):
            context, places = rows[part][row["owner"]]["context"], row["places"]
            for first in np.argsort(start)[-BEST:].tolist():
                for last in np.argsort(end)[-BEST:].tolist():
                    if max(first, last) >= len(places) or not 0 <= last - first < LONGEST:
                        continue
                    if places[first] is None or places[last] is None:
                        continue
                    score = float(start[first] + end[last])
                    if row["owner"] not in best or score > best[row["owner"]][0]:
                        best[row["owner"]] = (score, context[places[first][0] : places[last][1]])
        found = [
            measured(best[number][1] if number in best else "", [answer["text"] for answer in asked["answers"]])
            for number, asked in enumerate(rows[part])
        ]
        return float(np.mean([exact for exact, _ in found])), float(np.mean([f1 for _, f1 in found]))

    exact, f1 = scored("test")
    return {
        "seconds": round(seconds, 1),
        "exact_match": exact,
        "f1": f1,
        "val_f1": scored("validation")[1],
        "threads": torch.get_num_threads(),
    }


def main() -> None:
    """One row as JSON."""
    train, validation, test, preset, length, epochs, rate, seed = sys.argv[1:]
    paths = {"train": Path(train), "validation": Path(validation), "test": Path(test)}
    print(json.dumps(with_trainer(paths, preset, int(length), int(epochs), float(rate), int(seed))))


if __name__ == "__main__":
    main()
