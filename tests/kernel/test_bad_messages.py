# SPDX-License-Identifier: Apache-2.0
"""What no honest client sends: it is dropped, logged, and never run."""
import json
import time

import pytest
import zmq
from kernel_client import TIMEOUT, kernel  # noqa: F401 (a fixture)


@pytest.fixture
def raw(kernel):
    """Send frames as they are to the shell channel."""
    socket = zmq.Context.instance().socket(zmq.DEALER)
    socket.connect(kernel.client._make_url('shell'))
    yield socket
    socket.close(0)


def signed(kernel, msg_type='execute_request', content=None):
    session = kernel.client.session
    return session.serialize(session.msg(msg_type, content or {'code': '!touch ran'}))


def logged(kernel, text):
    for _ in range(TIMEOUT * 20):
        if text in kernel.stderr():
            return True
        time.sleep(0.05)
    return False


def check_alive(kernel, tmp_path):
    assert kernel.run('!echo alive').stdout == 'alive\n'
    assert not (tmp_path / 'ran').exists()


def test_a_wrong_signature_is_dropped(kernel, raw, tmp_path):
    frames = signed(kernel)
    frames[1] = b'0' * 64
    raw.send_multipart(frames)
    assert logged(kernel, 'dropped a message on shell: wrong signature')
    check_alive(kernel, tmp_path)


def test_a_changed_message_is_dropped(kernel, raw, tmp_path):
    frames = signed(kernel, content={'code': '!echo fine'})
    frames[5] = b'{"code": "!touch ran"}'
    raw.send_multipart(frames)
    assert logged(kernel, 'wrong signature')
    check_alive(kernel, tmp_path)


def test_an_unsigned_message_is_dropped(kernel, raw, tmp_path):
    frames = signed(kernel)
    frames[1] = b''
    raw.send_multipart(frames)
    assert logged(kernel, 'wrong signature')
    check_alive(kernel, tmp_path)


def test_a_replayed_message_is_dropped(kernel, raw, tmp_path):
    frames = signed(kernel, content={'code': '!echo x >> log'})
    raw.send_multipart(frames)
    raw.send_multipart(frames)
    assert logged(kernel, 'it has come before')
    check_alive(kernel, tmp_path)
    assert (tmp_path / 'log').read_text() == 'x\n'


@pytest.mark.parametrize('frames', [
    [b''],
    [b'hello'],
    [b'<IDS|MSG>'],
    [b'<IDS|MSG>', b'', b'{}'],
    [b'<IDS|MSG>'] * 7,
    [b'a', b'b', b'c', b'd', b'e', b'f', b'g', b'h'],
    [b'x' * 300, b'<IDS|MSG>', b'', b'{}', b'{}', b'{}', b'{}'],
    [b'\xff' * 1000] * 300,
])
def test_garbage_is_dropped(kernel, raw, tmp_path, frames):
    raw.send_multipart(frames)
    assert logged(kernel, 'dropped a message')
    check_alive(kernel, tmp_path)


@pytest.mark.parametrize('part, text', [
    (0, b'[]'), (0, b'{}'), (0, b'{"msg_id": 1, "msg_type": 2}'), (0, b'\xff'), (0, b'nul'),
    (1, b'5'), (2, b'"x"'), (3, b'[1]'), (3, b'{"code":'), (3, b'[' * 100000),
])
def test_signed_nonsense_is_dropped(kernel, raw, tmp_path, part, text):
    session = kernel.client.session
    msg = session.msg('execute_request', {'code': '!touch ran'})
    parts = [session.pack(msg[k]) for k in ('header', 'parent_header', 'metadata', 'content')]
    parts[part] = text
    raw.send_multipart([b'<IDS|MSG>', session.sign(parts), *parts])
    assert logged(kernel, 'dropped a message on shell')
    check_alive(kernel, tmp_path)


def test_odd_but_honest_types_are_survived(kernel, raw, tmp_path):
    for msg_type, content in [
            ('execute_request', {'code': None, 'silent': 'x', 'store_history': 7,
                                 'stop_on_error': False}),
            ('execute_request', {'code': '!true', 'user_expressions': [1]}),
            ('complete_request', {'code': 5, 'cursor_pos': 'x'}),
            ('complete_request', {'code': 'x', 'cursor_pos': -9}),
            ('complete_request', {'code': 'x', 'cursor_pos': 10 ** 30}),
            ('is_complete_request', {}),
            ('comm_open', {'comm_id': {}}),
            ('kernel_info_request', {'deep': json.loads('[' * 50 + ']' * 50)})]:
        raw.send_multipart(signed(kernel, msg_type, content))
    check_alive(kernel, tmp_path)


def test_a_number_too_large_for_a_word_is_answered(kernel):
    msg_id = kernel.client.complete('%lsma', cursor_pos=10 ** 30)
    assert kernel.reply(msg_id)['matches'] == ['%lsmagic']


def test_a_zero_in_a_cell_is_part_of_it(kernel):
    code = '!printf "%s" "a\0b" | wc -c'
    reply, published = kernel.finish(kernel.start(code))
    assert published[0] == ('execute_input', {'code': code, 'execution_count': 1})
    asked = kernel.client.history(hist_access_type='tail', n=1, raw=True)
    assert kernel.reply(asked)['history'][0][2] == code


def test_buffers_are_accepted(kernel, raw):
    frames = signed(kernel, 'kernel_info_request', {'x': 1})
    raw.send_multipart(frames + [b'buffer one', b'\0' * 1000])
    assert raw.poll(TIMEOUT * 1000)
    idents, parts = kernel.client.session.feed_identities(raw.recv_multipart())
    reply = kernel.client.session.deserialize(parts)
    assert reply['msg_type'] == 'kernel_info_reply'
