"""What docs/aws.md has operators do who are not where `pulumi up` runs: a context from a stack's outputs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from etcd_ops.cli.context import find
from tools import ROOT

MEMBER = "https://a-1.aws-prod.etcd.internal:2379"
OUTPUTS = {
    "caBundle": "authority\n",
    "clientCredential": {"certPem": "certificate\n", "keyPem": "key\n"},
    "channel": {"kind": "s3", "bucket": "etcd-aws-prod-123456789012-eu-central-1", "region": "eu-central-1"},
    "endpoints": [MEMBER],
    "members": {"a-1": {"zone": "eu-central-1a", "clientUrl": MEMBER}},
    "contextFile": "",
}


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not here")
def test_a_context_is_made_of_outputs(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "aws.md").read_text().partition("### Operate from elsewhere")[2]
    found = re.search(r"```sh\n(.*?)```", text, re.DOTALL)
    assert found
    pulumi = tmp_path / "bin" / "pulumi"
    pulumi.parent.mkdir()
    pulumi.write_text(f"#!/bin/sh\ncat <<'EOF'\n{json.dumps(OUTPUTS)}\nEOF\n")
    pulumi.chmod(0o755)
    environment = {**os.environ, "PATH": f"{pulumi.parent}:{os.environ['PATH']}"}
    subprocess.run(["sh", "-ec", found[1]], cwd=tmp_path, env=environment, timeout=60, check=True)
    context = find(None, tmp_path)
    assert (context.cluster, context.channel) == ("aws-prod", OUTPUTS["channel"])
    assert context.members["a-1"].client_url == context.endpoints[0] == MEMBER
    assert context.credentials().key_pem == b"key\n"
    folder = tmp_path / ".state" / "aws-prod"
    assert {path.stat().st_mode & 0o077 for path in folder.iterdir()} == {0}
    assert not (folder / "outputs.json").exists()
