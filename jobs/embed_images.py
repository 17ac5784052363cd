"""Embed all images of a folder: ``python jobs/embed_images.py --help``."""

from lightly_ray.settings import run
from lightly_ray.workflow.embed_images import EmbedImagesSettings, run_embed_images

if __name__ == "__main__":
    run(run_embed_images, EmbedImagesSettings)
