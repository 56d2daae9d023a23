"""Folders of parts are recognised by the words in their names; other folders are not taken for parts."""

import pytest

from tfft.core.errors import DataError
from tfft.data.files.part_names import found_parts, inner, is_fold, part_of


@pytest.mark.parametrize(
    ("part", "names"),
    [
        ("train", "train TRAIN training_set train_set train_data seg_train images_train train_images trn Training train2017 "
                  "1-train trainset TrainSet data_train train_1 training-data traindata 训练集 训练 训练数据 訓練 treino "
                  "entrenamiento conjunto_de_entrenamiento trainingsdaten entraînement"),
        ("validation", "val valid validation dev val_set ValidSet val2017 validation_split dev_set val_imgs 验证集 "
                       "validação validación validac\u0327a\u0303o"),
        ("test", "test testing tst eval test_data seg_test Testing test-images evaluation_set testset imgs_test 测试集 测试 "
                 "測試 teste prueba dados_teste testdaten"),
    ],
)  # fmt: skip
def test_names_of_parts(part, names):
    assert {name: part_of(name) for name in names.split()} == dict.fromkeys(names.split(), part)


@pytest.mark.parametrize(
    "name",
    ["test_tube", "training_shoes", "trainer", "trains", "contest", "valley", "device", "invalid", "set", "images", "2017",
     "train_test", "train_val", "latest", "", "猫_train", "train of thought", "bullet train", "fold1", "训练师", "probe"],
)  # fmt: skip
def test_names_of_no_part(name):
    assert part_of(name) is None


def test_folds():
    assert all(map(is_fold, ("fold1", "fold_2", "Fold 3", "cv4", "split5", "kfold-6")))
    assert not any(map(is_fold, ("fold", "manifold1", "folder1", "1", "fold_a", "scaffold 2")))


def test_a_root_without_parts_is_the_training_part(tmp_path):
    for name in ("a", "b", "train"):
        (tmp_path / name).mkdir()
    assert found_parts(tmp_path) == {"train": tmp_path}


def test_one_example_shows_parts_that_are_known_already(tmp_path):
    for name in ("train/a", "val/a", "dev/a"):
        (tmp_path / name).mkdir(parents=True)
    with pytest.raises(DataError, match=r"parts=\{'train': 'train', 'validation': 'dev'\}; or parts=False"):
        found_parts(tmp_path)


def test_only_a_repeated_name_is_entered(tmp_path):
    for name in ("train/train/a", "test/a"):
        (tmp_path / name).mkdir(parents=True)
    assert inner(tmp_path / "train") == tmp_path / "train" / "train"
    assert inner(tmp_path / "test") == tmp_path / "test"


@pytest.mark.parametrize(
    ("folders", "message"),
    [
        (("cats/train", "cats/test", "dogs/train", "dogs/test"), "'train/cats'; or pass parts=False"),
        (("images/train/cat", "images/val/cat", "labels/x"), r"Pass from_folder\('.*/images'\)"),
        (("pets_train/cat", "pets_test/cat"), r"parts=\{'train': 'pets_train', 'test': 'pets_test'\} for parts"),
        (("cats_train", "cats_test", "dogs_train", "dogs_test"), "or pass parts=False if these are classes"),
        (("trainCats", "testCats"), "or pass parts=False if these are classes"),
    ],
)
def test_parts_inside_of_classes_and_in_their_names_are_refused(tmp_path, folders, message):
    for name in folders:
        (tmp_path / name).mkdir(parents=True)
    with pytest.raises(DataError, match=message):
        found_parts(tmp_path)


@pytest.mark.parametrize(
    "folders",
    [
        ("test_tube", "flask"),
        ("test_tube", "train_station"),
        ("bullet train", "steam train", "bus"),
        ("cats/train", "dogs"),
        ("train", "test", "bus"),
        ("cats_test", "dogs_train"),
        ("toys/train/red", "toys/car/red", "food/bread"),
    ],
)
def test_classes_in_which_one_word_is_a_part_stay_classes(tmp_path, folders):
    for name in folders:
        (tmp_path / name).mkdir(parents=True)
    assert found_parts(tmp_path) == {"train": tmp_path}


@pytest.mark.parametrize("names", [("a", "b"), ("labeled", "unlabeled"), ("2019", "2020", "2021")])
def test_folders_that_hold_the_same_folders_are_refused_whatever_their_names(tmp_path, names):
    for name in names:
        for inner_name in ("cats", "dogs"):
            (tmp_path / name / inner_name).mkdir(parents=True)
            (tmp_path / name / inner_name / "1.png").write_bytes(b"x")
    shown = (
        rf"parts, each with the folders 'cats', 'dogs'.*\{{'train': '{names[0]}', 'test': '{names[1]}'\}}.*parts=False"
    )
    with pytest.raises(DataError, match=shown):
        found_parts(tmp_path)
    (tmp_path / names[0] / "cats" / "1.png").unlink()
    assert found_parts(tmp_path) == {"train": tmp_path}
