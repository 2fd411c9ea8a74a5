"""From a preview to a review: pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from etcd_ops.review.clusters import Case, cases
from etcd_ops.review.forecast import gaps, member_forecasts, quorum_forecast
from etcd_ops.review.preview import Preview
from etcd_ops.review.renewals import beyond_renewals, without_warnings
from etcd_ops.review.result import ClusterReview, Finding, Review, worst, worst_first
from etcd_ops.review.rules import RULES
from etcd_ops.review.whole import whole


def review(preview: Preview, *, only_renewals: bool = False) -> Review:
    """What a reviewer has to know of a preview.

    Nothing is known of the live cluster: agents and Rollout judge again, by what they observe, before every step.

    Args:
        preview: all of it.
        only_renewals: whether it may do nothing but renew certificates. Then warnings count for nothing.
    """
    found = cases(preview)
    clusters = tuple(map(_cluster, found))
    findings = worst_first(_of_renewals(preview, found) if only_renewals else whole(preview, found))
    levels = [*(each.verdict for each in clusters), *(each.level for each in findings)]
    return Review(
        verdict=worst(levels), stack=preview.stack, clusters=clusters, findings=findings, changes=_counted(preview)
    )


def _of_renewals(preview: Preview, found: Sequence[Case]) -> Iterator[Finding]:
    yield from map(without_warnings, whole(preview, found))
    yield from beyond_renewals(preview)


def _cluster(case: Case) -> ClusterReview:
    findings = worst_first(finding for rule in RULES for finding in rule(case))
    return ClusterReview(
        cluster=case.name,
        urn=case.urn,
        verdict=worst(each.level for each in findings),
        quorum=quorum_forecast(case),
        members=member_forecasts(case),
        gaps=gaps(case),
        findings=findings,
    )


def _counted(preview: Preview) -> dict[str, int]:
    return dict(sorted(Counter(step.change.value for step in preview.steps).items()))
