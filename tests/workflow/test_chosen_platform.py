"""The line at the end of a job: a link where the platform goes on, else the command that starts it again."""

import re
from pathlib import Path

import pytest

from lightly_ray.api import ApiWorkflowClient
from lightly_ray.workflow.chosen_platform import chosen_platform
from tests.platform.browser import Browser


def test_running_platform__a_link_that_opens_the_dataset(client: ApiWorkflowClient, tmp_path: Path) -> None:
    with chosen_platform(client, tmp_path) as (used, how_to_open):
        assert used is client
    line = how_to_open()
    match = re.search(rf"{client.server}/#/sign-in\?code=(\w+)&next=/datasets/{client.dataset_id}$", line)
    assert match is not None, line
    browser = Browser(client.server)
    browser.sign_in(code=match[1])
    assert browser.get("session")["name"] == "admin"


def test_running_platform__that_has_no_link(tmp_path: Path) -> None:
    client = ApiWorkflowClient("token", server="http://127.0.0.1:9")
    with chosen_platform(client, tmp_path) as (_, how_to_open):
        pass
    line = how_to_open()
    assert line.startswith("the dataset is on http://127.0.0.1:9")
    assert "cannot reach the platform" in line


@pytest.mark.full
def test_own_platform__the_command_that_starts_it_again(tmp_path: Path) -> None:
    with chosen_platform(None, tmp_path) as (client, how_to_open):
        assert client.get_datasets() == []
    assert how_to_open().endswith(f"lightly-ray serve data_dir={tmp_path}")
