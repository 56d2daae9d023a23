"""Questions are split by article, and those that cannot be used are refused or left out with their ids."""

import json
import warnings

import pytest

from tfft.core.errors import DataError, DataWarning
from tfft.data import from_squad


def article(number, paragraphs=1, **more):
    made = []
    for index in range(paragraphs):
        context = f"Ann{number} met Bo{index} in Rome."
        answers = [{"text": f"Bo{index}", "answer_start": context.index("Bo")}]
        qas = [
            {"id": f"{number}-{index}-{ask}", "question": f"Whom did Ann{number} meet, {ask}?", "answers": answers}
            for ask in "ab"
        ]
        made.append({"context": context, "qas": [{**each, **more} for each in qas]})
    return {"title": f"Story {number}", "paragraphs": made}


def written(path, articles):
    path.write_text(json.dumps({"data": articles}))
    return path


def contexts(examples):
    return {examples.inputs[index].second for index in range(len(examples))}


def test_parts_have_articles_of_their_own(tmp_path):
    data = from_squad(written(tmp_path / "a.json", [article(number, 2) for number in range(12)]), seed=1)
    found = [contexts(part) for part in (data.train, data.validation, data.test)]
    articles = [{context.split()[0] for context in part} for part in found]
    assert not articles[0] & articles[1] | articles[0] & articles[2] | articles[1] & articles[2]
    assert sum(len(part) for part in (data.train, data.validation, data.test)) == 48
    text, place = data.train.inputs[0], data.train.targets[0][0]
    assert text.second[place[0] : place[1]].startswith("Bo")


def test_with_few_articles_parts_have_paragraphs_of_their_own(tmp_path):
    data = from_squad(written(tmp_path / "a.json", [article(0, 20)]), seed=1)
    found = [contexts(part) for part in (data.train, data.validation, data.test)]
    assert all(found)
    assert not found[0] & found[1] | found[0] & found[2] | found[1] & found[2]


def test_articles_of_two_parts_are_named_even_when_a_part_has_few(tmp_path):
    train = written(tmp_path / "train.json", [article(number, 2) for number in range(12)])
    again = article(3, 3)
    test = written(tmp_path / "test.json", [{**again, "paragraphs": again["paragraphs"][2:]}, article(50)])
    with pytest.warns(DataWarning, match="Story 3"):
        from_squad({"train": train, "test": test})


def test_articles_without_a_title_are_those_of_their_file(tmp_path):
    untitled = [
        [{"paragraphs": article(number)["paragraphs"]} for number in numbers] for numbers in (range(12), range(20, 32))
    ]
    paths = [written(tmp_path / name, each) for name, each in zip(("train.json", "test.json"), untitled, strict=True)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        from_squad(dict(zip(("train", "test"), paths, strict=True)))


def test_questions_that_cannot_be_used_are_refused_or_left_out(tmp_path):
    wrong = article(99, answers=[{"text": "Cy", "answer_start": 0}])
    path = written(tmp_path / "a.json", [*(article(number) for number in range(10)), wrong])
    with pytest.raises(
        DataError, match=r"2 questions of .* cannot be used.*99-0-a: the answer 'Cy' is not at 0.*\"skip\""
    ):
        from_squad(path)
    data = from_squad(path, on_corrupt="skip")
    assert len(data.skipped) == 2
    assert "99-0-b: the answer 'Cy' is not at 0" in data.skipped[1]
    assert "2 left out, see .skipped" in data.describe()


def test_questions_without_an_answer_make_another_label_space(tmp_path):
    impossible = [article(number, answers=[], is_impossible=True) for number in range(10, 14)]
    answered = [article(number) for number in range(10)]
    both = written(tmp_path / "both.json", answered + impossible)
    assert from_squad(both).labels.names == ("answer", "no answer")
    parts = {"train": written(tmp_path / "all.json", answered), "test": both}
    with pytest.raises(DataError, match=r"The test part has questions without an answer.*8 of 28"):
        from_squad(parts)


def test_other_arguments_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"from_squad\(\) takes the path of a file"):
        from_squad([tmp_path])
    with pytest.raises(DataError, match=r"There is no training part"):
        from_squad({"test": written(tmp_path / "a.json", [article(1)])})
    with pytest.raises(DataError, match=r"missing.json.*cannot be read"):
        from_squad(tmp_path / "missing.json")


def test_an_article_in_two_parts_is_named(tmp_path):
    path = written(tmp_path / "a.json", [article(number) for number in range(10)])
    with warnings.catch_warnings(record=True, action="always") as caught:
        from_squad({"train": path, "test": path})
    said = [str(each.message) for each in caught]
    assert any("10 groups are in two parts: 'Story 0 (train and test)'" in each for each in said)


def lines(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def row(number, texts, starts):
    answers = {"text": texts, "answer_start": starts}
    return {
        "id": str(number),
        "title": f"T{number}",
        "context": f"Ann{number} sleeps.",
        "question": "Who?",
        "answers": answers,
    }


def test_the_lines_of_hugging_faces_datasets_are_read(tmp_path):
    rows = [row(n, [f"Ann{n}"], [0]) for n in range(12)] + [row(n, [], []) for n in range(12, 16)]
    data = from_squad(lines(tmp_path / "a.jsonl", *rows))
    assert data.labels.names == ("answer", "no answer")
    assert sum(data.everything().counts().values()) == 16
    assert data.train.inputs[0].name is not None
    with pytest.raises(DataError, match=r"1 question of .* cannot be used.*16: the answer 'Ann' is not at 5"):
        from_squad(lines(tmp_path / "b.jsonl", *rows, row(16, ["Ann"], [5])))


def test_lines_of_another_form_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"has no column 'context'.*columns 'question', 'answer'"):
        from_squad(lines(tmp_path / "a.jsonl", {"question": "Who?", "answer": "Ann"}))
    with pytest.raises(DataError, match=r"line 1 has no context"):
        from_squad(lines(tmp_path / "a.jsonl", {"question": "Who?", "context": None, "answers": {}}))
    with pytest.raises(DataError, match=r"missing.jsonl.*cannot be read"):
        from_squad(tmp_path / "missing.jsonl")
