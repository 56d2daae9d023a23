"""The verb ``tfft serve``: an HTTP service for a bundle."""

import math
from typing import Annotated, Any

import typer

from tfft.cli import typed_paths
from tfft.cli.arguments import Bundle
from tfft.cli.console import name, say
from tfft.core.quiet import start_tensorflow


def serve(
    bundle: Bundle,
    host: Annotated[str, typer.Option(help="Address to listen at; 0.0.0.0 for other machines as well.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen at.", min=1, max=65535)] = 8000,
    batch: Annotated[int, typer.Option(help="Largest number of inputs that are computed together.", min=1)] = 32,
    wait_milliseconds: Annotated[
        float,
        typer.Option(
            help="How long the first input of a batch waits for others. With 0 it does not wait; inputs that already wait are "
            "computed together.",
            min=0,
        ),
    ] = 5.0,
    body_megabytes: Annotated[float, typer.Option(help="Largest size of a request.", min=0.001)] = 10.0,
    queue: Annotated[int, typer.Option(help="Largest number of inputs that wait.", min=1)] = 256,
    seconds: Annotated[float, typer.Option(help="How long a request may take.", min=0.1)] = 30.0,
) -> None:
    """Serve a bundle over HTTP, with a page to try it; Ctrl-C ends it."""
    from tfft.serving.packages import check_packages

    check_packages()
    import tfft
    from tfft.serving.app import create_app
    from tfft.serving.server import check_address, run
    from tfft.serving.settings import Settings

    bundle = typed_paths.check_inputs(bundle, (), skip_corrupt=False)
    body: Any = body_megabytes * 2**20
    body = int(body) if math.isfinite(body) else body  # Settings refuses infinity
    inputs = min(max(64, batch), queue)
    settings = Settings(batch, wait_milliseconds, inputs, body, queue, seconds, max(Settings.held_bytes, body))
    check_address(host, port)
    start_tensorflow()
    app = create_app(tfft.load(bundle), settings)
    shown = "127.0.0.1" if host == "0.0.0.0" else f"[{host}]" if ":" in host else host
    say(
        f"serving {name(bundle)}: http://{shown}:{port} is a page to try it, http://{shown}:{port}/docs has all addresses"
    )
    run(app, host, port, settings)
