"""What was asked: every input with every kind of nonsense is named, with what it takes, and a secret's value is not quoted."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preview_db.errors import InvalidInput
from preview_db.planning.job import Job
from preview_db.planning.settings import Inputs


def test_an_unset_input_is_the_default() -> None:
    empty = Inputs.read({f"INPUT_{name.upper()}": "" for name in Inputs.model_fields})
    assert empty == Inputs.read({})


def test_the_ecosystems_variables_stand_in_for_inputs() -> None:
    inputs = Inputs.read(
        {"PRISMA_SERVICE_TOKEN": "token", "PRISMA_PROJECT_ID": "proj_1", "PRISMA_MANAGEMENT_API_URL": "http://127.0.0.1:1/"}
    )
    assert inputs.service_token is not None
    assert (inputs.service_token.get_secret_value(), inputs.project) == ("token", "proj_1")
    assert inputs.management_api_url == "http://127.0.0.1:1"


def test_an_input_comes_before_a_variable() -> None:
    assert Inputs.read({"INPUT_PROJECT": "web", "PRISMA_PROJECT_ID": "proj_1"}).project == "web"
    assert Inputs.read({"INPUT_PROJECT_ID": "web", "INPUT_PROJECT": "", "PRISMA_PROJECT_ID": "proj_1"}).project == "web"


def test_no_file_of_the_workspace_is_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("INPUT_PROJECT=evil\nPRISMA_MANAGEMENT_API_URL=https://evil.example\n")
    monkeypatch.chdir(tmp_path)
    assert Inputs.read({}).project is None


def test_connections_are_lines_of_names_and_variables() -> None:
    inputs = Inputs.read({"INPUT_CONNECTIONS": "app=DATABASE_URL\n\n  # not this one\n analytics = ANALYTICS_URL \nbackup"})
    assert [(one.name, one.variable) for one in inputs.connections] == [
        ("app", "DATABASE_URL"),
        ("analytics", "ANALYTICS_URL"),
        ("backup", None),
    ]


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("15m", 900), ("6h", 21600), ("2d", 172800), ("1.5h", 5400), (" 5 m ", 300)]
)
def test_a_duration_is_read_as_people_write_it(text: str, seconds: float) -> None:
    assert Inputs.read({"INPUT_CREDENTIAL_GRACE": text}).credential_grace == timedelta(seconds=seconds)


NONSENSE = [
    ("command", "destroy", "auto"),
    ("region", "the moon", "eu-central-1"),
    ("source", "../../etc", "id or name"),
    ("key", "Not A Key", "a-z"),
    ("key", "a" * 17, "16"),
    ("pr", "0", "whole number"),
    ("pr", "-3", "whole number"),
    ("pr", "twelve", "whole number"),
    ("pr", "1e3", "whole number"),
    ("database_id", "db 1", "db_abc123"),
    ("database_name", "x" * 256, "255"),
    ("database_name", "a\x00b", "printable"),
    ("connections", "a b", "a-z"),
    ("connections", "app=1X", "variable"),
    ("connections", "app=GITHUB_TOKEN", "runner"),
    ("connections", "app\napp", "twice"),
    ("connections", "# none", "at least one"),
    ("connections", "\n".join(f"c{n}" for n in range(21)), "20"),
    ("endpoint", "accelerate", "direct or pooled"),
    ("credential_grace", "never", "6h"),
    ("credential_grace", "-1h", "6h"),
    ("wait", "forever", "connectable"),
    ("timeout", "0s", "1s"),
    ("timeout", "2d", "6h"),
    ("timeout", "9" * 30, "90s"),
    ("comment", "yes", "true or false"),
    ("summary", "1", "true or false"),
    ("service_token", "two words", "token"),
    ("service_token", "line\nbreak", "token"),
]


@pytest.mark.parametrize(("name", "value", "takes"), NONSENSE)
def test_nonsense_is_named_with_what_the_input_takes(name: str, value: str, takes: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Inputs.read({f"INPUT_{name.upper()}": value})
    assert f"The input {name} " in refused.value.what
    assert takes in refused.value.what
    assert "token" not in name or value not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["http://api.example.com", "ftp://x", "https://", "https://u:p@host", "api.prisma.io", "http://127.0.0.1.evil.example"]
)
def test_a_token_is_sent_over_https_or_to_this_machine(url: str) -> None:
    with pytest.raises(InvalidInput, match="PRISMA_MANAGEMENT_API_URL"):
        Inputs.read({"PRISMA_MANAGEMENT_API_URL": url})


@given(name=st.sampled_from(sorted(Inputs.model_fields)), value=st.text(max_size=50))
def test_whatever_an_input_holds_it_is_read_or_refused_in_words(name: str, value: str) -> None:
    try:
        Inputs.read({f"INPUT_{name.upper()}": value})
    except InvalidInput as refused:
        assert refused.what
        assert refused.remedy


def test_a_step_outside_of_github_is_told_so() -> None:
    with pytest.raises(InvalidInput, match="GITHUB_REPOSITORY"):
        Job.read({})


@pytest.mark.parametrize(
    ("inputs", "minutes"),
    [
        ({}, 2),
        ({"MIGRATIONS": "m"}, 15),
        ({"SEED": "s"}, 15),
        ({"ANONYMIZE": "a.sql", "SOURCE": "db_1"}, 15),
        ({"SEED": "s", "TIMEOUT": "5m"}, 5),
    ],
)
def test_what_is_done_inside_the_database_gets_more_time(inputs: dict[str, str], minutes: int) -> None:
    read = Inputs.read({f"INPUT_{name}": value for name, value in inputs.items()})
    assert read.time_limit() == timedelta(minutes=minutes)
    assert read.time_limit(sweep=True) == timedelta(minutes=5 if "TIMEOUT" in inputs else 30)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"ANONYMIZE": "r.sql"}, "anonymize is for the data that a new database is cloned from"),
        ({"SEED_ALWAYS": "true"}, "seed_always runs the seed on every run, and seed names none"),
        ({"SCHEMA_DIFF": "true"}, "and there is neither"),
    ],
)
def test_what_says_nothing_by_itself_is_refused(inputs: dict[str, str], words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Inputs.read({f"INPUT_{name}": value for name, value in inputs.items()})
    assert words in refused.value.what
