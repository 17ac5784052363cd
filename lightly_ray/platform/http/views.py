"""Records as the protocol spells them."""

from lightly_ray.platform.http import schemas
from lightly_ray.platform.services.evaluated import Evaluated
from lightly_ray.platform.storage.store import jobs, records

_RESULT = {"SAMPLING": "SAMPLING", "PROJECTION": "EMBEDDING_2D", "EVALUATION": "EVALUATION", "GROUPING": "GROUPS"}


def dataset(it: records.Dataset) -> schemas.DatasetData:
    """A dataset."""
    return {
        "id": it.id,
        "name": it.name,
        "userId": it.owner_id,
        "type": it.type,
        "imgType": it.img_type,
        "nSamples": it.n_samples,
        "sizeInBytes": it.size_in_bytes,
        "createdAt": it.created_at,
        "lastModifiedAt": it.last_modified_at,
    }


def sample(it: records.Sample) -> schemas.SampleData:
    """A sample."""
    return {
        "id": it.id,
        "type": "IMAGE",
        "datasetId": it.dataset_id,
        "fileName": it.file_name,
        "thumbName": it.thumb_name,
        "exif": it.exif,
        "metaData": it.meta_data,
        "customMetaData": it.custom_meta_data,
        "createdAt": it.created_at,
        "lastModifiedAt": it.last_modified_at,
    }


def tag(it: records.Tag, total: int) -> schemas.TagData:
    """A tag of a dataset with ``total`` samples."""
    return {
        "id": it.id,
        "datasetId": it.dataset_id,
        "prevTagId": it.prev_tag_id,
        "queryTagId": it.query_tag_id,
        "preselectedTagId": it.preselected_tag_id,
        "name": it.name,
        "bitMaskData": it.mask.to_hex(),
        "totSize": total,
        "createdAt": it.created_at,
        "lastModifiedAt": it.last_modified_at,
    }


def embedding(it: records.Embedding) -> schemas.EmbeddingData:
    """An embedding that has been uploaded."""
    return {"id": it.id, "name": it.name, "isProcessed": True, "createdAt": it.created_at, "is2d": it.dimension == 2}


def projection(it: records.Projection, dataset_id: str) -> schemas.Embedding2dData:
    """A projection without its coordinates."""
    return {
        "id": it.id,
        "datasetId": dataset_id,
        "embeddingId": it.embedding_id,
        "name": it.method,
        "dimensionalityReductionMethod": it.method,
        "createdAt": it.created_at,
    }


def score(it: records.Score) -> schemas.ScoreData:
    """Scores without the numbers."""
    return {
        "id": it.id,
        "tagId": it.tag_id,
        "scoreType": it.score_type,
        "createdAt": it.created_at,
        "uploadedAt": it.uploaded_at,
    }


def label_import(it: records.LabelImport) -> schemas.LabelImportData:
    """An import of labels, without them."""
    return {
        "id": it.id,
        "source": it.source,
        "version": it.version,
        "task": it.task,
        "samples": it.samples,
        "sha256": it.sha256,
        "report": it.report,
        "creator": it.creator,
        "createdAt": it.created_at,
        "withdrawnAt": it.withdrawn_at,
        "withdrawnBy": it.withdrawn_by,
    }


def job(it: records.Job) -> schemas.JobData:
    """A job. Clients wait as many seconds as it says before they ask again."""
    status = jobs.seen_status(it)
    shown: schemas.JobData = {
        "id": it.id,
        "jobId": it.id,
        "datasetId": it.dataset_id,
        "jobType": it.kind,
        "status": status,
        "meta": {"total": it.total, "processed": it.processed},
        "waitTimeTillNextPoll": 1 if it.finished_at is None else 0,
        "createdAt": it.created_at,
    }
    if it.finished_at is not None:
        shown["finishedAt"] = it.finished_at
    if it.error is not None:
        shown["error"] = it.error
    if it.result is not None:
        shown["result"] = {"type": _RESULT[it.kind], "data": it.result}
    return shown


def label_studio_task(it: records.Sample, url: str) -> schemas.Object:
    """A sample as a task of Label Studio."""
    info = {"fileName": it.file_name, "metaData": it.meta_data, "customMetaData": it.custom_meta_data}
    # The last two come back with the labels.
    keys = {"sample_id": it.id, "filename": it.file_name}
    return {"id": it.row, "data": {"image": url, "lightlyFileName": it.file_name, "lightlyMetaInfo": info, **keys}}


def labelbox_row(it: records.Sample, url: str) -> schemas.Object:
    """A sample as a data row of Labelbox, in the spelling of its newer versions."""
    return {"row_data": url, "global_key": it.id, "media_type": "IMAGE", "external_id": it.file_name}


def coco_image(it: records.Outline, number: int) -> schemas.Object:
    """A sample in the image list of a COCO file; width and height where the upload has them."""
    image: schemas.Object = {"id": number, "file_name": it.file_name}
    height, width = it.size
    return image if height is None else image | {"height": height, "width": width}


def predictions(it: records.StoredPredictions) -> schemas.PredictionsData:
    """Stored predictions without what they say."""
    return {
        "id": it.id,
        "name": it.name,
        "task": it.task,
        "version": it.version,
        "rows": it.rows,
        "classes": it.classes,
        "creator": it.creator,
        "createdAt": it.created_at,
        "uploadedAt": it.uploaded_at,
    }


def evaluation(it: Evaluated) -> schemas.EvaluationData:
    """An evaluation without what it says of each class and sample."""
    of = it.predictions
    return {
        "id": it.stored.id,
        "task": of.task,
        "predictionsId": of.id,
        "predictionsName": of.name,
        "predictionsVersion": it.stored.predictions_version,
        "source": it.stored.source,
        "tagId": it.stored.tag_id,
        "tagName": it.stored.tag_name,
        "metrics": it.stored.metrics,
        "stale": it.stale,
        "createdAt": it.stored.created_at,
    }
