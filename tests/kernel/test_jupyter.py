# SPDX-License-Identifier: Apache-2.0
"""Jupyter's own conformance test, whole: none of its parts is skipped."""
import os
import shutil
import subprocess
import tempfile

import jupyter_kernel_test
from jupyter_client.manager import start_new_kernel

from conftest import BUILD


def install(folder):
    """A prefix and a state of its own, with a flashed virtual board."""
    os.environ['JUPYTER_PATH'] = f'{folder}/share/jupyter'
    for name in ('STATE_HOME', 'CONFIG_HOME', 'RUNTIME_DIR'):
        os.environ[f'XDG_{name}'] = folder
    for words in (['kiln', 'kernel', 'install', '--prefix', folder],
                  ['esptool.py', '-p', 'sim:k?clock=virtual', 'write_flash', '0x1000',
                   BUILD / 'demo-firmware.bin']):
        subprocess.run([BUILD / words[0], *words[1:]], check=True, stdout=subprocess.DEVNULL)


class KilnTests(jupyter_kernel_test.KernelTests):
    kernel_name = 'kiln'
    language_name = 'micropython'
    file_extension = '.py'
    code_hello_world = '%connect -q sim:k\nprint("hello, world")'
    completion_samples = [
        {'text': '%disc', 'matches': ['%discover']},
        {'text': 'whil', 'matches': ['while']},
        {'text': 'machine.Pi', 'matches': ['Pin']},
        {'text': 'import netw', 'matches': ['network']},
    ]
    code_page_something = '%connect -q sim:k\nprint?'
    code_execute_result = [{'code': '%connect -q sim:k\n6 * 7', 'result': '42'},
                           {'code': '"ab" * 2', 'result': "'abab'"},
                           {'code': '"ab" * 3', 'result': "'ababab'"}]
    supported_history_operations = ('tail', 'range', 'search')
    code_history_pattern = '*6 [*] 7'
    code_inspect_sample = 'print'
    code_stderr = '!echo test >&2'
    code_display_data = [
        {'code': "%connect -q sim:k\ndisplay({'image/svg+xml': '<svg/>'}, raw=True)", 'mime': 'image/svg+xml'},
        {'code': '%connect -q sim:k\nclass C:\n    def _repr_html_(self):\n        return "<b>c</b>"\n'
                 'display(C())', 'mime': 'text/html'},
        {'code': '%%host\nfrom IPython.display import HTML\ndisplay(HTML("<i>h</i>"))', 'mime': 'text/html'},
    ]
    code_clear_output = '%connect -q sim:k\nclear_output()'
    code_generate_error = '%connect -q sim:k\nraise ValueError("x")'
    complete_code_samples = ['1', 'print("hello, world")', 'def f(x):\n    return x\n\n', '%discover']
    incomplete_code_samples = ['def f(x):', "x = '''a", 'x = [1,']
    invalid_code_samples = ['x = )', "print('hello"]

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        install(cls.folder)
        cls.km, cls.kc = start_new_kernel(kernel_name=cls.kernel_name)

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        shutil.rmtree(cls.folder)

    def test_kernel_info_on_control(self):
        """What this kernel claims beyond what the suite looks at."""
        msg = self.kc.session.msg('kernel_info_request', {})
        self.kc.control_channel.send(msg)
        info = self.kc.get_control_msg(timeout=60)['content']
        self.assertEqual(info['supported_features'], ['kernel subshells'])

    def test_stop_on_error(self):
        """Cells behind one that fails are aborted; without stop_on_error they run."""
        for stop, wanted in ((True, ['error', 'aborted']), (False, ['error', 'ok'])):
            ids = [self.kc.execute('%%bash\nsleep 0.2; exit 1', stop_on_error=stop), self.kc.execute('!true')]
            replies = {}
            while len(replies) < 2:
                reply = self.kc.get_shell_msg(timeout=60)
                replies[reply['parent_header']['msg_id']] = reply['content']['status']
            self.assertEqual([replies[i] for i in ids], wanted)

    def test_stdin(self):
        """input() on the board is answered by the client."""
        self.flush_channels()
        msg_id = self.kc.execute('%connect -q sim:k\nprint("hello,", input("who? "))', allow_stdin=True)
        self.assertEqual(self.kc.get_stdin_msg(timeout=60)['content'], {'prompt': 'who? ', 'password': False})
        self.kc.input('me')
        reply = self.get_non_kernel_info_reply(timeout=60)
        self.assertEqual((reply['parent_header']['msg_id'], reply['content']['status']), (msg_id, 'ok'))


def test_nothing_is_skipped():
    """A part that is not filled in is skipped without a word."""
    empty = [name for name in dir(jupyter_kernel_test.KernelTests)
             if name.startswith(('code_', 'completion_', 'complete_', 'incomplete_', 'invalid_', 'supported_'))
             and not getattr(KilnTests, name)]
    assert empty == []
