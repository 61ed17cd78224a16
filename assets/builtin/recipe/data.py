"""Fetches what the model learns from: npm packages under the MIT licence, at fixed versions, checked by their hashes.

    python data.py --data DATA

DATA/fe3d: @lobehub/fluent-emoji-3d, DATA/flat: @lobehub/fluent-emoji-flat (Fluent Emoji, (c) Microsoft), DATA/ebd: emojibase-data
((c) Miles Johnson). 30 MB over the network, 115 MB on the disk; what is there already is not fetched again.
"""
import argparse
import base64
import hashlib
import io
import os
import shutil
import tarfile
import urllib.request

PACKAGES = {
    "fe3d": ("@lobehub/fluent-emoji-3d", "1.1.0", "Wlq2lVStTnr8BDpIJ0pEnTKO4LuDxxqTEhTvRtD1DLRF0me7ogeRQjKoehDHXuVJ2Qaecgl5wRBv60lUAG3h7g=="),
    "flat": ("@lobehub/fluent-emoji-flat", "1.1.0", "lPYCg8+N56MIj+iOgeBeH6AF0tneXxJCvgi41rOTjAWpA5rU2WUcmU1fiIXouEe8GrSTarWCYLY2ML+rdLRHsg=="),
    "ebd": ("emojibase-data", "17.0.0", "Yvgb5AWoHViHV/gq1qr5ZAarcBip+B27/ZLRsUJkbgAEaLlZ/fof9g882LTpmEpyhBNEC0m2SEmItljHsTygjA=="),
}


def unpack(blob, sha512, folder):
    """A package's archive into a new folder, its first level off."""
    if base64.b64encode(hashlib.sha512(blob).digest()).decode() != sha512:
        raise SystemExit(f"{folder}: what was fetched is not what was asked for (its hash differs)")
    shutil.rmtree(folder + ".new", ignore_errors=True)
    with tarfile.open(fileobj=io.BytesIO(blob)) as archive:
        for member in archive.getmembers():
            member.name = member.name.partition("/")[2]
            if member.isfile() and member.name:
                archive.extract(member, folder + ".new", filter="data")
    os.replace(folder + ".new", folder)


def main(argv=None):
    p = argparse.ArgumentParser()
    p.add_argument("--data", required=True)
    p.add_argument("--registry", default="https://registry.npmjs.org")
    args = p.parse_args(argv)
    os.makedirs(args.data, exist_ok=True)
    for folder, (name, version, sha512) in PACKAGES.items():
        folder = f"{args.data}/{folder}"
        if not os.path.exists(folder):
            with urllib.request.urlopen(f"{args.registry}/{name}/-/{name.rpartition('/')[2]}-{version}.tgz", timeout=300) as answer:
                unpack(answer.read(), sha512, folder)
        print(f"{folder}: {name} {version}", flush=True)


if __name__ == "__main__":
    main()
