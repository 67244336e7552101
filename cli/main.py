"""The operator's command `tandem`: wiring only."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import check, connect, history, mapping, mode, pairing, probe, quarantine, status, why
from cli.shell import Session, Shell

_EPILOG = """Exit codes: 0 fine, 1 something needs attention, 2 wrong usage or input, 3 AWS or Zoho is out of reach.

Global options may stand before or after the command. On a local AWS set AWS_ENDPOINT_URL."""

app = typer.Typer(
    cls=Shell,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def tandem(
    ctx: typer.Context,
    stack: Annotated[str, typer.Option(envvar="TANDEM_STACK", help="CloudFormation stack.")] = "tandem",
    connection: Annotated[
        str | None, typer.Option(envvar="TANDEM_CONNECTION", help="Connection; default: the only one.")
    ] = None,
    region: Annotated[str | None, typer.Option(help="AWS region; default: that of your AWS profile.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Answer with one JSON object.")] = False,
) -> None:
    """Keep Zoho CRM and Zoho Books in step, both ways, from your own AWS account."""
    ctx.obj = Session(stack, region, connection, json)


app.command(epilog=connect.EPILOG)(connect.connect)
app.command(epilog=check.EPILOG)(check.check)
app.command(epilog=probe.EPILOG)(probe.probe)
app.command(epilog=status.EPILOG)(status.status)
app.command(epilog=why.EPILOG)(why.why)
app.command(epilog=history.EPILOG)(history.history)
app.command(epilog=quarantine.EPILOG)(quarantine.quarantine)
app.command(epilog=quarantine.RELEASE_EPILOG)(quarantine.release)
app.command(epilog=pairing.LINK_EPILOG)(pairing.link)
app.command(epilog=pairing.UNLINK_EPILOG)(pairing.unlink)
app.command(epilog=mode.EPILOG)(mode.mode)
app.add_typer(mapping.app, name="mapping")
app.command()(check.scopes)
app.command()(mode.pause)
app.command()(mode.resume)


def main() -> None:
    """Run the command."""
    app()


if __name__ == "__main__":
    main()
