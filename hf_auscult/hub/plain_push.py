"""`model.push_to_hub(id)`: one commit with weights, settings, code, extractor and, where there is none yet, a card."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from huggingface_hub import HfApi

from ..data.trained_on import FILE as PEOPLE_FILE
from ..files import write_text
from .encoder_card import render_encoder_card


def push(
    model: Any,
    repo_id: str,
    *,
    commit_message: str | None = None,
    commit_description: str | None = None,
    private: bool | None = None,
    token: bool | str | None = None,
    revision: str | None = None,
    create_pr: bool = False,
    max_shard_size: int | str = "50GB",
    tags: list[str] | None = None,
) -> Any:
    """Upload a model; see transformers' `PreTrainedModel.push_to_hub`, whose arguments these are.

    Returns:
        The commit, as `HfApi.upload_folder` gives it.
    """
    api = HfApi(token=token)
    repo_id = api.create_repo(repo_id, private=private, exist_ok=True).repo_id
    if revision is not None and not revision.startswith("refs/pr"):
        api.create_branch(repo_id, branch=revision, exist_ok=True)
    with TemporaryDirectory() as folder:
        model.save_pretrained(folder, max_shard_size=max_shard_size)
        people = Path(model.config._name_or_path or "") / PEOPLE_FILE
        if people.is_file():  # whom the weights know goes where they go, and the card's licence and data follow from it
            shutil.copy(people, folder)
        if not api.file_exists(repo_id, "README.md", revision=revision):
            write_text(Path(folder) / "README.md", render_encoder_card(folder, repo_id, tags=tags or ()))
        return api.upload_folder(
            repo_id=repo_id,
            folder_path=folder,
            commit_message=commit_message or f"Upload {type(model).__name__}",
            commit_description=commit_description,
            revision=revision,
            create_pr=create_pr,
        )


__all__ = ["push"]
