"""Learning curves show every metric of every epoch, mark the phases, and ring the kept epochs."""

import pytest

import tfft
from tfft.plots.learning_curves import plot


@pytest.fixture
def run(toy_arrays):
    data = tfft.data.from_arrays(*toy_arrays)
    model = tfft.build("toy", tfft.tasks.classification(data.labels))
    return tfft.fit(model, data, tfft.plans.two_phase(3, 2, learning_rate=0.05))


def test_every_value_of_the_history_is_plotted_and_every_phase_is_named(run):
    history = run.history()
    for axes, name in zip(run.plot().axes, ("loss", "accuracy"), strict=True):
        plotted = {
            line.get_label(): list(line.get_ydata()) for line in axes.lines if not line.get_label().startswith("_")
        }
        assert plotted == {"training": history[name], "validation": history[f"val_{name}"]}
        assert [text.get_text() for text in axes.texts] == ["head", "tune"]
        assert [line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == ":"] == [3.5]


def test_each_kept_epoch_has_a_ring(run):
    rings = [line for line in run.plot().axes[0].lines if line.get_markersize() == 10]
    kept = [begun + record.best_epoch for begun, record in zip((0, 3), run.phases, strict=True) if record.best_epoch]
    assert [int(ring.get_xdata()[0]) for ring in rings] == kept


def test_a_training_without_validation_has_its_ring_on_the_training_curve():
    figure = plot({"loss": [0.9, 0.5]}, [("head", 2, 2)])
    rings = [line for line in figure.axes[0].lines if line.get_markersize() == 10]
    assert [(list(ring.get_xdata()), list(ring.get_ydata())) for ring in rings] == [([2], [0.5])]
