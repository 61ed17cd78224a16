"""The sections of PARITY.md behind its first table: each script writes its own and leaves the others."""

from pathlib import Path


def section(title, lines):
    file = Path(__file__).resolve().parent / "PARITY.md"
    first, *others = file.read_text().split("\n## ")
    kept = {other.partition("\n")[0]: other.partition("\n")[2].strip() for other in others}
    kept[title] = "\n".join(lines)
    file.write_text("\n\n".join([first.strip(), *(f"## {name}\n\n{text}" for name, text in kept.items())]) + "\n")
