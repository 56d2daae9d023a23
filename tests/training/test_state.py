"""The parts of a run come back from their snapshots bit for bit."""

import keras
import numpy as np

import tfft
from tests import forked
from tfft.accelerate.precision import Precision
from tfft.plans import Phase, Plan
from tfft.trainable import last_blocks, nothing
from tfft.training.adam import Adam
from tfft.training.feature_schedule import turns_of
from tfft.training.run import PhaseRecord, Run
from tfft.training.state import (
    OptimizerState,
    Position,
    Variables,
    divide,
    divided,
    joined,
    of_run,
    record_values,
    with_records,
)  # fmt: skip

PLAN = Plan(Phase("head", nothing(), 1, 0.1), Phase("tune", last_blocks(1), 1, 0.1))


def test_a_snapshot_is_a_copy_that_later_changes_do_not_reach():
    variable = keras.Variable(np.array([1.0, -0.0], np.float32))
    found = Variables([variable]).snapshot()
    variable.assign([5.0, 5.0])
    assert found.arrays["0"].tobytes() == np.array([1.0, -0.0], np.float32).tobytes()
    Variables([variable]).continue_from(found)
    assert variable.numpy().tobytes() == found.arrays["0"].tobytes()


def test_an_optimizer_continues_with_the_same_steps():
    def stepped(optimizer, variables, count):
        for _ in range(count):
            optimizer.apply([keras.ops.ones_like(variables[0]), None], variables)

    def made():
        variables = [keras.Variable(np.ones((2, 2), "float32")), keras.Variable(np.ones(3, "float32"))]
        optimizer = Adam(keras.optimizers.schedules.CosineDecay(0.1, 20), {})
        optimizer.build(variables)
        return optimizer, variables

    (whole, expected), (first, variables) = made(), made()
    stepped(whole, expected, 5)
    stepped(first, variables, 2)
    states = [OptimizerState(first, variables).snapshot(), Variables(variables).snapshot()]
    second, others = made()
    OptimizerState(second, others).continue_from(states[0])
    Variables(others).continue_from(states[1])
    assert second.reached == {id(others[0])}
    stepped(second, others, 3)
    for one, other in zip(others, expected, strict=True):
        assert one.numpy().tobytes() == other.numpy().tobytes()


def test_the_variables_that_any_phase_changes_are_told_from_the_others(model):
    changing, frozen = divided(turns_of(model, PLAN))
    assert {variable.path for variable in changing} == {
        "block3_conv/kernel", "block3_conv/bias", "logits/kernel", "logits/bias",
    }  # fmt: skip
    assert len(changing) + len(frozen) == len(model.net.weights)


def test_all_random_generators_of_the_net_are_part_of_a_run(data):
    task = tfft.tasks.classification(data.labels, dropout=0.5)
    model = tfft.build("toy", task)
    parts = of_run(model, turns_of(model, PLAN))
    before = parts["seeds"].snapshot()
    assert len(before.arrays) == 1
    images = np.zeros((2, *model.net.input_shape[1:]), np.float32)
    first = np.array(model.net(images, training=True))
    second = np.array(model.net(images, training=True))
    parts["seeds"].continue_from(before)
    assert np.array(model.net(images, training=True)).tobytes() == first.tobytes()
    assert np.array(model.net(images, training=True)).tobytes() == second.tobytes()


def test_parts_are_joined_under_their_names_and_divided_again():
    one, two, at = (
        keras.Variable(np.ones(2)),
        keras.Variable(np.zeros(3)),
        Position(2, 5, {"loss": 0.5}, {"loss": [1.0]}),
    )
    parts = {"one": Variables([one]), "two": Variables([two]), "position": at}
    found = joined(parts)
    assert set(found.arrays) == {"one/0", "two/0"}
    one.assign([7, 7])
    at.epoch, at.history = 9, {}
    divide(found, parts)
    assert one.numpy().tolist() == [1, 1]
    assert (at.epoch, at.step, at.history) == (2, 5, {"loss": [1.0]})


def test_the_record_of_finished_phases_comes_back(model, data):
    turns = turns_of(model, PLAN)
    overview = turns[0].overview.compared(turns[0].overview.digests())
    record = PhaseRecord(
        PLAN.phases[0], overview, {"loss": [0.5], "val_loss": [0.1 + 0.2]}, 1, 0.1 + 0.2, 2.5, "features"
    )
    run = Run(model, PLAN, 0, 8, {}, "abc", (record,), precision=Precision("bfloat16"))
    again = with_records(Run(model, PLAN, 0, 8, {}), turns, record_values(run))
    assert again.first_weights == "abc"
    assert again.precision == Precision("bfloat16")
    (found,) = again.phases
    assert found.to_dict() == record.to_dict()


MIRRORED = """
import numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 3)
import keras
from tfft.training.state import ReplicaVariables
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1", "CPU:2"])
with strategy.scope():
    mean = keras.metrics.Mean()
    values = tf.constant([0.1, 0.7, 1e-8])

    def update():
        index = tf.distribute.get_replica_context().replica_id_in_sync_group
        mean.update_state(tf.gather(values, index)[None])

    run = tf.function(lambda: strategy.run(update))
    run()
    part = ReplicaVariables(mean.variables, strategy)
    before = part.snapshot()
    print(sorted(array.tolist() for array in before.arrays.values()))
    run()
    whole = part.snapshot()
    part.continue_from(before)
    run()
    traced, function = [], tf.function
    tf.function = lambda *given, **options: traced.append(given) or function(*given, **options)
    print(all(part.snapshot().arrays[name].tobytes() == array.tobytes() for name, array in whole.arrays.items()))
    print(len(traced))
    ReplicaVariables(mean.variables, strategy).snapshot()
    print(len(traced))
"""


def test_each_replica_gets_its_own_sums_back_bit_for_bit_and_later_snapshots_trace_no_graph():
    done = forked.run(MIRRORED, timeout=300)
    sums, same, *traced = done.stdout.splitlines()
    values = [float(np.float32(value)) for value in (0.1, 0.7, 1e-8)]
    assert sums == str(sorted([values, [1.0, 1.0, 1.0]])), done.stderr
    assert same == "True"
    assert traced == ["0", "1"]
