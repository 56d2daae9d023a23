"""The plot of a search for a learning rate."""

from tfft.plots import learning_rate_curve


def test_losses_smoothed_losses_and_the_suggestion_are_plotted():
    figure = learning_rate_curve.plot([1e-4, 1e-3, 1e-2], [0.9, 0.5, 2.0], [0.8, 0.7, 1.5], 1e-4)
    (axes,) = figure.axes
    assert [line.get_label() for line in axes.lines] == ["one batch", "smoothed", "suggested: 0.0001"]
    assert axes.lines[0].get_ydata().tolist() == [0.9, 0.5, 2.0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("learning rate", "training loss")


def test_without_a_suggestion_there_is_no_line():
    (axes,) = learning_rate_curve.plot([1e-4, 1e-3], [0.9, 0.9], [0.9, 0.9], None).axes
    assert len(axes.lines) == 2
