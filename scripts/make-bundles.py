#!/usr/bin/env python3
"""Writes fixtures/bundles: bundles in the form of `opa build`, signed with PyJWT and cryptography.

    python3 -m venv env && env/bin/pip install pyjwt cryptography
    env/bin/python scripts/make-bundles.py

The digests follow OPA's documentation of bundle signatures, written once more here. The keys are made anew by each run and
only their public halves are kept.
"""
import gzip
import hashlib
import io
import json
import pathlib
import tarfile

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

OUT = pathlib.Path(__file__).parent.parent / "fixtures" / "bundles"
SECRET = "a secret of bundles, in a text that is long enough for HS512: 0123456789abcdef"

POLICY = """package main

deny contains msg if {
	some change in input.resource_changes
	not change.type in data.limits.types
	msg := sprintf("%s has the type %s, which is not allowed", [change.address, change.type])
}
"""
FILES = {
    ".manifest": json.dumps({"revision": "2026-11-30", "roots": ["main", "limits"], "rego_version": 1}),
    "policy/main.rego": POLICY,
    "limits/data.json": json.dumps({"types": ["aws_s3_bucket"], "number": 1e5, "text": "<ä\u2028&>"}),
}


def canonical(text):
    return json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False).replace(
        "\u2028", "\\u2028"
    )


def digests(files):
    for name, text in files.items():
        structured = name.rsplit("/", 1)[-1] in ("data.json", ".manifest")
        hashed = (canonical(text) if structured else text).encode()
        yield {"name": name, "hash": hashlib.sha256(hashed).hexdigest(), "algorithm": "SHA-256"}


def token(files, key, algorithm, **claims):
    return jwt.encode({"files": list(digests(files)), **claims}, key, algorithm=algorithm)


def unsafe_token(files, secret):
    """HS256 with any secret: PyJWT refuses a public key."""
    import base64
    import hmac

    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    head = part(b'{"alg":"HS256","typ":"JWT"}') + b"." + part(json.dumps({"files": list(digests(files))}).encode())
    return (head + b"." + part(hmac.new(secret, head, "sha256").digest())).decode()


def write(name, files, signature=None):
    if signature is not None:
        files = {**files, ".signatures.json": json.dumps({"signatures": [signature]})}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, text in files.items():
            info = tarfile.TarInfo("/" + path)
            info.size = len(text.encode())
            info.mode = 0o600
            archive.addfile(info, io.BytesIO(text.encode()))
    (OUT / name).write_bytes(gzip.compress(buffer.getvalue(), mtime=0))


def public(key):
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


OUT.mkdir(parents=True, exist_ok=True)
keys = {
    "rsa": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "other": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "es256": ec.generate_private_key(ec.SECP256R1()),
    "es384": ec.generate_private_key(ec.SECP384R1()),
    "eddsa": ed25519.Ed25519PrivateKey.generate(),
}
for name, key in keys.items():
    (OUT / f"{name}.pem").write_bytes(public(key))
(OUT / "secret.txt").write_text(SECRET + "\n")

write("unsigned.tar.gz", FILES)
for name in ("HS256", "HS384", "HS512"):
    write(f"{name.lower()}.tar.gz", FILES, token(FILES, SECRET, name))
for name, key in {"RS256": "rsa", "PS256": "rsa", "ES256": "es256", "ES384": "es384", "EdDSA": "eddsa"}.items():
    write(f"{name.lower()}.tar.gz", FILES, token(FILES, keys[key], name))

signature = token(FILES, keys["rsa"], "RS256")
write("scope.tar.gz", FILES, token(FILES, keys["rsa"], "RS256", scope="write"))
write("confused.tar.gz", FILES, unsafe_token(FILES, public(keys["rsa"]).strip()))
write("none.tar.gz", FILES, jwt.encode({"files": list(digests(FILES))}, None, algorithm="none"))
write("tampered.tar.gz", {**FILES, "policy/main.rego": POLICY.replace("not change", "change")}, signature)
write("tampered-data.tar.gz", {**FILES, "limits/data.json": '{"types": ["aws_instance"]}'}, signature)
write("extra.tar.gz", {**FILES, "policy/extra.rego": "package main.extra\n"}, signature)
write("missing.tar.gz", {name: text for name, text in FILES.items() if name != "limits/data.json"}, signature)
spread = json.dumps(json.loads(FILES["limits/data.json"]), indent=4, ensure_ascii=False)
write("reformatted.tar.gz", {**FILES, "limits/data.json": spread}, signature)
write("overlapping.tar.gz", {".manifest": '{"roots": ["limits/types"]}', "limits/types/data.json": "[]"})
write("outside.tar.gz", {**FILES, "policy/main.rego": POLICY.replace("package main", "package other")})
write("wasm.tar.gz", {**FILES, "policy.wasm": "\0asm"})
