# SPDX-License-Identifier: Apache-2.0
"""A web server on this machine for tests: plain, and misbehaving as a test asks for."""
import hashlib
import http.server
import pathlib
import ssl
import threading

import pytest

TLS = pathlib.Path(__file__).parent / 'data' / 'tls'


class Server:
    """Serves .files {path: bytes}. .requests is what came: (path, {header: value}).

    .answers {path: function(handler)} takes over a path; .cut {path: [n, n, ...]}: that answer ends
    after n bytes of the body, each once.
    """

    def __init__(self, tls=False):
        self.files, self.answers, self.cut, self.requests = {}, {}, {}, []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_GET(self):
                outer.requests.append((self.path, dict(self.headers)))
                if self.path in outer.answers:
                    outer.answers[self.path](self)
                elif self.path in outer.files:
                    outer.serve(self)
                else:
                    self.send_error(404)

            def handle_one_request(self):
                try:
                    super().handle_one_request()
                except ConnectionError:
                    self.close_connection = True

            def log_message(self, *_):
                pass

        class Quiet(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # a client that leaves in the middle

        self.httpd = Quiet(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self.httpd.server_port}'
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(TLS / 'server.pem')
            self.httpd.socket = context.wrap_socket(self.httpd.socket, server_side=True)
            self.url = f'https://127.0.0.1:{self.httpd.server_port}'
        self.thread = threading.Thread(target=self.httpd.serve_forever, kwargs={
            'poll_interval': 0.02}, daemon=True)
        self.thread.start()

    @staticmethod
    def tag(data):
        return f'"{hashlib.md5(data).hexdigest()}"'

    def serve(self, handler):
        data = self.files[handler.path]
        if handler.headers.get('If-None-Match') == self.tag(data):
            handler.send_response(304)
            handler.send_header('ETag', self.tag(data))
            handler.end_headers()
            return
        start = 0
        if 'Range' in handler.headers and handler.headers.get('If-Range') == self.tag(data):
            start = int(handler.headers['Range'].split('=')[1].rstrip('-'))
            if start >= len(data):
                handler.send_error(416)
                return
            handler.send_response(206)
            handler.send_header('Content-Range', f'bytes {start}-{len(data) - 1}/{len(data)}')
        else:
            handler.send_response(200)
        handler.send_header('Content-Length', str(len(data) - start))
        handler.send_header('ETag', self.tag(data))
        handler.end_headers()
        cuts = self.cut.get(handler.path)
        body = data[start:start + cuts.pop(0)] if cuts else data[start:]
        handler.wfile.write(body)
        handler.close_connection = start + len(body) < len(data)

    def stop(self):
        self.httpd.shutdown()
        self.httpd.server_close()

    def paths(self):
        return [path for path, _ in self.requests]


@pytest.fixture
def server():
    s = Server()
    yield s
    s.stop()


@pytest.fixture
def tls_server():
    s = Server(tls=True)
    yield s
    s.stop()
