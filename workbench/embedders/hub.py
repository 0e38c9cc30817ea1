"""Where the hub is, where its cache is, what lies there, and what its errors mean."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workbench.embedders.preflight import inspect_model
from workbench.embedders.registry import find_card
from workbench.errors import DownloadError

OFFER = "Without a download: wb.load('bundled')."


def find_downloaded(
    model_id: str, *, revision: str | None = None, cache_dir: Path | None = None
) -> Path | None:
    """The whole model in the cache, without asking the network; None where it is not.

    Looks for the pinned commit first, then for what the cache knows as "main".
    """
    from huggingface_hub import try_to_load_from_cache

    card = find_card(model_id)
    name = card.name if card else model_id
    wanted = [revision] if revision else [card.revision if card else None, "main"]
    for commit in wanted:
        if commit is None:
            continue
        found = try_to_load_from_cache(
            name, "config.json", cache_dir=cache_root(cache_dir), revision=commit
        )
        if isinstance(found, str) and inspect_model(Path(found).parent).complete:
            return Path(found).parent
    return None


def is_downloaded(
    model_id: str, *, revision: str | None = None, cache_dir: Path | None = None
) -> bool:
    """Whether the whole model is in the cache; the network is not asked."""
    return find_downloaded(model_id, revision=revision, cache_dir=cache_dir) is not None


def hub_endpoint() -> str:
    """Base url of the hub: HF_ENDPOINT as it is now, else huggingface_hub's own."""
    from huggingface_hub import constants

    return (os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")


def cache_root(cache_dir: Path | None) -> Path:
    """Root of the hub's cache."""
    from huggingface_hub import constants

    return Path(cache_dir or constants.HF_HUB_CACHE).expanduser()


def blobs_dir(root: Path, name: str) -> Path:
    """Where the cache keeps the contents of a model's files, each under its etag."""
    from huggingface_hub.file_download import repo_folder_name

    return root / repo_folder_name(repo_id=name, repo_type="model") / "blobs"


@contextmanager
def explain_errors(name: str, endpoint: str, revision: str | None) -> Iterator[None]:
    """Turn what the hub's client raises into a DownloadError that says what to do."""
    from huggingface_hub import errors

    where = f"{name} from {endpoint}"
    try:
        yield
    except errors.OfflineModeIsEnabled as exc:
        raise DownloadError(
            f"{where}: HF_HUB_OFFLINE is set, so nothing is fetched. Unset it. {OFFER}"
        ) from exc
    except errors.GatedRepoError as exc:
        raise DownloadError(
            f"{where}: the model is gated. Accept its terms on its page, then log in with "
            f"`hf auth login`. {OFFER}"
        ) from exc
    except errors.RevisionNotFoundError as exc:
        raise DownloadError(
            f"{where}: there is no revision {revision!r}. Pass revision='main', or a commit that "
            f"this hub has. {OFFER}"
        ) from exc
    except errors.RepositoryNotFoundError as exc:
        raise DownloadError(
            f"{where}: no such model, or a private one (HTTP 401/404). Look at the spelling; for "
            f"a private one log in with `hf auth login`. {OFFER}"
        ) from exc
    except errors.HfHubHTTPError as exc:
        status = exc.response.status_code if exc.response is not None else "?"
        raise DownloadError(f"{where}: the hub answered HTTP {status}. {OFFER}") from exc
    except (
        errors.HTTPError,  # type: ignore[attr-defined]  # the base error of its client
        errors.LocalEntryNotFoundError,
    ) as exc:
        raise DownloadError(
            f"{where}: it cannot be reached ({exc}). Behind a wall, set HF_ENDPOINT to a mirror. "
            f"{OFFER}"
        ) from exc
    except OSError as exc:
        raise DownloadError(f"{where}: {exc}. {OFFER}") from exc
