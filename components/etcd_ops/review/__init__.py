"""Reviews of previews: what `pulumi up` would do to etcd clusters, told before it does it. Pure."""

from etcd_ops.review.judging import review
from etcd_ops.review.preview import Preview
from etcd_ops.review.reading import Unreadable, read_preview, read_violations
from etcd_ops.review.result import Level, Review

__all__ = ["Level", "Preview", "Review", "Unreadable", "read_preview", "read_violations", "review"]
