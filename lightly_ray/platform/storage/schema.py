"""The tables. What each holds stands beside it; migrations/ builds them, and a test compares the two.

    datasets -< samples          what is selected from; a sample's row is its bit in every mask
             -< tags -< scores   named sets of samples; scores of the samples of one tag
             -< tag_names        every name taken, by a tag or by a job that will make it
             -< embeddings -< projections
             -< jobs             the durable queue
             -< label_imports    what people have labelled, import by import
             -< predictions -< evaluations   what models predict, and how good that was
             -< shares           who else may look at it, or change it
    users -< datasets
          -< tokens -< sign_ins  who may come in; who is signed in to the web app
    audit                        who changed what, and when
    deletions                    datasets that are gone, and whose samples and files are being removed
    server_state                 the secret behind signed URLs

Ids are 24 hexadecimal digits, times unix milliseconds, masks hexadecimal strings. A column that ends in
`_key` names a blob: it is written before the row that names it, and never overwritten.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    and_,
    or_,
)

from lightly_ray.bitmask import BitMask

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

ID = String(24)
TIME = BigInteger()
OBJECT = JSON(none_as_null=True)  # otherwise None is kept as the text "null"
# Ordered by code point in both databases: the order of file names decides the order of rows.
NAME = Text().with_variant(Text(collation="C"), "postgresql")


class Mask(TypeDecorator[BitMask]):
    """A set of rows, kept as hexadecimal text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: BitMask | None, dialect: Dialect) -> str | None:
        """To the database."""
        return None if value is None else value.to_hex()

    def process_result_value(self, value: str | None, dialect: Dialect) -> BitMask | None:
        """From the database."""
        return None if value is None else BitMask.from_hex(value)


def _of_dataset() -> Column[str]:
    return Column("dataset_id", ID, ForeignKey("datasets.id", ondelete="CASCADE"), nullable=False)


server_state = Table(
    "server_state",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", Text, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("id", ID, primary_key=True),
    Column("name", NAME, nullable=False, unique=True),
    Column("role", String(10), nullable=False),  # admin | member
    Column("created_at", TIME, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", ID, primary_key=True),
    Column("user_id", ID, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("name", NAME, nullable=False),
    Column("digest", String(64), nullable=False, unique=True),  # sha256 of the token; the token itself is nowhere
    Column("created_at", TIME, nullable=False),
    Column("expires_at", TIME),  # null: it does not
    Column("last_used_at", TIME),  # to the minute
    UniqueConstraint("user_id", "name"),
)

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("id", ID, primary_key=True),
    Column("token_id", ID, ForeignKey("tokens.id", ondelete="CASCADE"), nullable=False),
    Column("digest", String(64), nullable=False, unique=True),  # sha256 of what the browser keeps
    Column("kind", String(10), nullable=False),  # CODE: signs in once; SESSION: what a browser has after that
    Column("created_at", TIME, nullable=False),
    Column("expires_at", TIME, nullable=False),
)

datasets = Table(
    "datasets",
    metadata,
    Column("id", ID, primary_key=True),
    Column("owner_id", ID, ForeignKey("users.id"), nullable=False),
    Column("name", NAME, nullable=False),
    Column("type", String(20), nullable=False),
    Column("img_type", String(20)),  # full | thumbnail | meta, known with the initial tag
    Column("total", BigInteger, nullable=False),  # samples that have a row: the length of every mask
    Column("n_samples", BigInteger, nullable=False),  # with and without a row
    Column("size_in_bytes", BigInteger, nullable=False, server_default="0"),  # of the files of its samples
    Column("upload", OBJECT),  # what the client last registered about its upload
    Column("created_at", TIME, nullable=False),
    Column("last_modified_at", TIME, nullable=False),
    Column("changes", BigInteger, nullable=False, server_default="0"),  # how often it, or what belongs to it, changed
    Column("descriptions", BigInteger, nullable=False, server_default="0"),  # how often its samples were described
    UniqueConstraint("owner_id", "name"),
)

shares = Table(
    "shares",
    metadata,
    _of_dataset(),
    Column("user_id", ID, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("writes", Boolean, nullable=False),  # whether that user may change it
    Column("created_at", TIME, nullable=False),
    PrimaryKeyConstraint("dataset_id", "user_id"),
    Index("ix_shares_user_id", "user_id"),
)

# Nothing here refers to a row: what is said of a user or a dataset stays when that is gone.
audit = Table(
    "audit",
    metadata,
    Column("id", ID, primary_key=True),
    Column("key", String(64), nullable=False, unique=True),  # of the line: the same again in a minute is counted
    Column("at", TIME, nullable=False),  # of the first time
    Column("last_at", TIME, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("user_id", ID),
    Column("user_name", NAME, nullable=False),
    Column("token", NAME, nullable=False),  # its name
    Column("action", NAME, nullable=False),
    Column("dataset_id", ID),
    Column("dataset_name", NAME),
    Column("subject", NAME, nullable=False),  # what of the dataset: the name of a tag, of an embedding ...
    Index("ix_audit_dataset_id", "dataset_id", "id"),
    Index("ix_audit_user_id", "user_id", "id"),
)

deletions = Table(
    "deletions",
    metadata,
    Column("dataset_id", ID, primary_key=True),
    Column("created_at", TIME, nullable=False),
)

samples = Table(
    "samples",
    metadata,
    Column("id", ID, primary_key=True),
    Column("dataset_id", ID, nullable=False),  # no foreign key: samples are removed after their dataset
    Column("file_name", NAME, nullable=False),
    Column("row", BigInteger),  # given in file-name order when a tag first covers the sample; then for good
    Column("thumb_name", Text),
    Column("exif", OBJECT),
    Column("meta_data", OBJECT),
    Column("custom_meta_data", OBJECT),
    Column("full_expected", Boolean, nullable=False),  # a URL to upload the image was asked for
    Column("full_key", Text),
    Column("full_sha256", String(64)),
    Column("full_bytes", BigInteger),
    Column("thumb_key", Text),
    Column("thumb_sha256", String(64)),
    Column("thumb_bytes", BigInteger),
    Column("created_at", TIME, nullable=False),
    Column("last_modified_at", TIME, nullable=False),
    UniqueConstraint("dataset_id", "file_name"),
    UniqueConstraint("dataset_id", "row"),
)

# A file was announced and has not arrived.
INCOMPLETE = or_(
    and_(samples.c.thumb_name.is_not(None), samples.c.thumb_key.is_(None)),
    and_(samples.c.full_expected.is_(True), samples.c.full_key.is_(None)),
)
Index(
    "ix_samples_incomplete",
    samples.c.dataset_id,
    samples.c.row,
    sqlite_where=INCOMPLETE,
    postgresql_where=INCOMPLETE,
)

tags = Table(
    "tags",
    metadata,
    Column("id", ID, primary_key=True),
    _of_dataset(),
    Column("name", NAME, nullable=False),
    Column("mask", Mask, nullable=False),
    Column("prev_tag_id", ID, ForeignKey("tags.id")),  # null for the initial tag alone
    Column("query_tag_id", ID),
    Column("preselected_tag_id", ID),
    Column("creator", String(40), nullable=False),
    Column("provenance", OBJECT, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("last_modified_at", TIME, nullable=False),
    UniqueConstraint("dataset_id", "name"),
    Index("ix_tags_prev_tag_id", "prev_tag_id"),
)

embeddings = Table(
    "embeddings",
    metadata,
    Column("id", ID, primary_key=True),
    _of_dataset(),
    Column("name", NAME, nullable=False),
    Column("version", Integer, nullable=False),  # uploads so far; 0: asked for, nothing uploaded
    Column("file_key", Text),  # Parquet: filename, embedding, label
    Column("sha256", String(64)),  # of the file as uploaded
    Column("rows", BigInteger),
    Column("dimension", Integer),
    Column("descriptor_key", Text),  # the fitted descriptor that made it
    Column("descriptor_sha256", String(64)),
    Column("created_at", TIME, nullable=False),
    Column("uploaded_at", TIME),
    UniqueConstraint("dataset_id", "name"),
)

projections = Table(
    "projections",
    metadata,
    Column("id", ID, primary_key=True),
    Column("embedding_id", ID, ForeignKey("embeddings.id", ondelete="CASCADE"), nullable=False),
    Column("method", String(20), nullable=False),  # PCA | TSNE | UMAP
    Column("version", Integer, nullable=False),  # of the embedding it shows
    Column("file_key", Text, nullable=False),  # .npy, (rows, 2) float32, in row order of the embedding file
    Column("created_at", TIME, nullable=False),
    UniqueConstraint("embedding_id", "method"),
)

scores = Table(
    "scores",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tag_id", ID, ForeignKey("tags.id", ondelete="CASCADE"), nullable=False),
    Column("score_type", NAME, nullable=False),
    Column("version", Integer, nullable=False),
    Column("file_key", Text, nullable=False),  # .npy, (count,) float64, in the order of the tag's rows
    Column("sha256", String(64), nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("uploaded_at", TIME, nullable=False),
    UniqueConstraint("tag_id", "score_type"),
)

label_imports = Table(
    "label_imports",
    metadata,
    Column("id", ID, primary_key=True),
    _of_dataset(),
    Column("source", NAME, nullable=False),
    Column("version", Integer, nullable=False),  # 1, 2, ... of its source: the highest counts, unless it is withdrawn
    Column("task", String(20), nullable=False),  # classification | detection | segmentation | keypoints
    Column("file_key", Text, nullable=False),  # Parquet: all that the source says after this import
    Column("sha256", String(64), nullable=False),  # of that file
    Column("samples", BigInteger, nullable=False),  # that it says something of
    Column("report", OBJECT, nullable=False),  # how the labels fitted, as the importer was told
    Column("creator", NAME, nullable=False),  # the name of the user
    Column("created_at", TIME, nullable=False),
    Column("withdrawn_at", TIME),
    Column("withdrawn_by", NAME),
    UniqueConstraint("dataset_id", "source", "version"),
)

predictions = Table(
    "predictions",
    metadata,
    Column("id", ID, primary_key=True),
    _of_dataset(),
    Column("name", NAME, nullable=False),
    Column("task", String(20), nullable=False),  # classification | detection | segmentation | keypoints
    Column("version", Integer, nullable=False),  # uploads so far
    Column("file_key", Text, nullable=False),  # Parquet: data/predictions/packed.py
    Column("sha256", String(64), nullable=False),  # of that file
    Column("rows", BigInteger, nullable=False),  # samples that it has predictions of
    Column("classes", OBJECT, nullable=False),  # their names, in the order of their numbers
    Column("creator", NAME, nullable=False),  # the name of the user
    Column("created_at", TIME, nullable=False),
    Column("uploaded_at", TIME, nullable=False),
    UniqueConstraint("dataset_id", "name"),
)

evaluations = Table(
    "evaluations",
    metadata,
    Column("id", ID, primary_key=True),
    _of_dataset(),
    Column("predictions_id", ID, ForeignKey("predictions.id", ondelete="CASCADE"), nullable=False),
    Column("predictions_version", Integer, nullable=False),
    Column("source", NAME),  # of the labels; null: all sources together
    Column("label_imports", OBJECT, nullable=False),  # ids of the imports that were measured against
    Column("tag_id", ID, ForeignKey("tags.id", ondelete="SET NULL")),  # of the samples; null where it was deleted
    Column("tag_name", NAME, nullable=False),
    Column("metrics", OBJECT, nullable=False),  # the figures over all
    Column("file_key", Text, nullable=False),  # JSON: the whole result
    Column("created_at", TIME, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", ID, primary_key=True),
    _of_dataset(),
    Column("kind", String(20), nullable=False),  # SAMPLING | PROJECTION | EVALUATION | GROUPING
    Column("name", NAME),  # SAMPLING: of the tag that it will make
    Column("request", OBJECT, nullable=False),  # as asked, in one spelling: with the name, the job's identity
    Column("pinned", OBJECT, nullable=False),  # the very masks and blobs that it works on
    Column("status", String(10), nullable=False),  # WAITING | RUNNING | FINISHED | FAILED
    Column("attempts", Integer, nullable=False),
    Column("worker", Text),
    Column("lease_until", TIME),
    Column("cancelled", Boolean, nullable=False),
    Column("processed", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("result", ID),
    Column("error", Text),
    Column("created_at", TIME, nullable=False),
    Column("finished_at", TIME),
    Index("ix_jobs_status_created_at", "status", "created_at"),
    Index("ix_jobs_finished_at", "finished_at"),  # status and time stand behind masks, which may be large
)

tag_names = Table(
    "tag_names",
    metadata,
    Column("dataset_id", ID, nullable=False),
    Column("name", NAME, nullable=False),
    Column("tag_id", ID, ForeignKey("tags.id", ondelete="CASCADE")),
    Column("job_id", ID, ForeignKey("jobs.id", ondelete="CASCADE")),
    PrimaryKeyConstraint("dataset_id", "name"),
    ForeignKeyConstraint(["dataset_id"], ["datasets.id"], ondelete="CASCADE"),
)
