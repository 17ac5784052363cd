"""The command line of published clients, against our platform: upload a folder, copy the files of a tag."""

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from lightly_ray.api import ApiWorkflowClient
from lightly_ray.data.images import list_images
from tests.conftest import missing
from tests.contract.peers import VERSIONS, PeerError, peer

if TYPE_CHECKING:
    from lightly_ray.platform.embedded import EmbeddedPlatform

pytestmark = pytest.mark.full


def run_command(version: str, platform: "EmbeddedPlatform", folder: Path, command: str, *settings: str) -> None:
    """Run `lightly-COMMAND` of a release, with hydra's `key=value` settings."""
    try:
        python, environment = peer(version)
    except PeerError as error:
        missing("published-client", f"lightly {version} cannot be installed: {error}")
        raise
    script = Path(environment["PYTHONPATH"]) / "bin" / f"lightly-{command}"
    done = subprocess.run(
        [python, "-W", "ignore", script, f"token={platform.token}", *settings],
        env={**environment, "LIGHTLY_SERVER_LOCATION": platform.url},
        capture_output=True,
        text=True,
        timeout=600,
        cwd=folder,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]


@pytest.mark.parametrize("version", VERSIONS)
def test_published_commands__upload_a_folder_and_download_a_tag(
    version: str, live_platform: "EmbeddedPlatform", images: Path, tmp_path: Path
) -> None:
    name = f"commands of {version.replace('.', '-')}"
    run_command(
        version, live_platform, tmp_path, "upload", f"input_dir={images}", f"new_dataset_name='{name}'", "upload=full"
    )
    client = ApiWorkflowClient(live_platform.token, server=live_platform.url)
    client.set_dataset_id_by_name(name)
    names = client.get_filenames()
    assert names == list_images(images)
    parent = client.create_tag_from_filenames([names[1], names[8]], "parent")
    client.create_tag_from_filenames([names[1], names[3], names[8], names[9]], "child", parent.id)
    settings = (f"dataset_id={client.dataset_id}", "tag_name=child", "exclude_parent_tag=True")
    run_command(
        version,
        live_platform,
        tmp_path,
        "download",
        *settings,
        f"input_dir={images}",
        f"output_dir={tmp_path / 'copied'}",
    )
    assert list_images(tmp_path / "copied") == [names[3], names[9]]
    for copied in (names[3], names[9]):
        np.testing.assert_array_equal(
            np.asarray(Image.open(tmp_path / "copied" / copied)), np.asarray(Image.open(images / copied))
        )
