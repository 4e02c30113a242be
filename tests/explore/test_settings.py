import pytest

from farhost.explore.settings import LAST, Place, SettingError, Settings, settle


def settled(tmp_path, project="", variables=None, mark=None, options=None):
    """What holds, with these things said."""
    (tmp_path / "pyproject.toml").write_text(project)
    places = [Place("--farhost-{}", options or {}), Place("the mark: {}", mark or {})]
    return settle(*places, folder=tmp_path, variables=variables or {})


def test_what_holds_anyway(tmp_path):
    assert settled(tmp_path)[:-1] == Settings(0, 1, (), "random", None, 60.0, "dev")[:-1]


VALUES = {
    "seed": (1, 2, 3, 4),
    "seeds": (11, 12, 13, 14),
    "faults": ("loss=1%", "loss=2%", "loss=3%", "loss=4%"),
    "strategy": ("swarm", "pct", "systematic", "random"),
    "until": ("1s", "2s", "3s", "4s"),
    "time": ("1s", "2s", "3s", "4s"),
    "profile": ("nightly", "ci", "dev", "own"),
}


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("nearest", range(4))
def test_the_nearest_place_wins(tmp_path, name, nearest):
    values = VALUES[name]
    project = f"[tool.farhost]\n{name} = {values[3]!r}\n[tool.farhost.profiles.own]\n"
    given = [{name: value} if nearest <= place else {} for place, value in enumerate(values[:3])]
    found = settled(
        tmp_path, project, {f"FARHOST_{name.upper()}": str(v) for v in given[2].values()}, given[1], given[0]
    )
    field, wanted = name, values[nearest]
    if name == "time":
        field, wanted = "time_s", float(values[nearest][:-1])
    if name == "faults":
        wanted = (wanted,)
    assert getattr(found, field) == wanted
    sources = ("--farhost-NAME", "the mark: NAME", "the variable FARHOST_NAME", "[tool.farhost] NAME")
    shown = name.upper() if nearest == 2 else name
    assert found.sources[name].endswith(sources[nearest].replace("NAME", shown))


def test_profiles_say_how_many_seeds_and_how_long(tmp_path):
    for profile, seeds, seconds in (("dev", 1, 60), ("ci", 50, 60), ("nightly", 2000, 600)):
        found = settled(tmp_path, variables={"FARHOST_PROFILE": profile})
        assert (found.profile, found.seeds, found.time_s) == (profile, seeds, seconds)


PROJECT = """
[tool.farhost]
seeds = 10
shared = ["numpy"]

[tool.farhost.profiles.nightly]
seeds = 5000
faults = ["loss=1%", "a>b: loss=5%"]

[tool.farhost.profiles.quick]
time = "5s"
"""


def test_a_profiles_settings_hold_where_the_place_that_chose_it_and_nearer_ones_say_nothing(tmp_path):
    assert settled(tmp_path, PROJECT).seeds == 10
    found = settled(tmp_path, PROJECT, {"FARHOST_PROFILE": "nightly"})
    assert (found.seeds, found.time_s, found.faults) == (5000, 600, ("loss=1%", "a>b: loss=5%"))
    found = settled(tmp_path, PROJECT, {"FARHOST_PROFILE": "nightly", "FARHOST_SEEDS": "7"})
    assert found.seeds == 7
    assert settled(tmp_path, PROJECT, {"FARHOST_SEEDS": "7"}, options={"profile": "ci"}).seeds == 50
    assert settled(tmp_path, PROJECT, mark={"seeds": 3}, variables={"FARHOST_PROFILE": "ci"}).seeds == 3
    project = PROJECT.replace("seeds = 10", 'seeds = 10\nprofile = "ci"')
    assert (settled(tmp_path, project).seeds, settled(tmp_path, project).profile) == (10, "ci")
    found = settled(tmp_path, PROJECT, options={"profile": "quick"})
    assert (found.seeds, found.time_s) == (1, 5)


def test_a_seed_that_is_said_nearer_than_their_number_is_the_only_one(tmp_path):
    assert settled(tmp_path, PROJECT, options={"seed": "7"})[:2] == (7, 1)
    assert settled(tmp_path, PROJECT, options={"seed": "7", "seeds": "5"})[:2] == (7, 5)
    assert settled(tmp_path, PROJECT, mark={"seed": 7}, options={"seeds": "5"})[:2] == (7, 5)
    assert settled(tmp_path, "", mark={"seed": 7}, variables={"FARHOST_PROFILE": "ci"})[:2] == (7, 1)
    assert settled(tmp_path, "[tool.farhost]\nseed = 4")[:2] == (4, 1)
    assert settled(tmp_path, options={"seed": "last"})[0] == LAST


def test_faults_are_one_text_or_several(tmp_path):
    for given in ("loss=1% dup=1%; a>b: loss=2%", ["loss=1% dup=1%", "a>b: loss=2%"]):
        assert settled(tmp_path, options={"faults": given}).faults == ("loss=1% dup=1%", "a>b: loss=2%")
    assert settled(tmp_path, '[tool.farhost]\nfaults = "loss=1%"', options={"faults": ""}).faults == ()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"project": "[tool.farhost]\nsedes = 3"}, "[tool.farhost] sedes: there is no setting 'sedes'"),
        ({"project": "[tool.farhost]\nseeds = true"}, "pyproject.toml, [tool.farhost] seeds: True is no"),
        ({"project": "[tool.farhost.profiles.ci]\nsede = 3"}, "[tool.farhost.profiles.ci] sede: there is no setting"),
        ({"project": "[tool.farhost.profiles]\nci = 3"}, "profiles: write a table for each"),
        ({"project": '[tool.farhost.profiles.a]\nprofile = "b"'}, "a profile names no other one"),
        ({"project": '[tool.farhost]\nprofile = "nighty"'}, "no profile 'nighty': there are dev, ci, nightly"),
        ({"project": "[tool.farhost"}, "pyproject.toml cannot be read"),
        ({"project": "[tool]\nfarhost = 3"}, "[tool.farhost] is a table of settings, not 3"),
        ({"variables": {"FARHOST_SEEDS": "0"}}, "the variable FARHOST_SEEDS: 0 is no number from"),
        ({"variables": {"FARHOST_SEED": "x"}}, "the variable FARHOST_SEED: 'x' is no number from 0 up"),
        ({"variables": {"FARHOST_STRATEGY": "luck"}}, "no strategy 'luck': there are random"),
        ({"options": {"time": "60"}}, "--farhost-time: "),
        ({"options": {"until": "0s"}}, "--farhost-until: '0s' is no time: it is more than 0"),
        ({"mark": {"seeds": "many"}}, "the mark: seeds: 'many' is no number"),
        ({"mark": {"until": 5}}, "the mark: until: 5 has no unit"),
        ({"mark": {"faults": 5}}, "the mark: faults: 5 are no faults in words"),
    ],
)
def test_what_is_no_setting_is_named_with_its_place(tmp_path, said, words):
    with pytest.raises(SettingError) as caught:
        settled(tmp_path, **said)
    assert words in str(caught.value)


def test_the_nearest_project_upwards_counts(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.farhost]\nseeds = 4")
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert settle(folder=inner, variables={}).seeds == 4
