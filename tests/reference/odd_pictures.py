"""Pictures as other programs write them, small, and what Pillow and littleCMS make of them: odd_pictures.py

Writes `data/pictures` and, of each kind the smallest and some that are cut, seeds for fuzzing in `tests/corpus/picture`: JPEG files of every coding (for those that end early, the tests cut them), printing inks with
and without a profile in JPEG and TIFF, Lab and float TIFF. Of what has inks or Lab, NAME.png holds Pillow's colours.
"""
import io, struct, subprocess, zlib
from pathlib import Path
import numpy as np
from PIL import Image, ImageCms, ImageOps

out = Path(__file__).parent / "data/pictures"; out.mkdir(exist_ok=True)
W, H = 72, 56


def scene():
    """Four even quarters that lie on the codes' blocks, and in the last a slope."""
    a = np.zeros((H, W, 3), np.uint8)
    a[:32, :32] = (200, 40, 40); a[:32, 32:] = (40, 180, 60); a[32:, :32] = (40, 60, 200); a[32:, 32:] = (240, 230, 160)
    return a


def slopes():
    y, x = np.mgrid[:H, :W]
    return np.dstack([x * 3, y * 4, (x * 7 + y * 5) % 256]).astype(np.uint8)


base, steep = Image.fromarray(scene()), Image.fromarray(slopes())
for name, options in {
    "baseline-444": dict(subsampling="4:4:4"), "baseline-420": dict(subsampling="4:2:0"), "baseline-422": dict(subsampling="4:2:2"),
    "optimized": dict(optimize=True), "restarts": dict(restart_marker_blocks=3), "restart-rows": dict(restart_marker_rows=1, subsampling="4:2:0"),
    "progressive-444": dict(progressive=True, subsampling="4:4:4"), "progressive-420": dict(progressive=True, subsampling="4:2:0"),
    "progressive-411": dict(progressive=True, subsampling="4:1:1"), "as-rgb": dict(keep_rgb=True),
}.items():
    steep.save(out / f"{name}.jpg", quality=90, **options)
named = bytearray((out / "as-rgb.jpg").read_bytes())  # by Adobe's transform 0 alone, as Photoshop does
for marker, first, step in ((b"\xff\xc0", 10, 3), (b"\xff\xda", 5, 2)):
    at = named.find(marker); assert named[at + first : at + first + 3 * step : step] == b"RGB"; named[at + first : at + first + 3 * step : step] = b"\1\2\3"
(out / "adobe-rgb.jpg").write_bytes(named)
assert (np.array(Image.open(out / "adobe-rgb.jpg")) == np.array(Image.open(out / "as-rgb.jpg"))).all()
steep.convert("L").save(out / "grey.jpg", quality=90); steep.convert("L").save(out / "progressive-grey.jpg", quality=90, progressive=True)


def png(name, a, colour, depth=8, interlaced=False, before=()):
    """A PNG of samples as they are; interlaced as Adam7 does it."""
    chunk = lambda t, d: struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d))
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)] if interlaced else [(0, 0, 1, 1)]
    rows = b"".join(b"\0" + row.tobytes() for x, y, dx, dy in passes for row in a[y::dy, x::dx] if row.size)
    data = zlib.compress(rows, 9); half = len(data) // 2
    chunks = [chunk(b"IHDR", struct.pack(">IIBBBBB", a.shape[1], a.shape[0], depth, colour, 0, 0, int(interlaced)))]
    chunks += [chunk(*c) for c in before] + [chunk(b"IDAT", data[:half]), chunk(b"IDAT", data[half:]), chunk(b"IEND", b"")]
    (out / f"{name}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))


alpha = np.dstack([slopes(), (np.mgrid[:H, :W][1] * 2 + 60).astype(np.uint8)])
png("png-rgb", slopes(), 2); png("png-rgba", alpha, 6); png("png-grey", slopes()[..., 2], 0); png("png-interlaced", slopes(), 2, interlaced=True)
png("png-deep", (slopes().astype(np.uint16) * 257).astype(">u2"), 2, 16)
png("png-palette", slopes()[..., 2] % 16, 3, before=[(b"PLTE", bytes(range(16 * 3))), (b"tRNS", bytes([255, 0, 128]))])
steep.save(out / "other.gif"); steep.save(out / "other.bmp"); steep.save(out / "other.webp", lossless=True); steep.save(out / "other-lossy.webp"); steep.save(out / "other.tif"); steep.save(out / "other-lzw.tif", compression="tiff_lzw")


def profile():
    """A printer's profile of a small kind (ICC.1, lut8): inks to Lab, seven steps each."""
    grid = 7; steps = [i / (grid - 1) for i in range(grid)]
    def tag(name, data): return name, data + b"\0" * (-len(data) % 4)
    one, zero = 65536, 0
    lut = struct.pack(">4sIBBBB", b"mft1", 0, 4, 3, grid, 0) + struct.pack(">9I", one, zero, zero, zero, one, zero, zero, zero, one)
    ramp = bytes(range(256)); nodes = bytearray()
    for c in steps:
        for m in steps:
            for y in steps:
                for k in steps:
                    light = (255 - 80 * c - 90 * m - 20 * y) * (1 - 0.9 * k)
                    nodes += bytes([round(light), round(128 + (60 * m - 40 * c) * (1 - k)), round(128 + (80 * y - 50 * c) * (1 - k))])
    lut += ramp * 4 + bytes(nodes) + ramp * 3
    text = lambda s: struct.pack(">4sI", b"text", 0) + s + b"\0"
    description = struct.pack(">4sII", b"desc", 0, 5) + b"inks\0" + b"\0" * (4 + 4 + 2 + 1 + 67)
    tags = [tag(b"desc", description), tag(b"cprt", text(b"none")), tag(b"wtpt", struct.pack(">4sI3I", b"XYZ ", 0, 63190, 65536, 54061)), tag(b"A2B0", lut)]
    at = 128 + 4 + 12 * len(tags); table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags:
        table += struct.pack(">4sII", name, at + len(body), len(data)); body += data
    head = struct.pack(">I4sI4s4s4s", at + len(body), b"none", 0x02400000, b"prtr", b"CMYK", b"Lab ") + struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp"
    head = head + b"\0" * (68 - len(head)) + struct.pack(">3I", 63190, 65536, 54061)
    return head + b"\0" * (128 - len(head)) + table + body


icc = profile(); (out / "inks.icc").write_bytes(icc)
srgb = ImageCms.createProfile("sRGB")
to_rgb = ImageCms.buildTransform(ImageCms.ImageCmsProfile(io.BytesIO(icc)), srgb, "CMYK", "RGB")


def inks():
    rgb = scene().astype(int); k = 255 - rgb.max(2)
    return np.dstack([255 - rgb[..., i] - k for i in range(3)] + [k]).astype(np.uint8)


def four(name, transform, icc):
    data = inks()
    if transform == 2:
        r, g, b, k = (data[..., i].astype(float) for i in range(4))
        yy = 0.299 * r + 0.587 * g + 0.114 * b; cb = 128 - 0.168736 * r - 0.331264 * g + 0.5 * b; cr = 128 + 0.5 * r - 0.418688 * g - 0.081312 * b
        data = 255 - np.dstack([yy, cb, cr, 255 - k]).round().clip(0, 255).astype(np.uint8)
    buffer = io.BytesIO(); Image.fromarray(data, "CMYK").save(buffer, "JPEG", quality=98, subsampling=0, **(dict(icc_profile=icc) if icc else {}))
    raw = bytearray(buffer.getvalue()); raw[raw.find(b"Adobe") + 11] = transform; (out / f"{name}.jpg").write_bytes(raw)
    seen(name, ".jpg", icc)


def seen(name, ending, icc):
    image = Image.open(out / (name + ending))
    (ImageCms.applyTransform(image, to_rgb) if icc else image.convert("RGB")).save(out / f"{name}.png")


four("cmyk", 0, None); four("ycck", 2, None); four("cmyk-icc", 0, icc); four("ycck-icc", 2, icc)
picture = Image.fromarray(inks(), "CMYK")
picture.save(out / "tiff-cmyk.tif", compression="tiff_lzw"); seen("tiff-cmyk", ".tif", None)
picture.save(out / "tiff-cmyk-icc.tif", compression="tiff_deflate", icc_profile=icc); seen("tiff-cmyk-icc", ".tif", icc)
lab = base.convert("LAB"); lab.save(out / "tiff-lab.tif"); base.save(out / "tiff-lab.png")
Image.fromarray(np.linspace(-0.1, 1.1, W * H, dtype=np.float32).reshape(H, W)).save(out / "tiff-float.tif")


corpus = Path(__file__).parent.parent / "corpus/picture"
for name in ("cmyk-icc.jpg", "ycck.jpg", "progressive-grey.jpg", "restarts.jpg", "tiff-cmyk-icc.tif", "png-interlaced.png", "png-deep.png"):
    raw = (out / name).read_bytes(); (corpus / name).write_bytes(raw); (corpus / f"cut-{name}").write_bytes(raw[: len(raw) * 2 // 3])
small = scene()[28:36, 28:36]
Image.fromarray(small).convert("LAB").save(corpus / "lab.tif"); Image.fromarray((small[..., 0] / 200).astype(np.float32)).save(corpus / "float.tif")


def comment(order, letters):
    e = "<" if order == "II" else ">"; c = b"UNICODE\0" + "a red apple\nSteps: 20, Seed: 5".encode("utf-16-" + letters)
    return order.encode() + struct.pack(e + "HI", 42, 8) + struct.pack(e + "HHHIII", 1, 0x8769, 4, 1, 26, 0) + struct.pack(e + "HHHIII", 1, 0x9286, 7, len(c), 44, 0) + c


xmp = b"<x:xmpmeta><rdf:Description exif:UserComment='a &amp; b'><dc:description><rdf:Alt><rdf:li>x&#10;Steps: 3</rdf:li></rdf:Alt></dc:description></rdf:Description></x:xmpmeta>"
Image.fromarray(small).save(corpus / "comment-le.jpg", exif=b"Exif\0\0" + comment("MM", "le")); Image.fromarray(small).save(corpus / "comment-be.webp", exif=comment("II", "be"))
Image.fromarray(small).save(corpus / "xmp.jpg", xmp=xmp); (corpus / "lfs.png").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")

# AVIF, by libavif's avifenc and as Pillow shows it (NAME.avif.png, upright); more than 8 bits as avifdec shows them, which is
# nearer to the source than Pillow is. 10 bits, coded as a film is; all else as a photo.
y, x = np.mgrid[:H, :W]
soft = Image.fromarray(np.dstack([x * 3, y * 4, 128 + (x - y)]).astype(np.uint8)); source = out / "source.png"
for name, options in {
    "plain-420": ["-y", "420"], "plain-422": ["-y", "422"], "plain-444": ["-y", "444"], "grey": ["-y", "400"], "identity": ["--lossless"],
    "film": ["-d", "10", "-y", "420", "-r", "limited", "--cicp", "1/13/1"], "twelve": ["-d", "12", "-y", "444"], "wide": ["-y", "444", "--cicp", "12/13/6"],
    "clear": ["-y", "444"], "multiplied": ["-y", "444", "-p"], "turned": ["-y", "444", "--irot", "1"], "mirrored": ["-y", "444", "--irot", "3", "--imir", "0"],
    "cut": ["-y", "444", "--clap", "40,1,20,1,-4,1,6,1"], "tiles": ["--grid", "2x1"],
}.items():
    shown = Image.fromarray(np.dstack([np.array(soft), 40 + y * 3 % 200]).astype(np.uint8)) if name in ("clear", "multiplied") else soft
    if name == "tiles": shown = soft.resize((128, 128))
    shown.save(source); to = out / f"{name}.avif"
    subprocess.run(["avifenc", "--min", "4", "--max", "8", *options, source, to], check=True, stdout=subprocess.DEVNULL)
    shown = out / f"{name}.avif.png"
    if name in ("film", "twelve"): subprocess.run(["avifdec", "-u", "bilinear", "-d", "8", to, shown], check=True, stdout=subprocess.DEVNULL)
    elif name != "tiles": ImageOps.exif_transpose(Image.open(to)).save(shown)
source.unlink()
