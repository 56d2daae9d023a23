"""Versions are read from metadata, without importing the packages."""

import subprocess
import sys

import keras
import numpy as np

from tfft.core.versions import PACKAGES, installed


def test_versions_equal_those_of_the_imported_packages():
    found = installed()
    assert found["keras"] == keras.__version__
    assert found["numpy"] == np.__version__
    assert list(found) == ["python", *PACKAGES]


def test_a_missing_package_is_listed_as_not_installed():
    assert installed(("no-such-package",))["no-such-package"] == "not installed"


def test_no_large_package_is_imported():
    code = "import sys; from tfft.core.versions import installed; installed(); print({'keras', 'tensorflow'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
