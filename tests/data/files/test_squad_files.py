"""Files in SQuAD's format are read, and each question that cannot be used is named with its id."""

import json

import pytest

from tfft.core.errors import DataError
from tfft.data.files.squad_files import read_squad, squad_files

CONTEXT = "Ann lives in Rome. 她住在罗马。"


def asked(name="q", question="Who?", **values):
    return {"id": name, "question": question, "answers": [{"text": "Ann", "answer_start": 0}], **values}


def written(path, *questions, context=CONTEXT, **values):
    path.write_text(
        json.dumps({"data": [{"title": "T", "paragraphs": [{"context": context, "qas": list(questions)}]}], **values}),
        encoding="utf-8",
    )
    return path


def test_both_versions_are_read(tmp_path):
    impossible = {"plausible_answers": [{"text": "Ann", "answer_start": 0}], "answers": [], "is_impossible": True}
    several = [
        {"text": "Rome", "answer_start": 13},
        {"text": "罗马", "answer_start": 22},
        {"text": "Rome", "answer_start": 13},
    ]
    found = read_squad(
        written(tmp_path / "a.json", asked("1"), asked("2", **impossible), asked("3", answers=several), version="v2.0")
    )
    assert [(each.name, each.answers) for each in found.good] == [
        ("1", ((0, 3),)),
        ("2", ()),
        ("3", ((13, 17), (22, 24))),
    ]
    assert found.good[0].article == "T"
    assert not found.faults


def test_spaces_around_an_answer_do_not_belong_to_it(tmp_path):
    found = read_squad(written(tmp_path / "a.json", asked(answers=[{"text": " lives ", "answer_start": 3}])))
    assert found.good[0].answers == ((4, 9),)


FAULTS = {
    "another place": (
        {"answers": [{"text": "Rome", "answer_start": 12}]},
        "the answer 'Rome' is not at 12, where the context holds ' Rom'",
    ),
    "a place before the text": ({"answers": [{"text": "Ann", "answer_start": -3}]}, "the answer 'Ann' is not at -3"),
    "a place after the text": ({"answers": [{"text": "Ann", "answer_start": 10**30}]}, "is not at 10000"),
    "no whole number": ({"answers": [{"text": "Ann", "answer_start": 0.0}]}, "has no text or no answer_start"),
    "a place as text": ({"answers": [{"text": "Ann", "answer_start": "0"}]}, "has no text or no answer_start"),
    "true as a place": ({"answers": [{"text": "Ann", "answer_start": True}]}, "has no text or no answer_start"),
    "no place": ({"answers": [{"text": "Ann"}]}, "has no text or no answer_start"),
    "no object": ({"answers": ["Ann"]}, "has no text or no answer_start"),
    "an empty answer": ({"answers": [{"text": " ", "answer_start": 3}]}, "an answer is empty"),
    "no answer": ({"answers": []}, 'it has no answer, and no "is_impossible": true'),
    "answers and none": ({"is_impossible": True}, 'it has answers, and "is_impossible": true'),
    "is_impossible as text": ({"is_impossible": "no"}, "is_impossible is not true or false"),
    "answers as an object": ({"answers": {"text": "Ann"}}, "the answers are no list"),
    "lists of two lengths": ({"answers": {"text": ["Ann"], "answer_start": []}}, "the answers are no list"),
    "an empty question": ({"question": " "}, "the question is ' '"),
    "no question": ({"question": None}, "the question is None"),
}


@pytest.mark.parametrize("name", list(FAULTS))
def test_a_question_that_cannot_be_used_is_named(tmp_path, name):
    values, said = FAULTS[name]
    found = read_squad(written(tmp_path / "a.json", asked("good"), {**asked("bad"), **values}))
    assert [each.name for each in found.good] == ["good"]
    assert len(found.faults) == 1
    assert found.faults[0].startswith("bad: ")
    assert said in found.faults[0]


def test_an_empty_context_and_repeated_ids_are_faults_and_missing_ids_are_places(tmp_path):
    nameless = asked()
    del nameless["id"]
    found = read_squad(written(tmp_path / "a.json", asked("1"), asked("1", "Where?"), nameless))
    assert [each.name for each in found.good] == ["1", "article 1, paragraph 1, question 3"]
    assert found.faults == ["1: another question has the same id"]
    assert read_squad(written(tmp_path / "b.json", asked("1"), context=" ")).faults == ["1: the context is empty"]


def test_questions_to_answer_need_no_answers(tmp_path):
    path = written(tmp_path / "a.json", {"id": "1", "question": "Who?"})
    assert [each.question for each in read_squad(path, labelled=False).good] == ["Who?"]
    assert read_squad(path).faults


SHAPES = {
    "a list": ("[]", r'has no list "data".*Is it a table\? Write a .jsonl file'),
    "no articles": ('{"data": {}}', r'has no list "data"'),
    "no paragraphs": ('{"data": [{"title": "T"}]}', r'article 1 has no list "paragraphs"'),
    "an article as text": ('{"data": ["T"]}', r'article 1 has no list "paragraphs"'),
    "no questions": ('{"data": [{"paragraphs": [{"context": "a"}]}]}', r'article 1, paragraph 1 has no list "qas"'),
    "no context": ('{"data": [{"paragraphs": [{"qas": []}]}]}', r"article 1, paragraph 1 has no context"),
    "a question as text": (
        '{"data": [{"paragraphs": [{"context": "a", "qas": ["Who?"]}]}]}',
        r"article 1, paragraph 1, question 1 is no object",
    ),
    "nothing asked": ('{"data": [{"paragraphs": [{"context": "a", "qas": []}]}]}', r"has no question"),
    "no JSON": ("Who?", r"is not valid JSON"),
    "lines": ('{"question": "Who?"}\n{"question": "Who?"}', r"is not valid JSON"),
}


@pytest.mark.parametrize("name", list(SHAPES))
def test_a_file_of_another_format_is_refused(tmp_path, name):
    content, said = SHAPES[name]
    path = tmp_path / "a.json"
    path.write_text(content)
    with pytest.raises(DataError, match=said):
        read_squad(path)


def test_a_context_beyond_the_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("TFFT_MAX_TEXT_CHARACTERS", "20")
    with pytest.raises(DataError, match=r"The context of .*article 1, paragraph 1: 25 characters"):
        read_squad(written(tmp_path / "a.json", asked()))


def test_the_files_of_a_folder_name_their_parts(tmp_path):
    for name in ("train.json", "dev.json"):
        written(tmp_path / name, asked())
    (tmp_path / "README.md").write_text("x")
    assert squad_files(tmp_path) == {"validation": tmp_path / "dev.json", "train": tmp_path / "train.json"}
    written(tmp_path / "more.json", asked())
    with pytest.raises(DataError, match=r"do not name their parts.*'more.json'"):
        squad_files(tmp_path)
    (tmp_path / "class").mkdir()
    assert squad_files(tmp_path) == {}


def test_texts_and_places_may_be_two_lists(tmp_path):
    nested = read_squad(written(tmp_path / "a.json", asked(answers={"text": ["Ann"], "answer_start": [0]})))
    assert nested.good[0].answers == ((0, 3),)
