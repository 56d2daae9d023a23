"""Find the folder of a SavedModel: a folder, an archive that is unpacked once, or a download of TensorFlow Hub."""

import hashlib
import os
import shutil
import socket
import tempfile
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from tfft.archives.unpacking import unpack_tar
from tfft.core import files, machine, regular_files
from tfft.core.errors import BackboneError, WeightsError
from tfft.core.fingerprint import digest_of_file
from tfft.core.path_advice import missing_file

# the beginning of TensorFlow Hub handles, and the file extensions of archives
HUB, ARCHIVES = "tfhub:", (".tar.gz", ".tgz", ".tar")
TIMEOUT_SECONDS = 10.0
_KAGGLE = "https://www.kaggle.com/models/"
# TensorFlow Hub downloads the archives of this host from another address
_MIRROR = "https://hub.tensorflow.google.cn/"
_LOCK_SECONDS = 600


def is_archive(handle: str) -> bool:
    """Return whether a handle names an archive.

    Args:
        handle: The handle of a backbone, as for ``load_backbone``.

    Returns:
        True for names that end in ``.tar``, ``.tar.gz`` or ``.tgz``, except for handles of TensorFlow Hub.

    Example:
        >>> is_archive("net.tar.gz"), is_archive("vgg16")
        (True, False)
    """
    return handle.endswith(ARCHIVES) and not handle.startswith(HUB)


def unpacked(handle: str) -> Path:
    """Find the folder of a SavedModel; an archive is unpacked, and a ``tfhub:`` handle is downloaded.

    Args:
        handle: A folder, a ``.tar.gz``, or ``tfhub:`` and an address of TensorFlow Hub or Kaggle.

    Returns:
        The folder; a folder that the user passed is returned without a check.

    Raises:
        BackboneError: When the archive does not exist, is damaged or too large, or holds members other than plain files.
        WeightsError: When the network is needed and cannot be reached.
    """
    if handle.startswith(HUB):
        return _resolved(handle)
    path = Path(handle)
    if is_archive(handle) and not path.is_file():
        raise BackboneError(
            f"The archive {handle!r} does not exist.", f"working folder {os.getcwd()!r}", missing_file(handle)
        )
    return _extracted(path) if is_archive(handle) else path


def _extracted(path: Path) -> Path:
    """Unpack an archive into the cache folder, under the hash of its bytes, and return the folder of the SavedModel in it."""
    try:
        size = regular_files.check(path, "packed_bytes", error=BackboneError)
        _refuse_blank(path, size)
        target = archive_folder() / digest_of_file(path)
    except OSError as error:
        raise BackboneError(f"{str(path)!r} cannot be read: {error}.", fix="Check the path.") from error
    if not target.is_dir():
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with files.replacing(target) as fresh:
                unpack_tar(path, fresh, BackboneError)
        except OSError as error:
            raise BackboneError(
                f"{str(path)!r} cannot be unpacked: {error}.",
                f"{path.stat().st_size:,} bytes",
                "Free space on the disk, or set TFFT_CACHE_DIR to a writable folder.",
            ) from error
    found = next((part for part in (target, *sorted(target.iterdir())) if (part / "saved_model.pb").is_file()), None)
    if found is None:
        shutil.rmtree(target)
        raise BackboneError(f"The archive {str(path)!r} holds no SavedModel.", fix="It must contain saved_model.pb.")
    return found


def _refuse_blank(path: Path, size: int) -> None:
    """Refuse a file that begins with zeros; a sparse file takes no room on the disk, but may take minutes to read."""
    with path.open("rb") as file:
        blank = not file.read(512).strip(b"\0")
    if blank:
        raise BackboneError(
            f"{str(path)!r} is not an archive.", f"{size:,} bytes, which begin with zeros", "Copy the file again."
        )


def _resolved(handle: str) -> Path:
    address = handle.removeprefix(HUB)
    if "://" not in address:
        address = _KAGGLE + address
    kept = cached(address)
    if kept is not None:
        return kept
    host, waited = urlsplit(address).hostname or "", socket.getdefaulttimeout()
    try:
        # TensorFlow Hub downloads without a time limit (0.16)
        socket.setdefaulttimeout(TIMEOUT_SECONDS)
        return _downloaded(address)
    except WeightsError:
        raise
    except ImportError as error:
        raise WeightsError(
            f"{handle!r} needs tensorflow-hub, which cannot be imported.",
            str(error),
            'Run: pip install tensorflow-hub "setuptools<82"',
        ) from error
    except Exception as error:
        # urllib, tarfile and TensorFlow's file systems each raise their own errors
        raise WeightsError(
            f"{handle!r} cannot be reached.",
            f"looked in {str(hub_folder())!r}, then {host}: {type(error).__name__}: {str(error)[:200]}",
            "Connect to the network once; or download it on another machine, and pass its folder or .tar.gz.",
        ) from error
    finally:
        socket.setdefaulttimeout(waited)


def _downloaded(address: str) -> Path:
    """Download like TensorFlow Hub, but unpack the archive with tfft's code, because Hub 0.16 does not limit the size."""
    import tensorflow_hub
    from tensorflow_hub import compressed_module_resolver, resolver

    asks = compressed_module_resolver.HttpCompressedFileResolver()
    if not asks.is_supported(address) or address.startswith(_MIRROR):
        return Path(tensorflow_hub.resolve(address))

    def download(handle: str, target: str) -> None:
        request = urllib.request.Request(asks._append_compressed_format_query(handle))
        with tempfile.TemporaryDirectory(prefix="tfft-") as place:
            path = Path(place) / "module.tar.gz"
            with asks._call_urlopen(request) as response, path.open("wb") as file:
                shutil.copyfileobj(response, file)
            unpack_tar(path, Path(target), WeightsError, f"The archive of {handle!r}")

    folder = hub_folder() / hashlib.sha1(address.encode(), usedforsecurity=False).hexdigest()
    folder.parent.mkdir(parents=True, exist_ok=True)
    return Path(resolver.atomic_download(address, download, str(folder), _LOCK_SECONDS))


def archive_folder() -> Path:
    """Return the folder for unpacked archives."""
    return machine.cache_folder() / "saved_models"


def hub_folder() -> Path:
    """Return the folder of TensorFlow Hub's downloads: ``TFHUB_CACHE_DIR``, or a temporary folder."""
    return Path(os.environ.get("TFHUB_CACHE_DIR") or Path(tempfile.gettempdir()) / "tfhub_modules")


def cached(address: str) -> Path | None:
    """Find the copy of an address that TensorFlow Hub has downloaded.

    Args:
        address: An address of TensorFlow Hub or Kaggle, without ``tfhub:``.

    Returns:
        The folder of the copy; None when there is no copy.
    """
    folder = hub_folder() / hashlib.sha1(address.encode(), usedforsecurity=False).hexdigest()
    return folder if (folder / "saved_model.pb").is_file() else None
