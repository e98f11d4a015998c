# SPDX-License-Identifier: Apache-2.0
"""Names of boards from the device configuration, which changes while the kernel runs."""
import pytest
from boards import MAC, alone, copy_board, uid  # noqa: F401 (fixtures)
from kernel_client import Kernel, kernel, plain  # noqa: F401 (kernel is a fixture)

OTHER = '24:0a:c4:00:00:02'


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / 'projects/devices'
    path.mkdir(parents=True)
    return path


def test_names_follow_the_files(alone, env, folder, tmp_path):
    copy_board(env, 'other', OTHER)
    assert plain(alone.run('%connect sim:demo').stdout) == f'Connected to {MAC} @ sim:demo\n'
    shown = alone.run(f'%%writefile ~/projects/devices/a.yaml\nplotter:\n    uid: {MAC}')
    assert shown.stdout == f'Writing {tmp_path}/projects/devices/a.yaml\n'
    assert alone.run('%name').stdout == 'plotter\n'
    assert alone.run('%discover').said == f'plotter            sim:demo   \n{OTHER}  sim:other  \n'
    assert alone.run('%info').stdout.splitlines()[-1] == \
        f'configuration   {folder}/a.yaml'
    assert plain(alone.run('%connect plotter').stdout) == 'Connected to plotter @ sim:demo\n'
    (folder / 'b.yml').write_text(f'garden:\n    uid: {OTHER.upper()}\n')
    shown = alone.run('%%connect --all\nprint(1)')
    assert plain(shown.stdout) == '\n----- plotter\n1\n\n----- garden\n1\n'
    assert alone.run('%register garden\n%unregister garden').status == 'ok'
    assert plain(alone.run('%connect garden').stdout) == 'Connected to garden @ sim:other\n'
    (folder / 'b.yml').unlink()
    assert alone.run('%discover -v').said == \
        f'plotter            sim:demo   {MAC}\n{OTHER}  sim:other  {OTHER}\n'
    assert alone.run('%name').stdout == f'{OTHER}\n'


def test_another_folder(env, tmp_path):
    copy_board(env, 'demo')
    (tmp_path / 'far').mkdir()
    (tmp_path / 'far/x.yaml').write_text(f'plotter: {{uid: "{MAC}"}}')
    for more, name in (({}, MAC), ({'IOT_DEVICES': '~/far'}, 'plotter')):
        kernel = Kernel({**env, **more}, tmp_path, tmp_path / 'log')
        assert kernel.run('%discover').said == f'{name}  sim:demo  \n'
        assert kernel.run('%connect nobody').stderr == "Device not available: 'nobody'\n"
        kernel.shutdown()


@pytest.mark.parametrize('text, why', [
    ('a: {}', "line 1: the device 'a' has no uid\n"
     "hint: '%discover -v' shows the uid of each board\n"),
    (f'a: {{uid: "{OTHER}"}}\nb: {{uid: "{OTHER}"}}\n',
     f"line 2: the uid {OTHER} is that of 'a' (BAD, line 1)\n"),
    (f'good: {{uid: "{OTHER}"}}\n', "line 1: 'good' is a device already (GOOD, line 1)\n"),
    ('a:\n\tuid: 1\n', 'line 2: a tab: YAML allows none here\nhint: indent with spaces\n'),
    ('a: {uid: "x', 'line 1: found unexpected end of stream\n'),
    ('- 1', 'line 1: the file is no mapping of names to devices\n'
     'hint: a device is described as "NAME: {uid: ...}"\n'),
])
def test_a_bad_file_is_said_once_and_spoils_no_other(alone, folder, text, why):
    good, bad = folder / 'good.yaml', folder / 'z.yaml'
    good.write_text(f'good: {{uid: "{MAC}"}}\n')
    bad.write_text(text)
    shown = alone.run('%discover')
    assert shown.status == 'ok' and shown.said == 'good  sim:demo  \n'
    why = why.replace('BAD', str(bad)).replace('GOOD', str(good))
    assert shown.stderr == f"warning: cannot use '{bad}': {why}"
    assert alone.run('%discover').stderr == ''
