"""Remakes the weights of `tfft_mini`: distils two ImageNet MobileNets over real photos, and learns to tell glyphs apart.

    python scripts/pretrain_mini.py --data ../shared/data --weights ../shared/weights --out runs/mini

Four steps: (1) random crops of the training photos and what the two teachers make of them, cached in `--out`;
(2) glyphs: made-up signs of a few strokes, each drawn many times, cached too; (3) the training, which writes
`tfft_mini.npz`; (4) the measuring, which writes `pretraining.json`. The training reads no label of any photo, and no
photo of a test part. What came out: `docs/tfft_mini.md`.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
import time

import keras
import numpy as np
import tensorflow as tf
from PIL import Image, ImageDraw, ImageEnhance
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tfft.backbones.mini_net import WEIGHTS_FILE, mini_net, weight_name  # noqa: E402

TEACHER_PIXELS, STUDENT_PIXELS, GLYPH_PIXELS = 192, 96, 48
V2_FILE = "mobilenet_v2_1.0_224_imagenet_dequantised_uint8_no_top.h5"
V1_FILE = "mobilenet_v1_0.25_224_imagenet_from_tflite_no_top.h5"
# Crops per photo: the sources have very different numbers of photos, and CamVid's are frames of few drives.
SOURCES = {"flowers5": 14, "hymenoptera": 16, "raccoon": 14, "camvid": 4, "isbi": 16}
MAP_COMPONENTS = (192, 64)  # principal components kept of each teacher's map (of 1280 and of 256 channels)
POOLED_COMPONENTS = 256  # of both teachers' pooled features together (of 1536)
GLYPH_CLASSES, GLYPH_SAMPLES = 500, 70
PENALTIES = {"C": [0.001, 0.01, 0.1, 1.0]}


def photo_paths(data: pathlib.Path, source: str) -> list[pathlib.Path]:
    """Returns the training photos of a source, sorted; never a file of its test or validation part."""
    if source in ("flowers5", "hymenoptera"):
        return sorted((data / "image_classification" / source / "train").glob("*/*.jpg"))
    if source == "raccoon":
        folder = data / "detection" / "raccoon"
        names = sorted((folder / "train.txt").read_text().split())
        return [folder / "images" / f"{pathlib.Path(name).stem}.jpg" for name in names]
    if source == "camvid":
        return sorted((data / "segmentation" / "camvid_small" / "train" / "images").iterdir())
    return sorted((data / "segmentation" / "isbi_membrane_small" / "images").iterdir())[:24]


def random_crop(photo: Image.Image, rng: np.random.Generator) -> np.ndarray:
    """Returns a jittered crop of 15..100 % of the photo's area, (192, 192, 3) uint8."""
    width, height = photo.size
    area, aspect = width * height * rng.uniform(0.15, 1.0), np.exp(rng.uniform(-0.3, 0.3))
    w, h = min(width, np.sqrt(area * aspect)), min(height, np.sqrt(area / aspect))
    left, top = rng.uniform(0, width - w), rng.uniform(0, height - h)
    crop = photo.resize((TEACHER_PIXELS, TEACHER_PIXELS), Image.Resampling.BILINEAR, (left, top, left + w, top + h))
    if rng.random() < 0.5:
        crop = crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        crop = enhance(crop).enhance(rng.uniform(0.6, 1.4))
    return np.asarray(crop)


def teacher_map(net: keras.Model) -> tf.types.experimental.GenericFunction:
    """Returns a function from (n, 192, 192, 3) float32 in 0..255 to the teacher's (n, 6, 6, channels) map."""
    return tf.function(lambda images: net(images / 127.5 - 1.0, training=False))


def principal_components(maps: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the mean and a matrix that projects channels to components, each scaled by its variance ** -1/4.

    The power is a compromise: unscaled, the first components would be all that counts; whitened, noise would.
    """
    flat = maps.reshape(-1, maps.shape[-1]).astype("float64")
    values, vectors = np.linalg.eigh(np.cov(flat, rowvar=False))
    values, vectors = values[::-1][:count], vectors[:, ::-1][:, :count]
    matrix = vectors * values**-0.25
    return flat.mean(0), matrix / np.sqrt((values**0.5).mean())


def teach(args: argparse.Namespace) -> dict[str, np.ndarray]:
    """Returns crops (n, 96, 96, 3) uint8, and components of the teachers' maps (n, 6, 6, 256) and pooled (n, 256)."""
    cache = args.out / "teacher.npz"
    if not cache.exists():
        rng = np.random.default_rng(args.seed)
        jobs = [p for s in args.sources for p in photo_paths(args.data, s) for _ in range(SOURCES[s])]
        jobs = [jobs[i] for i in rng.permutation(len(jobs))]
        shape, applications = (TEACHER_PIXELS, TEACHER_PIXELS, 3), keras.applications
        nets = [
            applications.MobileNetV2(shape, 1.0, include_top=False, weights=str(args.weights / V2_FILE)),
            applications.MobileNet(shape, 0.25, include_top=False, weights=str(args.weights / V1_FILE)),
        ]
        run, projections, photos, crops, maps, pooled = [teacher_map(n) for n in nets], None, {}, [], [], []
        for start in range(0, len(jobs), 1024):
            batch = jobs[start : start + 1024]
            photos |= {p: Image.open(p).convert("RGB") for p in batch if p not in photos}
            large = np.stack([random_crop(photos[p], rng) for p in batch])
            parts = [large[i : i + 64].astype("float32") for i in range(0, len(large), 64)]
            both = [np.concatenate([f(p).numpy() for p in parts]) for f in run]
            if projections is None:
                projections = [principal_components(m, c) for m, c in zip(both, MAP_COMPONENTS, strict=True)]
            projected = [(m - mean) @ matrix for m, (mean, matrix) in zip(both, projections, strict=True)]
            small = large.reshape(-1, STUDENT_PIXELS, 2, STUDENT_PIXELS, 2, 3).mean((2, 4))
            crops.append(np.rint(small).astype("uint8"))
            maps.append(np.concatenate(projected, -1).astype("float16"))
            pooled.append(np.concatenate([m.mean((1, 2)) for m in both], -1).astype("float16"))
            print(f"teachers: {start + len(batch)}/{len(jobs)} crops of {len(photos)} photos", flush=True)
        np.savez(cache, crops=np.concatenate(crops), maps=np.concatenate(maps), pooled=np.concatenate(pooled))
    with np.load(cache) as archive:
        taught = {name: archive[name] for name in archive.files}
    pooled = taught["pooled"].astype("float32")
    pooled = (pooled - pooled.mean(0)) / pooled.std(0)
    mean, matrix = principal_components(pooled, POOLED_COMPONENTS)
    return taught | {"pooled": ((pooled - mean) @ matrix).astype("float32")}


def glyph_strokes(rng: np.random.Generator) -> list[np.ndarray]:
    """Returns a made-up sign: 1 to 3 strokes, each (points, 2) in -1..1, straight, bent or closed."""
    strokes = []
    for _ in range(rng.integers(1, 4)):
        t = np.linspace(0, 1, 24)[:, None]
        if rng.random() < 0.3:
            angle = 2 * np.pi * t * rng.choice([1.0, 0.75, 0.5]) + rng.uniform(0, 2 * np.pi)
            radius = rng.uniform(0.25, 0.8, 2)
            strokes.append(rng.uniform(-0.4, 0.4, 2) + radius * np.concatenate([np.cos(angle), np.sin(angle)], 1))
        else:
            a, b, c, d = rng.uniform(-0.9, 0.9, (4, 2))
            curve = (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d
            strokes.append(curve if rng.random() < 0.6 else (1 - t) * a + t * d)
    low, high = np.concatenate(strokes).min(0), np.concatenate(strokes).max(0)
    return [(stroke - (low + high) / 2) * 1.8 / max(high - low) for stroke in strokes]


def draw_glyph(strokes: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Returns one drawing of a sign, (48, 48) uint8: moved, turned, bent, of some stroke width and coarseness."""
    angle, scale = rng.normal(0, 0.15), rng.uniform(0.7, 1.05, 2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * scale
    turn[0, 1] += rng.normal(0, 0.15)
    canvas = Image.new("L", (96, 96))
    pen, width, shift = ImageDraw.Draw(canvas), int(rng.integers(4, 14)), rng.uniform(-0.12, 0.12, 2)
    for stroke in strokes:
        bend = np.sin(stroke[:, ::-1] * np.pi + rng.uniform(0, 6)) * rng.normal(0, 0.06, 2)
        points = ((stroke + bend) @ turn.T + shift + rng.normal(0, 0.04, 2)) * 42 + 48
        pen.line([tuple(p) for p in points], fill=255, width=width, joint="curve")
    coarse = int(rng.choice([8, 10, 12, 16, 24, 48]))
    canvas = canvas.resize((coarse, coarse), Image.Resampling.BOX)
    return np.asarray(canvas.resize((GLYPH_PIXELS, GLYPH_PIXELS), Image.Resampling.BILINEAR))


def glyphs(args: argparse.Namespace) -> dict[str, np.ndarray]:
    """Returns drawings (n, 48, 48) uint8 and which sign each shows (n,) int32."""
    cache = args.out / "glyphs.npz"
    if not cache.exists():
        rng = np.random.default_rng(args.seed + 1)
        signs = [glyph_strokes(rng) for _ in range(GLYPH_CLASSES)]
        drawings = np.stack([draw_glyph(s, rng) for s in signs for _ in range(GLYPH_SAMPLES)])
        np.savez(cache, drawings=drawings, signs=np.repeat(np.arange(GLYPH_CLASSES, dtype="int32"), GLYPH_SAMPLES))
    with np.load(cache) as archive:
        return {name: archive[name] for name in archive.files}


class Student(keras.Model):
    """The net with what only the training needs: projections onto the teachers' features and onto the signs."""

    def __init__(self, net: keras.Model, with_glyphs: bool = True):
        super().__init__()
        self.net, self.with_glyphs = net, with_glyphs
        self.to_map, self.to_pooled = keras.layers.Dense(sum(MAP_COMPONENTS)), keras.layers.Dense(POOLED_COMPONENTS)
        self.to_sign = keras.layers.Dense(GLYPH_CLASSES)
        for layer in (self.to_map, self.to_pooled, self.to_sign)[: 3 if with_glyphs else 2]:
            layer.build((None, net.output.shape[-1]))
        for layer in net.layers:  # every residual unit starts as the identity (Goyal et al. 2017, section 5.1)
            if layer.name.endswith("_add"):
                net.get_layer(layer.name.replace("_add", "_pw_bn")).gamma.assign(np.zeros(layer.output.shape[-1]))

    def losses_of(self, batch: tuple, training: bool) -> tuple:
        """Returns the map loss, the pooled loss and the glyph loss of a batch, each a float32 scalar."""
        crops, maps, pooled, drawings, signs = batch
        features = self.net(crops, training=training)
        maps = tf.image.resize(maps, tf.shape(features)[1:3], antialias=True)
        map_loss = tf.reduce_mean(tf.square(self.to_map(features) - maps))
        pooled_loss = tf.reduce_mean(tf.square(self.to_pooled(tf.reduce_mean(features, (1, 2))) - pooled))
        if not self.with_glyphs:
            return map_loss, pooled_loss, tf.constant(0.0)
        logits = self.to_sign(tf.reduce_mean(self.net(drawings, training=training), (1, 2)))
        sign_losses = keras.losses.sparse_categorical_crossentropy(signs, logits, from_logits=True)
        return map_loss, pooled_loss, tf.reduce_mean(sign_losses)


class Muon(keras.optimizers.Muon):
    """Muon (Jordan 2024; scaled as in Liu et al. 2025) for 1x1 kernels too, which Keras 3.15 leaves to its AdamW.

    Measured here: the distillation loss that AdamW reaches in 270 steps is reached in 90.
    """

    def _should_use_adamw(self, variable: keras.Variable) -> bool:
        return len(variable.shape) < 2 or (len(variable.shape) == 4 and variable.shape[0] > 1)

    def _muon_update_step(self, gradient, variable, lr, m) -> None:
        self.assign_add(m, gradient + m * (self.momentum - 1))
        rows, columns = variable.shape[-2:]
        matrix = tf.reshape(gradient + self.momentum * m, (rows, columns))
        update = self.zeropower_via_newtonschulz5(matrix, self.ns_steps) * (self.rms_rate * max(rows, columns) ** 0.5)
        self.assign_sub(variable, tf.reshape(lr * update, variable.shape))


def batches(taught: dict, drawn: dict, args: argparse.Namespace, epoch: int):
    """Yields the batches of one epoch: half of the photos mirrored, 95 (first epoch) to 30 % (last) of them at 64 pixels.

    Small images first make the training shorter (Tan and Le 2021, section 4), and the net sees more than one size.
    """
    rng, small_share = np.random.default_rng((args.seed, epoch)), 0.95 - 0.65 * epoch / max(1, args.epochs - 1)
    order, size = rng.permutation(len(taught["crops"])), args.batch_size
    for start in range(0, len(order) - size + 1, size):
        index = np.sort(order[start : start + size])
        crops, maps = taught["crops"][index].astype("float32"), taught["maps"][index].astype("float32")
        flip = rng.random(size) < 0.5
        crops[flip], maps[flip] = crops[flip, :, ::-1], maps[flip, :, ::-1]
        if rng.random() < small_share:
            crops = tf.image.resize(crops, (64, 64), antialias=True)
        chosen = rng.integers(0, len(drawn["signs"]), size)
        ink, paper = rng.uniform(0, 255, (2, size, 1, 1, 3))
        plain = rng.random(size) < 0.7  # white on black, or black on white
        ink[plain], paper[plain] = 255.0, 0.0
        inverted = plain & (rng.random(size) < 0.3)
        ink[inverted], paper[inverted] = 0.0, 255.0
        drawings = paper + drawn["drawings"][chosen][..., None] / 255.0 * (ink - paper)
        drawings = (drawings + rng.normal(0, 8, drawings.shape)).astype("float32")
        if rng.random() < 0.6:
            drawings = tf.image.resize(drawings, (32, 32), antialias=True)
        arrays = (crops, maps, taught["pooled"][index], drawings, drawn["signs"][chosen])
        yield tuple(tf.convert_to_tensor(x) for x in arrays)


def train(net: keras.Model, taught: dict, drawn: dict, args: argparse.Namespace) -> list[dict]:
    """Trains the net in place and returns one record of losses per epoch.

    Photos and glyphs go through the net in two calls, so BatchNormalization sees two kinds of batches. For the last
    quarter of the epochs it is therefore frozen: the weights settle around the moving statistics that users run with.
    """
    student = Student(net, with_glyphs=args.glyph_weight > 0)
    steps = args.epochs * (len(taught["crops"]) // args.batch_size)
    rate = keras.optimizers.schedules.CosineDecay(
        1e-4, int(0.95 * steps), 0.01, warmup_target=args.learning_rate, warmup_steps=int(0.05 * steps)
    )
    optimizer, variables = Muon(rate, weight_decay=0.02, adam_weight_decay=0.02), student.trainable_variables
    optimizer.build(variables)

    def step(batch: tuple, training: bool) -> tuple:
        with tf.GradientTape() as tape:
            losses = student.losses_of(batch, training)
            total = losses[0] + losses[1] + args.glyph_weight * losses[2]
        optimizer.apply_gradients(zip(tape.gradient(total, variables), variables, strict=True))
        return losses

    step, history = tf.function(step, reduce_retracing=True), []
    for epoch in range(args.epochs):
        begun, training = time.perf_counter(), epoch < round(0.75 * args.epochs)
        losses = [tf.stack(step(batch, training)).numpy() for batch in batches(taught, drawn, args, epoch)]
        history.append(dict(zip(("map", "pooled", "glyph"), map(float, np.mean(losses, 0)), strict=True)))
        history[-1]["seconds"] = time.perf_counter() - begun
        print(f"epoch {epoch + 1}/{args.epochs}", {k: round(v, 4) for k, v in history[-1].items()}, flush=True)
        save(net, args.out / WEIGHTS_FILE)
    return history


def save(net: keras.Model, path: pathlib.Path) -> None:
    """Writes the weights as float16 arrays, named and in the order of the net."""
    np.savez_compressed(path, **{weight_name(w): w.numpy().astype("float16") for w in net.weights})


def pooled_features(weights_path: pathlib.Path | None, seed: int, images: np.ndarray) -> np.ndarray:
    """Returns the net's mean feature vector of each image, (n, 288); random weights where there is no path."""
    net = mini_net(images.shape[1], seed=seed)
    if weights_path:
        with np.load(weights_path) as archive:
            net.set_weights([archive[name].astype("float32") for name in archive.files])
    pooled = keras.Model(net.input, keras.layers.GlobalAveragePooling2D()(net.output))
    return pooled.predict(images.astype("float32"), batch_size=64, verbose=0)


def labelled_photos(folder: pathlib.Path) -> tuple[np.ndarray, np.ndarray]:
    """Returns the photos of a folder of class folders, (n, 96, 96, 3) uint8, and their classes."""
    paths, size = sorted(folder.glob("*/*.jpg")), (STUDENT_PIXELS, STUDENT_PIXELS)
    images = [np.asarray(Image.open(p).convert("RGB").resize(size, Image.Resampling.BILINEAR)) for p in paths]
    return np.stack(images), np.array([p.parent.name for p in paths])


def measure(data: pathlib.Path, weights_path: pathlib.Path) -> dict[str, list[float]]:
    """Returns held-out accuracies of a logistic regression on frozen features, three seeds, pretrained and random.

    The seed draws the training images and the random net; the strength of the penalty is chosen by cross-validation on
    the training images.
    """
    result: dict[str, list[float]] = {}

    def score(name: str, train: tuple, test: tuple, seed: int) -> None:
        for kind, path in (("pretrained", weights_path), ("random", None)):
            fitted = make_pipeline(StandardScaler(), GridSearchCV(LogisticRegression(max_iter=3000), PENALTIES, cv=3))
            fitted.fit(pooled_features(path, seed, train[0]), train[1])
            accuracy = fitted.score(pooled_features(path, seed, test[0]), test[1])
            result.setdefault(f"{name}, {kind}", []).append(round(float(accuracy), 4))

    for source, part in (("flowers5", "test"), ("hymenoptera", "val")):
        folder = data / "image_classification" / source
        (images, labels), test = labelled_photos(folder / "train"), labelled_photos(folder / part)
        for seed in range(3):
            chosen, _ = train_test_split(np.arange(len(labels)), train_size=0.8, stratify=labels, random_state=seed)
            score(source, (images[chosen], labels[chosen]), test, seed)
    digits = load_digits()
    images = np.repeat(tf.image.resize(digits.images[..., None] * (255 / 16), (48, 48)).numpy(), 3, -1)
    for per_class in (10, 20, 50):
        for seed in range(3):
            parts = train_test_split(
                images, digits.target, train_size=10 * per_class, stratify=digits.target, random_state=seed
            )
            score(f"digits, {per_class} a class", parts[::2], parts[1::2], seed)
    return result


def main() -> None:
    """Reads the arguments and runs the four steps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--weights", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--sources", nargs="+", choices=sorted(SOURCES), default=list(SOURCES))
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument("--glyph-weight", type=float, default=0.5, help="0: distillation alone")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    taught, drawn = teach(args), glyphs(args)
    net = mini_net(size=None, seed=args.seed)
    history = train(net, taught, drawn, args)
    measured = measure(args.data, args.out / WEIGHTS_FILE)
    record = {"crops": len(taught["crops"]), "epochs": history, "accuracy": measured}
    print(json.dumps(measured, indent=1))
    (args.out / "pretraining.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
