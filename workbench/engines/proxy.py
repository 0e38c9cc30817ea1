"""nginx before an engine: what its defaults get wrong for embeddings is set."""

from __future__ import annotations

PROXY_PORT = 8088

CONF = """\
upstream embeddings {
    server $ENGINE;
    keepalive 32;
    keepalive_timeout 4s;  # engines close an idle connection after 5 s; be first, or meet a 502
}

server {
    # for other machines: listen 443 ssl, a certificate, and a key for the engine
    listen 127.0.0.1:$LISTEN;

    client_max_body_size 64m;  # by default 1m: a larger batch gets 413 and a page of HTML
    client_body_buffer_size 1m;
    client_body_timeout 60s;

    location /v1/ {
        proxy_pass http://embeddings;
        proxy_http_version 1.1;          # these two lines keep
        proxy_set_header Connection "";  # connections to the engine open
        proxy_set_header Host $host;

        proxy_connect_timeout 5s;
        proxy_send_timeout 600s;
        proxy_read_timeout 600s;  # by default 60s: a slow batch gets 504
        proxy_next_upstream off;  # the client repeats what is worth it

        # a slow client holds up nginx, not the engine
        proxy_request_buffering on;
        proxy_buffering on;
        proxy_buffer_size 16k;
        proxy_buffers 32 64k;
        proxy_busy_buffers_size 128k;
    }

    location = /health {
        proxy_pass http://embeddings;
        access_log off;
    }
}
"""


def write_nginx(host: str, port: int, *, listen: int = PROXY_PORT) -> str:
    """A file for nginx's conf.d (nginx 1.15.3 or newer).

    Args:
        host: Where the engine listens.
        port: Its port.
        listen: Where nginx shall listen.
    """
    return CONF.replace("$ENGINE", f"{host}:{port}").replace("$LISTEN", str(listen))
