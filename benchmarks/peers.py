"""The same two phases by fastai or by Hugging Face's Trainer; ``benchmarks.image`` runs this file with another Python.

    python -m benchmarks.image --material ../shared --peers /path/to/venv/bin/python --kinds keras tfft fastai "hugging face"

That other environment holds ``torch torchvision fastai transformers accelerate`` and no tfft. Architectures are torchvision's,
with random weights: it has none of ours, so only times can be compared. What a batch is made of is as their guides write it.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

EPOCHS, BATCH, SIZE, WORKERS = 10, 32, 224, 2
RATES = (1e-3, 1e-5)


def architecture(net: str, classes: int) -> tuple[Any, Any, Any]:
    """A torchvision model, its last block, and its new head."""
    from torch import nn
    from torchvision import models

    if net == "VGG16":
        model = models.vgg16(weights=None)
        # as Keras has it without its top: one pooled vector and one Dense layer
        model.avgpool, model.classifier = nn.AdaptiveAvgPool2d(1), nn.Linear(512, classes)
        return model, model.features[24:], model.classifier
    if net == "ResNet50":
        model = models.resnet50(weights=None)
        model.fc = nn.Linear(model.fc.in_features, classes)
        return model, model.layer4, model.fc
    model = models.mobilenet_v2(weights=None, width_mult=0.35 if net.endswith("0.35") else 1.0)
    model.classifier = nn.Linear(model.last_channel, classes)
    return model, model.features[14:], model.classifier


def freeze(model: Any, *trained: Any) -> None:
    """Let some modules train and no others."""
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    for module in trained:
        for parameter in module.parameters():
            parameter.requires_grad_(True)


def with_fastai(folder: Path, net: str, seed: int) -> dict[str, float]:
    """As fastai's vision tutorial writes it."""
    from fastai.vision.all import ImageDataLoaders, Learner, Resize, accuracy, set_seed

    set_seed(seed, reproducible=True)
    begun = time.perf_counter()
    data = ImageDataLoaders.from_folder(
        folder, train="train", valid="validation", item_tfms=Resize(SIZE), bs=BATCH, num_workers=WORKERS, seed=seed
    )
    model, block, head = architecture(net, data.c)
    learner = Learner(data, model, metrics=accuracy)
    seconds = []
    for rate, trained in zip(RATES, ((head,), (block, head)), strict=True):
        start = time.perf_counter()
        freeze(model, *trained)
        with learner.no_bar(), learner.no_logging():
            learner.fit(EPOCHS, rate)
        seconds.append(time.perf_counter() - start)
    total = time.perf_counter() - begun
    return {"seconds": total, "head": seconds[0], "tune": seconds[1], "accuracy": float(learner.validate()[1])}


def with_trainer(folder: Path, net: str, seed: int) -> dict[str, float]:
    """As Hugging Face's image classification guide writes it."""
    import torch
    from torchvision import datasets, transforms
    from transformers import Trainer, TrainingArguments, set_seed

    set_seed(seed)
    begun = time.perf_counter()
    read = transforms.Compose([transforms.Resize((SIZE, SIZE)), transforms.ToTensor(), transforms.Normalize(0.5, 0.5)])
    train, validation = (datasets.ImageFolder(str(folder / part), read) for part in ("train", "validation"))
    net_, block, head = architecture(net, len(train.classes))

    class Classifier(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = net_

        def forward(self, pixel_values: Any, labels: Any = None) -> dict[str, Any]:
            logits = self.net(pixel_values)
            return {"loss": torch.nn.functional.cross_entropy(logits, labels), "logits": logits}

    def collate(rows: list[Any]) -> dict[str, Any]:
        return {"pixel_values": torch.stack([row[0] for row in rows]), "labels": torch.tensor([row[1] for row in rows])}

    def scored(answers: Any) -> dict[str, float]:
        return {"accuracy": float((answers.predictions.argmax(axis=1) == answers.label_ids).mean())}

    model, seconds = Classifier(), []
    for rate, trained in zip(RATES, ((head,), (block, head)), strict=True):
        start = time.perf_counter()
        freeze(model, *trained)
        options = TrainingArguments(
            output_dir=str(folder.parent / "trainer"), num_train_epochs=EPOCHS, learning_rate=rate, seed=seed,
            per_device_train_batch_size=BATCH, per_device_eval_batch_size=BATCH, dataloader_num_workers=WORKERS,
            eval_strategy="epoch", save_strategy="no", logging_strategy="no", report_to=[], disable_tqdm=True,
            remove_unused_columns=False, use_cpu=True,
        )  # fmt: skip
        trainer = Trainer(model, options, collate, train_dataset=train, eval_dataset=validation, compute_metrics=scored)
        trainer.train()
        seconds.append(time.perf_counter() - start)
    total = time.perf_counter() - begun
    accuracy = trainer.evaluate()["eval_accuracy"]
    return {"seconds": total, "head": seconds[0], "tune": seconds[1], "accuracy": accuracy}


def main() -> None:
    """One row as JSON."""
    folder, net, kind, seed = sys.argv[1:]
    row = {"fastai": with_fastai, "hugging face": with_trainer}[kind](Path(folder) / "photos", net, int(seed))
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    print(json.dumps(row | {"peak_gb": int(peak.split()[1]) * 1024 / 1e9}))


if __name__ == "__main__":
    main()
