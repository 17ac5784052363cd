"""Every module path and name that code written for the published client may import, with `lightly` replaced."""

import importlib
import inspect
import operator

import pytest

import lightly_ray

PATHS = {
    "lightly_ray.api": ["ApiWorkflowClient"],
    "lightly_ray.api.api_workflow_client": ["ApiWorkflowClient"],
    "lightly_ray.api.api_workflow_datasets": [],
    "lightly_ray.api.api_workflow_download_dataset": [],
    "lightly_ray.api.api_workflow_export": [],
    "lightly_ray.api.api_workflow_sampling": [],
    "lightly_ray.api.api_workflow_selection": [],
    "lightly_ray.api.api_workflow_tags": ["TagDoesNotExistError"],
    "lightly_ray.api.api_workflow_upload_dataset": ["MAXIMUM_FILENAME_LENGTH"],
    "lightly_ray.api.api_workflow_upload_embeddings": ["EmbeddingDoesNotExistError"],
    "lightly_ray.api.api_workflow_upload_metadata": ["InvalidCustomMetadataWarning"],
    "lightly_ray.api.bitmask": ["BitMask"],
    "lightly_ray.active_learning.agents": ["ActiveLearningAgent", "AgentActor"],
    "lightly_ray.active_learning.agents.agent": ["ActiveLearningAgent"],
    "lightly_ray.active_learning.config": ["SamplerConfig", "SelectionConfig"],
    "lightly_ray.active_learning.config.sampler_config": ["SamplerConfig"],
    "lightly_ray.active_learning.config.selection_config": ["SelectionConfig", "SamplingConfig"],
    "lightly_ray.active_learning.scorers": [
        "Scorer",
        "ScorerClassification",
        "ScorerKeypointDetection",
        "ScorerObjectDetection",
        "ScorerSemanticSegmentation",
    ],
    "lightly_ray.active_learning.scorers.scorer": ["Scorer"],
    "lightly_ray.active_learning.scorers.classification": ["ScorerClassification"],
    "lightly_ray.active_learning.scorers.detection": ["ScorerObjectDetection"],
    "lightly_ray.active_learning.scorers.keypoint_detection": ["ScorerKeypointDetection"],
    "lightly_ray.active_learning.scorers.semantic_segmentation": ["ScorerSemanticSegmentation"],
    "lightly_ray.active_learning.utils": [
        "BoundingBox",
        "KeypointInstancePrediction",
        "KeypointPrediction",
        "ObjectDetectionOutput",
    ],
    "lightly_ray.active_learning.utils.bounding_box": ["BoundingBox"],
    "lightly_ray.active_learning.utils.keypoint_predictions": ["KeypointInstancePrediction", "KeypointPrediction"],
    "lightly_ray.active_learning.utils.object_detection_output": ["ObjectDetectionOutput"],
    "lightly_ray.openapi_generated.swagger_client": ["SamplingMethod", "ApiException"],
    "lightly_ray.openapi_generated.swagger_client.models": ["SamplingMethod"],
    "lightly_ray.openapi_generated.swagger_client.models.sampling_method": ["SamplingMethod"],
    "lightly_ray.openapi_generated.swagger_client.rest": ["ApiException"],
}

# The arguments of the published methods, in their order; ours may have more behind them, by keyword alone.
SIGNATURES = {
    "ApiWorkflowClient": ["token", "dataset_id", "embedding_id"],
    "ApiWorkflowClient.create_dataset": ["dataset_name", "dataset_type"],
    "ApiWorkflowClient.create_new_dataset_with_unique_name": ["dataset_basename", "dataset_type"],
    "ApiWorkflowClient.create_tag_from_filenames": ["fnames_new_tag", "new_tag_name", "parent_tag_id"],
    "ApiWorkflowClient.dataset_exists": ["dataset_id"],
    "ApiWorkflowClient.dataset_name_exists": ["dataset_name", "shared"],
    "ApiWorkflowClient.delete_dataset_by_id": ["dataset_id"],
    "ApiWorkflowClient.delete_tag_by_id": ["tag_id"],
    "ApiWorkflowClient.delete_tag_by_name": ["tag_name"],
    "ApiWorkflowClient.download_dataset": ["output_dir", "tag_name", "max_workers", "verbose"],
    "ApiWorkflowClient.download_embeddings_csv": ["output_path"],
    "ApiWorkflowClient.download_embeddings_csv_by_id": ["embedding_id", "output_path"],
    "ApiWorkflowClient.export_filenames_and_read_urls_by_tag_id": ["tag_id"],
    "ApiWorkflowClient.export_filenames_and_read_urls_by_tag_name": ["tag_name"],
    "ApiWorkflowClient.export_filenames_by_tag_id": ["tag_id"],
    "ApiWorkflowClient.export_filenames_by_tag_name": ["tag_name"],
    "ApiWorkflowClient.export_label_studio_tasks_by_tag_id": ["tag_id"],
    "ApiWorkflowClient.export_label_studio_tasks_by_tag_name": ["tag_name"],
    "ApiWorkflowClient.get_all_datasets": [],
    "ApiWorkflowClient.get_all_embedding_data": [],
    "ApiWorkflowClient.get_all_tags": [],
    "ApiWorkflowClient.get_dataset_by_id": ["dataset_id"],
    "ApiWorkflowClient.get_datasets": ["shared"],
    "ApiWorkflowClient.get_datasets_by_name": ["dataset_name", "shared"],
    "ApiWorkflowClient.get_embedding_by_name": ["name", "ignore_suffix"],
    "ApiWorkflowClient.get_embedding_data_by_name": ["name"],
    "ApiWorkflowClient.get_filenames": [],
    "ApiWorkflowClient.get_filenames_in_tag": ["tag_data", "filenames_on_server", "exclude_parent_tag"],
    "ApiWorkflowClient.get_tag_by_id": ["tag_id"],
    "ApiWorkflowClient.get_tag_by_name": ["tag_name"],
    "ApiWorkflowClient.sampling": ["sampler_config", "preselected_tag_id", "query_tag_id"],
    "ApiWorkflowClient.selection": ["selection_config", "preselected_tag_id", "query_tag_id"],
    "ApiWorkflowClient.set_dataset_id_by_name": ["dataset_name", "shared"],
    "ApiWorkflowClient.set_embedding_id_to_latest": [],
    "ApiWorkflowClient.upload_custom_metadata": ["custom_metadata", "verbose", "max_workers"],
    "ApiWorkflowClient.upload_dataset": ["input", "max_workers", "mode", "custom_metadata"],
    "ApiWorkflowClient.upload_embeddings": ["path_to_embeddings_csv", "name"],
    "ApiWorkflowClient.upload_scores": ["al_scores", "query_tag_id"],
    "ActiveLearningAgent": ["api_workflow_client", "query_tag_name", "preselected_tag_name"],
    "ActiveLearningAgent.query": ["sampler_config", "al_scorer"],
    "ActiveLearningAgent.upload_scores": ["al_scorer"],
    "SamplerConfig": ["method", "n_samples", "min_distance", "name"],
}


@pytest.mark.parametrize("path", PATHS)
def test_module_path__can_be_imported_with_its_names(path: str) -> None:
    module = importlib.import_module(path)
    for name in PATHS[path]:
        assert getattr(module, name) is not None
    assert module.__doc__


@pytest.mark.parametrize("target", SIGNATURES)
def test_signature__starts_with_the_published_arguments(target: str) -> None:
    call = operator.attrgetter(target)(lightly_ray)
    names = [name for name in inspect.signature(call).parameters if name != "self"]
    assert names[: len(SIGNATURES[target])] == SIGNATURES[target]


def test_sampling_method__is_plain_strings() -> None:
    from lightly_ray.openapi_generated.swagger_client import SamplingMethod

    values = {name: value for name, value in vars(SamplingMethod).items() if name.isupper()}
    assert values == {
        name: name for name in ("ACTIVE_LEARNING", "AUTO", "CLUSTER", "CORAL", "CORESET", "COVERAGE", "RANDOM")
    }
    assert all(type(value) is str for value in values.values())


def test_errors__are_what_callers_of_the_published_client_catch() -> None:
    from lightly_ray import errors
    from lightly_ray.openapi_generated.swagger_client.rest import ApiException

    assert issubclass(errors.NotFoundError, (KeyError,))
    assert issubclass(errors.NotFoundError, ValueError)
    assert issubclass(errors.ConflictError, RuntimeError)
    assert issubclass(errors.ConflictError, ValueError)
    assert issubclass(errors.InvalidInputError, ValueError)
    assert issubclass(errors.JobFailedError, RuntimeError)
    assert issubclass(errors.AuthenticationError, ApiException)
