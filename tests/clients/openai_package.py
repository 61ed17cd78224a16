"""OpenAI's own package: a picture, an edit with a mask, a stream with partial pictures, and a cancel."""

import base64
import io
import json
import sys
import time
import urllib.request

import openai
from PIL import Image

client = openai.OpenAI(base_url=sys.argv[1] + "/v1", api_key="none", max_retries=0)
small = {"steps": 4, "seed": 7}


def jobs():
    with urllib.request.urlopen(sys.argv[1] + "/v1/jobs") as answer:
        return json.load(answer)["jobs"]


def picture(data):
    return Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")


def file(image):
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return ("picture.png", buffer.getvalue(), "image/png")


assert "Built-in" in [model.id for model in client.models.list()]
made = client.images.generate(model="Built-in", prompt="a red apple", size="128x128", extra_body=small)
apple = picture(made.data[0].b64_json)
assert apple.size == (128, 128) and len(apple.getcolors(1 << 16)) > 50, "a picture, not a colour"

# What is transparent in the mask changes; the rest stays as it is.
mask = Image.new("RGBA", apple.size, (255, 255, 255, 255))
mask.paste((0, 0, 0, 0), (0, 0, 64, 128))
edited = client.images.edit(image=file(apple), mask=file(mask), prompt="a blue sky", extra_body=small | {"mask_blur": 0})
edited = picture(edited.data[0].b64_json)
assert edited.size == apple.size
assert edited.crop((80, 0, 128, 128)).tobytes() == apple.crop((80, 0, 128, 128)).tobytes(), "outside of the mask"
assert edited.crop((0, 0, 48, 128)).tobytes() != apple.crop((0, 0, 48, 128)).tobytes(), "inside of the mask"

kinds = []
for event in client.images.generate(
    prompt="a red apple", size="128x128", stream=True, partial_images=2, extra_body=small
):
    kinds.append(event.type)
    assert picture(event.b64_json).width > 0
assert kinds == ["image_generation.partial_image"] * 2 + ["image_generation.completed"], kinds
assert picture(event.b64_json).tobytes() == apple.tobytes(), "the same seed, the same picture"

# Whoever leaves in the middle takes the picture along.
long = {"steps": 500, "seed": 1}
with client.images.generate(
    prompt="a fox", size="128x128", stream=True, partial_images=3, extra_body=long
) as stream:
    pass
deadline = time.monotonic() + 60
while any(job["state"] in ("queued", "running") for job in jobs()):
    assert time.monotonic() < deadline, "the job of a client that left goes on"
    time.sleep(0.05)

try:
    client.images.generate(prompt="a fox", size="7x7")
    raise AssertionError("a size that nobody can draw was taken")
except openai.BadRequestError as error:
    assert error.body["param"] == "size", error.body
print("openai", openai.__version__, "works")
