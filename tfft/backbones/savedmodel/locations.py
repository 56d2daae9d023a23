"""Where a SavedModel lies: a folder, an archive that is unpacked once, or what a handle of TensorFlow Hub leads to."""

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

# what handles of TensorFlow Hub begin with, and names of archives end with
HUB, ARCHIVES = "tfhub:", (".tar.gz", ".tgz", ".tar")
TIMEOUT_SECONDS = 10.0
_KAGGLE = "https://www.kaggle.com/models/"
# TensorFlow Hub downloads archives of this host from another address
_MIRROR = "https://hub.tensorflow.google.cn/"
_LOCK_SECONDS = 600


def is_archive(handle: str) -> bool:
    """Whether a handle is an archive by its name.

    Args:
        handle: As for ``load_backbone``.

    Returns:
        True for ``.tar``, ``.tar.gz`` and ``.tgz``, but of TensorFlow Hub, which unpacks what it downloads.

    Example:
        >>> is_archive("net.tar.gz"), is_archive("vgg16")
        (True, False)
    """
    return handle.endswith(ARCHIVES) and not handle.startswith(HUB)


def unpacked(handle: str) -> Path:
    """The folder of a SavedModel.

    Args:
        handle: A folder, a ``.tar.gz``, or ``tfhub:`` and an address of TensorFlow Hub or Kaggle.

    Returns:
        A folder that exists.

    Raises:
        BackboneError: When the file does not exist, or the archive is damaged, too large, or holds other members than plain files.
        WeightsError: When the network is needed and not there.
    """
    if handle.startswith(HUB):
        return _resolved(handle)
    path = Path(handle)
    if is_archive(handle) and not path.is_file():
        raise BackboneError(f"There is no archive {handle!r}.", f"working folder {os.getcwd()!r}", missing_file(handle))
    return _extracted(path) if is_archive(handle) else path


def _extracted(path: Path) -> Path:
    """Into the cache folder, under a name made of its bytes."""
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
                "Make room, or set TFFT_CACHE_DIR to a folder that can be written.",
            ) from error
    found = next((part for part in (target, *sorted(target.iterdir())) if (part / "saved_model.pb").is_file()), None)
    if found is None:
        shutil.rmtree(target)
        raise BackboneError(f"There is no SavedModel in {str(path)!r}.", fix="It has to hold saved_model.pb.")
    return found


def _refuse_blank(path: Path, size: int) -> None:
    """Refuse a file without a header at once: a file of holes may take no room on the disk, but minutes to read."""
    with path.open("rb") as file:
        blank = not file.read(512).strip(b"\0")
    if blank:
        raise BackboneError(f"{str(path)!r} is not an archive.", f"{size:,} bytes, zeros first", "Get it again.")


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
            f"{handle!r} needs tensorflow-hub, which is not installed.", fix='Run: pip install "tensorflow-hub"'
        ) from error
    except Exception as error:
        # urllib, tarfile and TensorFlow's file systems each raise their own errors
        raise WeightsError(
            f"{handle!r} cannot be reached.",
            f"looked in {str(hub_folder())!r}, then {host}: {type(error).__name__}: {str(error)[:200]}",
            "Connect to the network once; or download it elsewhere, unpack it, and pass its folder or .tar.gz.",
        ) from error
    finally:
        socket.setdefaulttimeout(waited)


def _downloaded(address: str) -> Path:
    """Download like TensorFlow Hub, but unpack the archive with tfft's own code, because Hub does not limit the bytes (0.16)."""
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
    """Where archives are unpacked."""
    return machine.cache_folder() / "saved_models"


def hub_folder() -> Path:
    """Where TensorFlow Hub keeps what it downloads: ``TFHUB_CACHE_DIR``, or a folder among temporary files."""
    return Path(os.environ.get("TFHUB_CACHE_DIR") or Path(tempfile.gettempdir()) / "tfhub_modules")


def cached(address: str) -> Path | None:
    """The copy that TensorFlow Hub keeps of an address.

    Args:
        address: Without ``tfhub:``.

    Returns:
        Its folder; None where there is none.
    """
    folder = hub_folder() / hashlib.sha1(address.encode(), usedforsecurity=False).hexdigest()
    return folder if (folder / "saved_model.pb").is_file() else None
