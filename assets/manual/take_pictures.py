"""Takes the manual's pictures from the real window, on a virtual screen: `assets/manual/src/pictures`.

    cargo build --release && python3 assets/manual/take_pictures.py [PROGRAM] [NAME ...]

wants Xvfb and xdotool. Everything is done as a person does it, by keys and pointer; what is on the screen is what there is.
"""

import os
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
WIDTH, HEIGHT = 1280, 800
# Above the list of layers: what adds one, and a region in its menu; then the field for that region's words.
LAYERS_ADD, REGION_ITEM, REGION_WORDS = (1228, 52), (1117, 142), (1140, 200)
# For a slow machine that does other things as well.
PATIENCE_S = 240


class Desk:
    """A virtual screen, a home of its own, and the program on it."""

    def __init__(self, program: Path, home: Path) -> None:
        self.home, self.frames = home, home / "frames"
        self.frames.mkdir()
        size = f"{WIDTH}x{HEIGHT}x24"
        command = ["Xvfb", "-displayfd", "1", "-noreset", "-screen", "0", size, "-fbdir", str(self.frames), "-nolisten", "tcp"]
        self.screen = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        display = ":" + self.screen.stdout.readline().strip()
        self.environment = os.environ | {
            "DISPLAY": display,
            "INKWICK_HOME": str(home / "Inkwick"),
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "WAYLAND_DISPLAY": "",
        }
        (home / "Inkwick").mkdir()
        place = f"(size: Some(({WIDTH}.0, {HEIGHT}.0)), position: Some((0.0, 0.0)), maximized: false)"
        # A seed, so that the pictures are the same each time.
        (home / "Inkwick/settings.ron").write_text(f"(window: {place}, draft: (seed: Some(7)))")
        self.window = subprocess.Popen([program], env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        found = self.wait("the window", lambda: self.xdotool("search", "--onlyvisible", "--name", "^Inkwick$").split())
        self.xdotool("windowfocus", "--sync", found[0])
        time.sleep(3)

    def close(self) -> None:
        for process in (self.window, self.screen):
            process.terminate()
            process.wait()

    def xdotool(self, *words: object) -> str:
        command = ["xdotool", *map(str, words)]
        return subprocess.run(command, env=self.environment, stdout=subprocess.PIPE, text=True, check=False).stdout

    def wait(self, what: str, look):
        started = time.monotonic()
        while not (found := look()):
            if self.screen.poll() is not None or time.monotonic() - started > PATIENCE_S:
                sys.exit(f"take_pictures: waited in vain for {what}")
            time.sleep(0.2)
        return found

    def key(self, *keys: str) -> None:
        for key in keys:
            self.xdotool("key", key)
            time.sleep(0.8)

    def write(self, words: str) -> None:
        self.key("ctrl+p", "ctrl+a")
        self.xdotool("type", "--delay", 40, words)
        time.sleep(0.8)

    def drag(self, *way: tuple[int, int]) -> None:
        self.xdotool("mousemove", *way[0])
        time.sleep(0.4)
        self.xdotool("mousedown", 1)
        for (from_x, from_y), (to_x, to_y) in zip(way, way[1:]):
            for part in range(1, 9):
                x, y = (from_x * (8 - part) + to_x * part) // 8, (from_y * (8 - part) + to_y * part) // 8
                self.xdotool("mousemove", x, y)
                time.sleep(0.05)
        self.xdotool("mouseup", 1)
        time.sleep(0.8)

    def click(self, x: int, y: int) -> None:
        self.xdotool("mousemove", x, y)
        time.sleep(0.4)
        self.xdotool("click", 1)
        time.sleep(1.2)

    def pictures(self) -> int:
        return len(list((self.home / "Inkwick/pictures").glob("*/*.png")))

    def generate(self) -> None:
        before = self.pictures()
        self.key("ctrl+Return")
        self.wait("a picture", lambda: self.pictures() > before)
        time.sleep(3)

    def take(self, name: str) -> None:
        # Nothing that is hovered over, and no note that will go away.
        self.xdotool("mousemove", WIDTH // 2, HEIGHT - 4)
        time.sleep(8)
        to = HERE / f"src/pictures/{name}.png"
        to.parent.mkdir(exist_ok=True)
        to.write_bytes(png(*screen((self.frames / "Xvfb_screen0").read_bytes())))
        print(to.relative_to(HERE.parent.parent))


def screen(dump: bytes) -> tuple[int, int, bytes]:
    """Width, height and RGB of a screen that Xvfb keeps in X's window dump format."""
    fields = struct.unpack(">25I", dump[:100])
    header, width, height, bits, line, colours = fields[0], fields[4], fields[5], fields[11], fields[12], fields[19]
    if bits != 32:
        sys.exit(f"take_pictures: the screen has {bits} bits a pixel, not 32")
    pixels = dump[header + 12 * colours :]
    rows = (pixels[line * y : line * y + 4 * width] for y in range(height))
    rgb = bytearray()
    for row in rows:
        part = bytearray(3 * width)
        # Blue, green, red, nothing.
        part[0::3], part[1::3], part[2::3] = row[2::4], row[1::4], row[0::4]
        rgb += part
    return width, height, bytes(rgb)


def png(width: int, height: int, rgb: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    lines = []
    before = bytes(3 * width)
    for y in range(height):
        line = rgb[3 * width * y : 3 * width * (y + 1)]
        # As the line above, which a window's plain areas are.
        lines.append(b"\x02" + bytes((a - b) & 255 for a, b in zip(line, before)))
        before = line
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"".join(lines), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def main() -> None:
    arguments = sys.argv[1:]
    program = Path(arguments.pop(0) if arguments else HERE.parent.parent / "target/release/inkwick").resolve()
    wanted = set(arguments)
    with tempfile.TemporaryDirectory() as home:
        desk = Desk(program, Path(home))
        take = lambda name: desk.take(name) if not wanted or name in wanted else None
        try:
            for words in ["a red apple on grass", "a cute puppy on grass", "a sailboat on the sea", "a fox wearing a crown in a forest"]:
                desk.write(words)
                desk.generate()
            # The first Escape leaves the field of the prompt.
            desk.key("Escape")
            take("first-picture")
            # The newest picture becomes the canvas, and its upper half is masked.
            desk.key("Return", "r")
            desk.drag((530, 190), (790, 360))
            desk.write("a fox wearing a blue hat in a forest")
            desk.key("Escape")
            take("mask")
            desk.generate()
            take("fill")
            desk.key("Return", "ctrl+g")
            take("gallery")
            desk.key("Escape", "ctrl+m")
            take("models")
            desk.key("Escape")
            # A new canvas with a drawing to follow and an area with other words.
            desk.key("ctrl+n")
            desk.write("a mountain by a lake")
            desk.key("Escape", "n")
            desk.drag((470, 470), (600, 220), (730, 470))
            desk.click(*LAYERS_ADD)
            desk.click(*REGION_ITEM)
            desk.drag((440, 560), (900, 560))
            desk.click(*REGION_WORDS)
            desk.xdotool("type", "--delay", 40, "a sailboat on the sea")
            time.sleep(2)
            desk.key("Escape")
            take("layers")
        finally:
            desk.close()


main()
