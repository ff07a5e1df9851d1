"""Files of a folder as a version of a model on the Hub: one commit, and a tag on it.

No moment of it leaves half a version: a commit has all files or does not exist, and without its tag it is none yet.
What an attempt that failed has left is found, so the same again finishes it.
"""

import hashlib
from pathlib import Path

from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import httpx
from huggingface_hub.utils.sha import git_hash

from colouru import __version__
from colouru.hub import root_cause


def push(folder: Path, names: list[str], repo: str, tag: str) -> str:
    """Send the files of those names and tag them; returns the address of the version.

    Raises:
        ValueError: if that fails, or the tag is that of another version.
    """
    api = HfApi(library_name="colouru", library_version=__version__)
    try:
        api.create_repo(repo, exist_ok=True)
        tags = {ref.name: ref.target_commit for ref in api.list_repo_refs(repo).tags}
        if tag not in tags:
            additions = [CommitOperationAdd(name, folder / name) for name in names]
            # Without a change this makes no commit and gives the last one.
            commit = api.create_commit(repo, additions, commit_message=f"ColourU {tag}")
            api.create_tag(repo, tag=tag, revision=commit.oid)
        elif not _holds(api, repo, tags[tag], folder, names):
            raise ValueError(f"its {tag} is another version, and versions never change: give a new --tag")
    except (OSError, httpx.HTTPError, RuntimeError) as error:
        if isinstance(error, HfHubHTTPError) and error.response.status_code in (401, 403):
            raise ValueError(
                f"the Hub does not let your token write to {repo}: give another one by `hf auth login` or HF_TOKEN, or "
                "another --repo"
            ) from None
        raise ValueError(f"{repo} is not published: {root_cause(error)}; the same command goes on with it") from None
    except ValueError as error:
        raise ValueError(f"{repo} is not published: {root_cause(error)}") from None
    return f"{api.endpoint}/{repo}/tree/{tag}"


def _holds(api: HfApi, repo: str, revision: str, folder: Path, names: list[str]) -> bool:
    """Whether a revision on the Hub has just these files."""
    there = {
        entry.path: entry.lfs.sha256 if entry.lfs else entry.blob_id
        for entry in api.get_paths_info(repo, names, revision=revision)
    }
    return all(there.get(name) in _identities(folder / name) for name in names)


def _identities(path: Path) -> tuple[str, str]:
    """What the Hub may call this content: the sha256 of a large file, else the id of a blob in Git."""
    content = path.read_bytes()
    return hashlib.sha256(content).hexdigest(), git_hash(content)
