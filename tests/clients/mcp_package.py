"""The Model Context Protocol's own SDK as client, over HTTP and over standard input and output: every tool, progress, and
a call that is given up."""

import asyncio
import base64
import io
import json
import os
import sys

import anyio
import httpx2
from mcp import Client, StdioServerParameters
from PIL import Image

small = {"steps": 4, "seed": 7, "width": 128, "height": 128}


def picture(result):
    assert not result.is_error, result.content
    found = [part for part in result.content if part.type == "image"]
    image = Image.open(io.BytesIO(base64.b64decode(found[0].data))).convert("RGB")
    about = json.loads([part for part in result.content if part.type == "text"][-1].text)
    return image, about["pictures"][0]["id"]


async def try_all(client):
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert set(tools) == {"generate", "edit", "inpaint", "models"}, tools
    assert tools["generate"].input_schema["required"] == ["prompt"]
    models = await client.call_tool("models", {})
    assert "Built-in" in models.content[0].text

    reported = []

    async def progress(done, total, message):
        reported.append((done, total))

    made = await client.call_tool("generate", {"prompt": "a red apple"} | small, progress_callback=progress)
    apple, apple_id = picture(made)
    assert apple.size == (128, 128) and len(apple.getcolors(1 << 16)) > 50, "a picture, not a colour"
    assert reported == sorted(reported) and reported[-1] == (1, 1) and len(reported) == 4, reported

    edited, _ = picture(await client.call_tool("edit", {"prompt": "a green apple", "image": apple_id, "steps": 4, "seed": 1}))
    assert edited.size == apple.size and edited.tobytes() != apple.tobytes()

    part = {"prompt": "a blue sky", "image": apple_id, "area": [0, 0, 64, 128], "steps": 4, "seed": 1, "mask_blur": 0}
    painted, _ = picture(await client.call_tool("inpaint", part))
    assert painted.crop((80, 0, 128, 128)).tobytes() == apple.crop((80, 0, 128, 128)).tobytes(), "outside of the area"
    assert painted.crop((0, 0, 48, 128)).tobytes() != apple.crop((0, 0, 48, 128)).tobytes(), "inside of the area"

    wrong = await client.call_tool("generate", {"prompt": "a fox", "steps": 0})
    assert wrong.is_error and "steps must be a whole number" in wrong.content[0].text, wrong

    # Given up as soon as it has begun.
    with anyio.CancelScope() as scope:

        async def enough(done, total, message):
            scope.cancel()

        await client.call_tool("generate", {"prompt": "a fox"} | small | {"steps": 900}, progress_callback=enough)
    assert scope.cancelled_caught
    after, _ = picture(await client.call_tool("generate", {"prompt": "a red apple"} | small))
    assert after.tobytes() == apple.tobytes(), "the next call is served at once"


async def main():
    address, program = sys.argv[1:3]
    for mode in ("auto", "legacy"):
        async with Client(address + "/mcp", mode=mode) as client:
            await try_all(client)
    async with httpx2.AsyncClient() as asker:
        deadline = asyncio.get_running_loop().time() + 60
        while any(job["state"] == "running" for job in (await asker.get(address + "/v1/jobs")).json()["jobs"]):
            assert asyncio.get_running_loop().time() < deadline, "the call that was given up goes on"
            await asyncio.sleep(0.05)
    home = {"INKWICK_HOME": os.environ["INKWICK_HOME"]}
    async with Client(StdioServerParameters(command=program, args=["mcp"], env=home)) as client:
        await try_all(client)
    print("mcp works over HTTP and over standard input and output")


asyncio.run(main())
