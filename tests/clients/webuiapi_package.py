"""The package webuiapi: a picture, an edit with a mask, and an interrupt, with all the keys that it always sends."""

import sys
import threading
import time
from urllib.parse import urlparse

import webuiapi
from PIL import Image

address = urlparse(sys.argv[1])
api = webuiapi.WebUIApi(host=address.hostname, port=address.port)
small = {"steps": 4, "seed": 7, "width": 128, "height": 128, "sampler_name": "Euler a"}

made = api.txt2img(prompt="a red apple", negative_prompt="grey", **small)
apple = made.image.convert("RGB")
assert apple.size == (128, 128) and len(apple.getcolors(1 << 16)) > 50, "a picture, not a colour"
assert made.info["seed"] == 7 and "Steps: 4" in made.info["infotexts"][0], made.info

mask = Image.new("L", apple.size, 0)
mask.paste(255, (0, 0, 64, 128))
edited = api.img2img(
    images=[apple], mask_image=mask, prompt="a blue sky", mask_blur=0, inpainting_fill=1, inpaint_full_res=False, **small
)
edited = edited.image.convert("RGB")
assert edited.crop((80, 0, 128, 128)).tobytes() == apple.crop((80, 0, 128, 128)).tobytes(), "outside of the mask"
assert edited.crop((0, 0, 48, 128)).tobytes() != apple.crop((0, 0, 48, 128)).tobytes(), "inside of the mask"
told = api.png_info(made.image)
assert "a red apple" in told.info, told.info

answers = []
long = small | {"steps": 500}
waiting = threading.Thread(target=lambda: answers.append(api.txt2img(prompt="a fox", **long)))
waiting.start()
deadline = time.monotonic() + 60
while api.get_progress()["state"]["sampling_step"] == 0:
    assert time.monotonic() < deadline, "it never began"
    time.sleep(0.02)
api.interrupt()
waiting.join(60)
assert not waiting.is_alive(), "an interrupt ends the request"
assert answers and answers[0].images == [] and "interrupted" in str(answers[0].info["notices"]), answers
options = api.get_options()
options["CLIP_stop_at_last_layers"] = 1
api.set_options(options)
assert api.util_get_model_names() and api.get_samplers()
print("webuiapi works")
