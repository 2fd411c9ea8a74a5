"""The Dockerfile, which no test can build, agrees with the image that tests use."""

from __future__ import annotations

import re

import pytest

from tools import ROOT, agent_image, distributions

LINES = (ROOT / "Dockerfile").read_text().replace("\\\n", "").splitlines()


def words(instruction: str) -> list[list[str]]:
    """The arguments of each such instruction."""
    return [line.split()[1:] for line in LINES if line.startswith(f"{instruction} ")]


def test_what_it_copies_is_here_and_sent_to_the_daemon() -> None:
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    sent = [line.removeprefix("!") for line in ignore if line.startswith("!")]
    sources = [source for copied in words("COPY") if not copied[0].startswith("--from") for source in copied[:-1]]
    assert sources
    for source in sources:
        assert (ROOT / source).exists()
        assert any(source == each or source.startswith(f"{each}/") for each in sent)


def test_each_base_can_be_pinned() -> None:
    stages = [stage[0] for stage in words("FROM")]
    assert [stage for stage in stages if not re.fullmatch(r"\$\{\w+_IMAGE\}", stage)] == []
    assert {f"${{{each[0].partition('=')[0]}}}" for each in words("ARG")} == set(stages)


def test_its_containers_have_the_same_settings() -> None:
    settings = agent_image.SETTINGS
    assert words("USER")[-1] == [settings.user]
    assert words("WORKDIR")[-1] == [settings.working_directory]
    assert dict(each.split("=") for each in words("ENV")[0]) == settings.environment
    assert words("ENTRYPOINT") == [[f'["{settings.entrypoint[0]}"]']]


@pytest.mark.parametrize(
    ("option", "expected"),
    [(r"--extra (\S+)", agent_image.EXTRAS), (r"! -name (\S+)", distributions.SERVICES)],
)
def test_it_installs_and_leaves_out_the_same(option: str, expected: tuple[str, ...]) -> None:
    assert tuple(re.findall(option, "\n".join(LINES))) == expected
