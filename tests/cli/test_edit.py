# SPDX-License-Identifier: Apache-2.0
"""`kiln edit`: a file of the board in $EDITOR."""
import json
import re


def test_written_back_only_if_changed(kiln, tmp_path):
    assert kiln('edit', 'new.py', check=0, EDITOR='echo "x = 1" >>').stdout == 'new.py: written\n'
    assert kiln('cat', 'new.py', check=0).stdout == 'x = 1\n'
    assert kiln('edit', ':new.py', check=0, EDITOR='cat').stdout == 'x = 1\nnew.py: unchanged\n'
    done = kiln('edit', '--json', 'new.py', check=0, EDITOR='false', VISUAL='echo y >>')
    assert json.loads(done.stdout) == {'event': 'edit', 'path': 'new.py', 'changed': True}
    assert kiln('cat', 'new.py', check=0).stdout == 'x = 1\ny\n'


def test_an_editor_that_fails(kiln):
    done = kiln('edit', 'boot.py', check=1, EDITOR='echo lost >> "$1"; false')
    assert done.stderr == ("error: cannot edit ':boot.py': the editor 'echo lost >> \"$1\"; false' "
                           'ended with an error\nhint: $VISUAL or $EDITOR names the editor\n')
    assert 'lost' not in kiln('cat', 'boot.py', check=0).stdout


def test_what_cannot_be_put_is_kept(kiln, tmp_path):
    done = kiln('edit', 'no/where.py', check=1, EDITOR='echo mine >', TMPDIR=tmp_path)
    assert done.stderr.startswith("error: cannot put ':no/where.py': no such file or directory\n")
    kept = re.search(r"hint: what you wrote is in '(.*)'", done.stderr)[1]
    assert open(kept).read() == 'mine\n'
    assert kiln('edit', ':', check=2, EDITOR='true').returncode == 2
