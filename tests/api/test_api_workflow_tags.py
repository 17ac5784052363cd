"""Tags on a running platform."""

import pytest

from lightly_ray.api import ApiWorkflowClient
from lightly_ray.errors import ConflictError, InvalidInputError, NotFoundError


def test_create_tag_from_filenames__bit_i_is_file_i(uploaded: ApiWorkflowClient) -> None:
    names = uploaded.get_filenames()
    tag = uploaded.create_tag_from_filenames([names[11], names[0], names[4], names[0]], "three of them")
    assert tag.bit_mask_data == "0x811"
    assert tag.prev_tag_id == uploaded.get_tag_by_name("initial-tag").id
    assert uploaded.get_filenames_in_tag(tag) == [names[0], names[4], names[11]]
    assert uploaded.get_filenames_in_tag(tag, exclude_parent_tag=True) == []
    assert uploaded.get_tag_by_id(tag.id) == uploaded.get_tag_by_name("three of them") == tag


def test_create_tag_from_filenames__what_is_refused(uploaded: ApiWorkflowClient) -> None:
    names = uploaded.get_filenames()
    uploaded.create_tag_from_filenames(names[:2], "taken")
    with pytest.raises(RuntimeError, match="there is a tag 'taken'"):
        uploaded.create_tag_from_filenames(names[:2], "taken")
    with pytest.raises(NotFoundError, match=r"2 of 3 file names are not in the dataset, the first is 'a\.png'"):
        uploaded.create_tag_from_filenames([names[0], "b.png", "a.png"], "other")
    assert [tag.name for tag in uploaded.get_all_tags()] == ["initial-tag", "taken"]


def test_create_tag_from_filenames__before_any_upload(client: ApiWorkflowClient) -> None:
    with pytest.raises(ConflictError, match="no initial-tag yet"):
        client.create_tag_from_filenames([], "early")


def test_get_tag_by_name__unknown_says_what_there_is(uploaded: ApiWorkflowClient) -> None:
    with pytest.raises(KeyError, match=r"no tag 'x' in this dataset \(it has 'initial-tag'\)"):
        uploaded.get_tag_by_name("x")


@pytest.mark.parametrize(("operation", "expected"), [("UNION", 0x7), ("INTERSECTION", 0x2), ("DIFFERENCE", 0x1)])
def test_tag_arithmetics__on_the_platform(uploaded: ApiWorkflowClient, operation: str, expected: int) -> None:
    names = uploaded.get_filenames()
    left = uploaded.create_tag_from_filenames(names[:2], "left")
    right = uploaded.create_tag_from_filenames(names[1:3], "right")
    assert uploaded.tag_arithmetics(left.id, right.id, operation).value == expected
    with pytest.raises(InvalidInputError, match="operation must be one of"):
        uploaded.tag_arithmetics(left.id, right.id, "XOR")


def test_get_filenames_in_tag__without_its_parent(uploaded: ApiWorkflowClient) -> None:
    names = uploaded.get_filenames()
    parent = uploaded.create_tag_from_filenames(names[:2], "parent")
    child = uploaded.create_tag_from_filenames(names[:5], "child", parent.id)
    assert uploaded.get_filenames_in_tag(child, names, exclude_parent_tag=True) == names[2:5]


def test_delete_tag__leaves_only(uploaded: ApiWorkflowClient) -> None:
    names = uploaded.get_filenames()
    parent = uploaded.create_tag_from_filenames(names[:2], "parent")
    uploaded.create_tag_from_filenames(names[:5], "child", parent.id)
    with pytest.raises(ConflictError, match="cannot be deleted") as caught:
        uploaded.delete_tag_by_name("parent")
    assert caught.value.code == "TAG_UNDELETABLE_NOT_A_LEAF"
    uploaded.delete_tag_by_name("child")
    uploaded.delete_tag_by_id(parent.id)
    assert [tag.name for tag in uploaded.get_all_tags()] == ["initial-tag"]


def test_tag_provenance__says_how_it_was_made(uploaded: ApiWorkflowClient) -> None:
    assert uploaded.get_tag_provenance(uploaded.get_tag_by_name("initial-tag").id)
