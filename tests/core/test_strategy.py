"""Strategies are given by name or as objects; unsupported ones are refused."""

import pytest
import tensorflow as tf

from tests import forked
from tfft.core.errors import PlanError
from tfft.core.strategy import check_batch, current, in_replica, replicas, resolve, scope


def test_one_device_needs_no_strategy():
    assert resolve(None) is None
    assert resolve("auto") is None  # this machine does not have two GPUs
    assert replicas(None) == 1
    with scope(None):
        assert not tf.distribute.has_strategy()


def test_a_strategy_is_used_unchanged_and_found_in_its_scope():
    strategy = tf.distribute.OneDeviceStrategy("CPU:0")
    assert resolve(strategy) is strategy
    with strategy.scope():
        assert resolve(None) is strategy
    with scope(strategy):
        assert tf.distribute.get_strategy() is strategy


def test_two_strategies_cannot_be_combined():
    one, other = (tf.distribute.OneDeviceStrategy("CPU:0") for _ in range(2))
    with one.scope():
        with pytest.raises(PlanError, match="inside the scope of another strategy than its argument"):
            resolve(other)
        with (
            pytest.raises(
                PlanError, match=r"another strategy than it was built for.*one device, used inside.*Pass strategy="
            ),
            scope(None),
        ):
            pass


def test_a_function_runs_in_the_context_of_a_replica():
    def function():
        return tf.distribute.in_cross_replica_context(), [tf.constant(2.0)]

    strategy = tf.distribute.OneDeviceStrategy("CPU:0")
    with scope(strategy):
        outside, (value,) = in_replica(strategy, function)
    assert not outside
    assert value.numpy() == 2.0


@pytest.mark.parametrize("wrong", ["mirror", 2, ["CPU:0"]])
def test_an_unknown_strategy_is_refused(wrong):
    with pytest.raises(PlanError, match=r"is unknown.*'auto', 'mirrored'"):
        resolve(wrong)


@pytest.mark.parametrize(("batch", "copies"), [(1, 2), (3, 4), (7, 8)])
def test_a_batch_with_fewer_examples_than_replicas_is_refused(batch, copies):
    with pytest.raises(
        PlanError, match=rf"batch_size={batch} is too small for {copies} replicas.*Use {copies} or more"
    ):
        check_batch(batch, copies)


@pytest.mark.parametrize(("batch", "copies"), [(2, 2), (33, 2), (10, 4), (1, 1)])
def test_a_batch_may_be_dealt_out_unevenly(batch, copies):
    check_batch(batch, copies)


@pytest.mark.slow
def test_mirrored_uses_every_logical_device():
    code = (
        "import tensorflow as tf; from tfft.core.strategy import replicas, resolve\n"
        "cpu = tf.config.list_physical_devices('CPU')[0]\n"
        "tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 3)\n"
        "print(replicas(resolve('mirrored')), resolve('auto'))"
    )
    done = forked.run(code, timeout=120)
    assert done.stdout == "3 None\n", done.stderr


def test_the_current_strategy_is_the_one_of_the_active_scope():
    strategy = tf.distribute.OneDeviceStrategy("CPU:0")
    assert current() is None
    with strategy.scope():
        assert current() is strategy


def test_missing_devices_are_refused():
    with pytest.raises(
        PlanError, match=r"devices that this machine does not have.*CPU:7.*this machine has '/device:CPU:0'"
    ):
        resolve(tf.distribute.MirroredStrategy(["/cpu:0", "/cpu:7"]))
