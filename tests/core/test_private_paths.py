"""Folders of the user are left out of handles, values and code; everything else is unchanged."""

import ast

import pytest

from tfft.core.private_paths import code_without_folders, without_folder, without_folders


@pytest.mark.parametrize(
    ("handle", "expected"),
    [
        ("/home/ann/nets/vgg.keras", "vgg.keras"),
        ("/home/ann/nets/", "nets"),
        ("~/x", "x"),
        ("~", "~"),
        ("/", "/"),
        ("C:\\Users\\ann\\vgg.keras", "vgg.keras"),
        ("C:/Users/ann/bert/", "bert"),
        ("\\\\server\\ann\\bert", "bert"),
        ("../ann/bert", "bert"),
        ("models/bert", "bert"),
        ("keras:///home/ann/vgg.keras", "keras://vgg.keras"),
        ("saved_model://~/ann/module", "saved_model://module"),
        ("file:///home/ann/x", "file://x"),
        ("tfhub:/home/ann/module", "tfhub:module"),
    ],
)
def test_a_path_is_its_last_part(handle: str, expected: str) -> None:
    assert without_folder(handle) == expected
    assert "ann" not in without_folder(handle)


@pytest.mark.parametrize(
    "handle",
    [
        "vgg16",
        "keras://vgg16",
        "hf://owner/model",
        "kaggle://keras/bert/keras/tiny",
        "tfhub:https://tfhub.dev/google/tiny/1",
        "<net>",
        "net.keras",
        "",
    ],
)
def test_names_and_addresses_stay(handle: str) -> None:
    assert without_folder(handle) == handle


def test_keys_of_paths_have_no_relative_folders_either() -> None:
    values = {"handle": "nets/acme/vgg.keras", "options": {"weights": "acme/w.h5", "fit": "a/b"}, "blocks": ["a/b"]}
    assert without_folders(values) == {
        "handle": "vgg.keras",
        "options": {"weights": "w.h5", "fit": "a/b"},
        "blocks": ["a/b"],
    }


def test_values_inside_of_others_are_converted() -> None:
    values = {
        "weights": "/home/ann/w.h5",
        "size": (32, 48),
        "blocks": ["~/a", "b/c"],
        "more": {"x": "~/y"},
        "none": None,
    }
    assert without_folders(values) == {
        "weights": "w.h5",
        "size": [32, 48],
        "blocks": ["a", "b/c"],
        "more": {"x": "y"},
        "none": None,
    }


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            "data = tfft.data.from_folder('/home/ann/secret project/flowers', seed=3)",
            "data = tfft.data.from_folder('flowers', seed=3)",
        ),
        (r'x = "C:\\Users\\ann\\a.csv"', 'x = "a.csv"'),
        ("y = 'relative/b'; z = '~/c/'", "y = 'relative/b'; z = 'c'"),
        ("x = '../ann/b'", "x = 'b'"),
        ("x = 'keras:///home/ann/v.keras', 'file:///home/ann/x'", "x = 'keras://v.keras', 'file://x'"),
        (
            "d = tfft.data.from_csv('acme/r.csv', label_column='label/sub', separator='a:/b')",
            "d = tfft.data.from_csv('r.csv', label_column='label/sub', separator='a:/b')",
        ),
        (
            "from_csv({'a/train': 'acme/t.csv', 'b': ['x/花/v.csv', 'é/w.csv']})",
            "from_csv({'a/train': 't.csv', 'b': ['v.csv', 'w.csv']})",
        ),
        ("é = '花'; from_folder('acme/花')", "é = '花'; from_folder('花')"),
        (
            "from_masks({'train': ('acme/i', 'acme/m')}, classes=['/m/01', 'a/b'])",
            "from_masks({'train': ('i', 'm')}, classes=['/m/01', 'a/b'])",
        ),
        ("from_folder('a/b', parts={'train': 'acme/t'})", "from_folder('b', parts={'train': 't'})"),
        (
            "load_backbone('nets/bert', weights='acme/w.h5', fit='a/b')",
            "load_backbone('bert', weights='w.h5', fit='a/b')",
        ),
        ("teacher = tfft.load('acme/t.tfft')", "teacher = tfft.load('t.tfft')"),
        ('x = "/home/ann\'s folder/b"', 'x = "b"'),
        ('x = "/home/ann/bee\'s"', 'x = "bee\'s"'),
        ("f(\n    '/home/ann/a',\n    '/home/ann/b')  # /kept\n", "f(\n    'a',\n    'b')  # /kept\n"),
    ],
)
def test_paths_in_code_are_their_last_part(code: str, expected: str) -> None:
    assert code_without_folders(code) == expected
    ast.parse(code_without_folders(code))


ADDRESSES = [
    "tfft.load('hf://ann/flowers@v1')",
    "load_backbone('hf://owner/model', weights='imagenet')",
    "from_tfds('glue/mrpc', split='train[:10%]')",
    "from_arrays(images, class_names=['/m/01', 'b/c', 'd:/e'])",
]


@pytest.mark.parametrize(
    "code", ["separator='/'", r"delimiter='\t'", "x = ''", "x = b'/home'", "x = 'a b/c'", *ADDRESSES]
)
def test_other_strings_in_code_stay(code: str) -> None:
    assert code_without_folders(code) == code
