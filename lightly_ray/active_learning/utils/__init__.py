"""What detectors and keypoint models predict, as objects: one per image.

bounding_box.py             BoundingBox
object_detection_output.py  ObjectDetectionOutput
keypoint_predictions.py     KeypointPrediction and KeypointInstancePrediction
"""

from lightly_ray.active_learning.utils.bounding_box import BoundingBox
from lightly_ray.active_learning.utils.keypoint_predictions import KeypointInstancePrediction, KeypointPrediction
from lightly_ray.active_learning.utils.object_detection_output import ObjectDetectionOutput

__all__ = ["BoundingBox", "KeypointInstancePrediction", "KeypointPrediction", "ObjectDetectionOutput"]
