# SPDX-License-Identifier: Apache-2.0
"""An encrypted connection, as its file asks for it."""
import json
import subprocess

import pytest
import zmq
from jupyter_client.connect import write_connection_file
from jupyter_client.session import Session

from conftest import BUILD

KEY = b'a key'


@pytest.fixture
def served(env, tmp_path):
    """A kernel that was given CURVE keys; (its connection, public key)."""
    public, secret = zmq.curve_keypair()
    path = tmp_path / 'connection.json'
    write_connection_file(str(path), key=KEY)
    connection = {**json.loads(path.read_text()), 'curve_publickey': public.decode(),
                  'curve_secretkey': secret.decode()}
    path.write_text(json.dumps(connection))
    kernel = subprocess.Popen([BUILD / 'kiln-kernel', '-f', path], env=env, cwd=tmp_path)
    yield connection, public
    kernel.terminate()
    assert kernel.wait(timeout=30) == 0


def ask(connection, server_key, timeout):
    """The type of what answers a kernel_info_request, or None."""
    context = zmq.Context()
    socket = context.socket(zmq.DEALER)
    socket.linger = 0
    if server_key:
        socket.curve_publickey, socket.curve_secretkey = zmq.curve_keypair()
        socket.curve_serverkey = server_key
    socket.connect(f"tcp://{connection['ip']}:{connection['shell_port']}")
    session = Session(key=KEY)
    session.send(socket, 'kernel_info_request', {})
    try:
        if not socket.poll(timeout):
            return None
        return session.recv(socket, mode=0)[1]['header']['msg_type']
    finally:
        context.destroy()


@pytest.mark.skipif(not zmq.has('curve'), reason='this libzmq has no CURVE')
def test_only_who_knows_the_public_key_is_served(served):
    connection, public = served
    assert ask(connection, public, 30000) == 'kernel_info_reply'
    assert ask(connection, None, 1000) is None
    assert ask(connection, zmq.curve_keypair()[0], 1000) is None
    assert ask(connection, public, 30000) == 'kernel_info_reply'
