"""Plays Slack and ServiceNow over HTTPS on a free port of 127.0.0.1, says where, and ends when its standard input does.

    services.py --ca FILE --slack-path T0/B0/secret --servicenow-user quell:password
                [--delay-ms N] [--delay before|after]

Its certificate, for 127.0.0.1 and localhost, is made at each start under a CA of its own, which goes to FILE in PEM.
Nothing is kept: each start has no messages and no incidents.

    POST /services/<path>                an incoming webhook: Block Kit within Slack's documented limits, or a refusal
    GET, POST /api/now/table/incident    ServiceNow's table API, as far as it is used here
    GET /received                        what came: messages, incidents, refused requests with the reason, repeated ids

`--delay-ms` makes a POST slow, so that whoever sent it can be killed meanwhile: `after` what it asks for was done, the
default, or `before`. What Slack takes is in `Slack`, what ServiceNow takes in `ServiceNow`.
"""

import argparse
import base64
import ipaddress
import json
import secrets
import ssl
import sys
import tempfile
import threading
import time
import uuid
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

MAX_BODY = 1024 * 1024
TABLE = "/api/now/table/incident"


class Refused(Exception):
    """A request that the service does not take: its status, its answer, and the reason for whoever reads /received."""

    def __init__(self, status, answer, reason):
        super().__init__(reason)
        self.status, self.answer, self.reason = status, answer, reason


class Slack:
    """An incoming webhook. Limits: https://docs.slack.dev/reference/block-kit/blocks, read in 2026."""

    BLOCKS, FIELDS, ELEMENTS, ATTACHMENTS, TEXT = 50, 10, 10, 100, 40_000

    def __init__(self, path):
        self.path = f"/services/{path}"
        self.messages = []

    def post(self, path, content_type, body):
        if path != self.path:
            raise Refused(404, "no_service", "another path than that of the webhook")
        if content_type.split(";")[0].strip().lower() != "application/json":
            raise Refused(400, "invalid_payload", f"the content type is {content_type!r}")
        try:
            payload = json.loads(body)
        except ValueError:
            raise Refused(400, "invalid_payload", "the body is not JSON") from None
        if not isinstance(payload, dict):
            raise Refused(400, "invalid_payload", "the body is no object")
        self._check(payload)
        self.messages.append(payload)
        return 200, "ok"

    def _check(self, payload):
        text = payload.get("text", "")
        if not isinstance(text, str) or len(text) > self.TEXT:
            raise Refused(400, "invalid_payload", "`text` is no text, or too long")
        attachments = payload.get("attachments", [])
        if not isinstance(attachments, list) or not all(isinstance(each, dict) for each in attachments):
            raise Refused(400, "invalid_attachments", "`attachments` is no list of objects")
        if len(attachments) > self.ATTACHMENTS:
            raise Refused(400, "too_many_attachments", f"there are {len(attachments)} attachments")
        blocks = payload.get("blocks", [])
        lists = [blocks] + [each.get("blocks", []) for each in attachments]
        if not text and not any(lists):
            raise Refused(400, "no_text", "there is neither text nor a block")
        for each in lists:
            self._require(isinstance(each, list) and len(each) <= self.BLOCKS, "blocks are no list of at most 50")
            for block in each:
                self._require(isinstance(block, dict), "a block is no object")
                self._block(block)
        ids = [block["block_id"] for each in lists for block in each if "block_id" in block]
        self._require(len(ids) == len(set(ids)), "a block_id is there twice")

    def _block(self, block):
        kind = block.get("type")
        if kind == "header":
            self._text(block.get("text"), 150, ["plain_text"], "header")
        elif kind == "section":
            fields = block.get("fields")
            self._require("text" in block or fields, "a section has neither text nor fields")
            if "text" in block:
                self._text(block["text"], 3000, ["plain_text", "mrkdwn"], "section")
            if fields is not None:
                is_list = isinstance(fields, list) and 1 <= len(fields) <= self.FIELDS
                self._require(is_list, "a section has 1 to 10 fields")
                for field in fields:
                    self._text(field, 2000, ["plain_text", "mrkdwn"], "field")
        elif kind == "context":
            elements = block.get("elements")
            is_list = isinstance(elements, list) and 1 <= len(elements) <= self.ELEMENTS
            self._require(is_list, "a context has 1 to 10 elements")
            for element in elements:
                self._text(element, 3000, ["plain_text", "mrkdwn"], "context")
        else:
            self._require(kind == "divider", f"a block of the type {kind!r} is not known here")

    def _text(self, given, most, kinds, where):
        where = f"the text of a {where}"
        self._require(isinstance(given, dict) and given.get("type") in kinds, f"{where} is not of {kinds}")
        text = given.get("text")
        self._require(isinstance(text, str) and 1 <= len(text) <= most, f"{where} has 1 to {most} characters")
        known = {"type", "text", "emoji"} if given["type"] == "plain_text" else {"type", "text", "verbatim"}
        self._require(set(given) <= known, f"{where} has {sorted(set(given) - known)}")

    @staticmethod
    def _require(holds, reason):
        if not holds:
            raise Refused(400, "invalid_blocks", reason)


class ServiceNow:
    """The incidents of an instance."""

    LENGTHS = {"short_description": 160, "description": 4000, "correlation_id": 100, "correlation_display": 100}

    def __init__(self, user):
        self.authorization = "Basic " + base64.b64encode(user.encode()).decode()
        self.incidents, self.repeated = [], []

    def authenticate(self, given):
        if not secrets.compare_digest(given.encode(), self.authorization.encode()):
            message = self._error("User Not Authenticated", "Required to provide Auth information")
            raise Refused(401, message, "another Authorization than that of the user")

    def get(self, query):
        conditions = self._one(query, "sysparm_query").split("^")
        field, separator, wanted = conditions[0].partition("=")
        if not separator or field != "correlation_id" or conditions[1:] not in ([], ["ORDERBYsys_created_on"]):
            raise Refused(400, self._error("Invalid query", "only correlation_id=… is known here"), "another query")
        found = self._of(wanted)
        limit, fields = int(self._one(query, "sysparm_limit", "10000")), self._one(query, "sysparm_fields", "")
        names = fields.split(",") if fields else None
        result = [{name: each[name] for name in names or each if name in each} for each in found[:limit]]
        return 200, {"result": result}

    def _of(self, correlation_id):
        """ServiceNow compares texts without regard to case."""
        return [each for each in self.incidents if each["correlation_id"].lower() == correlation_id.lower()]

    def post(self, content_type, body):
        if content_type.split(";")[0].strip().lower() != "application/json":
            raise Refused(415, self._error("Unsupported Media Type", None), f"the content type is {content_type!r}")
        try:
            fields = json.loads(body)
        except ValueError:
            fields = None
        if not isinstance(fields, dict):
            message = self._error("Exception while reading request", "The payload is not valid JSON")
            raise Refused(400, message, "the body is no JSON object")
        self._check(fields)
        earlier = [each["number"] for each in self._of(fields["correlation_id"])]
        now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
        number = f"INC{10_001 + len(self.incidents):07}"
        incident = fields | {"number": number, "sys_id": uuid.uuid4().hex, "state": "1", "sys_created_on": now}
        self.incidents.append(incident)
        if earlier:
            self.repeated.append({"correlation_id": fields["correlation_id"], "numbers": earlier + [number]})
        return 201, {"result": incident}

    def _check(self, fields):
        """ServiceNow itself cuts off what is too long, and says nothing; here that is a mistake of whoever sent it."""
        problems = [f"`{name}` is no text" for name, value in fields.items() if not isinstance(value, str)]
        if not problems:
            needed = ("short_description", "correlation_id")
            problems += [f"`{name}` is missing" for name in needed if not fields.get(name)]
            problems += [
                f"`{name}` has {len(fields[name])} characters, more than {most}"
                for name, most in self.LENGTHS.items()
                if len(fields.get(name, "")) > most
            ]
            weights = ("impact", "urgency")
            problems += [f"`{name}` is not 1 to 3" for name in weights if fields.get(name) not in ("1", "2", "3")]
        if problems:
            raise Refused(400, self._error("Operation Failed", "; ".join(problems)), "; ".join(problems))

    def _one(self, query, name, default=None):
        values = query.get(name, [default])
        if len(values) != 1 or values[0] is None:
            reason = f"`{name}` is missing, or there twice"
            raise Refused(400, self._error("Invalid query", reason), reason)
        return values[0]

    @staticmethod
    def _error(message, detail):
        return {"error": {"message": message, "detail": detail}, "status": "failure"}


class Services:
    """Both services, and what became of every request to them. One request at a time changes something."""

    def __init__(self, slack, servicenow, delay, when):
        self.slack, self.servicenow, self.delay, self.when = slack, servicenow, delay, when
        self.rejected, self.lock = [], threading.Lock()

    def answer(self, method, target, headers, body):
        """The status and the answer: text, or anything else as JSON."""
        url = urlsplit(target)
        if method == "GET" and url.path == "/received":
            return 200, self.received()
        if method == "POST" and self.when == "before":
            time.sleep(self.delay)
        with self.lock:
            try:
                answer = self._service(method, url, headers, body)
            except Refused as refused:
                # The path of a webhook is a secret, so only what kind of path it is goes on record.
                path = "/services/…" if url.path.startswith("/services/") else url.path
                known = {"method": method, "path": path, "status": refused.status, "reason": refused.reason}
                self.rejected.append(known)
                answer = refused.status, refused.answer
        if method == "POST" and self.when == "after":
            time.sleep(self.delay)
        return answer

    def _service(self, method, url, headers, body):
        content_type = headers.get("Content-Type", "")
        if url.path.startswith("/services/"):
            if method != "POST":
                raise Refused(405, "method_not_allowed", "a webhook takes only POST")
            return self.slack.post(url.path, content_type, body)
        if url.path == TABLE:
            self.servicenow.authenticate(headers.get("Authorization", ""))
            if method == "POST":
                return self.servicenow.post(content_type, body)
            return self.servicenow.get(parse_qs(url.query, keep_blank_values=True))
        raise Refused(404, "not_found", "neither of the two services")

    def received(self):
        with self.lock:
            return {
                "messages": list(self.slack.messages),
                "incidents": list(self.servicenow.incidents),
                "rejected": list(self.rejected),
                "repeated": list(self.servicenow.repeated),
            }


class Handler(BaseHTTPRequestHandler):
    """HTTP/1.1 around `services`, which the server has."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer()

    def do_POST(self):
        self.answer()

    def answer(self):
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > MAX_BODY:
            self.close_connection = True
            return self.send(413, "payload_too_large")
        body = self.rfile.read(int(length))
        self.send(*self.server.services.answer(self.command, self.path, self.headers, body))

    def send(self, status, answer):
        kind = "text/plain; charset=utf-8" if isinstance(answer, str) else "application/json"
        content = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except OSError:
            self.close_connection = True  # whoever asked is not there any more: the kill test means that

    def log_message(self, *_):
        """Nothing: /received has all of it."""


class Server(ThreadingHTTPServer):
    """A connection that breaks is no news either."""

    daemon_threads = True

    def handle_error(self, *_):
        pass


def certify(ca_file):
    """A context with a fresh certificate, whose CA is written to `ca_file`."""
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = name("Quell's tests: CA")
    authority = certificate(ca_name, ca_name, ca_key.public_key()).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    authority = authority.add_extension(usage(key_cert_sign=True), critical=True)
    authority = authority.add_extension(identifier, critical=False).sign(ca_key, hashes.SHA256())
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    leaf = certificate(name("Quell's tests: Slack and ServiceNow"), ca_name, key.public_key())
    leaf = leaf.add_extension(x509.SubjectAlternativeName(names), critical=False)
    leaf = leaf.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    leaf = leaf.add_extension(usage(digital_signature=True), critical=True)
    leaf = leaf.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
    leaf = leaf.add_extension(issuer, critical=False)
    leaf = leaf.sign(ca_key, hashes.SHA256())

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with tempfile.NamedTemporaryFile() as file:  # `ssl` reads keys from files alone
        file.write(leaf.public_bytes(serialization.Encoding.PEM) + secret)
        file.flush()
        context.load_cert_chain(file.name)
    ca_file.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    return context


def certificate(subject, issuer, key):
    now = datetime.now(timezone.utc)
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    made = made.serial_number(x509.random_serial_number())
    return made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=2))


def name(common):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def usage(**used):
    every = ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"]
    every += ["key_cert_sign", "crl_sign", "encipher_only", "decipher_only"]
    return x509.KeyUsage(**{each: used.get(each, False) for each in every})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ca", required=True, type=Path, help="where the certificate of the CA goes")
    parser.add_argument("--slack-path", required=True, help="what stands behind /services/ in the webhook's URL")
    parser.add_argument("--servicenow-user", required=True, help="user:password")
    parser.add_argument("--delay-ms", type=int, default=0, help="how long a POST takes")
    when = "before or after what it asks for is done"
    parser.add_argument("--delay", choices=["before", "after"], default="after", help=when)
    arguments = parser.parse_args()

    server = Server(("127.0.0.1", 0), Handler)
    slack, servicenow = Slack(arguments.slack_path), ServiceNow(arguments.servicenow_user)
    server.services = Services(slack, servicenow, arguments.delay_ms / 1000, arguments.delay)
    # The handshake is made by the thread of the connection: one that hangs must not keep the others out.
    server.socket = certify(arguments.ca).wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"https://127.0.0.1:{server.server_address[1]}", flush=True)
    sys.stdin.buffer.read()


if __name__ == "__main__":
    main()
