"""Datasets, on a running platform."""

from typing import TYPE_CHECKING

import pytest

from lightly_ray.api import ApiWorkflowClient
from lightly_ray.errors import AuthenticationError, ConflictError, NotFoundError

if TYPE_CHECKING:
    from lightly_ray.platform.embedded import EmbeddedPlatform


def test_create_dataset__makes_it_current_and_its_name_is_taken(client: ApiWorkflowClient) -> None:
    client.create_dataset("pets of mine")
    assert client.get_dataset_by_id(client.dataset_id).name == "pets of mine"
    assert client.dataset_type == "Images"
    assert client.dataset_name_exists("pets of mine")
    assert not client.dataset_name_exists("pets")
    with pytest.raises(ConflictError, match=r"set_dataset_id_by_name\(\) to go on with it"):
        client.create_dataset("pets of mine")
    with pytest.raises(ValueError, match="already"):  # what callers of the published client catch
        client.create_dataset("pets of mine")
    client.delete_dataset_by_id(client.dataset_id)


def test_create_new_dataset_with_unique_name__counts(client: ApiWorkflowClient) -> None:
    names = []
    for _ in range(3):
        client.create_new_dataset_with_unique_name("counted")
        names.append(client.get_dataset_by_id(client.dataset_id).name)
    assert names == ["counted", "counted_1", "counted_2"]


def test_set_dataset_id_by_name__finds_or_says_so(client: ApiWorkflowClient) -> None:
    first = client.dataset_id
    name = client.get_dataset_by_id(first).name
    client.create_new_dataset_with_unique_name("another")
    client.set_dataset_id_by_name(name)
    assert client.dataset_id == first
    with pytest.raises(NotFoundError, match="there is no dataset 'nowhere'"):
        client.set_dataset_id_by_name("nowhere")
    assert client.dataset_id == first


def test_delete_dataset__it_is_gone_and_no_longer_current(client: ApiWorkflowClient) -> None:
    gone = client.dataset_id
    client.delete_dataset_by_id(gone)
    assert not client.dataset_exists(gone)
    assert gone not in [dataset.id for dataset in client.get_all_datasets()]
    with pytest.raises(NotFoundError):
        client.get_dataset_by_id(gone)


def test_dataset_id__unknown_ones_are_refused(client: ApiWorkflowClient) -> None:
    before = client.dataset_id
    for wrong in ("0" * 24, "no id at all"):
        with pytest.raises(ValueError, match="there is no dataset with the id"):
            client.dataset_id = wrong
    assert client.dataset_id == before


def test_dataset_id__by_default_the_one_that_changed_last(
    client: ApiWorkflowClient, live_platform: "EmbeddedPlatform"
) -> None:
    client.create_new_dataset_with_unique_name("the newest")
    other = ApiWorkflowClient(live_platform.token, server=live_platform.url)
    with pytest.warns(UserWarning, match="no dataset was named: taking 'the newest"):
        assert other.dataset_id == client.dataset_id


def test_wrong_token__one_clear_error(live_platform: "EmbeddedPlatform") -> None:
    stranger = ApiWorkflowClient("not-the-token", server=live_platform.url)
    with pytest.raises(AuthenticationError, match=r"at http://127\.0\.0\.1:\d+ does not accept the token") as caught:
        stranger.get_datasets()
    assert "not-the-token" not in str(caught.value)
    with pytest.raises(AuthenticationError):
        stranger.create_dataset("never made")
