"""Adam in one pass takes the steps of Keras' Adam and AdamW, on one device and on several."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests import forked
from tests.keras_optimizers import KERAS_NAMES
from tfft.training.adam import Adam

SHAPES = [(4, 5), (5,), (2, 3, 4), ()]
STEPS = 20


def gradients(step):
    """Of very different lengths, so that a limit clips some of them alone."""
    random = np.random.default_rng(step)
    return [(random.normal(size=shape) * 10 ** random.uniform(-3, 1)).astype("float32") for shape in SHAPES]


def variables():
    random = np.random.default_rng(0)
    return [keras.Variable(random.normal(size=shape).astype("float32")) for shape in SHAPES]


def after(make, steps=STEPS, gradient=gradients, traced=False):
    """Variables, and the optimizer that ``make`` made for them, after some steps."""
    moved = variables()
    optimizer = make(moved)
    optimizer.build(moved)

    def step(*given):
        optimizer.apply(list(given), moved)

    step = tf.function(step) if traced else step
    for number in range(steps):
        step(*map(tf.constant, gradient(number)))
    return [variable.numpy() for variable in moved], optimizer


def near(found, expected, atol=1e-5):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=atol, rtol=0)


def moved_by(found):
    return [np.abs(now - then.numpy()).max() for now, then in zip(found, variables(), strict=True)]


def ours(rate=0.05, factors=(1, 1, 1, 1), decayed=(), decay=0.0, clip=None):
    """Makes our optimizer, its factors and who decays by position."""
    return lambda given: Adam(
        rate,
        {id(variable): factor for variable, factor in zip(given, factors, strict=True)},
        frozenset(id(given[index]) for index in decayed),
        decay,
        clip,
    )


RATES = [0.05, keras.optimizers.schedules.CosineDecay(0.01, 15, warmup_target=0.1, warmup_steps=5)]


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize("clip", [None, 0.5])
@pytest.mark.parametrize("rate", RATES, ids=["constant", "schedule"])
def test_steps_are_those_of_keras_adam(rate, clip, traced):
    theirs, reference = after(lambda _: keras.optimizers.Adam(rate, global_clipnorm=clip))
    found, optimizer = after(ours(rate, clip=clip), traced=traced)
    near(found, theirs)
    near(optimizer._momentums, reference._momentums)
    near(optimizer._velocities, reference._velocities, atol=1e-4)
    assert int(optimizer.iterations) == STEPS
    assert min(moved_by(found)) > 0.05


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize("clip", [None, 0.5])
@pytest.mark.parametrize("rate", RATES, ids=["constant", "schedule"])
def test_steps_are_those_of_keras_adamw_where_some_decay(rate, clip, traced):
    def theirs(given):
        optimizer = keras.optimizers.AdamW(rate, weight_decay=0.3, global_clipnorm=clip)
        optimizer.exclude_from_weight_decay([given[1], given[3]])
        return optimizer

    found, _ = after(ours(rate, decayed=(0, 2), decay=0.3, clip=clip), traced=traced)
    near(found, after(theirs)[0])
    plain, _ = after(ours(rate, clip=clip))
    assert [np.abs(one - other).max() > 0.05 for one, other in zip(found, plain, strict=True)] == [1, 0, 1, 0]


def test_the_limit_that_is_tested_clips():
    lengths = [np.sqrt(sum((part**2).sum() for part in gradients(step))) for step in range(STEPS)]
    assert min(lengths) < 0.5 < max(lengths) or min(lengths) > 0.5
    (free, _), (clipped, _) = after(ours()), after(ours(clip=0.5))
    assert max(np.abs(one - other).max() for one, other in zip(free, clipped, strict=True)) > 0.01


def test_what_is_clipped_is_the_length_of_all_gradients_together():
    """Adam's first step is the rate, however long the gradient; its mean of gradients tells how long it was."""
    _, optimizer = after(ours(clip=0.5), steps=1)
    length = np.sqrt(sum((np.asarray(mean) ** 2).sum() for mean in optimizer._momentums)) / (1 - optimizer.beta_1)
    assert length == pytest.approx(0.5, rel=1e-5)


def test_each_factor_scales_the_rate_of_its_variable_alone():
    factors = (0.25, 1, 20, 3)
    found, _ = after(ours(0.003, factors))
    for index, factor in enumerate(factors):
        alone, _ = after(lambda _, factor=factor: keras.optimizers.Adam(0.003 * factor))
        near([found[index]], [alone[index]])


def test_decay_follows_the_rate_of_its_variable():
    """Without a gradient, decay is all that moves it, by rate times factor times decay."""
    steps = 3
    found, _ = after(
        ours(0.1, (0.5, 1, 2, 1), (0, 2), 0.3), steps, lambda _: [np.zeros(shape, "float32") for shape in SHAPES]
    )
    shares = [now / then.numpy() for now, then in zip(found, variables(), strict=True)]
    near(shares, [np.full(shape, share) for shape, share in zip(SHAPES, (0.985**3, 1, 0.94**3, 1), strict=True)])


def test_variables_without_a_factor_have_the_learning_rate_itself():
    found, _ = after(lambda given: Adam(0.05, {id(given[0]): 1.0}))
    near(found, after(ours())[0], atol=0)


def test_a_rate_without_any_factor_moves_nothing_else():
    assert moved_by(after(ours(factors=(1, 1e-30, 1, 1)))[0])[1] == 0


def constrained(optimizer, traced):
    """A variable whose columns may not be longer than 0.7, after three steps."""
    variable = keras.Variable(np.ones((4, 5), "float32"))
    variable.constraint = keras.constraints.MaxNorm(0.7)
    optimizer.build([variable])

    def step(slope):
        optimizer.apply([slope], [variable])

    step = tf.function(step) if traced else step
    for number in range(3):
        step(tf.constant(gradients(number)[0]))
    return variable.numpy()


@pytest.mark.parametrize("traced", [False, True])
def test_constraints_of_variables_hold_after_each_step(traced):
    found, expected = (constrained(make, traced) for make in (Adam(0.5, {}), keras.optimizers.Adam(0.5)))
    assert np.linalg.norm(found, axis=0).max() <= 0.7 + 1e-5
    near([found], [expected])


TOKENS = np.array([[1, 2, 2, 5], [2, 0, 2, 1]])


def text_net():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((4,), dtype="int32")
    x = keras.layers.Embedding(8, 3, name="table")(inputs)
    return keras.Model(inputs, keras.layers.Dense(1, name="logits")(keras.layers.Flatten()(x)))


def sparse_step(net, optimizer, dense):
    """A step by the sparse gradient of a table; ``dense`` makes it dense before the optimizer sees it."""
    weights = net.trainable_variables

    def step(tokens):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(net(tokens) - 3.0))
        slopes = tape.gradient(loss, [weight.value for weight in weights])
        assert isinstance(slopes[0], tf.IndexedSlices)
        optimizer.apply([tf.convert_to_tensor(slope) for slope in slopes] if dense else slopes, weights)

    return step


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("clip", [None, 1000.0])
def test_sparse_gradients_take_the_steps_of_dense_ones(clip, decay, traced):
    """Tokens that come twice in a batch are summed, and rows that no token met move on by their running mean."""
    found = []
    for dense in (False, True):
        net = text_net()
        weights = net.trainable_variables
        optimizer = Adam(0.05, {}, frozenset({id(weights[0])}), decay, clip)
        optimizer.build(weights)
        step = sparse_step(net, optimizer, dense)
        step = tf.function(step) if traced else step
        for number in range(6):
            step(tf.constant(TOKENS if number % 2 else TOKENS + 2))
        found.append([weight.numpy() for weight in weights])
    near(*found)
    assert np.abs(found[0][0] - text_net().get_weights()[0]).max() > 0.05


def test_a_sparse_gradient_is_clipped_by_its_true_length():
    """Keras 3.15 squares slices before those of one row are summed, which makes them look shorter than they are."""
    lengths = []
    for dense in (False, True):
        table = keras.Variable(np.zeros((3, 2), "float32"))
        optimizer = Adam(0.1, {}, clip_norm=1.0)
        optimizer.build([table])
        slope = tf.IndexedSlices(tf.ones((4, 2)), tf.constant([1, 1, 1, 1]), tf.constant([3, 2]))
        optimizer.apply([tf.convert_to_tensor(slope) if dense else slope], [table])
        lengths.append(np.linalg.norm(np.asarray(optimizer._momentums[0])) / (1 - optimizer.beta_1))
    assert lengths == pytest.approx([1, 1], rel=1e-5)


def test_it_serves_fit_and_its_state_is_that_of_keras_adam():
    def history(optimizer):
        net = text_net()
        net.compile(optimizer, "mse")
        found = net.fit(TOKENS, np.ones((2, 1)), epochs=10, verbose=0).history["loss"]
        return found, sorted(variable.path.split("/", 1)[1] for variable in net.optimizer.variables)

    ours, theirs = history(Adam(0.05, {}, clip_norm=1e6)), history(keras.optimizers.Adam(0.05, global_clipnorm=1e6))
    np.testing.assert_allclose(ours[0], theirs[0], atol=1e-5)
    assert ours[1] == theirs[1]
    assert ours[0][-1] < ours[0][0] / 2


@pytest.mark.slow
@pytest.mark.parametrize(
    "strategy",
    [lambda: tf.distribute.OneDeviceStrategy("CPU:0"), lambda: tf.distribute.MirroredStrategy(["CPU:0"])],
    ids=["one device", "mirrored over one"],
)
def test_a_strategy_of_one_device_changes_nothing(strategy):
    def trained():
        net = text_net()
        table = net.get_layer("table").embeddings
        net.compile(Adam(0.05, {id(table): 0.5}, frozenset({id(table)}), 0.1, 0.5), "mse")
        net.fit(TOKENS, np.ones((2, 1)), epochs=5, verbose=0)
        return net.get_weights()

    alone = trained()
    with strategy().scope():
        near(trained(), alone, atol=1e-6)


REPLICAS = """
import sys
import numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import keras
from tfft.core.strategy import replicas, resolve, scope
from tfft.core.values import Loaded
from tfft.data.loading import Loading
from tfft.data.pipeline import training_batches
from tfft.plans.optimizers import options_of
from tfft.training.adam import Adam
from tfft.training.steps import Steps
from tfft.training.whole_batch import of_whole_batches

def made(name, *numbers):
    if name == "adam":
        return Adam(0.05, *numbers)
    kind, options = options_of(name)
    optimizer = of_whole_batches(kind).from_config(options)
    # both move little where weights are near zero
    optimizer.learning_rate = 1.0 if name in ("adadelta", "adafactor") else 0.05
    optimizer.prepare(*numbers)
    return optimizer

random = np.random.default_rng(0)
tokens, targets = random.integers(0, 8, (32, 4)), random.normal(size=(32, 1)).astype("float32")
if sys.argv[1] == "dense":
    tokens = tokens / 4 - 1

def trained(strategy, clip, decay, copies=1, name="adam"):
    with scope(strategy):
        keras.utils.set_random_seed(0)
        x = inputs = keras.Input((4,), dtype=tokens.dtype, name="x")
        if sys.argv[1] == "sparse":
            x = keras.layers.Flatten()(keras.layers.Embedding(8, 3)(inputs))
        net = keras.Model({"x": inputs}, keras.layers.Dense(1)(keras.layers.Dense(5, activation="tanh")(x)))
        first = net.get_weights()
        kernels = [v for v in net.trainable_variables if len(v.shape) > 1]
        factors = {id(variable): 2.0**-index for index, variable in enumerate(net.trainable_variables)}
        optimizer = made(name, factors, frozenset(map(id, kernels)), decay, clip)
        optimizer.build(net.trainable_variables)
        steps = Steps(net, keras.losses.MeanSquaredError(), [], optimizer, strategy, unrolled=copies)
        loading = Loading(len(tokens), lambda _, chosen: Loaded({"x": tokens[chosen]}, targets[chosen]))
        batches = steps.iterate(lambda own: training_batches(loading, 7, range(5), 0, replicas(strategy), own=own))
        losses = [steps.train(batches, 5)["loss"] for _ in range(5)]  # batches of 7, and one of 4
    return losses, first, net.get_weights()

for name in sys.argv[2:]:
    one, two = (trained(strategy, 0.01, 0.3, name=name) for strategy in (None, resolve("mirrored")))
    np.testing.assert_allclose(two[0], one[0], atol=1e-5, err_msg=f"losses with {name}")
    for before, a, b in zip(one[1], one[2], two[2]):
        np.testing.assert_allclose(b, a, atol=1e-5, err_msg=f"weights with {name}")
        assert np.abs(a - before).max() > 1e-4, name
for clip, decay in ((0.01, 0.3), (None, 0.3), (None, 0.0)) if not sys.argv[2:] else ():
    one, two = (trained(strategy, clip, decay) for strategy in (None, resolve("mirrored")))
    np.testing.assert_allclose(two[0], one[0], atol=1e-5, err_msg=f"losses with clip {clip} and decay {decay}")
    for before, a, b in zip(one[1], one[2], two[2]):
        np.testing.assert_allclose(b, a, atol=1e-5, err_msg=f"weights with clip {clip} and decay {decay}")
        assert np.abs(a - before).max() > 0.01
    three = trained(resolve("mirrored"), clip, decay, copies=2)
    assert three[0] == two[0]
    assert all(np.array_equal(a, b) for a, b in zip(three[2], two[2]))
print("equal")
"""


@pytest.mark.slow
@pytest.mark.parametrize("gradients", ["dense", "sparse"])
@pytest.mark.parametrize("names", [[], KERAS_NAMES], ids=["adam", "others"])
def test_two_replicas_take_the_steps_of_one_device(gradients, names):
    done = forked.run(REPLICAS, gradients, *names, timeout=300)
    assert done.stdout.endswith("equal\n"), done.stdout + done.stderr[-3000:]
