"""What a package for Linux holds, from Cargo.toml's package.metadata.deb: shared by the scripts `deb` and `rpm`."""

import glob
import gzip
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# INKWICK_PROFILE packs what another of cargo's profiles built.
PROFILE = os.environ.get("INKWICK_PROFILE", "dist")
PROGRAM = ROOT / "target" / PROFILE / "inkwick"
PACKAGE = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]
METADATA = PACKAGE["metadata"]["deb"]
# Of one line, and without an article: "native desktop studio for Stable Diffusion".
SYNOPSIS = PACKAGE["description"].split(":")[0].removeprefix("A ")


def run(*command: object, **options) -> str:
    done = subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True, **options)
    return done.stdout.strip()


def description() -> list[str]:
    """The long description in lines of at most 78 characters."""
    lines = [""]
    for word in METADATA["extended-description"].split():
        if len(lines[-1]) + len(word) > 77:
            lines.append("")
        lines[-1] += word if lines[-1] == "" else f" {word}"
    return lines


def packed(to: Path, data: bytes) -> None:
    to.write_bytes(gzip.compress(data, 9, mtime=0))
    to.chmod(0o644)


def lay_out(tree: Path) -> None:
    """Every file of the package below `tree`, manual pages and completions of the program included."""
    if not PROGRAM.exists():
        sys.exit(f"no program, build it first (cargo build --profile {PROFILE}): {PROGRAM}")
    pages = ROOT / "target/pages"
    for folder in (tree, pages):
        shutil.rmtree(folder, ignore_errors=True)
    run(PROGRAM, "pages", pages)
    for source, to, mode in METADATA["assets"]:
        # cargo-deb puts its profile in this folder's place too.
        source = source.replace("target/release/", f"target/{PROFILE}/")
        found = sorted(glob.glob(str(ROOT / source)))
        if not found:
            sys.exit(f"{source} is not there")
        for file in map(Path, found):
            # A folder keeps the file's name.
            target = tree / to / file.name if to.endswith("/") else tree / to
            target.parent.mkdir(parents=True, exist_ok=True)
            if "share/man/" in to:
                packed(target.with_name(target.name + ".gz"), file.read_bytes())
            else:
                shutil.copyfile(file, target)
                target.chmod(int(mode, 8))
