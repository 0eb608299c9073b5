"""A web server on this machine that misbehaves as asked."""

import contextlib
import http.server
import threading

PAGE = b"<!DOCTYPE html><html><head><title>Google Drive - Quota exceeded</title></head><body>Sorry</body></html>"


class Web:
    """Serves ``pages``: path → bytes, or a function of the request's handler. ``asked`` remembers (path, Range)."""

    def __init__(self):
        self.pages, self.asked, web = {}, [], self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                web.asked.append((self.path, self.headers.get("Range")))
                page = web.pages.get(self.path)
                if page is None:
                    return self.send_error(404)
                if isinstance(page, bytes):
                    page = whole(page)
                with contextlib.suppress(ConnectionError):
                    page(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def whole(
    data, *, ranges=True, tag='"1"', kind="application/octet-stream", promise=None, stop=None, length=True, sleep=None
):
    """An answer with the file, or as much of it as asked for.

    Args:
        ranges: understand Range; else the whole file is sent with a 200, as some servers do.
        tag: the ETag; If-Range is compared with it.
        kind: the content type.
        promise: the length to announce, where it is another than the file's.
        stop: break off after so many bytes of the file.
        length: announce a length at all.
        sleep: an event to wait for before anything of the file is sent.
    """

    def answer(handler):
        asked = handler.headers.get("Range") if ranges else None
        if handler.headers.get("If-Range", tag) != tag:
            asked = None
        start = int(asked[6:-1]) if asked else 0
        if asked and start >= len(data):
            return handler.send_error(416)
        handler.send_response(206 if asked else 200)
        handler.send_header("Content-Type", kind)
        if tag:
            handler.send_header("ETag", tag)
        if asked:
            handler.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        if length:
            handler.send_header("Content-Length", str((promise or len(data)) - start))
        handler.end_headers()
        if sleep:
            handler.wfile.flush()
            sleep.wait(10)
        handler.wfile.write(data[start : stop if stop is not None else len(data)])

    return answer


def error(code, kind="text/plain"):
    """An answer with an error's code."""

    def answer(handler):
        handler.send_response(code)
        handler.send_header("Content-Type", kind)
        handler.end_headers()

    return answer


def moved(address):
    """An answer that names another address."""

    def answer(handler):
        handler.send_response(302)
        handler.send_header("Location", address)
        handler.end_headers()

    return answer
