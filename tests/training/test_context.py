"""Both parts of a run are prepared once."""

import tfft
from tfft.core.ragged import Ragged
from tfft.training.context import RunContext, parts_of, silent


def test_texts_are_tokens_and_images_stay_as_they_are(model, data):
    texts = tfft.data.from_arrays([f"text {index}" for index in range(20)], [0, 1] * 10)
    reader = tfft.build("toy_text", tfft.tasks.classification(texts.labels))
    train, validation = parts_of(reader, texts)
    assert isinstance(train.examples.inputs, Ragged)
    assert train.raw is texts.train
    assert validation.statistics["truncated"] == 0
    assert parts_of(model, data)[0].examples is data.train


def test_texts_are_tokenized_once_in_a_fit_and_once_in_an_evaluation(monkeypatch):
    texts = tfft.data.from_arrays([f"text {index}" for index in range(20)], [0, 1] * 10)
    model = tfft.build("toy_text", tfft.tasks.classification(texts.labels))
    calls, kind = [], type(model.preprocessor)
    many = kind.many
    monkeypatch.setattr(kind, "many", lambda self, items, first=0: calls.append(len(items)) or many(self, items, first))
    tfft.fit(model, texts, tfft.plans.two_phase(1, 1), progress=False)
    assert calls == [len(texts.train), len(texts.validation)]
    calls.clear()
    tfft.evaluate(model, texts.test)
    assert calls == [len(texts.test)]


def test_a_run_without_listeners_says_nothing(model, data, capsys):
    context = RunContext(model, *parts_of(model, data), 0, lambda *_: None)
    assert context.note is silent
    context.note("a sentence")
    assert capsys.readouterr() == ("", "")
