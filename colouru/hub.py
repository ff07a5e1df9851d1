"""Models on the Hugging Face Hub, downloaded into the cache of its client.

A branch or tag is resolved to a commit by one request, and both files are of that commit. A commit that is in the cache
needs no request at all. `HF_TOKEN`, `HF_ENDPOINT`, `HF_HUB_OFFLINE` and the place of the cache work as with
`huggingface_hub`. Errors become a `WeightsError` of one sentence.
"""

import contextlib
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, constants, is_offline_mode
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
    RevisionResolutionError,
    XetDownloadError,
)

# The client is built on httpx or httpx2, depending on its version; this is its own name for either.
from huggingface_hub.utils import httpx

from colouru import __version__
from colouru.model import (
    CONFIG_NAME,
    MAX_CONFIG_BYTES,
    MAX_WEIGHTS_BYTES,
    WEIGHTS_NAME,
    DamagedError,
    Model,
    WeightsError,
    read_config,
    read_model,
)


def pull_model(repo: str, revision: str | None = None, token: str | None = None) -> Model:
    """The model of a Hub id, from the cache if it is there.

    Raises:
        WeightsError: if it cannot be fetched, or is no ColourU model; the message says what to do next.
    """
    api = HfApi(token=token, library_name="colouru", library_version=__version__)
    # Without a timeout the client waits for ever for a server that accepts the connection and never answers.
    api.repo_info = functools.partial(api.repo_info, timeout=constants.HF_HUB_ETAG_TIMEOUT)
    with _plain_errors(repo, revision):
        commit = api.resolve_revision(repo, revision=revision).resolved
    try:
        return _model_at(api, repo, commit)
    except DamagedError:
        # The files may be damaged in the cache only, or by the transfer, so they are fetched once more.
        if is_offline_mode():
            raise
        return _model_at(api, repo, commit, again=True)


def _model_at(api: HfApi, repo: str, commit: str, *, again: bool = False) -> Model:
    """The model of one commit.

    Args:
        again: whether files that are in the cache are fetched anew.

    Raises:
        DamagedError: if the files in the cache are not those that were published.
        WeightsError: if they cannot be fetched, or what was published is no ColourU model.
    """
    source = f"{repo}@{commit}"
    files = {"repo_id": repo, "revision": commit, "force_download": again}
    with _plain_errors(repo, commit):
        folder = Path(_download(api, source, CONFIG_NAME, MAX_CONFIG_BYTES, files)).parent
    try:
        # Some other kind of model is refused before its gigabytes are downloaded.
        read_config(folder)
    except WeightsError as error:
        raise DamagedError(f"{source} is not a model that this version of ColourU can read: {error}") from None
    with _plain_errors(repo, commit):
        _download(api, source, WEIGHTS_NAME, MAX_WEIGHTS_BYTES, files)
    try:
        return read_model(folder, source)
    except DamagedError:
        raise DamagedError(
            f"the weights of {source} do not have the sha256 in its {CONFIG_NAME}: fetch them by another network, "
            "or take another revision"
        ) from None
    except WeightsError as error:
        raise WeightsError(f"{source} cannot be used: {error}") from None


def _download(api: HfApi, source: str, name: str, limit: int, files: dict[str, Any]) -> str:
    """The path of a file in the cache, after it was fetched if needed; raises WeightsError if it is too large."""
    size = api.hf_hub_download(filename=name, dry_run=True, **files).file_size
    if size > limit:
        raise WeightsError(f"{source} has a {name} of {size:,} bytes; at most {limit:,} are fetched")
    return api.hf_hub_download(filename=name, **files)


@contextlib.contextmanager
def _plain_errors(repo: str, revision: str | None) -> Iterator[None]:
    """Turn the errors of the Hub's client into a WeightsError of one sentence."""
    # Many of these classes are subclasses of others that are caught later, so the order matters.
    page = f"{constants.ENDPOINT}/{repo}"
    try:
        yield
    except GatedRepoError:
        raise WeightsError(
            f"{repo} is gated: accept its terms on {page}, then set HF_TOKEN to a token of yours"
        ) from None
    except RepositoryNotFoundError:
        raise WeightsError(
            f"there is no model {repo} on the Hub, nor a folder of that name here: check the spelling, or, if it is "
            "private, set HF_TOKEN to a token that may read it"
        ) from None
    except RevisionNotFoundError:
        raise WeightsError(f"{repo} has no revision {revision!r}; take one of those on {page}/commits/main") from None
    except (RevisionResolutionError, LocalEntryNotFoundError) as error:
        if is_offline_mode():
            raise WeightsError(
                f"{repo} is not in the cache, and HF_HUB_OFFLINE forbids to fetch it; unset that, or give a folder"
            ) from None
        raise WeightsError(
            f"the Hub does not answer and {repo} is not in the cache ({root_cause(error)}); try later, or give a folder"
        ) from None
    except EntryNotFoundError:
        raise WeightsError(
            f"{repo} is not a ColourU model: it lacks {CONFIG_NAME} or {WEIGHTS_NAME}; give one that train.publish made"
        ) from None
    except HFValidationError:
        raise WeightsError(f"expected a folder or a Hub id of the form user/name, got {repo!r}") from None
    except HfHubHTTPError as error:
        status = error.response.status_code
        if status in (401, 403):
            raise WeightsError(
                f"the Hub refuses your token ({status}): log in with `hf auth login`, or set HF_TOKEN to a valid one"
            ) from None
        raise WeightsError(f"the Hub answered {status} when asked for {repo}; try again later") from None
    # hf_xet is an extension in Rust, and raises RuntimeError.
    except (OSError, httpx.HTTPError, XetDownloadError, RuntimeError) as error:
        raise WeightsError(f"{repo} could not be fetched ({root_cause(error)}); try again") from None


def root_cause(error: BaseException) -> str:
    """The message, at most 200 characters of its first line, of the error that caused this one in the first place."""
    while error.__cause__ is not None:
        error = error.__cause__
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
