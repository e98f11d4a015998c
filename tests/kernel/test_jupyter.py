# SPDX-License-Identifier: Apache-2.0
"""Jupyter's own conformance test, as far as it applies."""
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
    completion_samples = [{'text': '%disc', 'matches': ['%discover']}]
    code_page_something = '%connect -q sim:k\nprint?'
    code_execute_result = [{'code': '%connect -q sim:k\n6 * 7', 'result': '42'},
                           {'code': '"ab" * 2', 'result': "'abab'"},
                           {'code': '"ab" * 3', 'result': "'ababab'"}]
    supported_history_operations = ('tail', 'range', 'search')
    code_history_pattern = '*6 [*] 7'
    code_inspect_sample = 'print'
    code_stderr = '!echo test >&2'
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
