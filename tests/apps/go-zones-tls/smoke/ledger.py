"""A TLS server on loopback whose certificate the company's authority signed."""

import http.server
import ssl


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ledger agrees\n")


server = http.server.HTTPServer(("127.0.0.1", 9443), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/companion/server.crt", "/companion/server.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
