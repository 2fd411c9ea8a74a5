"""What cloud-init is given."""

from __future__ import annotations

import ast
import hashlib
import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.ec2 import bootstrap, user_data
from etcd_ops.ec2.machine import Machine
from tests.ec2.conftest import machine_config, written_files

VALUES = st.recursive(
    st.text(max_size=9) | st.integers() | st.booleans(),
    lambda inner: st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)


@given(st.dictionaries(st.text(max_size=9), VALUES, max_size=5))
def test_whatever_the_configuration_holds_arrives_as_it_is(config: dict[str, Any]) -> None:
    text = user_data.render(config)
    assert text.startswith("#cloud-config\n")
    assert json.loads(written_files(text)[user_data.CONFIG]["content"]) == config
    assert written_files(text)[user_data.BOOTSTRAP]["content"] == user_data.bootstrapper()


def test_a_real_configuration_fits_and_is_read_back() -> None:
    config = machine_config("orders", "")
    text = user_data.render(config)
    assert len(text.encode()) < user_data.LIMIT_BYTES
    assert Machine.model_validate_json(written_files(text)[user_data.CONFIG]["content"]).slot == "a-1"
    assert {each["permissions"] for each in written_files(text).values()} == {"0644"}


def test_the_same_configuration_gives_the_same_text() -> None:
    config = machine_config("orders", "")
    assert user_data.render(config) == user_data.render(dict(reversed(config.items())))


def test_too_much_is_refused() -> None:
    with pytest.raises(ValueError, match="EC2 takes 16384"):
        user_data.render({"cluster": "x" * user_data.LIMIT_BYTES})


def test_the_unit_is_started_once_it_is_written() -> None:
    document = yaml.safe_load(user_data.render({}))
    unit = f"/etc/systemd/system/{user_data.UNIT}"
    assert f"ExecStart=/usr/bin/python3 {user_data.BOOTSTRAP}\n" in written_files(user_data.render({}))[unit]["content"]
    assert document["runcmd"][-1] == ["systemctl", "enable", "--now", "--no-block", user_data.UNIT]


def test_a_later_boot_does_not_wait_for_the_metadata_service() -> None:
    """cloud-init does, for two minutes, and everything else waits for cloud-init: seen on real machines."""
    written = written_files(user_data.render({}))[user_data.CLOUD_INIT]["content"]
    assert yaml.safe_load(written) == {"manual_cache_clean": True}


def test_the_bootstrapper_is_python_3_9_with_nothing_but_its_library() -> None:
    tree = ast.parse(user_data.bootstrapper(), feature_version=(3, 9))
    names = {each.module for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)}
    names |= {name.name for each in ast.walk(tree) if isinstance(each, ast.Import) for name in each.names}
    assert not {name for name in names if name and name.split(".")[0] in {"etcd_ops", "botocore", "boto3", "pydantic"}}


def test_nobody_changes_user_data_by_accident() -> None:
    """Another byte replaces every instance of every cluster: say so in the change log when this digest changes."""
    digest = hashlib.sha256(user_data.render({}).encode()).hexdigest()
    assert digest == "d3f0528682885689a8f337a8a03b0c3f9a7fed78a353d3b65cf02418ee338a15"
    assert str(bootstrap.CONFIG) == user_data.CONFIG
