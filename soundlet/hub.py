"""Files of the Hugging Face Hub: all that soundlet fetches, and only where an address is given."""

from __future__ import annotations

import errno
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from soundlet.errors import HubError

SCHEME = "hf://"

CHECKPOINT = (
    ("model_config.json", "base_model_config.json"),
    ("model.safetensors", "model.ckpt", "base_model.safetensors", "base_model.ckpt"),
)
TEXT_ENCODER = (("config.json",), ("model.safetensors", "pytorch_model.bin"), ("spiece.model",))
"""What to fetch: of each group, the first file that the repository has."""

NOTICES = ("LICENSE", "LICENSE.md", "LICENSE.txt", "LICENCE", "LICENCE.md", "NOTICE")
"""Fetched too where the repository has them."""


NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What a disk says without naming a file; errors of the network are others, and name none."""


@dataclass(frozen=True)
class Origin:
    """Where a download came from.

    Attributes:
        repository: owner/name.
        revision: the commit.
    """

    repository: str
    revision: str

    @property
    def name(self) -> str:
        """The repository's name without its owner."""
        return self.repository.partition("/")[2]

    @property
    def address(self) -> str:
        """What fetches the very same files again."""
        return f"{SCHEME}{self.repository}@{self.revision}"


def is_address(source: object) -> bool:
    """Whether `source` names a repository rather than a folder."""
    return isinstance(source, str) and source.startswith(SCHEME)


def address_of(path: Path) -> str | None:
    """The address that became `path` where a folder was expected: "hf://a/b" is "hf:/a/b" then."""
    scheme, slash, repository = path.as_posix().partition(":/")
    return f"{SCHEME}{repository}" if slash and f"{scheme}://" == SCHEME else None


def fetch(address: str, groups: Sequence[Sequence[str]]) -> tuple[Path, Origin]:
    """Download what is wanted of a repository, or find it downloaded before.

    Args:
        address: "hf://owner/name", or with a branch, tag or commit, "hf://owner/name@revision".
        groups: of each, the first file that the repository has is wanted.

    Returns:
        The folder that holds the files, and what they are.

    Raises:
        HubError: no such repository, its terms not yet accepted, no network, or a file missing.
    """
    repository, _, wish = address.removeprefix(SCHEME).partition("@")
    if repository.count("/") != 1 or not all(repository.split("/")):
        raise HubError(f"{address} is not of the form {SCHEME}owner/name")
    try:
        import huggingface_hub
        from huggingface_hub import errors
        from huggingface_hub.utils.tqdm import disable_progress_bars
    except ModuleNotFoundError as e:
        raise HubError(
            f"fetching {address} needs huggingface_hub: run `pip install 'soundlet[torch]'`,"
            " or download the files yourself and name their folder"
        ) from e

    page = f"https://huggingface.co/{repository}"
    if sys.stderr is None or not sys.stderr.isatty():
        disable_progress_bars()
    try:
        info = huggingface_hub.HfApi().model_info(repository, revision=wish or None)
        there = {file.rfilename for file in info.siblings or []}
        names = [_first(group, there, page) for group in groups]
        wanted = [*names, *(there & set(NOTICES))]
        folder = huggingface_hub.snapshot_download(
            repository, revision=wish or None, allow_patterns=wanted
        )
        return Path(folder), Origin(repository, Path(folder).name)  # named by the commit
    except errors.GatedRepoError as e:
        raise HubError(
            f"{repository} is open to those who accept its terms: do so at {page}, then run"
            " `hf auth login` and try again"
        ) from e
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError) as e:
        raise HubError(
            f"{address} is not there, or closed to you: look at {page}; if you have access, run"
            " `hf auth login` and try again"
        ) from e
    except errors.HFValidationError as e:
        raise HubError(f"{address} is not of the form {SCHEME}owner/name ({e})") from e
    except (_http_error(), OSError) as e:
        if isinstance(e, OSError) and (e.filename is not None or e.errno in NO_ROOM):
            raise HubError(
                f"{address} cannot be kept in {huggingface_hub.constants.HF_HUB_CACHE}"
                f" ({e.strerror}): set HF_HOME to a folder that can be written to and has room"
            ) from e
        return _downloaded_before(repository, wish, groups, page, e)


def _http_error() -> type[BaseException]:
    """The base error of the HTTP library of this huggingface_hub: requests, or httpx."""
    from huggingface_hub.errors import HfHubHTTPError

    base: type[BaseException] = HfHubHTTPError.__bases__[0]
    return base


def _downloaded_before(
    repository: str, wish: str, groups: Sequence[Sequence[str]], page: str, cause: BaseException
) -> tuple[Path, Origin]:
    """The files of an earlier download, for when the Hub does not answer."""
    from huggingface_hub import try_to_load_from_cache

    found = []
    for group in groups:
        paths = (try_to_load_from_cache(repository, name, revision=wish or None) for name in group)
        found.append(next((Path(path) for path in paths if isinstance(path, str)), None))
    folders = {path.parent if path is not None else None for path in found}
    folder = folders.pop()
    if folder is None or folders:
        reason = str(cause).strip().split("\n")[0]
        raise HubError(
            f"{page} cannot be reached, and was not downloaded before ({reason}):"
            " check the network, or name a folder that holds its files"
        ) from cause
    return folder, Origin(repository, folder.name)


def _first(group: Sequence[str], there: set[str], page: str) -> str:
    for name in group:
        if name in there:
            return name
    raise HubError(f"{page} has no {' or '.join(group)}: is it a model of this kind?")
