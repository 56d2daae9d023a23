"""The further options of ``fit`` are checked before anything is trained."""

import inspect

import keras
import pytest

import tfft
from tfft.core.errors import PlanError
from tfft.training.options import ARGUMENTS, FitOptions, check_options


@pytest.mark.parametrize("name", ["epochs", "learning_rate", "optimizer"])
def test_arguments_of_keras_fit_are_answered_with_the_plan(model, data, name):
    with pytest.raises(TypeError, match=rf"fit\(\) has no argument '{name}'.*plan=tfft\.plans\.two_phase"):
        tfft.fit(model, data, **{name: 5})


def test_a_misspelt_argument_is_answered_with_the_nearest_one(model, data):
    with pytest.raises(TypeError, match=r"fit\(\) has no argument 'batchsize'.*batch_size"):
        tfft.fit(model, data, batchsize=5)


def test_the_known_arguments_are_those_of_fit():
    named = [name for name in inspect.signature(tfft.fit).parameters if name != "options"]
    assert (*named, *FitOptions.__annotations__) == ARGUMENTS


@pytest.mark.parametrize(
    "callback",
    [
        lambda: keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate),
        lambda: keras.callbacks.ReduceLROnPlateau(),
    ],
)
def test_callbacks_that_set_the_learning_rate_are_refused_by_name(model, data, callback):
    with pytest.raises(PlanError, match=r"(LearningRateScheduler|ReduceLROnPlateau).*schedule"):
        tfft.fit(model, data, tfft.plans.head_only(1), callbacks=[callback()])


@pytest.mark.parametrize("given", ["csv", [1], keras.callbacks.TerminateOnNaN])
def test_other_callbacks_than_those_of_keras_are_refused(model, data, given):
    with pytest.raises(PlanError, match="callbacks"):
        tfft.fit(model, data, tfft.plans.head_only(1), callbacks=given)


def test_a_checkpoint_of_whole_nets_is_refused_and_one_of_weights_is_not():
    whole, weights = (
        keras.callbacks.ModelCheckpoint(f"net.{ending}", save_weights_only=only)
        for ending, only in (("keras", False), ("weights.h5", True))
    )
    with pytest.raises(PlanError, match=r"a file that Keras cannot read\. Got: 'net\.keras'\. Use run_folder="):
        check_options({"callbacks": [weights, whole]})
    assert check_options({"callbacks": [weights]}).callbacks == (weights,)


def test_any_teacher_becomes_a_value_and_none_stays_none():
    assert check_options({}).teacher is None
    assert check_options({"teacher": "large.tfft"}).teacher.model == "large.tfft"
    assert check_options({"teacher": ""}).teacher.model == ""  # refused when it is opened, not passed over
    own = tfft.plans.Teacher("large.tfft", 3, 0.7)
    assert check_options({"teacher": own}).teacher is own
